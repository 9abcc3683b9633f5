package attacker

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed state.sh
var stateScript string

// State is what a node is at one moment: everything that an operator could have changed.
type State map[string]bool

// State gives the script that looks, and the arguments of it.
func (t *Target) State(canary string) (script string, args []string) {
	return stateScript, []string{t.User, canary}
}

// ParseState reads what the script of [Target.State] printed.
func ParseState(printed string) State {
	s := State{}
	for line := range strings.Lines(printed) {
		s[strings.TrimSuffix(line, "\n")] = true
	}
	return s
}

// Violation is something that an operator changed and that nobody promised.
type Violation struct{ Concern, What string }

func (v Violation) String() string { return v.Concern + ": " + v.What }

// Judge names everything that is not what it was before and that the promise does not cover.
func (t *Target) Judge(before, after State) (found []Violation) {
	var changed []string
	for line := range before {
		if !after[line] {
			changed = append(changed, "- "+line)
		}
	}
	for line := range after {
		if !before[line] {
			changed = append(changed, "+ "+line)
		}
	}
	slices.SortFunc(changed, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	for _, line := range changed {
		if v, bad := t.judge(line[:2], line[2:]); bad {
			found = append(found, v)
		}
	}
	return found
}

// judge says what a changed line means.
func (t *Target) judge(sign, line string) (Violation, bool) {
	kind, what, _ := strings.Cut(line, "\t")
	concern := "no file outside of the promise"
	switch kind {
	case "call":
		if t.Allows.MatchString(what) {
			return Violation{}, false
		}
		concern = "only what is promised"
		if strings.Contains(what, "root@pam") {
			concern = "root@pam untouched"
		}
	case "guest":
		if t.Allows.MatchString("qm start " + strings.Fields(what)[0]) {
			return Violation{}, false
		}
		concern = "only what is promised"
	case "package":
		concern = "no package"
	case "service":
		concern = "no service"
	case "network":
		concern = "no network change"
	case "account":
		concern = "no account"
	case "process", "operator's place":
		concern = "no root"
	case "secret":
		concern = "no secret"
	case "file":
		switch {
		case strings.HasPrefix(what, "/etc/sudoers"):
			concern = "no sudoers edit"
		case strings.HasPrefix(what, "/etc/evil-root"):
			concern = "no root"
		}
	}
	return Violation{concern, sign + kind + " " + what}, true
}

// Unrecorded names the attempts of which sudo's event log says nothing. Each line of the log is one event; first is the
// number of the first attempt.
func (t *Target) Unrecorded(log string, attempts []Attempt, first int) (missing []string) {
	for i, attempt := range attempts {
		record := attempt.Record
		if record == "" {
			record = "PWD=" + t.Home() + "/" + place(first+i) + " "
		}
		if !attempt.Unlogged && !strings.Contains(log, record) {
			missing = append(missing, fmt.Sprintf("%d (%s): %s", first+i, attempt.Technique, attempt.Script))
		}
	}
	return missing
}
