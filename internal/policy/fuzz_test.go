package policy

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// FuzzDecide: no policy and no command line makes a decision panic, and a compiled
// policy answers as the policy itself.
func FuzzDecide(f *testing.F) {
	for _, s := range [][3]string{
		{"alice ALL=(root) NOPASSWD: /usr/bin/*, !/usr/bin/su", "/bin/su", "-"},
		{"Cmnd_Alias A = B, /x : B = A, !/y\nalice ALL = A, !B", "/y", ""},
		{"alice ALL = ^/opt/(a|b)$ ^x+$, /opt/ , sudoedit /etc/*", "/opt/a", "xx"},
		{"Defaults!/usr/bin/id fast_glob\nalice ALL=/*/id", "/usr/bin/id", "\x00"},
		{"Runas_Alias R = root, !R\nDefaults>R runas_default=bob\nalice ALL=(R:ALL)()ALL", "/a//../b", "a b"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, text, command, args string) {
		for _, v := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9, {}} {
			file, _ := sudoers.Parse("f", text, v)
			tree := sudoers.TreeOf(file)
			env := Debian(v)
			env.Targets = map[string]string{"/opt/a": "/usr/bin/a"}
			r := Request{
				Subject: Subject{Name: "alice", Groups: []string{"ops"}}, Host: "pve1", Env: env,
				Command: command, Args: strings.Fields(args), Time: time.Unix(1_800_000_000, 0).UTC(), Candidates: true,
			}
			want := Decide(tree, r)
			c := Compile(tree, r)
			line := NewLine(command, r.Args...)
			got := c.Decide(line.Command, line.Args, line.HasArgs)
			if got.Verdict != want.Verdict {
				t.Fatalf("%s: compiled %s, else %s", v, got.Verdict, want.Verdict)
			}
			if rule := c.Rule(got); rule != nil && rule.Pos != want.Rule.Pos {
				t.Fatalf("%s: compiled %v, else %v", v, rule.Pos, want.Rule.Pos)
			}
		}
		if budget.Sampled(text, 16) {
			long, _ := sudoers.Parse("f", budget.Long(text, 8<<10), sudoers.PVE9)
			tree := sudoers.TreeOf(long)
			r := Request{Subject: Subject{Name: "alice", Groups: []string{"ops"}}, Host: "pve1", Env: Debian(sudoers.PVE9), Command: command, Args: strings.Fields(args[:min(len(args), 200)])}
			budget.Linear(t, len(long.Text), decideBudget, func() {
				Decide(tree, r)
				Compile(tree, r)
			})
		}
	})
}

// decideBudget is for a policy of nothing but regular expressions with large bounds, each of which is made into a
// matcher.
var decideBudget = budget.PerByte{Time: 200 * time.Microsecond, Memory: 64 << 10}

// TestNestedAliases: aliases that double at each level cost time only once.
func TestNestedAliases(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("Cmnd_Alias A0 = /usr/bin/a : B0 = /usr/bin/b\nUser_Alias A0 = alice\nRunas_Alias A0 = root\n")
	for i := 1; i <= 60; i++ {
		for _, kind := range []string{"Cmnd", "User", "Runas"} {
			b.WriteString(strings.NewReplacer("K", kind, "N", itoa(i), "M", itoa(i-1)).Replace("K_Alias AN = AM, AM\n"))
		}
	}
	b.WriteString("A60 ALL = (A60) A60, !B0\n")
	file, errs := sudoers.Parse("f", b.String(), sudoers.PVE9)
	if errs.Err() != nil {
		t.Fatal(errs)
	}
	r := benchRequest()
	r.Command = "/usr/bin/a"
	if d := Decide(sudoers.TreeOf(file), r); d.Verdict != Allowed {
		t.Errorf("%s", d.Verdict)
	}
	r.Command = "/usr/bin/b"
	if got := Compile(sudoers.TreeOf(file), r).Decide("/usr/bin/b", "", false); got.Verdict != Denied {
		t.Errorf("%s", got.Verdict)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
