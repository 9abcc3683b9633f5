package grammartest

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// expectation is a command line that sudo must allow, or refuse, by a policy.
type expectation struct {
	question
	want        byte
	why, change string
	of          *pair
}

// heldPair is a pair of policies of which the comparison says that no command line is newly allowed, or none is lost,
// with command lines to ask about.
type heldPair struct {
	pair
	asked  question
	change string
}

// shows is what sudo must say of the differences, by both policies in turn. They are about a node without the addresses
// that a policy names: whether it has one is a gap.
func (n *node) shows(p *pair, change string, all *tally) (list []expectation) {
	add := func(differences []policy.Difference, allowed, refused string) {
		for _, d := range differences {
			q := question{user: "ann", host: d.Request.HostName(), runAsGroup: d.Request.RunAsGroup, lines: [][]string{append([]string{d.Line.Command}, d.Request.Of(d.Line).Args...)}}
			if d.Request.RunAsUser != nil {
				q.runAsUser = d.Request.RunAsUser.Name
			}
			elsewhere := strings.Contains(p.before+p.after, "%h") && !strings.HasPrefix(q.host, "box") // what it includes is another file there
			if elsewhere || d.If != "" || !strings.HasPrefix(d.Line.Command, "/") || d.Request.RunAsUser != nil && !n.isReal(d.Request.RunAsUser) || !n.isGroup(q.runAsGroup) {
				all.left++
				continue
			}
			all.shown++
			for text, want := range map[string]byte{allowed: '1', refused: '0'} {
				q.text = text
				list = append(list, expectation{q, want, d.String(), change, p})
			}
		}
	}
	add(p.said.NewlyAllowed, p.after, p.before)
	add(p.said.NoLongerAllowed, p.before, p.after)
	return list
}

// isReal tells whether an account is what a class says of its target.
func (n *node) isReal(target *policy.Subject) bool {
	account := n.account(target.Name)
	return account.UID != nil && slices.Equal(account.Groups, target.Groups) && slices.Equal(account.Netgroups, target.Netgroups)
}

// isGroup tells whether the node has a group, or none is asked for.
func (n *node) isGroup(name string) bool {
	return name == "" || name[0] == '#' || slices.ContainsFunc(n.env.Accounts, func(s policy.Subject) bool { return slices.Contains(s.Groups, name) })
}

// confirm asks sudo, after making the programs that differences name. One can be in the way of another, as a file where
// the other has a directory: those that could not be made are made in a next round, when the first are gone.
func (n *node) confirm(t *testing.T, list []expectation, all *tally) {
	t.Helper()
	for len(list) > 0 {
		impossible := n.makePrograms(t, list)
		isMade := func(e expectation) bool { return !impossible[e.lines[0][0]] }
		made := slices.DeleteFunc(slices.Clone(list), func(e expectation) bool { return !isMade(e) })
		if len(made) == 0 {
			all.left, all.shown = all.left+len(list)/2, all.shown-len(list)/2 // no node has such a file
			return
		}
		list = slices.DeleteFunc(list, isMade)
		questions := make([]question, len(made))
		for i := range made {
			questions[i] = made[i].question
		}
		for i, answer := range n.ask(t, questions) {
			if e := &made[i]; answer[0] != e.want {
				all.wrong++
				t.Errorf("%s: sudo says %s, expected %c: %s on %q as %q:%q by\n%s\nof the pair\n%s\n%s", e.change, answer, e.want, e.why, e.host, e.runAsUser, e.runAsGroup, e.text, e.of.before, e.of.after)
			}
		}
	}
}

// makePrograms makes the programs of command lines, after those of before are gone, and gives those that cannot be
// made.
func (n *node) makePrograms(t *testing.T, list []expectation) (impossible map[string]bool) {
	t.Helper()
	var programs strings.Builder
	for i := range list {
		programs.WriteString(list[i].lines[0][0] + "\n")
	}
	const script = `touch /run/made; while IFS= read -r f; do rm -f "$f"; rmdir -p "${f%/*}" 2>/dev/null; done </run/made; : >/run/made
while IFS= read -r f; do test -f "$f" || { mkdir -p "${f%/*}/" && cp -T /bin/true "$f" && printf '%s\n' "$f" >>/run/made; } 2>/dev/null || printf '%s\n' "$f"; done`
	cannot, err := n.Exec(t.Context(), programs.String(), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	impossible = map[string]bool{}
	for path := range strings.Lines(cannot) {
		impossible[strings.TrimSuffix(path, "\n")] = true
	}
	return impossible
}

// confirmHeld puts command lines to sudo by both policies, where the comparison says something of all of them.
func (n *node) confirmHeld(t *testing.T, list []heldPair, all *tally) {
	t.Helper()
	questions := make([]question, 0, 2*len(list))
	for i := range list {
		before := list[i].asked
		before.text = list[i].before
		questions = append(questions, before, list[i].asked)
	}
	if len(questions) == 0 {
		return
	}
	answers := n.ask(t, questions)
	for i := range list {
		h := &list[i]
		q := &h.asked
		// What sudo does without -u is another question then: the comparison tells the first as a change, and by the
		// second sudo runs the command as the caller where no other rule says as whom.
		if q.runAsUser == "" && (h.changes("runas_default") || strings.Contains(h.before+h.after, "()")) {
			continue
		}
		for k, line := range q.lines {
			if n.env.Version == sudoers.PVE8 && (q.runAsUser == "" || q.runAsUser == q.user) && slices.Contains(n.account(q.user).Groups, q.runAsGroup) {
				continue // as himself with a group of his own: comparisons leave it out
			}
			all.held++
			was, is := answers[2*i][k] == '1', answers[2*i+1][k] == '1'
			if h.denies(was, is) {
				was, is = n.inAnySpelling(t, h, line, h.before), n.inAnySpelling(t, h, line, h.after)
			}
			if h.denies(was, is) {
				all.wrong++
				t.Errorf("%s: a comparison names nothing of the kind, and sudo says %t before and %t after: %q as %q:%q\n%s\n%s",
					h.change, was, is, line, q.runAsUser, q.runAsGroup, h.before, h.after)
			}
		}
	}
}

// changes tells whether the comparison tells a change of an option.
func (h *heldPair) changes(option string) bool {
	return slices.ContainsFunc(h.said.Changed, func(c policy.ConditionChange) bool { return c.Condition == option })
}

// denies tells whether what was and is allowed is something that the comparison says there is none of.
func (h *heldPair) denies(was, is bool) bool {
	return !was && is && len(h.said.NewlyAllowed) == 0 || was && !is && len(h.said.NoLongerAllowed) == 0
}

// inAnySpelling tells whether sudo allows a command line in some spelling of its path: a comparison is about files, and
// until 1.9.13 a pattern of paths is compared with the spelling.
func (n *node) inAnySpelling(t *testing.T, h *heldPair, line []string, text string) bool {
	t.Helper()
	q := h.asked
	q.text, q.lines = text, nil
	path := n.env.Canonical(line[0])
	for _, spelling := range []string{path, strings.Replace(path, "/opt/g/", "/opt/k/", 1), strings.Replace(path, "/usr/bin/", "/bin/", 1), "/" + path, "/." + path, path[:strings.LastIndex(path, "/")] + "/" + path[strings.LastIndex(path, "/"):]} {
		q.lines = append(q.lines, append([]string{spelling}, line[1:]...))
	}
	return strings.Contains(n.ask(t, []question{q})[0], "1")
}
