package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// aboutAccounts is what gaps are about where the accounts of a node may not all be known.
var aboutAccounts = []string{"the accounts", "the groups", "a line of the", "account", "where accounts come from"}

// noSudo is the outcome where nothing can be said of grants: there are none, or they could not be read.
func (n *Node) noSudo() (o Outcome, is bool) {
	switch {
	case n.Sudoers == nil:
		reason := n.Unknown("sudo")
		if reason == "" {
			reason = "the sudoers files could not be read"
		}
		return unknown(reason), true
	case n.Sudoers.Absent:
		return notApplicable("the node has no /etc/sudoers: sudo gives nobody anything"), true
	}
	return Outcome{}, false
}

// sudoDoubt is why something of who has grants, and of which, is not known; "" where all is known.
func (n *Node) sudoDoubt() string {
	if n.Sudoers.Tree.Unread {
		return "not all sudoers files were read"
	}
	return n.Unknown(append([]string{"sudo", "what sudo itself says"}, aboutAccounts...)...)
}

// granted are those whom the claims are about.
func (n *Node) granted() []posture.Granted {
	return slices.DeleteFunc(n.Granted(), func(g posture.Granted) bool { return len(n.subjects) > 0 && !slices.Contains(n.subjects, g.Name) })
}

// aboutGranted judges everyone who has grants of sudo. Judge tells what is wrong with one's, and what is not known of
// them.
func (n *Node) aboutGranted(right string, judge func(g *posture.Granted) (wrong, doubt []string)) Outcome {
	if o, is := n.noSudo(); is {
		return o
	}
	var wrong, doubts []string
	granted := n.granted()
	for i := range granted {
		bad, doubt := judge(&granted[i])
		wrong, doubts = append(wrong, bad...), append(doubts, doubt...)
	}
	switch reason := n.sudoDoubt(); {
	case len(wrong) > 0:
		return fail(wrong...)
	case len(doubts) > 0:
		return outcome(Unknown, doubts...)
	case reason != "":
		return unknown(reason)
	}
	names := make([]string, len(granted))
	for i := range granted {
		names[i] = granted[i].Name
	}
	if len(names) == 0 {
		return pass("nobody but root has grants of sudo")
	}
	return pass(right + ": " + strings.Join(names, ", "))
}

// eachGrant judges every grant of everyone.
func (n *Node) eachGrant(right string, wrong func(g *policy.Grant) string) Outcome {
	return n.aboutGranted(right, func(of *posture.Granted) (bad, _ []string) {
		for i := range of.Grants {
			if reason := wrong(&of.Grants[i]); reason != "" {
				bad = append(bad, of.Name+": "+reason+", "+place(&of.Grants[i]))
			}
		}
		return bad, nil
	})
}

// place is a grant with its place.
func place(g *policy.Grant) string { return fmt.Sprintf("%s:%d: %s", g.Pos.File, g.Pos.Line, g.Text) }

// saidBySudo adds what the node's own sudo says of an example.
func (n *Node) saidBySudo(account, example string) string {
	says, asked := n.Asked(account, example)
	switch {
	case !asked:
		return ""
	case says.Allowed:
		return "; the node's own sudo allows it, too"
	}
	return "; the node's own sudo says otherwise: " + says.Text
}
