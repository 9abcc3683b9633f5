package hardening

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// SshdRefusedError tells that the sshd of a node does not take a policy, or cannot be asked.
type SshdRefusedError struct{ Node, Output string }

func (e *SshdRefusedError) Error() string {
	return fmt.Sprintf("node %s does not take the sshd policy, and nothing was changed: %s", e.Node, printable(e.Output))
}

// SshdLockoutError tells whom a policy would lock out, and which line does.
type SshdLockoutError struct {
	Node string
	// Who is the connection that would not work any more.
	Who string
	// Why is what sshd says, and Line the line that decides, "FILE:LINE: …", empty where none does.
	Why, Line string
	// Attribute sets it, empty where none of the policy does.
	Attribute string
	// Own says that it is pvesec itself.
	Own bool
	// Awaits are the administrators who would come in with an account or a key there, and lack nothing else.
	Awaits []string
	// Removal says that what remains without the policy locks out, and not the policy.
	Removal bool
}

func (e *SshdLockoutError) Error() string {
	what := "the policy"
	if e.Removal {
		what = "sshd without the policy"
	}
	text := fmt.Sprintf("%s would lock out %s on node %s: %s. Nothing was changed", what, e.Who, e.Node, printable(e.Why))
	if e.Line != "" {
		text += ".\n\nThis line decides:\n\n  " + printable(e.Line)
	}
	if e.Attribute != "" {
		text += "\n\nChange " + e.Attribute + " in the configuration"
	}
	if len(e.Awaits) > 0 {
		text += fmt.Sprintf(". Where the same configuration makes the account %s, write administrators = [pvesec_node_account.NAME.name], so that Terraform makes it first", strings.Join(e.Awaits, " or "))
	}
	return text
}

// lockout tells whom the policy would lock out: pvesec itself, root of another node of the cluster, or the last
// administrator. Text is the file of the policy.
func (l *sshdLook) lockout(text string) *SshdLockoutError {
	var refused []*SshdLockoutError
	var awaits []string
	administrators := 0
	for i, c := range l.connections {
		after := l.login(i, l.answer.With[i])
		denials := after.denials()
		switch c.role {
		case sshdOwn, sshdCluster:
			if e := l.closes(i, after, l.answer.With[i], text, false); e != nil {
				return e
			}
		}
		if !slices.Contains(l.policy.Administrators, c.User) || c.role == sshdCluster {
			continue
		}
		if len(denials) == 0 {
			administrators++
		} else {
			refused = append(refused, l.locksOut(c, denials[0], l.answer.With[i], text))
			after.byKey = true
			if !after.account.Exists || len(after.denials()) == 0 {
				awaits = append(awaits, c.User)
			}
		}
	}
	if len(l.policy.Administrators) == 0 || administrators > 0 {
		return nil
	}
	first := *refused[0]
	first.Who = "every one of the administrators " + strings.Join(l.policy.Administrators, ", ")
	var why []string
	for _, one := range refused {
		why = append(why, one.Who+": "+one.Why)
	}
	first.Why, first.Awaits = strings.Join(slices.Compact(why), "; "), awaits
	if first.Attribute == "" {
		first.Attribute = "administrators"
	}
	return &first
}

// lockedOutWithout tells whom sshd locks out without the policy: pvesec itself, or root of another node. An sshd that
// refuses its configuration reads none of it; of a place that is not known nothing is said.
func (l *sshdLook) lockedOutWithout(role sshdRole) *SshdLockoutError {
	for i, c := range l.connections {
		without := l.login(i, l.answer.Without[i])
		if c.role != role || without.judged.Problem != "" || role == sshdOwn && l.nowhere {
			continue
		}
		if e := l.closes(i, without, l.answer.Without[i], "", true); e != nil {
			return e
		}
	}
	return nil
}

// login is a connection with what is known of its account.
func (l *sshdLook) login(i int, judged node.SshdJudgement) sshdLogin {
	c := l.connections[i]
	login := sshdLogin{connection: c.SshdConnection, account: l.seen.Accounts[c.User], judged: judged, shell: true}
	switch c.role {
	case sshdOwn:
		login.byKey, login.byPassword = !l.byPassword, l.byPassword
	case sshdCluster:
		login.byKey, login.node = true, true
	default:
		elsewhere := func(keyword string) bool { v := login.value(keyword); return v != "" && v != "none" }
		login.byKey, login.byPassword = judged.Keys || elsewhere("authorizedkeyscommand") || elsewhere("trustedusercakeys"), judged.Password
	}
	return login
}

// locksOut says why a connection does not work, and finds the line that decides.
func (l *sshdLook) locksOut(c sshdConnection, denial sshdDenial, judged node.SshdJudgement, text string) *SshdLockoutError {
	e := &SshdLockoutError{Node: l.target.Name, Why: denial.Why, Who: fmt.Sprintf("%s from %s", c.User, c.Address)}
	switch c.role {
	case sshdOwn:
		e.Own, e.Who = true, fmt.Sprintf("pvesec itself (%s from %s)", c.User, c.Address)
	case sshdCluster:
		e.Who = fmt.Sprintf("the other nodes of the cluster (root from %s)", c.Address)
		e.Why += l.unkept(c.Address, denial.Keyword)
	}
	var set [2][]node.SshdLine
	for _, line := range judged.Lines {
		if denial.Keyword == "" || sshdWordOf(line.Keyword) != denial.Keyword {
			continue
		}
		if line.InMatch {
			set[1] = append(set[1], line)
		} else {
			set[0] = append(set[0], line)
		}
	}
	deciding := append(slices.Clone(set[1]), set[0]...)
	if len(deciding) == 0 {
		return e
	}
	line := deciding[0]
	e.Line = fmt.Sprintf("%s:%d: %s %s", line.File, line.Line, line.Keyword, line.Value)
	if line.File != l.policy.Path() {
		return e
	}
	written := strings.Split(text, "\n")
	if line.Line <= len(written) {
		e.Line = fmt.Sprintf("%s:%d: %s", line.File, line.Line, strings.TrimSpace(written[line.Line-1]))
	}
	e.Attribute = sshdAttributeOf(denial.Keyword)
	if l.policy.Strict && slices.ContainsFunc(sshdAlgorithms, func(a sshdAlgorithmList) bool { return a.attribute == e.Attribute }) {
		e.Attribute = "crypto_profile"
	}
	if line.InMatch {
		e.Attribute += " of the match block"
	}
	return e
}
