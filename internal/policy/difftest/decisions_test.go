package difftest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// quiet keeps sudo from asking for a password, writing logs, sending mail and asking
// name services. It says nothing about who may do what.
const quiet = "Defaults !authenticate, !pam_acct_mgmt, !syslog, !mailerpath, !fqdn\n"

// question is one decision with all that it depends on.
type question struct {
	group *group
	line  []string
}

func (q *question) String() string {
	who := "root about " + q.group.user
	if q.group.self {
		who = q.group.user + " runs"
	}
	return fmt.Sprintf("%s, -u %q -g %q: %q\n%s", who, q.group.runAsUser, q.group.runAsGroup, q.line, q.group.policy)
}

// TestDecisions compares policy.Decide with sudo.
func TestDecisions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "decision", s.world.version)
		var c comparison
		s.compare(t, known, &c, setIDUnderIntercept, []*sudoers.Tree{treeOf(setIDUnderIntercept[0].policy, s.world.version)})
		for batch := uint64(0); c.asked < *decisions && len(c.wrong) <= 50; batch++ {
			groups, trees := s.questions(batch)
			s.compare(t, known, &c, groups, trees)
		}
		s.reportWrong(t, c.wrong)
		c.log(t, known)
		known.finish(t, c.asked)
	})
}

// setIDUnderIntercept is a disagreement that the generator meets too seldom to notice when it ends.
var setIDUnderIntercept = []group{{policy: "alice ALL = INTERCEPT: /usr/bin/passwd\n" + quiet, user: "alice", self: true, uid: 3001, gids: []int{3001, 3101}, lines: [][]string{{"/usr/bin/passwd"}}}}

func treeOf(text string, v sudoers.Version) *sudoers.Tree {
	file, _ := sudoers.Parse("policy", text, v)
	return sudoers.TreeOf(file)
}

// reasonsToDoubt are what a policy must have for an answer to be unknown: another root, another locale, or an
// expression that is not decided here.
var reasonsToDoubt = regexp.MustCompile(`CHROOT|runchroot|sudoers_locale|\\1`)

// fallsOver are the options with which sudo of both releases ends by a signal and runs nothing: a root directory that
// is bound to commands.
var fallsOver = regexp.MustCompile(`Defaults\s*!.*runchroot`)

// comparison counts answers.
type comparison struct {
	asked, allowed int
	unknown        int // with a reason
	fell           int // sudo ended by a signal, with a reason
	wrong          []question
}

// compare puts questions to sudo and to this project.
func (s *station) compare(t *testing.T, known *disagreements, c *comparison, groups []group, trees []*sudoers.Tree) {
	t.Helper()
	answers := s.ask(t, groups)
	for i := range groups {
		g := &groups[i]
		compiled := policy.Compile(trees[i], s.request(&question{g, g.lines[0]})) // of which it takes no command
		for j, line := range g.lines {
			q := question{g, line}
			c.asked++
			want, ok := map[byte]bool{'1': true, '0': false}[answers[i][j]]
			if answers[i][j] == 'X' && fallsOver.MatchString(g.policy+g.beside) {
				c.fell++
				continue
			}
			if !ok {
				t.Errorf("sudo gave %q: %v", answers[i][j], &q)
				continue
			}
			if want {
				c.allowed++
			}
			r := s.request(&q)
			got := policy.Decide(trees[i], r)
			if quick := compiled.Decide(line[0], strings.Join(line[1:], " "), len(line) > 1); quick.Verdict != got.Verdict {
				t.Errorf("Compile says %s, Decide %s: %v", quick.Verdict, got.Verdict, &q)
			}
			if got.Verdict == policy.Unknown && reasonsToDoubt.MatchString(g.policy+g.beside) {
				c.unknown++
				continue
			}
			if (got.Verdict == policy.Allowed) != want && !known.explains(&q, want) {
				c.wrong = append(c.wrong, q)
			}
		}
	}
}

