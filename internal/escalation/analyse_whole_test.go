package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// debianMain is what Debian 12 and 13 ship as /etc/sudoers, without its comments.
const debianMain = "Defaults env_reset\nDefaults mail_badpass\nDefaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\nDefaults use_pty\n" +
	"root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"

// TestMissingOptions: what neither the files of a node nor its sudo set is found, once, and only where the whole is
// known.
func TestMissingOptions(t *testing.T) {
	t.Parallel()
	const grants = "op ALL=(root) /usr/bin/id, /usr/bin/uptime\n"
	without := func(option string) string {
		return strings.ReplaceAll(debianMain, "Defaults "+option, "# ") + grants
	}
	for _, test := range []struct {
		name, text string
		version    sudoers.Version
		want       []string
	}{
		{"as Debian 12 ships it", debianMain + grants, sudoers.PVE8, nil},
		{"as Debian 13 ships it", debianMain + grants, sudoers.PVE9, nil},
		{"nothing granted", without("use_pty")[:len(without("use_pty"))-len(grants)], sudoers.PVE8, nil},
		{"no use_pty, which is off by default", without("use_pty"), sudoers.PVE8, []string{"PVESEC-E0007"}},
		{"no use_pty, which is on by default", without("use_pty"), sudoers.PVE9, nil},
		{"no secure_path", without("secure_path"), sudoers.PVE9, []string{"PVESEC-E0008"}},
		{"no env_reset, which is on by default", without("env_reset"), sudoers.PVE8, nil},
		{"the subject's own options", "Defaults:op use_pty, secure_path=/usr/bin\n" + grants, sudoers.PVE8, nil},
		{"the options of another", "Defaults:other use_pty, secure_path=/usr/bin\n" + grants, sudoers.PVE8, []string{"PVESEC-E0007", "PVESEC-E0008"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, errs := sudoers.Parse("/etc/sudoers", test.text, test.version)
			if err := errs.Err(); err != nil {
				t.Fatal(err)
			}
			q := questionOf("op", test.version)
			whole := AnalyseWhole(sudoers.TreeOf(file), q, test.version)
			var got []string
			for _, f := range whole.Findings {
				got = append(got, f.ID)
				if !strings.HasPrefix(f.Example, "sudo /usr/bin/id") {
					t.Errorf("%s: witness %q", f.ID, f.Example)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if whole.Root() != slices.Contains(test.want, noSecurePath.ID) {
				t.Errorf("root is %t", whole.Root())
			}
			if fragment := Analyse(sudoers.TreeOf(file), q); len(fragment.Findings) > 0 {
				t.Errorf("as a fragment: %v", fragment.Findings)
			}
		})
	}
}

// TestAnalyseReleases: a denial by a pattern of paths holds since 1.9.14 only, so that a policy for both releases of
// PVE leads to root.
func TestAnalyseReleases(t *testing.T) {
	t.Parallel()
	file, errs := sudoers.Parse("policy", "op ALL=(root) /usr/bin/bash, !^/usr/bin/ba.h$\nop ALL=(root) /usr/sbin/qm ^stop 100$\n", sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: "op"}}}
	for _, test := range []struct {
		versions []sudoers.Version
		root     bool
	}{
		{[]sudoers.Version{sudoers.PVE9}, false},
		{[]sudoers.Version{sudoers.PVE8}, true},
		{[]sudoers.Version{sudoers.PVE8, sudoers.PVE9}, true},
		{[]sudoers.Version{sudoers.PVE9, sudoers.PVE8}, true},
	} {
		a := AnalyseReleases(sudoers.TreeOf(file), q, test.versions...)
		if a.Root() != test.root {
			t.Errorf("%v: root is %t", test.versions, a.Root())
		}
		if len(a.Disruptive) != 1 || a.Denials.Count != 1 {
			t.Errorf("%v: %d disruptive, %d denials", test.versions, len(a.Disruptive), a.Denials.Count)
		}
		if keys := len(slices.CompactFunc(slices.Clone(a.Findings), func(x, y CommandFinding) bool { return x.ID == y.ID && x.Pos == y.Pos && x.Command == y.Command })); keys != len(a.Findings) {
			t.Errorf("%v: a finding comes twice", test.versions)
		}
	}
}
