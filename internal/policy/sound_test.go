package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

const digest = "sha224:d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1 "

// TestMoreIsNeverEqual: a policy that allows more, on whatever host, as whatever target or at whatever time, is never
// said to be equal or narrower.
func TestMoreIsNeverEqual(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Runas_Alias R=bob\nop ALL=(R) /bin/a", "Runas_Alias R=bob, carol\nop ALL=(R) /bin/a"},
		{"Host_Alias H=web\nop H=/bin/a", "Host_Alias H=web, db\nop H=/bin/a"},
		{"op 10.0.0.1=/bin/a", "op 10.0.0.1, 10.0.0.2=/bin/a"},
		{"op ALL=(%staff) /bin/a", "op ALL=(%staff, %adm) /bin/a"},
		{"op ALL=(%staff, !%adm) /bin/a", "op ALL=(%staff) /bin/a"},
		{"op ALL=(+x) /bin/a", "op ALL=(+x, +y) /bin/a"},
		{"op web=/bin/a", "op web, +n=/bin/a"},
		{"op web=/bin/a", "op [ab]x=/bin/a"},
		{"op a*=/bin/a", "op a*, *b=/bin/a"},
		{"op ALL, !a*=/bin/a", "op ALL=/bin/a"},
		{"op ALL, !ab.example.com=/bin/a", "op ALL=/bin/a"},
		{"Defaults runas_default=bob\nop ALL=/bin/a", "Defaults runas_default=bob\nop ALL=/bin/a, /bin/b"},
		{"op ALL=(bob:adm) /bin/a", "op ALL=(bob:adm, disk) /bin/a"},
		{"op ALL=(root:adm) /bin/b\nop ALL=(root) !/bin/a", "op ALL=(root:adm) /bin/a, /bin/b\nop ALL=(root) !/bin/a"},
		{"Runas_Alias G=adm\nop ALL=(:G) /bin/a", "Runas_Alias G=adm, disk\nop ALL=(:G) /bin/a"},
		{"op ALL=" + digest + "/bin/a", "op ALL=/bin/a"},
		{"op ALL=/bin/a, " + digest + "!/bin/a", "op ALL=/bin/a"},
		{"op ALL=/bin/a\nop ALL=NOTAFTER=20300101000000Z !/bin/a", "op ALL=/bin/a"},
		{"op ALL=NOTAFTER=20300101000000Z /bin/a", "op ALL=NOTAFTER=20310101000000Z /bin/a"},
		{"Defaults exempt_group=x\nop ALL=/bin/a", "Defaults exempt_group=y\nop ALL=/bin/a"},
		{"op ALL=/bin/a", "Defaults env_file=/tmp/x\nop ALL=/bin/a"},
		{"op ALL=/bin/a", "Defaults timestamp_timeout=-1\nop ALL=/bin/a"},
		{"op ALL=/bin/a", "Defaults !syslog\nop ALL=/bin/a"},
		{"op ALL=/bin/a", "Defaults env_delete-=LD_PRELOAD\nop ALL=/bin/a"},
		{"op ALL=MAIL: /bin/a", "op ALL=NOMAIL: /bin/a"},
		{"Cmnd_Alias C=/bin/a x\nop ALL=/bin/a", "Cmnd_Alias C=/bin/a x\nDefaults!C !authenticate\nop ALL=/bin/a"},
		{"op ALL=/opt/x/", "Defaults!/opt/x/tool !authenticate\nop ALL=/opt/x/"},
		{"op ALL=(ALL) /bin/a", "Defaults>carol !authenticate\nop ALL=(ALL) /bin/a"},
		{"op ALL=/bin/a", "Defaults@db !authenticate\nop ALL=/bin/a"},
		{"Defaults command_timeout=10\nop ALL=TIMEOUT=5 /bin/a", "op ALL=TIMEOUT=510 /bin/a"},
	} {
		if c := Compare(treeOf(t, pair[0]), treeOf(t, pair[1]), op); c.Verdict == Equal || c.Verdict == Narrower {
			t.Errorf("%s for\n%s\nand then\n%s", c.Verdict, pair[0], pair[1])
		}
	}
	spelled := Question{Subject: op.Subject, Env: Debian(sudoers.Version{})}
	if c := Compare(treeOf(t, "op ALL=/bin/a, !^/usr/bin/a$"), treeOf(t, "op ALL=/bin/a"), spelled); c.Verdict != Wider {
		t.Errorf("%s where a denial is dropped that some versions obey", c.Verdict)
	}
}

