package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestHostIndex: what can be about a host stays, in its order, with all that is no rule.
func TestHostIndex(t *testing.T) {
	t.Parallel()
	tree := treeOf(t, "Host_Alias H=web\nDefaults@db use_pty\nop web=/bin/a\nop Db=/bin/b : web=/bin/c\nop w*=/bin/d\nop H=/bin/e\nop ALL, !web=/bin/f\nop web.example.com=/bin/g\nop 10.0.0.1=/bin/h\nop +n=/bin/i\n")
	x := IndexHosts(tree)
	for host, want := range map[[2]string][]string{
		{"web", ""}:                {"/bin/a", "/bin/b", "/bin/c", "/bin/d", "/bin/e", "/bin/f", "/bin/h", "/bin/i"},
		{"DB", ""}:                 {"/bin/b", "/bin/c", "/bin/d", "/bin/e", "/bin/f", "/bin/h", "/bin/i"},
		{"web", "web.example.com"}: {"/bin/a", "/bin/b", "/bin/c", "/bin/d", "/bin/e", "/bin/f", "/bin/g", "/bin/h", "/bin/i"},
		{"", ""}:                   {"/bin/d", "/bin/e", "/bin/f", "/bin/h", "/bin/i"},
	} {
		here := x.On(Request{Host: host[0], LongHost: host[1]})
		var got []string
		others := 0
		for _, entry := range here.Entries {
			if _, rule := entry.(*sudoers.UserSpec); !rule {
				others++
			}
		}
		for _, g := range Grants(here, op.Subject) {
			got = append(got, g.Command.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" || others != 2 {
			t.Errorf("%v: %d others %s", host, others, diff)
		}
	}
}

// TestHostIndexDecidesAlike: without the rules about other hosts a policy decides as with them.
func TestHostIndexDecidesAlike(t *testing.T) {
	t.Parallel()
	hosts := [][2]string{{"web", ""}, {"WEB", ""}, {"db", ""}, {"ax", ""}, {"bx", ""}, {"other", ""}, {"web", "web.example.com"}, {"z", "z.Example.com"}}
	for seed := range uint64(150) {
		text, _ := generatedPair(seed)
		tree := treeOf(t, text)
		x := IndexHosts(tree)
		for _, host := range hosts {
			for _, line := range []Line{NewLine("/usr/bin/a"), NewLine("/usr/bin/a", "x"), NewLine("/usr/bin/b"), NewLine("/opt/x/t")} {
				r := Request{Subject: op.Subject, Host: host[0], LongHost: host[1], Env: op.Env}.Of(line)
				if whole, here := Decide(tree, r).Verdict, Decide(x.On(r), r).Verdict; whole != here {
					t.Fatalf("seed %d, %v on %v: %s, and of the rules about the host %s\n%s", seed, line, host, whole, here, text)
				}
			}
		}
	}
}
