package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var op = Question{Subject: Subject{Name: "op"}, Env: Debian(sudoers.PVE9)}

func treeOf(tb testing.TB, text string) *sudoers.Tree {
	tb.Helper()
	file, problems := sudoers.Parse("policy", text, sudoers.PVE9)
	if err := problems.Err(); err != nil {
		tb.Fatal(err)
	}
	return sudoers.TreeOf(file)
}

// TestChangedIf: a change of what only another spelling reaches past a denial says so. sudo 1.9.13 compares an
// expression with the path as it was typed.
func TestChangedIf(t *testing.T) {
	t.Parallel()
	const denial = "op ALL=!^/opt/a$ ^x$\n"
	for version, want := range map[sudoers.Version][]string{sudoers.PVE8: {"noexec", "not: sudo compares resolved paths"}, sudoers.PVE9: nil} {
		tree := func(text string) *sudoers.Tree {
			file, _ := sudoers.Parse("policy", text, version)
			return sudoers.TreeOf(file)
		}
		c := Compare(tree("op ALL=/opt/a x\n"+denial), tree("op ALL=NOEXEC: /opt/a x\n"+denial), Question{Subject: op.Subject, Env: Debian(version)})
		var got []string
		for _, change := range c.Changed {
			got = append(got, change.Condition, change.If)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", version, diff)
		}
	}
	// The rule's own end is not said a second time.
	c := Compare(treeOf(t, "op ALL=/bin/a"), treeOf(t, "op ALL=NOTAFTER=20300101000000Z NOEXEC: /bin/a"), op)
	if len(c.Changed) == 0 {
		t.Fatal("nothing changed")
	}
	for _, change := range c.Changed {
		if change.If != "" {
			t.Errorf("%s changes if %s", change.Condition, change.If)
		}
	}
}

// TestAsTyped: since 1.9.14 sudo runs a path that an expression, or with fast_glob a pattern, matches as the caller
// typed it. So a change to one is wider, and no program is proven to be out of reach.
func TestAsTyped(t *testing.T) {
	t.Parallel()
	const literal = "op ALL=(root) /usr/bin/uptime\n"
	digest := "sha256:" + strings.Repeat("0", 64) + " "
	for _, test := range []struct {
		text    string
		version sudoers.Version
		typed   bool
	}{
		{"op ALL=(root) ^/usr/bin/uptime$", sudoers.PVE9, true}, {"op ALL=(root) ^/usr/bin/uptime$", sudoers.Version{}, true}, {"op ALL=(root) ^/usr/bin/uptime$", sudoers.PVE8, false},
		{"Defaults fast_glob\nop ALL=(root) /usr/bin/uptim[e]", sudoers.PVE9, true}, {"op ALL=(root) /usr/bin/uptim[e]", sudoers.PVE9, false}, {literal, sudoers.PVE9, false},
		{"Cmnd_Alias X = ^/usr/bin/uptime$\nop ALL=(root) X", sudoers.PVE9, true}, {"op ALL=(root) ALL, !^/usr/bin/bash$", sudoers.PVE9, false},
		{"op ALL=(root) " + digest + "^/usr/bin/uptime$", sudoers.PVE9, false}, {"Defaults fdexec=never\nop ALL=(root) " + digest + "^/usr/bin/uptime$", sudoers.PVE9, true},
		{"op ALL=(root) ^/usr/bin/uptime$, !ALL", sudoers.PVE9, false}, {"op ALL=(root) ^/usr/bin/uptime$, !^/usr/bin/uptime$", sudoers.PVE9, false},
		{"Defaults!/usr/bin/uptime fdexec=never\nop ALL=(root) " + digest + "^/usr/bin/uptime$", sudoers.PVE9, true}, {"Defaults !fdexec\nop ALL=(root) " + digest + "^/usr/bin/uptime$", sudoers.PVE9, true},
	} {
		file, _ := sudoers.Parse("policy", test.text+"\n", test.version)
		q := Question{Subject: op.Subject, Env: Debian(test.version)}
		statement, err := ParseStatement("/usr/sbin/none", q.Env)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(test.text, "ALL, !") {
			statement.Patterns[0].Args = regular.Empty()
		}
		if proof := ProveNever(sudoers.TreeOf(file), q, statement); proof.Verdict == regular.Yes == test.typed {
			t.Errorf("%s, %s: never /usr/sbin/none is %v", test.text, test.version, proof.Verdict)
		}
		c := Compare(treeOf(t, literal), sudoers.TreeOf(file), q)
		if told := slices.ContainsFunc(c.Changed, func(c ConditionChange) bool { return c.Condition == "path_as_typed" && c.Looser > 0 }); told != test.typed || told && c.Verdict == Equal {
			t.Errorf("%s, %s: %s, %v", test.text, test.version, c.Verdict, c.Changed)
		}
	}
}

