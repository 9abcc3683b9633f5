package posture

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// own are sections of a survey that checks read in addition to the settings.
var own = []string{node.SectionSSHD, node.SectionPasswords, node.SectionPasswd, node.SectionGroup, node.SectionMatch}

// Told is a part of what a node told, by the name of its section. The reason says why it is not known, or not all of
// it; then nothing in it proves that something is not there. complaints are those that are expected, such as the
// complaints of find(1) about what is not there.
func (n *Node) Told(section string, expected ...string) (text, reason string) {
	part, told := n.settings[section]
	switch {
	case !told:
		reason = "the node did not tell"
	case part.Lacks != "":
		reason = "the node does not have " + part.Lacks
	case part.Cut:
		reason = "the node told of too much; the rest is not here"
	case part.Status == 124 || part.Status == 137:
		reason = "the node took too long and was stopped"
	case part.Status != 0:
		reason = complaint(part, expected)
	case section == node.SectionConfig && strings.TrimSpace(part.Complaint) != "":
		reason = firstLine(part.Complaint)
	}
	return string(part.Data), untrusted.Line(reason)
}

// complaint is the first one that is not expected; "" where all of them are.
func complaint(part node.Section, expected []string) string {
	told := false
	for line := range strings.Lines(part.Complaint) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		told = true
		if !slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(line, e) }) {
			return line
		}
	}
	if told && len(expected) > 0 {
		return ""
	}
	return fmt.Sprintf("the command ended with status %d", part.Status)
}

// Absent are complaints about what is not there, for [Node.Told].
func Absent() []string { return slices.Clone(absent) }

// Unknown is why something of these things is not known, "" where all is known. It compares the beginnings of what gaps
// are about.
func (n *Node) Unknown(about ...string) string {
	for _, gap := range n.Gaps {
		if slices.ContainsFunc(about, func(a string) bool { return strings.HasPrefix(gap.About, a) }) {
			return gap.About + ": " + gap.Reason
		}
	}
	return ""
}

// File is the state of a file or directory that a path of root, or a home, leads to.
type File struct {
	Mode     uint32 // permission bits with set-id and sticky
	UID, GID int
	Absent   bool
	Dir      bool
}

// Home is the state of the home directory of an account. The reason says why it is not known.
func (n *Node) Home(a *Account) (f File, reason string) {
	last := n.endOf(a.Home)
	if last.lost != "" {
		return File{}, untrusted.Line(last.lost)
	}
	return File{Mode: uint32(last.state.mode & 0o7777), UID: last.state.uid, GID: last.state.gid, Absent: last.state.mode == 0, Dir: last.state.directory()}, ""
}

// Run is a path that a cron table or a service names.
type Run struct {
	File, Path, Role string
	Line             int
}

// Runs are those of cron tables of root and of services.
func (n *Node) Runs() []Run {
	var list []Run
	for _, r := range n.runs {
		if !r.ofAccount() {
			list = append(list, Run{untrusted.Line(r.file), untrusted.Line(r.path), r.role, r.line})
		}
	}
	return list
}

// Granted is who has grants of sudo, with all that the engine says of it.
type Granted struct {
	Name     string // of an account, or of a %group
	Grants   []policy.Grant
	Findings []escalation.CommandFinding
	Analysis *escalation.Analysis
	Question policy.Question
}

// Granted are all accounts and groups with grants of sudo, except root, sorted by name.
func (n *Node) Granted() []Granted {
	var list []Granted
	for _, name := range slices.Sorted(maps.Keys(n.sudo)) {
		if answer := n.sudo[name]; len(answer.grants) > 0 && answer.analysis != nil {
			list = append(list, Granted{untrusted.Line(name), answer.grants, answer.findings, answer.analysis, answer.question})
		}
	}
	return list
}

// SudoSays is what the node's own sudo says of a command line.
type SudoSays struct {
	Allowed bool
	Text    string // what it said, one line
}

// Asked is what the node's own sudo says of an example of our engine; asked is false where it was not asked about it.
func (n *Node) Asked(account, example string) (says SudoSays, asked bool) {
	says, asked = n.asked[node.SudoQuestion{Account: account, Line: commandOf(example)}]
	return says, asked
}

// commandOf takes the call of sudo off an example.
func commandOf(example string) string { return strings.TrimPrefix(example, "sudo ") }

// maxExamples is how many examples the node's own sudo is asked about: each takes a process there.
const maxExamples = 24

// examples are command lines of findings about which the node's own sudo is asked, at most three of one subject.
func (n *Node) examples() []node.SudoQuestion {
	var list []node.SudoQuestion
	if n.Facts.SudoVersion == "" {
		return nil
	}
	for _, g := range n.Granted() {
		if n.account(g.Name) == nil {
			continue
		}
		count := 0
		for i := range g.Findings {
			question := node.SudoQuestion{Account: g.Name, Line: commandOf(g.Findings[i].Example)}
			if !question.Askable() || slices.Contains(list, question) {
				continue
			}
			if list = append(list, question); len(list) == maxExamples {
				return list
			}
			if count++; count == 3 {
				break
			}
		}
	}
	return list
}

// answers reads what sudo says of the questions: a line \x01STATUS NAME before each, in their order.
func (n *Node) answers(s *node.Survey, questions []node.SudoQuestion) {
	n.asked = map[node.SudoQuestion]SudoSays{}
	if len(questions) == 0 {
		return
	}
	parts := strings.Split(n.text(s, node.SectionAsked, "what sudo itself says"), "\x01")
	for i, question := range questions {
		if i+1 >= len(parts) {
			n.unknown("what sudo itself says", "it did not tell of all examples")
			return
		}
		head, said, _ := strings.Cut(parts[i+1], "\n")
		status, name, _ := strings.Cut(head, " ")
		if name != question.Account {
			n.unknown("what sudo itself says", "it told of somebody else than it was asked about")
			return
		}
		n.asked[question] = SudoSays{Allowed: status == "0", Text: untrusted.Line(cmp.Or(firstLine(said), "(nothing)"))}
	}
}
