package difftest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// settleWitnesses makes the programs of the generated pairs.
const settleWitnesses = `set -e
mkdir -p /opt/wit/sub /srv/wit
for f in a ab b sub/a; do cp /bin/true "/opt/wit/$f"; done
for f in a c; do cp /bin/true "/srv/wit/$f"; done
`

// witnessRule is a rule about hosts, targets and commands that comparisons tell apart.
func (g *generator) witnessRule() string {
	host := pick(g, "ALL", "ALL", "pve1", "pve*", "p*1", "web", "*.lab.example", "pve1.lab.*", "HOSTS", "ALL, !web", "ALL, !*.lab.example", "[a-z.]*")
	runAs := pick(g, "", "", "(root) ", "(bob) ", "(ALL) ", "(TARGETS) ", "(%ops) ", "(#0) ", "(root:ops) ", "(bob:dev) ", "(:dev) ", "(ALL:ALL) ", "(ALL, !root) ", "(%ops, !carol) ")
	command := pick(g, "/opt/wit/a", `/opt/wit/a ""`, "/opt/wit/a set *", "/opt/wit/a set [0-9]*", "/opt/wit/a ^set ([0-9]+|all)$", "/opt/wit/a ^(set|get) [a-z]{1,3}$", "/opt/wit/", "/opt/*/a",
		"/opt/wit/[!b]*", "/srv/wit/c * x", "/srv/wit/c ?", "ALL", "TOOLS", "^/opt/wit/(a|ab)$ ^x$", "/opt/wit/sub/a -*",
		"/bin/true", "/usr/bin/tru?", "^/bin/true$", "/opt//wit/./a", "^.*$", "^/opt/wit/(a$", "/opt/wit/a ^x [b-a]$", "/opt/wit/a ^set .$", `/opt/wit/a ^set [^x]+$`)
	options := pick(g, "", "", "", "", "", "", "CHROOT=/nowhere ", "CHROOT=/ ", "CHROOT=* ", "CWD=* ", "NOTAFTER=20990101000000Z ", "NOTBEFORE=20200101000000Z ")
	not := ""
	if g.chance(3) {
		not = "!"
	}
	return fmt.Sprintf("alice %s = %s%s%s%s%s\n", host, runAs, options, pick(g, "", "", "NOPASSWD: ", "NOEXEC: "), not, command)
}

// witnessPair are two policies that differ in a rule.
func (g *generator) witnessPair() (before, after string) {
	head := quiet + pick(g, "", "", "Defaults sudoers_locale=C.UTF-8\n", "Defaults:alice runas_default=bob\n", "Defaults fast_glob\n", "Defaults runchroot=*\n") + "Host_Alias HOSTS = web, pve1.lab.example\nRunas_Alias TARGETS = bob, %dev\nCmnd_Alias TOOLS = /opt/wit/a, !/opt/wit/a set all, /srv/wit/\n"
	var rules []string
	for range 1 + g.IntN(4) {
		rules = append(rules, g.witnessRule())
	}
	changed := slices.Clone(rules)
	switch i := g.IntN(len(changed)); g.IntN(3) {
	case 0:
		changed[i] = g.witnessRule()
	case 1:
		changed = slices.Insert(changed, i, g.witnessRule())
	default:
		changed = slices.Delete(changed, i, i+1)
	}
	return head + strings.Join(rules, ""), head + strings.Join(changed, "")
}

// witness is a command line that sudo must allow or refuse by a policy.
type witness struct {
	policy  string
	request policy.Request
	allowed bool
	why     string
}