// TestNeverIsNotProvenBlindly: what is allowed somewhere is not proven to be allowed nowhere.
func TestNeverIsNotProvenBlindly(t *testing.T) {
	t.Parallel()
	s, err := ParseStatement("/bin/a", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Host_Alias H=web\nop H=/bin/a", "op 10.0.0.1=/bin/a", "op +n=/bin/a", "op [ab]x=/bin/a", "op web.example.com=/bin/a", "op *.example.com=/bin/a",
		"op ALL=(root:adm) /bin/a\nop ALL=(root) !/bin/a", "op ALL=(#0) /bin/a", "op ALL=(%adm) /bin/a", "Runas_Alias R=root\nop ALL=(R) /bin/a",
	} {
		if proof := ProveNever(treeOf(t, text), op, s); proof.Verdict == regular.Yes {
			t.Errorf("proven of\n%s", text)
		}
	}
	if proof := ProveNever(treeOf(t, "op web.example.com=/bin/a"), Question{Subject: op.Subject, Env: op.Env, Host: "web"}, s); proof.Verdict == regular.Yes {
		t.Error("proven of a host by its short name where the policy names it by its long one")
	}
	for _, text := range []string{
		"op ALL=NOTAFTER=20200101000000Z /bin/a", "op ALL=" + digest + "/bin/a", "Cmnd_Alias C=" + digest + "/bin/a\nop ALL=C",
		"Host_Alias H=web\nop ALL=/bin/a\nop H=!/bin/a", "op ALL=/bin/a\nop 10.0.0.1=!/bin/a", "op ALL=/bin/a\nop +n=!/bin/a",
	} {
		if proof := ProveAlways(treeOf(t, text), op, []string{"/usr/bin/a"}); proof.Verdict == regular.Yes {
			t.Errorf("always proven of\n%s", text)
		}
	}
	if proof := ProveAlways(treeOf(t, "op ALL=/bin/a"), op, nil); proof.Verdict == regular.Yes {
		t.Error("no words are proven to be allowed")
	}
}

// generatedPair are two policies that differ in a rule.
func generatedPair(seed uint64) (before, after string) {
	hosts := []string{"ALL", "web", "db", "a*", "*x", "[ab]x", "[b.]x", "web.example.com", "*.example.com", "H", "K", "!web", "!a*"}
	runas := []string{"", "(root) ", "(bob) ", "(ALL) ", "(R) ", "(%staff) ", "(%staff, !%adm) ", "(#0) ", "(root:adm) ", "(bob:disk) ", "(:adm) ", "(ALL:ALL) ", "(!root, ALL) "}
	options := []string{"", "", "NOTAFTER=20300101000000Z ", "NOTBEFORE=20300101000000Z ", "NOPASSWD: "}
	commands := []string{"/bin/a", "/bin/a x", "/bin/a [x-z]*", "/bin/b", "/opt/x/", "ALL", "C", "^/usr/bin/[ab]$", "/bin/b ^x( y)?$"}
	const head = "Host_Alias H=web, a*\nHost_Alias K=db, !H\nRunas_Alias R=bob, %adm\nCmnd_Alias C=/bin/a, !/bin/a x\n"
	random := rand.New(rand.NewPCG(seed, 2))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	rule := func() string {
		host, command := pick(hosts), pick(commands)
		if strings.HasPrefix(host, "!") {
			host = "ALL, " + host
		}
		if random.IntN(3) == 0 {
			command = "!" + command
		}
		return fmt.Sprintf("op %s=%s%s%s\n", host, pick(runas), pick(options), command)
	}
	var rules []string
	for range 1 + random.IntN(4) {
		rules = append(rules, rule())
	}
	changed := slices.Clone(rules)
	switch i := random.IntN(len(changed)); random.IntN(3) {
	case 0:
		changed[i] = rule()
	case 1:
		changed = append(changed, rule())
	default:
		changed = slices.Delete(changed, i, i+1)
	}
	return head + strings.Join(rules, ""), head + strings.Join(changed, "")
}

