package hardening

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Runner runs a program on a node once. *node.Pool is the implementation.
type Runner interface {
	Run(ctx context.Context, target node.Target, script string, limit time.Duration) (node.Section, error)
}

var _ Runner = (*node.Pool)(nil)

// ProbeResult is what became of a probe on one node.
type ProbeResult struct {
	// Broken names for each record that did not arrive the link of the chain that did not pass it on.
	Broken []string
	// Unproven names what could not be proven, with the reason: an account that the node does not have, or that sudo
	// refuses.
	Unproven []string
	// Empty are the groups that have no member on the node by whom to try. There is nothing wrong with that.
	Empty []string
	// Tried are the subjects as which a sudo command was tried.
	Tried []string
	// Found lists where the records of the probe are.
	Found []string
}

// ProbePatience is for how long a probe looks for its records.
const ProbePatience = 40 * time.Second

//go:embed audit_probe.sh
var probeProgram string

// probed is a subject in a probe.
type probed struct {
	subject, nonce string
	user, status   string // who ran it, and what sudo ended with; empty where nobody could
	said           []string
}

// who names the subject for people.
func (p probed) who() string {
	switch {
	case p.subject == "":
		return "everyone (tried as " + p.user + ")"
	case strings.HasPrefix(p.subject, "%") && p.user != "":
		return p.subject + " (tried as " + p.user + ")"
	}
	return p.subject
}

// Probe sends records through the trail of a node and looks for them where they must arrive. It grants nobody anything,
// and leaves nothing but the records.
func (a AuditLogging) Probe(ctx context.Context, nodes Runner, target node.Target, patience time.Duration) (*ProbeResult, error) {
	b := make([]byte, 12)
	rand.Read(b) // never fails, crypto/rand
	nonce := "pvesec-probe-" + hex.EncodeToString(b)
	var subjects []*probed
	if a.SudoLog != nil || a.IOLogs != nil {
		for i, binding := range a.bindings() {
			subjects = append(subjects, &probed{subject: binding.subject, nonce: fmt.Sprintf("%s-%d", nonce, i)})
		}
	}
	part, err := nodes.Run(ctx, target, a.probeScript(subjects, nonce, patience), probeLimit(len(subjects), patience))
	if err != nil {
		return nil, err
	}
	answer, err := parseProbe(part, subjects)
	if err != nil {
		return nil, fmt.Errorf("the probe of %s on %s could not be run: %w", a.label(), target.Name, err)
	}
	return a.judgeProbe(subjects, answer), nil
}

// probeLimit is for how long a probe may run: each subject's sudo has half a minute, one look at everything takes as
// long in the worst case, and a look that begins in time ends later.
func probeLimit(subjects int, patience time.Duration) time.Duration {
	return patience + time.Duration(subjects+2)*time.Minute
}

// link is a place where a record of the probe must arrive, as the program names it, and what tells whether it did.
type link struct {
	name, condition string
	// stored tells that the record comes from what journald stores. Where it stores nothing, nobody waits for it.
	stored bool
}

// links are those of one subject, in the order of the chain. user is a variable of the program.
func (a AuditLogging) links(i int, p *probed) []link {
	var links []link
	nonce := shellWord(p.nonce)
	add := func(what, condition string) {
		links = append(links, link{name: fmt.Sprintf("%s-%d", what, i), condition: condition})
	}
	if a.SudoLog != nil {
		add("event", "holds "+shellWord(a.sudoLogPath(p.subject))+" "+nonce)
	}
	if a.IOLogs != nil {
		add("recording", fmt.Sprintf(`listed %s "$user_%d" %s`, shellWord(a.IOLogs.Directory), i, nonce))
	}
	if a.SecurityLog != nil {
		links = append(links, a.securityLinks(fmt.Sprintf("journal-%d", i), fmt.Sprintf("security-%d", i), nonce, fmt.Sprintf(`"$pid_%d"`, i))...)
	}
	return links
}

