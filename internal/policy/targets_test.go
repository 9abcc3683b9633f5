package policy

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestTargetsThatNoRuleNames: proofs and comparisons ask about every target that a rule without names admits. Until
// 1.9.13 one without a run-as list lets -u root have any group of -g, which a denial with a list of users does not
// match; a list without users is about the caller himself, also by -u. Never is about root.
func TestTargetsThatNoRuleNames(t *testing.T) {
	t.Parallel()
	const held = "alice ALL = (ALL) !/usr/bin/bash\n"
	for name, test := range map[string]struct {
		version       sudoers.Version
		before, after string
		never         string
		want          regular.Verdict
		change        Change
	}{
		"any group, until 1.9.13":  {sudoers.PVE8, held, "alice ALL = /usr/bin/bash\n" + held, "/usr/bin/bash", regular.No, Wider},
		"only its own, since":      {sudoers.PVE9, held, "alice ALL = /usr/bin/bash\n" + held, "/usr/bin/bash", regular.Yes, Equal},
		"no group is held back":    {sudoers.PVE8, "", "alice ALL = /usr/bin/bash\nalice ALL = (ALL : ALL) !/usr/bin/bash\nalice ALL = !/usr/bin/bash\n", "/usr/bin/bash", regular.Yes, Equal},
		"the caller himself":       {sudoers.PVE9, "alice ALL = (ALL) /usr/bin/bash\nalice ALL = (:dev) !ALL\n", "alice ALL = (ALL) /usr/bin/bash\nalice ALL = !/usr/bin/bash\n", "/usr/bin/bash", regular.Yes, Incomparable},
		"himself, in an older one": {sudoers.PVE8, "alice ALL = () !ALL\n", "alice ALL = () /usr/bin/bash\n", "/usr/bin/bash", regular.Yes, Wider},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := Question{Subject: Subject{Name: "alice"}, Env: Debian(test.version)}
			before, after := parse(t, test.before), parse(t, test.after)
			statement, err := ParseStatement(test.never, q.Env)
			if err != nil {
				t.Fatal(err)
			}
			proof := ProveNever(after, q, statement)
			if proof.Verdict != test.want {
				t.Errorf("never %s: %s, want %s", test.never, proof.Verdict, test.want)
			}
			if proof.Verdict == regular.No && Decide(after, proof.Request).Verdict != Allowed {
				t.Errorf("%s is not allowed", proof.Counterexample)
			}
			c := Compare(before, after, q)
			if c.Verdict != test.change {
				t.Errorf("%s, want %s", c.Verdict, test.change)
			}
			for _, d := range c.NewlyAllowed {
				if r := d.Request.Of(d.Line); Decide(before, r).Verdict == Allowed || Decide(after, r).Verdict != Allowed {
					t.Errorf("%s is no witness", d)
				}
			}
		})
	}
}

// TestLinkBelowARoot: below a root sudo compares files, so that a rule about a link may allow what it leads to. A
// comparison and a proof know what a decision knows.
func TestLinkBelowARoot(t *testing.T) {
	t.Parallel()
	uid := 5001
	ann := Subject{Name: "ann", UID: &uid}
	for _, version := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
		env := Debian(version)
		env.Links["/opt/k"] = "/opt/g"
		env.Targets = map[string]string{"/opt/h/two": "/opt/g/two"}
		q := Question{Subject: ann, Env: env}
		before := treeOf(t, "ann ALL = (ann, root) CHROOT=/ /opt/h/two\n")
		after := treeOf(t, "ann ALL = (ann, root) CHROOT=/ /opt/h/two, ALL, !/opt/k/\n")
		if d := Decide(before, Request{Subject: ann, RunAsUser: &ann, Env: env, Host: "box", Command: "/opt/k/two", Args: []string{"ab"}}); d.Verdict != Unknown {
			t.Errorf("%s: %s", version, d.Verdict)
		}
		lost := slices.ContainsFunc(Compare(before, after, q).NoLongerAllowed, func(d Difference) bool { return d.Line.Command == "/opt/g/two" && d.If != "" })
		if !lost {
			t.Errorf("%s: the comparison does not say that /opt/g/two is lost", version)
		}
		statement, err := ParseStatement("/opt/g/two", env)
		if err != nil {
			t.Fatal(err)
		}
		if proof := ProveNever(before, q, statement); proof.Verdict == regular.Yes {
			t.Errorf("%s: never is proven", version)
		}
	}
}
