package hardening

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// closes tells what would keep out pvesec itself, or root of another node, that does not do so as sshd is: nil where
// nothing would. Then is the login afterwards, judged by a text of the file.
//
// What sshd has read and does already is not the policy's doing. pvesec came in by it: where that looks as if it kept
// pvesec out, it says more than pvesec knows, such as the command of a key or the name of an address. What sshd has not
// read yet counts, since the change has it do so. After a removal the new login tells whether that was true, so that a
// list that gets shorter is no reason to refuse one.
func (l *sshdLook) closes(i int, then sshdLogin, judged node.SshdJudgement, text string, removal bool) *SshdLockoutError {
	c, speak := l.connections[i], node.ClientAlgorithms()
	if c.role == sshdCluster {
		speak = l.nodesSpeak()
	}
	now := l.login(i, l.answer.AsIs[i])
	before := append(now.denials(), now.speaks(speak)...)
	for _, denial := range append(then.denials(), then.speaks(speak)...) {
		already := slices.ContainsFunc(before, func(known sshdDenial) bool {
			return known.Keyword == denial.Keyword && (denial.Keyword != "" || known.Why == denial.Why)
		})
		if already && !l.unread && (c.role == sshdCluster || removal || then.opensAsMuch(now, denial.Keyword)) {
			continue
		}
		e := l.locksOut(c, denial, judged, text)
		e.Removal = removal
		if already && l.unread {
			e.Why += "; a file of the node says so already, and sshd does not seem to have read it yet: an apply would have it do so"
		}
		return e
	}
	return nil
}

// opensAsMuch tells whether a setting lets in the user of a login wherever it did before, also where pvesec cannot tell
// whether it does: it has the same values, or a list of more who may, or of fewer who may not.
func (l sshdLogin) opensAsMuch(before sshdLogin, keyword string) bool {
	now, was := l.list(keyword), before.list(keyword)
	within := func(all, of []string) bool {
		return !slices.ContainsFunc(all, func(one string) bool {
			user, _, _ := strings.Cut(one, "@")
			return !slices.Contains(of, one) && (!strings.HasSuffix(keyword, "users") || matchesGlob(user, l.connection.User))
		})
	}
	switch keyword {
	case "allowusers", "allowgroups":
		return within(was, now)
	case "denyusers", "denygroups":
		return within(now, was)
	}
	return slices.Equal(now, was)
}