// securityLinks are the journal and the security log. rsyslog writes down what was sent and not who sent it: that it is
// no one else's the journal says.
func (a AuditLogging) securityLinks(journal, security, nonce, pid string) []link {
	log := link{name: security, condition: "holds " + shellWord(a.SecurityLog.Path) + " " + nonce}
	if a.collects(Journald) {
		log = link{name: security, condition: "copied " + shellWord(a.SecurityLog.Path) + " " + nonce + " " + pid, stored: true}
	}
	return []link{{name: journal, condition: "journal " + nonce + " " + pid, stored: true}, log}
}

// authLinks are those of the event of authentication.
func (a AuditLogging) authLinks(nonce string) []link {
	const pid = `"$pid_auth"`
	nonce = shellWord(nonce + "-auth")
	var links []link
	switch {
	case a.SecurityLog != nil:
		links = a.securityLinks("auth-journal", "auth-security", nonce, pid)
	case a.Forward != nil:
		links = []link{{name: "auth-journal", condition: "journal " + nonce + " " + pid, stored: true}}
	}
	if a.Forward != nil {
		links = append(links, link{name: "auth-forward", condition: "taken " + shellWord(a.statePath()) + " " + nonce + " " + pid, stored: true})
	}
	return links
}

func (a AuditLogging) probeScript(subjects []*probed, nonce string, patience time.Duration) string {
	var b, all strings.Builder
	b.WriteString(probeProgram)
	if a.Forward != nil {
		b.WriteString(forwardState)
	}
	look := func(links []link) {
		for _, l := range links {
			unless := ""
			if l.stored {
				unless = `[ -n "$no_journal" ] || `
			}
			fmt.Fprintf(&all, "\t%sonce %s %s || ok=1\n", unless, l.name, l.condition)
		}
	}
	auth := a.authLinks(nonce)
	look(auth)
	if len(auth) > 0 {
		fmt.Fprintf(&b, "event %s\n", shellWord(nonce+"-auth"))
	}
	for i, p := range subjects {
		fmt.Fprintf(&b, "probe %d %s %s", i, shellWord(p.nonce), shellWord(p.subject))
		for _, later := range subjects[i+1:] {
			b.WriteString(" " + shellWord(later.subject))
		}
		b.WriteString("\n")
		fmt.Fprintf(&all, "\tif [ -n \"${user_%d:-}\" ]; then\n", i)
		look(a.links(i, p))
		all.WriteString("\tfi\n")
	}
	fmt.Fprintf(&b, "all() {\n\tok=0\n%s\treturn \"$ok\"\n}\nawait %d\n", all.String(), int(patience/time.Second))
	if a.Forward != nil {
		fmt.Fprintf(&b, "printf 'says %%s\\n' \"$(complaint %s)\"\n", a.forwardService())
	}
	b.WriteString("echo end\n")
	return b.String()
}

// unstored is the word of the program for a journald that stores nothing.
const unstored = "unstored"

var probeRan = regexp.MustCompile(`^([0-9]+) (\S+) ([0-9]+)$`)

// probeAnswer is what a node says of a probe.
type probeAnswer struct {
	found map[string]bool // the names of links, and unstored
	says  string          // why nothing could be sent to the collector
}

// parseProbe reads the answer of the program. What became of each subject goes into it.
func parseProbe(part node.Section, subjects []*probed) (probeAnswer, error) {
	answer := probeAnswer{found: map[string]bool{}}
	whole := false
	var last *probed
	for line := range strings.Lines(string(part.Data)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "ran":
			words := probeRan.FindStringSubmatch(rest)
			if words == nil {
				return answer, fmt.Errorf("%q makes no sense", printable(line))
			}
			i, err := strconv.Atoi(words[1])
			if err != nil || i >= len(subjects) {
				return answer, fmt.Errorf("%q makes no sense", printable(line))
			}
			last = subjects[i]
			last.user, last.status = printable(words[2]), words[3]
		case "said":
			if last != nil {
				last.said = append(last.said, printable(rest))
			}
		case "found":
			answer.found[rest] = true
		case unstored:
			answer.found[unstored] = true
		case "says":
			answer.says = rest
		case "end":
			whole = true
		}
	}
	if !whole {
		return answer, fmt.Errorf("the answer is not whole (status %d): %s", part.Status, strings.TrimSpace(part.Complaint))
	}
	return answer, nil
}