// log says how much was compared, and fails if nearly all answers were the same.
func (c *comparison) log(t *testing.T, known *disagreements) {
	t.Helper()
	t.Logf("%d decisions, %d allowed, %d unknown with a reason, %d on which sudo fell over itself; %s", c.asked, c.allowed, c.unknown, c.fell, known)
	if c.fell > c.asked/50 {
		t.Errorf("sudo fell over itself on %d of %d: the generator is lopsided", c.fell, c.asked)
	}
	if c.allowed < c.asked/10 || c.allowed > c.asked*9/10 {
		t.Errorf("%d of %d were allowed: the generator is lopsided", c.allowed, c.asked)
	}
}

// reportWrong reports disagreements, made as small as possible, each sort once.
func (s *station) reportWrong(t *testing.T, wrong []question) {
	t.Helper()
	const most = 12
	seen := map[string]bool{}
	for _, q := range wrong {
		if len(seen) >= 2*most {
			break
		}
		if seen[q.group.policy] {
			continue
		}
		seen[q.group.policy] = true
		small := s.shrink(t, q)
		if text := small.String(); !seen[text] {
			seen[text] = true
			file, _ := sudoers.Parse("policy", small.group.policy, s.world.version)
			got := policy.Decide(sudoers.TreeOf(file), s.request(&small))
			t.Errorf("policy says %s, sudo %s: %s", got.Verdict, s.ask(t, []group{*small.group})[0], text)
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%d disagreements", len(wrong))
	}
}

// questions makes some hundred groups.
func (s *station) questions(batch uint64) ([]group, []*sudoers.Tree) {
	var groups []group
	var trees []*sudoers.Tree
	for n := range uint64(100) {
		g := newGenerator(theSeed(), batch*100+n)
		text := g.policy() + "\n\n" + quiet
		file, errs := sudoers.Parse("policy", text, s.world.version)
		if errs.Err() != nil && !g.wild {
			// Errors are for the other tests; what is left of the policy still decides.
			_ = errs
		}
		tree := sudoers.TreeOf(file)
		mustAskSelf := dependsOnInvoker(file)
		list := patterns(file)
		for range 3 {
			q := group{policy: text, user: pick(g, asked...)}
			u := s.world.user(q.user)
			q.uid, q.gids = *u.UID, u.GIDs
			switch g.IntN(6) {
			case 0, 1:
				q.runAsUser = pick(g, "root", "bob", "carol", "www-data", "alice", "daemon")
			case 2:
				q.runAsGroup = pick(g, "ops", "dev", "web.x", "root", "alice")
				if g.chance(2) {
					q.runAsUser = pick(g, "root", "bob", "carol", "alice")
				}
			}
			q.self = mustAskSelf || q.runAsGroup != "" || g.chance(3) // sudo -l -U judges -g for root, too
			for range 8 {
				q.lines = append(q.lines, g.commandLine(s.world, list))
			}
			groups = append(groups, q)
			trees = append(trees, tree)
		}
	}
	return groups, trees
}

// dependsOnInvoker tells policies that sudo -l -U judges for root, who asks, and for
// the command "list": run-as lists of the invoking user himself, and Defaults bound to
// users or commands. With both NOTBEFORE and NOTAFTER, sudo -l and sudo differ.
func dependsOnInvoker(f *sudoers.File) bool {
	for _, e := range f.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			if e.Scope == sudoers.ScopeUser || e.Scope == sudoers.ScopeCommand {
				return true
			}
		case *sudoers.UserSpec:
			for _, p := range e.Privileges {
				for _, c := range p.Effective() {
					if c.NotBefore != "" && c.NotAfter != "" {
						return true
					}
					if c.RunAs != nil && len(c.RunAs.Users) == 0 {
						return true
					}
				}
			}
		}
	}
	return false
}

// request puts a question in the terms of package policy.
func (s *station) request(q *question) policy.Request {
	r := policy.Request{
		Subject: s.world.user(q.group.user), Host: hostShort, LongHost: hostLong,
		Command: q.line[0], Args: q.line[1:], Time: time.Now(), Env: s.world.env, Interfaces: addresses,
		RunAsGroup: q.group.runAsGroup,
	}
	if q.group.runAsUser != "" {
		u := s.world.user(q.group.runAsUser)
		r.RunAsUser = &u
	}
	if q.group.runAsGroup != "" {
		gid := map[string]int{"ops": 3101, "dev": 3102, "web.x": 3103, "root": 0, "alice": 3001}[q.group.runAsGroup]
		r.RunAsGroupID = &gid
	}
	return r
}
