package hardening

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AuditCounts are how often something was refused to each subject since a time. What counts is what only root can
// write: sudo's own log, and records of the journal that a process of root or a daemon of Proxmox VE sent, whatever
// their text says.
type AuditCounts struct {
	// Denials are commands that sudo refused because no rule allows them, Failures passwords and logins that were
	// wrong.
	Denials, Failures map[string]int64
	// Gaps say what is not counted, a sentence each.
	Gaps []string
}

//go:embed audit_counts.sh
var countsProgram string

// countsScript asks a node for what was refused.
func (a AuditLogging) countsScript(since int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%sbegin %d\n", timelyProgram+countsProgram, since)
	if a.SudoLog != nil {
		for i, binding := range a.bindings() {
			fmt.Fprintf(&b, "refusals %d %d %s\n", since, i, shellWord(a.sudoLogPath(binding.subject)))
		}
	}
	fmt.Fprintf(&b, "failures %d\necho end\n", since)
	return b.String()
}

// Count asks a node what was refused since a time, to the subjects of the settings, or to the users that are named
// where the settings are about all users.
func (a AuditLogging) Count(ctx context.Context, nodes Nodes, target node.Target, since time.Time, users []string) (*AuditCounts, error) {
	script := a.countsScript(since.Unix())
	seen, err := nodes.Observe(ctx, target, node.Query{Scripts: []string{script}})
	if err != nil {
		return nil, err
	}
	counts := &AuditCounts{Denials: map[string]int64{}, Failures: map[string]int64{}}
	for _, name := range slices.Concat(a.Subjects, users) {
		counts.Denials[name], counts.Failures[name] = 0, 0
	}
	reader := countsReader{counts: counts, logging: a, since: since.Unix()}
	reader.read(seen.Scripts[script])
	return counts, nil
}

// countsReader reads the answer of the script.
type countsReader struct {
	counts  *AuditCounts
	logging AuditLogging
	since   int64
	local   string // since, as the node's clock on the wall shows it
	subject string // whose log is being read
	whole   bool
}

func (r *countsReader) read(part node.Section) {
	inJournal := false
	for line := range strings.Lines(string(part.Data)) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case inJournal && strings.HasPrefix(line, "{"):
			r.login(line)
		case inJournal && line == "end":
			r.whole = true
		case inJournal:
		case line == "journal":
			inJournal = true
		case word == "since":
			r.local = rest
		case word == "oldest":
			if begin := parseCursor(rest).seconds(); begin > r.since {
				r.gap("the journal begins at %s: failed logins before that are not counted", time.Unix(begin, 0).UTC().Format(time.RFC3339))
			}
		case word == "log":
			r.subject = ""
			var i int
			if _, err := fmt.Sscanf(rest, "%d", &i); err == nil && i >= 0 && i < len(r.logging.bindings()) {
				r.subject = r.logging.bindings()[i].subject
			}
		default:
			r.refusal(word, rest)
		}
	}
	switch {
	case part.Cut:
		r.gap("the node holds more than is read: there are more denials and failures than are counted")
	case !r.whole:
		r.gap("not everything was read (status %d): %s", part.Status, strings.TrimSpace(part.Complaint))
	}
	if r.logging.SudoLog == nil {
		r.gap("sudo writes no log: its denials are not counted")
	}
}

func (r *countsReader) gap(format string, args ...any) {
	r.counts.Gaps = append(r.counts.Gaps, printable(fmt.Sprintf(format, args...)))
}

var refusalText = regexp.MustCompile(`^([A-Z][a-z]{2} [ 1-9][0-9] [0-9:]{8} [0-9]{4}) : ([^ ]+) : (.*)$`)

// refusal counts a line of sudo's log.
func (r *countsReader) refusal(form, rest string) {
	switch form {
	case "text":
		found := refusalText.FindStringSubmatch(rest)
		if found == nil {
			return
		}
		at, err := time.Parse("Jan _2 15:04:05 2006", found[1])
		if err == nil && at.Format("20060102150405") >= r.local {
			r.refused(found[2], found[3])
		}
	case "json":
		var at int64
		words := strings.SplitN(rest, " ", 3)
		if len(words) == 3 && readNumbers(words[:1], &at) == nil && at >= r.since {
			r.refused(words[1], words[2])
		}
	case "compact":
		r.compact(rest)
	}
}

// compact counts a record of one line, under whatever keys sudo puts it.
func (r *countsReader) compact(line string) {
	type event struct {
		Reason string `json:"reason"`
		User   string `json:"submituser"`
		Time   struct {
			Seconds int64 `json:"seconds"`
		} `json:"server_time"`
	}
	var flat, nested struct {
		Reject *event `json:"reject"`
		Alert  *event `json:"alert"`
	}
	var outer map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &flat) != nil || json.Unmarshal([]byte(line), &outer) != nil {
		r.gap("a line of sudo's log is not understood")
		return
	}
	_ = json.Unmarshal(outer["sudo"], &nested) // where there is none, nothing is in it
	for _, e := range []*event{flat.Reject, flat.Alert, nested.Reject, nested.Alert} {
		if e != nil && e.Time.Seconds >= r.since {
			r.refused(e.User, e.Reason)
		}
	}
}

// wrongPassword are the reasons of sudo that are about who somebody is, and not about what he may do.
var wrongPassword = regexp.MustCompile(`incorrect password attempt|^a password is required$`)

// refused counts a refusal for the subject of the log, or for the user where the log is everyone's.
func (r *countsReader) refused(user, reason string) {
	who := r.subject
	if who == "" {
		who = printable(user)
	}
	kind := r.counts.Denials
	if wrongPassword.MatchString(reason) {
		kind = r.counts.Failures
	}
	if _, known := kind[who]; !known && len(kind) >= mostCounted {
		return
	}
	kind[who]++
}

// mostCounted bounds how many users are told apart.
const mostCounted = 1000

// What sshd and Proxmox VE say of a login that failed, from the beginning of the message: everyone who tries chooses
// the name, and an address stands behind it. A name that the node does not have is behind "invalid user", and is
// nobody's.
var loginFailed = []*regexp.Regexp{
	regexp.MustCompile(`^Failed \S+ for (\S+) from \S+ port [0-9]+`),
	regexp.MustCompile(`^(?:Connection (?:closed|reset) by|Disconnected from) authenticating user (\S+) \S+ port [0-9]+ \[preauth\]$`),
	regexp.MustCompile(`^authentication failure; rhost=\S+ user=(\S+) msg=`),
}

// login counts a failed login of somebody who is counted.
func (r *countsReader) login(line string) {
	var record struct {
		Message    string `json:"MESSAGE"`
		Identifier string `json:"SYSLOG_IDENTIFIER"`
		Unit       string `json:"_SYSTEMD_UNIT"`
		UID        string `json:"_UID"`
	}
	if json.Unmarshal([]byte(line), &record) != nil {
		return // a message of bytes that are no text is none of these
	}
	sshd := record.UID == "0" && strings.HasPrefix(record.Identifier, "sshd")
	pve := record.Unit == "pvedaemon.service" || record.Unit == "pveproxy.service"
	for i, pattern := range loginFailed {
		found := pattern.FindStringSubmatch(record.Message)
		if found == nil || i < 2 && !sshd || i == 2 && !pve {
			continue
		}
		for _, name := range []string{found[1], strings.TrimSuffix(found[1], "@pam")} {
			if _, counted := r.counts.Failures[name]; counted {
				r.counts.Failures[name]++
				return
			}
		}
	}
}