// TestWitnessesAreDecided puts every witness of generated comparisons and proofs to the decision engine, in its class
// of host and target. One that takes a condition must hold at some time.
func TestWitnessesAreDecided(t *testing.T) {
	t.Parallel()
	times := []time.Time{{}, time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2035, 6, 1, 0, 0, 0, 0, time.UTC)}
	decides := func(allowed, refused *sudoers.Tree, r Request) bool {
		return slices.ContainsFunc(times, func(at time.Time) bool {
			r.Time = at
			return Decide(allowed, r).Verdict == Allowed && (refused == nil || Decide(refused, r).Verdict != Allowed)
		})
	}
	never := make([]Statement, 0, 4)
	for _, text := range []string{"/bin/a", "/bin/b x", "ALL ^x y", "/opt/x/tool"} {
		s, err := ParseStatement(text, op.Env)
		if err != nil {
			t.Fatal(err)
		}
		never = append(never, s)
	}
	compared, disproved := 0, 0
	for seed := range uint64(250) {
		was, is := generatedPair(seed)
		before, after := treeOf(t, was), treeOf(t, is)
		c := Compare(before, after, op)
		check := func(list []Difference, allowed, refused *sudoers.Tree) {
			for _, d := range list {
				compared++
				if !decides(allowed, refused, d.Request.Of(d.Line)) {
					t.Errorf("seed %d: %s on %q as %+v:%s (if %q) is no witness\n%s----\n%s", seed, d, d.Request.HostName(), d.Request.RunAsUser, d.Request.RunAsGroup, d.If, was, is)
				}
			}
		}
		check(c.NewlyAllowed, after, before)
		check(c.NoLongerAllowed, before, after)
		for _, change := range c.Changed {
			compared++
			if r := change.Request.Of(change.Line); !decides(before, nil, r) || !decides(after, nil, r) {
				t.Errorf("seed %d: %s is not allowed by both\n%s----\n%s", seed, change, was, is)
			}
		}
		for _, s := range never {
			if proof := ProveNever(after, op, s); proof.Verdict == regular.No {
				disproved++
				if !decides(after, nil, proof.Request) {
					t.Errorf("seed %d: %s on %q disproves nothing\n%s", seed, proof.Counterexample, proof.Request.HostName(), is)
				}
			}
		}
	}
	if t.Logf("%d witnesses of comparisons, %d of proofs", compared, disproved); compared < 800 || disproved < 150 {
		t.Error("the policies have become too tame")
	}
}

// TestCompareAgainstDecisions puts generated pairs of policies to every one of many requests: what sudo allows after
// and not before makes the policy wider, incomparable or unknown, and what it allows before only makes it narrower,
// incomparable or unknown.
func TestCompareAgainstDecisions(t *testing.T) {
	t.Parallel()
	var requests []Request
	uid := 0
	for _, host := range [][2]string{{"web", ""}, {"db", ""}, {"ax", ""}, {"bx", ""}, {"other", ""}, {"web", "web.example.com"}, {"z", "z.example.com"}} {
		for _, target := range []*Subject{
			{Name: "root", UID: &uid, Groups: []string{"root"}, GIDs: []int{0}}, {Name: "bob"}, {Name: "carol"}, {Name: "eve", Groups: []string{"staff"}}, {Name: "eve", Groups: []string{"staff", "adm"}}, nil,
		} {
			for _, group := range []string{"", "adm", "disk", "other"} {
				if target == nil && group == "" {
					continue
				}
				for _, year := range []int{2025, 2035} {
					for _, line := range [][]string{{"/usr/bin/a"}, {"/usr/bin/a", "x"}, {"/usr/bin/b"}, {"/opt/x/t"}, {"/srv/c"}} {
						requests = append(requests, Request{
							Subject: Subject{Name: "op"}, Host: host[0], LongHost: host[1], RunAsUser: target, RunAsGroup: group,
							Command: line[0], Args: line[1:], Time: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC), Env: Debian(sudoers.PVE9),
						})
					}
				}
			}
		}
	}
	verdicts := map[Change]int{}
	for seed := range uint64(250) {
		rules, changed := generatedPair(seed)
		before, after := treeOf(t, rules), treeOf(t, changed)
		verdict := Compare(before, after, op).Verdict
		verdicts[verdict]++
		never, _ := ParseStatement("/bin/a", op.Env)
		proof := ProveNever(after, op, never)
		for _, r := range requests {
			was, is := Decide(before, r).Verdict == Allowed, Decide(after, r).Verdict == Allowed
			missed := is && !was && (verdict == Equal || verdict == Narrower) || was && !is && (verdict == Equal || verdict == Wider)
			if missed {
				t.Errorf("seed %d: %s, but %v on %q/%q as %+v:%s in %d is allowed before %t, after %t\n%s----\n%s", seed, verdict, NewLine(r.Command, r.Args...), r.Host, r.LongHost, r.RunAsUser, r.RunAsGroup,
					r.Time.Year(), was, is, rules, changed)
				break
			}
			if root := r.RunAsUser != nil && r.RunAsUser.Name == "root"; root && is && r.Command == "/usr/bin/a" && proof.Verdict == regular.Yes {
				t.Errorf("seed %d: never is proven, but %q/%q with group %q is allowed\n%s", seed, r.Host, r.LongHost, r.RunAsGroup, changed)
				break
			}
		}
	}
	t.Logf("%d requests each; %v", len(requests), verdicts)
	if verdicts[UnknownChange] > 25 {
		t.Errorf("too much is unknown: %v", verdicts)
	}
}