// TestCompareDenialOfEveryPath: a path through a link of a directory stands for no file of its own, so that nothing is
// newly allowed where ALL is taken back by an expression.
func TestCompareDenialOfEveryPath(t *testing.T) {
	t.Parallel()
	file, _ := sudoers.Parse("policy", "op ALL=ALL, !^.*$\n", sudoers.PVE9)
	c := Compare(treeOf(t, "op ALL=/bin/a"), sudoers.TreeOf(file), Question{Subject: op.Subject, Env: Debian(sudoers.PVE9)})
	var got []string
	for _, d := range c.NewlyAllowed {
		got = append(got, d.String())
	}
	if diff := cmp.Diff([]string{"sudo -e", "sudo -l -U root"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestCompare has the verdict of each pair of policies, what is newly allowed, and what no longer.
func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, after string
		verdict             Change
		newly, lost         []string
		changed             []string
	}{
		{"nothing", "", "", Equal, nil, nil, nil},
		{"written otherwise", "op ALL=/bin/a, /bin/b", "op ALL=/usr/bin/b\nop ALL=(root) /usr/bin/a", Equal, nil, nil, nil},
		{"more", "op ALL=/bin/a x", "op ALL=/bin/a x, /bin/a ^y[0-9]$", Wider, []string{"sudo /usr/bin/a y0"}, nil, nil},
		{"less", "op ALL=/bin/a", "op ALL=/bin/a x*", Narrower, nil, []string{"sudo /usr/bin/a"}, nil},
		{"other", "op ALL=/bin/a", "op ALL=/bin/b", Incomparable, []string{"sudo /usr/bin/b"}, []string{"sudo /usr/bin/a"}, nil},
		{"a denial that changes nothing", "op ALL=/bin/a x", "op ALL=/bin/a x, !/bin/a y", Equal, nil, nil, nil},
		{"shadowed", "op ALL=/bin/a *", "op ALL=/bin/a x, /bin/a *", Equal, nil, nil, nil},
		{"everything", "op ALL=/bin/a", "op ALL=ALL", Wider, []string{"sudo -e", "sudo -l -U root", "sudo /a"}, nil, []string{"setenv off on"}},
		{"another target", "op ALL=(bob) /bin/a", "op ALL=(bob, carol) /bin/a", Wider, []string{"sudo -u carol /usr/bin/a"}, nil, nil},
		{"another host", "op web=/bin/a", "op web, db=/bin/a", Wider, []string{"sudo /usr/bin/a"}, nil, nil},
		{"no password", "op ALL=/bin/a, /bin/b", "op ALL=NOPASSWD: /bin/a, PASSWD: /bin/b", Wider, nil, nil, []string{"nopasswd off on"}},
		{"password by an option", "Defaults !authenticate\nop ALL=/bin/a", "op ALL=/bin/a", Narrower, nil, nil, []string{"nopasswd on off"}},
		{"no exec", "op ALL=NOEXEC: /bin/a", "op ALL=/bin/a", Wider, nil, nil, []string{"noexec on off"}},
		{"bound to the command", "Defaults!/bin/a log_output\nop ALL=/bin/a, /bin/b", "op ALL=/bin/a, /bin/b", Wider, nil, nil, []string{"log_output on off"}},
		{"for some arguments", "op ALL=/bin/a *", "op ALL=/bin/a *, NOPASSWD: /bin/a x", Wider, nil, nil, []string{"nopasswd off on"}},
		{"until", "op ALL=/bin/a", "op ALL=NOTAFTER=20300101000000Z /bin/a", Narrower, nil, []string{"sudo /usr/bin/a"}, []string{"not_after  20300101000000Z"}},
		{"a file that is shown", "op ALL=/bin/a", "Defaults lecture=always, lecture_file=/etc/shadow\nop ALL=/bin/a", Incomparable, nil, nil, []string{"lecture_file  /etc/shadow"}},
		{"another text", "op ALL=/bin/a", "Defaults badpass_message=no\nop ALL=/bin/a", Equal, nil, nil, nil},
		{"not understood", "op ALL=/bin/a", `op ALL=/bin/a ^(a)\1$`, UnknownChange, nil, []string{"sudo /usr/bin/a"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := Compare(treeOf(t, test.before), treeOf(t, test.after), op)
			if c.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s; %v", c.Verdict, test.verdict, c.Gaps)
			}
			texts := func(list []Difference, allowed, not string) []string {
				var texts []string
				for _, d := range list {
					texts = append(texts, d.String())
					r := d.Request
					r.Command, r.Args = d.Line.Command, nil
					if d.Line.HasArgs {
						r.Args = strings.Split(d.Line.Args, " ")
					}
					if d.If == "" && (Decide(treeOf(t, allowed), r).Verdict != Allowed || Decide(treeOf(t, not), r).Verdict == Allowed) {
						t.Errorf("%s is no witness", d)
					}
				}
				return texts
			}
			if diff := cmp.Diff(test.newly, texts(c.NewlyAllowed, test.after, test.before)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.lost, texts(c.NoLongerAllowed, test.before, test.after)); diff != "" {
				t.Error(diff)
			}
			var changed []string
			for _, change := range c.Changed {
				changed = append(changed, change.Condition+" "+change.From+" "+change.To)
			}
			if diff := cmp.Diff(test.changed, changed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestProveNever has for each statement the command line that disproves it.
func TestProveNever(t *testing.T) {
	t.Parallel()
	const policy = "op ALL=/usr/bin/systemctl *, !/usr/bin/systemctl stop *, /usr/sbin/qm ^(start|status) 2[0-9]{3}$\nop web=/bin/ls\n"
	for statement, want := range map[string]string{
		"/usr/bin/systemctl ^mask ":      "sudo /usr/bin/systemctl mask ''",
		"/usr/bin/systemctl stop *":      "",
		"/usr/bin/systemctl stop":        "sudo /usr/bin/systemctl stop",
		"/usr/sbin/qm ^start 1[0-9]{3}$": "",
		"/sbin/qm start 200?":            "sudo /usr/sbin/qm start 2000",
		"/usr/sbin/qm set *":             "",
		"/usr/bin/ls":                    "sudo /usr/bin/ls",
		"sudoedit /etc/*":                "",
		"ALL ^(start|status) 2001$":      "sudo /usr/bin/systemctl start 2001",
		`/usr/sbin/qm ""`:                "",
		"/usr/bin/apt-get":               "",
	} {
		s, err := ParseStatement(statement, op.Env)
		if err != nil {
			t.Error(err)
			continue
		}
		proof := ProveNever(treeOf(t, policy), op, s)
		if proof.Counterexample != want || (proof.Verdict == regular.Yes) != (want == "") {
			t.Errorf("%s: %v %q, want %q", statement, proof.Verdict, proof.Counterexample, want)
		}
		if proof.Verdict == regular.No && proof.Rule == nil {
			t.Errorf("%s: no rule", statement)
		}
	}
	if proof := ProveNever(treeOf(t, `op ALL=/bin/a ^(a)\1$`), op, Statement{Patterns: []StatementPattern{{Path: "/usr/bin/b", Args: regular.AnyArguments()}}}); proof.Verdict != regular.Unknown {
		t.Errorf("with a rule that is not understood: %v", proof.Verdict)
	}
	for _, statement := range []string{"", "ls", "/bin/ls, /bin/cat", "!/bin/ls", "/bin/*", "X", "/bin/", "/bin/ls ^(a)\\1"} {
		if s, err := ParseStatement(statement, op.Env); err == nil {
			t.Errorf("%q is taken for %+v", statement, s)
		}
	}
}

// TestProveAlways asks on each host.
func TestProveAlways(t *testing.T) {
	t.Parallel()
	tree := treeOf(t, "op ALL=/bin/a x\nop web=!/bin/a x\nop ALL=/bin/b\n")
	if proof := ProveAlways(tree, op, []string{"/usr/bin/b", "y"}); proof.Verdict != regular.Yes {
		t.Errorf("%+v", proof)
	}
	if proof := ProveAlways(tree, op, []string{"/usr/bin/a", "x"}); proof.Verdict != regular.No || proof.Rule == nil || proof.Counterexample != "sudo /usr/bin/a x" {
		t.Errorf("%+v", proof)
	}
}

// TestDifferencesOfUnknown: where a policy is not understood, it may well allow what only the other one is seen to
// allow. A difference says so.
func TestDifferencesOfUnknown(t *testing.T) {
	t.Parallel()
	const plain, bound = "op ALL=(root) /usr/bin/id\n", "Defaults!/bin/a runchroot=/srv\n"
	for name, c := range map[string]struct {
		before, after string
		conditional   bool
	}{
		"before is not understood": {bound + plain, plain, true},
		"after is not understood":  {plain, bound + plain, true},
		"a denial is not read":     {"", "op ALL=(root) /usr/bin/id, !/usr/bin/id ^(a)\\1$\n", true},
		"both are":                 {plain, "op ALL=(root) /usr/bin/w\n", false},
	} {
		got := Compare(treeOf(t, c.before), treeOf(t, c.after), op)
		list := slices.Concat(got.NewlyAllowed, got.NoLongerAllowed)
		if len(list) == 0 {
			t.Errorf("%s: no differences", name)
		}
		for _, d := range list {
			if (d.If != "") != c.conditional {
				t.Errorf("%s: %s, if %q", name, d, d.If)
			}
		}
	}
}

// TestTargetsByNameAndByID: what one rule calls by name and another by number may be one group, or one account. Where
// nobody knows, what follows is bound to it.
func TestTargetsByNameAndByID(t *testing.T) {
	t.Parallel()
	const before, after = "op ALL=(%s) /bin/a\nop ALL=(%s) !/bin/a\n", "op ALL=(%s) /bin/a\n"
	id := func(n int) *int { return &n }
	tests := map[string]struct {
		name, number string
		accounts     []Subject
		want         []string // the conditions under which the denial is missed
	}{
		"a group":                  {": dock", ": #5102", nil, []string{"the group dock has the id 5102"}},
		"an account":               {"ben", "#5002", nil, []string{"the account ben has the id 5002"}},
		"the group of that id":     {": dock", ": #5102", []Subject{{Name: "ben", Groups: []string{"ben", "dock"}, GIDs: []int{5002, 5102}}}, []string{""}},
		"the account of that id":   {"ben", "#5002", []Subject{{Name: "ben", UID: id(5002)}}, []string{""}},
		"a group of another id":    {": dock", ": #5102", []Subject{{Name: "ben", Groups: []string{"dock"}, GIDs: []int{7}}}, nil},
		"an account of another id": {"ben", "#5002", []Subject{{Name: "ben", UID: id(7)}}, nil},
		"root":                     {"root", "#0", nil, []string{""}},
		"the group of root":        {": root", ": #0", nil, []string{""}},
	}
	for name, test := range tests {
		env := Debian(sudoers.PVE9)
		env.Accounts = test.accounts
		c := Compare(treeOf(t, fmt.Sprintf(before, test.name, test.number)), treeOf(t, fmt.Sprintf(after, test.name)), Question{Subject: op.Subject, Env: env})
		var got []string
		for _, d := range c.NewlyAllowed {
			if isGroup := test.name[0] == ':'; isGroup == (d.Request.RunAsGroup != "") { // without -g the denial is about himself
				got = append(got, d.If)
			}
		}
		if diff := cmp.Diff(test.want, slices.Compact(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
