package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestAbbreviate has patterns with what they become.
func TestAbbreviate(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`(^| )(-o|--output)([ =]|$)`:   `(^| )(-o|--out(p(u(t)?)?)?)([ =]|$)`,
		`--to-command|--rsh`:           `--to-c(o(m(m(a(n(d)?)?)?)?)?)?|--rsh`,
		`--conf[a-z]*|--no-[^p ]|--?x`: `--conf[a-z]*|--no-[^p ]|--?x`,
		`--fs`:                         `--fs`,
		`---archive`:                   `---archive`,
		``:                             ``,
	} {
		if got := abbreviate(pattern); got != want {
			t.Errorf("%s becomes %s, want %s", pattern, got, want)
		}
	}
}

// TestAbbreviatedOptions: an option of a GNU tool is found by its prefixes, and one whose name is a prefix of it is not taken for it.
func TestAbbreviatedOptions(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"/usr/bin/tar -tf /var/log/x.tar --checkpoint-act exec=sh": "PVESEC-E2310",
		"/usr/bin/tar -tf /var/log/x.tar --to-com sh":              "PVESEC-E2310",
		"/usr/bin/sort --out /var/log/x":                           "PVESEC-E2307",
		"/usr/bin/sort --compress-p sh":                            "PVESEC-E2307",
		"/usr/bin/dmesg --fil x":                                   "PVESEC-E1511",
		"/usr/bin/du --exclude-f x":                                "PVESEC-E2013",
		"/usr/bin/du -s --exclude x":                               "",
		"/usr/bin/journalctl --no-pager --curs x":                  "",
	} {
		command, args, _ := strings.Cut(line, " ")
		a := analyse(t, "op ALL=(root) "+command+" "+escapedWords(args))
		if found := slices.ContainsFunc(a.Findings, func(f CommandFinding) bool { return f.ID == want }); found != (want != "") || want == "" && a.Root() {
			t.Errorf("%s: %+v", line, a.Findings)
		}
	}
}

// TestAbbreviationsOnlyWiden: with prefixes taken in, no rule is about less than before.
func TestAbbreviationsOnlyWiden(t *testing.T) {
	t.Parallel()
	rules, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	wider := 0
	for _, rule := range rules {
		if rule.ERE == "" {
			continue
		}
		literal, err := regular.Compile(regular.ERE{Pattern: rule.ERE})
		if err != nil {
			t.Fatal(err)
		}
		joined, err := regular.Compile(regular.ERE{Pattern: abbreviate(rule.ERE)})
		if err != nil {
			t.Fatal(err)
		}
		if answer := regular.Subset(literal, joined, regular.Budget{}); answer.Verdict != regular.Yes {
			t.Errorf("%s (%s): %v, %q is lost", rule.ID, rule.About, answer.Verdict, answer.Witness)
		}
		if regular.Subset(joined, literal, regular.Budget{}).Verdict == regular.No {
			wider++
		}
	}
	if wider < 10 {
		t.Errorf("only %d rules are wider", wider)
	}
}