// TestWitnesses puts what comparisons and proofs over generated policies show to the real sudo: on the host, as the
// target and with the words that they name. What a node cannot be, or takes a moment or a version to be so, is left to
// the decision engine, to which package policy puts all of them.
func TestWitnesses(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		if _, err := s.node.Shell(t.Context(), settleWitnesses); err != nil {
			t.Fatal(err)
		}
		env := policy.Debian(s.world.version)
		env.Accounts = s.world.users
		question := policy.Question{Subject: s.world.user("alice"), Env: env}
		var asked []witness
		confirmed := 0
		left, compared, claims := 0, 0, 0
		var unchanged []claim
		for n := uint64(5 << 40); compared < *pairs; n++ {
			g := newGenerator(theSeed(), n)
			before, after := g.witnessPair()
			was, is := treeOf(before, s.world.version), treeOf(after, s.world.version)
			c := policy.Compare(was, is, question)
			for _, w := range s.witnesses(t, question, c, is, before, after) {
				if !s.isReal(w.request) {
					left++
					continue
				}
				asked = append(asked, w)
			}
			unchanged = append(unchanged, g.claims(c, before, after)...)
			if compared++; compared%500 == 0 || compared == *pairs {
				s.confirm(t, asked[confirmed:])
				claims += s.hold(t, unchanged)
				confirmed, unchanged = len(asked), nil
			}
		}
		t.Logf("%d pairs, %d witnesses, %d of classes that no account is in, %d command lines held to what did not change", compared, len(asked), left, claims)
		if claims < compared {
			t.Error("hardly any comparison says that nothing changed")
		}
		if len(asked) < 3*compared { // ALL and expressions of paths also show what no program is: sudoedit and lists
			t.Error("most witnesses are of classes that the node cannot show")
		}
	})
}

// witnesses are those of a comparison, and of proofs about the later policy.
func (s *station) witnesses(t *testing.T, q policy.Question, c policy.Comparison, is *sudoers.Tree, before, after string) []witness {
	t.Helper()
	var list []witness
	add := func(differences []policy.Difference, allowed, refused string) {
		for _, d := range differences {
			if d.If == "" {
				list = append(list, witness{allowed, d.Request.Of(d.Line), true, d.String()}, witness{refused, d.Request.Of(d.Line), false, d.String()})
			}
		}
	}
	add(c.NewlyAllowed, after, before)
	add(c.NoLongerAllowed, before, after)
	elsewhere := strings.Contains(before+after, "CHROOT=") || strings.Contains(before+after, "runchroot=") // a change does not say that its own rule takes the program to be there
	for _, change := range c.Changed {
		if change.If == "" && !elsewhere {
			list = append(list, witness{before, change.Request.Of(change.Line), true, change.String()}, witness{after, change.Request.Of(change.Line), true, change.String()})
		}
	}
	for _, text := range []string{"/opt/wit/a", "/opt/wit/a ^set ", "ALL ^x", "/srv/wit/c"} {
		statement, err := policy.ParseStatement(text, q.Env)
		if err != nil {
			t.Fatal(err)
		}
		if proof := policy.ProveNever(is, q, statement); proof.Verdict == regular.No && proof.If == "" {
			list = append(list, witness{after, proof.Request, true, proof.Counterexample})
		}
	}
	return list
}

// isReal tells whether an account is what the class says of its target. Pseudo commands are no programs that the node
// has.
func (s *station) isReal(r policy.Request) bool {
	if !strings.HasPrefix(r.Command, "/") {
		return false
	}
	if r.RunAsUser == nil {
		return true
	}
	account := s.world.user(r.RunAsUser.Name)
	return account.UID != nil && slices.Equal(account.Groups, r.RunAsUser.Groups)
}

