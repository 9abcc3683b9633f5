package policy

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Patterns that sudo takes and that cannot be decided here, and those that it calls malformed although they look like
// an expression.
var (
	undecidable = []string{`^(a|b)\1$`, `^(.)x\1{2}$`, "^x(^a){,2}$", "^((a{255}){255}){2}$"}
	malformed   = []string{
		"^start [a-z-0-9]+$", "^start [0-9-.]+$", "^start [*+]$", "^start [{256}]$", "^start [a{300}b]$", "^(start a){,2}{,2}$", "^(start a){,2}{1}$", `^start \1$`, "^start a{256}$", "^start [a$",
		"^start (a$", "^[[:nope:]]?start a$", "^start a**$",
	}
)

// TestUndecided: what a pattern means that cannot be decided is unknown for everyone, and unknown is never safe.
func TestUndecided(t *testing.T) {
	t.Parallel()
	statement, err := ParseStatement("/usr/bin/x ^destroy ", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	line := []string{"/usr/bin/x", "destroy", "a"}
	for _, pattern := range undecidable {
		grant, denial := "op ALL=(root) /usr/bin/x "+pattern, "op ALL=(root) /usr/bin/x, !/usr/bin/x "+pattern
		for text, want := range map[string]struct{ never, always regular.Verdict }{
			grant:                                 {regular.Unknown, regular.Unknown},
			denial:                                {regular.No, regular.Unknown},
			"op ALL=(root) /usr/bin/x\n" + grant:  {regular.No, regular.Yes}, // whatever it matches
			grant + "\nop ALL=(root) !/usr/bin/x": {regular.Unknown, regular.No},
		} {
			tree := treeOf(t, text)
			for _, decided := range []Verdict{
				Decide(tree, op.request().Of(NewLine(line[0], line[1:]...))).Verdict,
				Compile(tree, op.request()).Decide(line[0], "destroy a", true).Verdict,
			} {
				if (decided == Unknown) != (want.always == regular.Unknown) || (decided == Allowed) != (want.always == regular.Yes) {
					t.Errorf("decided: %s of\n%s", decided, text)
				}
			}
			if got := ProveNever(tree, op, statement); got.Verdict != want.never {
				t.Errorf("never: %s of\n%s", got.Verdict, text)
			}
			if got := ProveAlways(tree, op, line); got.Verdict != want.always {
				t.Errorf("always: %s of\n%s", got.Verdict, text)
			}
		}
		d := Decide(treeOf(t, grant), op.request().Of(NewLine(line[0], "a")))
		if d.Verdict != Unknown || d.Rule == nil || len(d.If) != 1 {
			t.Errorf("%s: %+v", pattern, d)
		}
		// Another command is decided.
		if d := Decide(treeOf(t, denial+", /usr/bin/y"), op.request().Of(NewLine("/usr/bin/y", "a"))); d.Verdict != Allowed {
			t.Errorf("%s: %s of another command", pattern, d.Verdict)
		}
		// A denial that is dropped may have denied.
		if c := Compare(treeOf(t, denial), treeOf(t, "op ALL=(root) /usr/bin/x"), op); c.Verdict != UnknownChange && c.Verdict != Wider {
			t.Errorf("%s where\n%s\nis dropped", c.Verdict, denial)
		}
		if c := Compare(treeOf(t, "op ALL=(root) /usr/bin/y"), treeOf(t, "op ALL=(root) /usr/bin/y\n"+grant), op); c.Verdict != UnknownChange && c.Verdict != Wider {
			t.Errorf("%s where\n%s\nis added", c.Verdict, grant)
		}
	}
}

// TestUndecidedPaths: so it is with patterns of paths and of hosts.
func TestUndecidedPaths(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`op ALL=(root) ^/usr/bin/(a|x)\1?$`, `op ALL=(root) ALL, !^/usr/bin/(a|x)\1?$`, `Cmnd_Alias C=/usr/bin/y, ^/usr/bin/(a|x)\1?$` + "\nop ALL=(root) C, !C",
		// The alias allows or denies, whatever the expression matches.
		`Cmnd_Alias C=ALL, !^/usr/bin/(a|x)\1?$` + "\nop ALL=(root) ALL, !C", `Cmnd_Alias C=ALL, !^/usr/bin/(a|x)\1?$` + "\nop ALL=(root) C",
	} {
		tree := treeOf(t, text)
		if d := Decide(tree, op.request().Of(NewLine("/usr/bin/x"))); d.Verdict != Unknown || len(d.If) == 0 {
			t.Errorf("%s, if %q, of\n%s", d.Verdict, d.If, text)
		}
		if a := Compile(tree, op.request()).Decide("/usr/bin/x", "", false); a.Verdict != Unknown {
			t.Errorf("compiled: %s of\n%s", a.Verdict, text)
		}
	}
}

// TestMalformed: an expression that sudo refuses matches nothing, in decisions and in proofs alike.
func TestMalformed(t *testing.T) {
	t.Parallel()
	statement, err := ParseStatement("/usr/bin/x ^start ", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	line := NewLine("/usr/bin/x", "start", "a")
	for _, pattern := range malformed {
		for text, want := range map[string]struct {
			decided       Verdict
			never, always regular.Verdict
		}{
			"op ALL=(root) /usr/bin/x " + pattern:              {Unmatched, regular.Yes, regular.No},
			"op ALL=(root) /usr/bin/x, !/usr/bin/x " + pattern: {Allowed, regular.No, regular.Yes},
		} {
			tree := treeOf(t, text)
			if d := Decide(tree, op.request().Of(line)); d.Verdict != want.decided {
				t.Errorf("%s of\n%s", d.Verdict, text)
			}
			if a := Compile(tree, op.request()).Decide(line.Command, line.Args, true); a.Verdict != want.decided {
				t.Errorf("compiled: %s of\n%s", a.Verdict, text)
			}
			if p := ProveNever(tree, op, statement); p.Verdict != want.never {
				t.Errorf("never: %s of\n%s", p.Verdict, text)
			}
			if p := ProveAlways(tree, op, []string{"/usr/bin/x", "start", "a"}); p.Verdict != want.always {
				t.Errorf("always: %s of\n%s", p.Verdict, text)
			}
		}
	}
}

// request is about the subject of the question, as root.
func (q Question) request() Request {
	root := Debian(sudoers.Version{}).account("root")
	return Request{Subject: q.Subject, Env: q.Env, RunAsUser: &root}
}

// TestUnreadFiles: where not all files were read, nothing is proven and no answer is certain.
func TestUnreadFiles(t *testing.T) {
	t.Parallel()
	statement, err := ParseStatement("/usr/bin/x", op.Env)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"op ALL=(root) ALL", "op ALL=(root) !ALL", "bob ALL=ALL"} {
		tree := *treeOf(t, text)
		tree.Unread = true
		if d := Decide(&tree, op.request().Of(NewLine("/usr/bin/x"))); d.Verdict != Unknown || len(d.If) == 0 {
			t.Errorf("%s of %s", d.Verdict, text)
		}
		if p := ProveNever(&tree, op, statement); p.Verdict == regular.Yes {
			t.Errorf("never is proven of %s", text)
		}
		if p := ProveAlways(&tree, op, []string{"/usr/bin/x"}); p.Verdict == regular.Yes {
			t.Errorf("always is proven of %s", text)
		}
		if c := Compare(&tree, treeOf(t, "bob ALL=ALL\n# x"), op); c.Verdict == Equal || c.Verdict == Narrower {
			t.Errorf("%s of %s", c.Verdict, text)
		}
	}
}
