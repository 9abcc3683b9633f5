package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestOutcomes: of the ways in which windows of time can turn out together only those are looked at that some moment
// has.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	rule := func(notBefore, notAfter string, more ...string) AccessRule {
		g := &Grant{Effective: sudoers.Effective{NotBefore: notBefore, NotAfter: notAfter}}
		conditions := more
		if window := windowCondition(&g.Effective); window != "" {
			conditions = append(conditions, window)
		}
		return AccessRule{Grant: g, If: conditions}
	}
	const early, late = "20300101000000Z", "20310101000000Z"
	for name, test := range map[string]struct {
		rules []AccessRule
		want  []string
	}{
		"no condition":        {[]AccessRule{rule("", "")}, []string{""}},
		"one window":          {[]AccessRule{rule("", early), rule("", early)}, []string{"-A", "+A"}},
		"one after another":   {[]AccessRule{rule("", early), rule(late, "")}, []string{"-A -B", "+A -B", "-A +B"}},
		"overlapping":         {[]AccessRule{rule("", late), rule(early, "")}, []string{"+A -B", "-A +B", "+A +B"}},
		"one in the other":    {[]AccessRule{rule("", early), rule("", late)}, []string{"-A -B", "-A +B", "+A +B"}},
		"a digest":            {[]AccessRule{rule("", early, "the file is that")}, []string{"-A -B", "+A -B", "-A +B", "+A +B"}},
		"the node's own time": {[]AccessRule{rule("", "20300101000000"), rule("20310101000000", "")}, []string{"-A -B", "+A -B", "-A +B", "+A +B"}},
	} {
		all, tooMany := outcomes(Debian(sudoers.PVE9), test.rules)
		var names []string
		for _, r := range test.rules {
			for _, condition := range r.If {
				names = appendNew(names, condition)
			}
		}
		var got []string
		for _, o := range all {
			var signs []string
			for i, condition := range names {
				sign := "-"
				for _, holds := range o.holds {
					if holds == condition {
						sign = "+"
					}
				}
				signs = append(signs, sign+string(rune('A'+i)))
			}
			got = append(got, strings.Join(signs, " "))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || tooMany {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var many []AccessRule
	for i := range maxConditions + 1 {
		many = append(many, rule("", "", string(rune('a'+i))))
	}
	if _, tooMany := outcomes(Debian(sudoers.PVE9), many); !tooMany {
		t.Error("too many conditions are taken")
	}
}