// confirm asks sudo, with one group of questions for each.
func (s *station) confirm(t *testing.T, list []witness) {
	t.Helper()
	var programs strings.Builder
	groups := make([]group, len(list))
	alice := s.world.user("alice")
	for i, w := range list {
		groups[i] = group{
			// A class without a name stands for the hosts that no pattern matches.
			policy: w.policy, user: alice.Name, self: true, uid: *alice.UID, gids: alice.GIDs,
			host: cmp.Or(w.request.HostName(), "0"), runAsGroup: w.request.RunAsGroup, lines: [][]string{append([]string{w.request.Command}, w.request.Args...)},
		}
		if w.request.RunAsUser != nil {
			groups[i].runAsUser = w.request.RunAsUser.Name
		}
		programs.WriteString(quoted([]string{w.request.Command}))
	}
	// sudo looks for the program. A shortest path that a pattern of paths matches is one that no node has.
	script := "for f in" + programs.String() + "; do test -e \"$f\" || { mkdir -p \"${f%/*}/\"; cp /bin/true \"$f\"; }; done"
	if _, err := s.node.Exec(t.Context(), script, "/bin/sh", "-s"); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, answer := range s.ask(t, groups) {
		if want := map[bool]string{true: "1", false: "0"}[list[i].allowed]; answer != want {
			if wrong++; wrong <= 10 {
				t.Errorf("sudo says %s, expected %s: %s on %q as %q:%q\n%s", answer, want, list[i].why, groups[i].host, groups[i].runAsUser, groups[i].runAsGroup, list[i].policy)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d are wrong", wrong, len(list))
	}
}

// claim is command lines of which a comparison says that not one is newly allowed, or that none is any longer.
type claim struct {
	before, after group
	gain, loss    bool // whether there are any
}

// claims are random command lines about two policies, if their comparison says anything of all command lines.
func (g *generator) claims(c policy.Comparison, before, after string) []claim {
	if len(c.Gaps) > 0 || len(c.NewlyAllowed) > 0 && len(c.NoLongerAllowed) > 0 {
		return nil
	}
	q := group{
		user: "alice", self: true, host: pick(g, hostLong, hostLong, "pve1", "web", "db.lab.example", "web.lab.example"),
		runAsUser: pick(g, "", "", "root", "bob", "carol", "alice"), runAsGroup: pick(g, "", "", "", "ops", "dev"),
	}
	for range 8 {
		line := []string{pick(g, "/opt/wit/a", "/opt/wit/a", "/opt/wit/ab", "/opt/wit/b", "/opt/wit/sub/a", "/srv/wit/a", "/srv/wit/c")}
		if arguments := pick(g, "", "set all", "set 5", "set abc", "get ab", "set", "x", "-f", "y x", "- x"); arguments != "" {
			line = append(line, strings.Split(arguments, " ")...)
		}
		q.lines = append(q.lines, line)
	}
	one := claim{before: q, after: q, gain: len(c.NewlyAllowed) > 0, loss: len(c.NoLongerAllowed) > 0}
	one.before.policy, one.after.policy = before, after
	return []claim{one}
}

// asHimself tells whether the request is one that comparisons leave out: sudo 1.9.13 lets a caller run whatever a rule
// allows to anybody as himself with a group that he has.
func (s *station) asHimself(q group) bool {
	return s.world.version == sudoers.PVE8 && (q.runAsUser == "" || q.runAsUser == q.user) && slices.Contains(s.world.user(q.user).Groups, q.runAsGroup)
}

// hold puts claims to sudo, and gives how many command lines it asked about.
func (s *station) hold(t *testing.T, list []claim) int {
	t.Helper()
	alice, count, wrong := s.world.user("alice"), 0, 0
	groups := make([]group, 0, 2*len(list))
	for _, one := range list {
		for _, q := range []group{one.before, one.after} {
			q.uid, q.gids = *alice.UID, alice.GIDs
			groups = append(groups, q)
		}
	}
	if len(groups) == 0 {
		return 0
	}
	answers := s.ask(t, groups)
	for i, one := range list {
		was, is := answers[2*i], answers[2*i+1]
		for k, line := range one.before.lines {
			if s.asHimself(one.before) {
				continue
			}
			count++
			if gained, lost := was[k] == '0' && is[k] == '1', was[k] == '1' && is[k] == '0'; gained && !one.gain || lost && !one.loss {
				if wrong++; wrong <= 10 {
					t.Errorf("a comparison names nothing of the kind, and sudo says %c before and %c after: %q on %q as %q:%q\n%s\n%s",
						was[k], is[k], line, one.before.host, one.before.runAsUser, one.before.runAsGroup, one.before.policy, one.after.policy)
				}
			}
		}
	}
	return count
}

// A policy must parse, or the witnesses would be of nothing.
func TestWitnessPolicies(t *testing.T) {
	t.Parallel()
	for n := range uint64(500) {
		before, _ := newGenerator(1, n).witnessPair()
		_, errs := sudoers.Parse("policy", before, sudoers.PVE8)
		if slices.ContainsFunc(errs, func(e *sudoers.Error) bool { return !strings.HasPrefix(e.Msg, "malformed regular expression") }) { // one kind of rules is
			t.Fatalf("%v\n%s", errs, before)
		}
	}
}
