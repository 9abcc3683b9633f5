package escalation

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestCommandRules holds every rule to the arguments that it says it is about, and to those that come near.
func TestCommandRules(t *testing.T) {
	t.Parallel()
	rules, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 300 {
		t.Fatalf("only %d rules", len(rules))
	}
	vectors := 0
	for _, rule := range rules {
		language, err := rule.Arguments()
		if err != nil {
			t.Error(err)
			continue
		}
		for _, line := range rule.Match {
			vectors++
			if !language.Contains(asArguments(line)) {
				t.Errorf("%s (%s): %q does not match", rule.ID, rule.About, line)
			}
		}
		for _, line := range rule.NoMatch {
			vectors++
			if language.Contains(asArguments(line)) {
				t.Errorf("%s (%s): %q matches", rule.ID, rule.About, line)
			}
		}
		if len(rule.NoMatch) == 0 {
			if all := regular.Equivalent(language, regular.AnyArguments(), regular.Budget{}); all.Verdict == regular.No && rule.ArgumentsAre != "some" {
				t.Errorf("%s (%s) has nothing that comes near", rule.ID, rule.About)
			}
		}
	}
	t.Logf("%d rules, %d vectors", len(rules), vectors)
}

// TestSpellings: PVE takes subcommands and options by prefixes, options in any case, with one dash or two, in any place, with "=" or without.
func TestSpellings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id        string
		is, isNot []string
	}{
		{"PVESEC-E0107", []string{"set 100 --hookscript local:snippets/x", "set --HOOK=x 100", "set -hoo x 100", "set 100 --name a --hooksc=x"}, []string{"set 100 --ho x", "set 100 ---hookscript x", "set 100 +hookscript x", "set 100 --hookscript", "config 100 --hookscript x"}},
		{"PVESEC-E0106", []string{"set 100 --args x", "set 100 -ARG=x"}, []string{"set 100 --ar x", "set 100 --argsx y"}},
	}
	rules, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		for _, rule := range rules {
			if rule.ID != test.id {
				continue
			}
			language, err := rule.Arguments()
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range test.is {
				if !language.Contains(asArguments(line)) {
					t.Errorf("%s: %q does not match", rule.ID, line)
				}
			}
			for _, line := range test.isNot {
				if language.Contains(asArguments(line)) {
					t.Errorf("%s: %q matches", rule.ID, line)
				}
			}
		}
	}
}

// TestCommandLoaderRefuses sees that broken data is not taken.
func TestCommandLoaderRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"title":"t","fix":"f","rules":[{"id":"PVESEC-E0101","commands":["/usr/bin/x"],"about":"a","subcommands":["se|t"],"options":["hoo|k"],"value":"any",
		"class":"command","root":true,"severity":"critical","why":"w","evidence":"e","match":["set --hook x"]}]}`
	load := func(text string) error {
		_, err := loadCommands(fstest.MapFS{
			"commands/shapes.json": {Data: []byte(`{"any":{"about":"a","ere":"[ =]."}}`)},
			"commands/x.json":      {Data: []byte(text)},
		})
		return err
	}
	if err := load(good); err != nil {
		t.Fatal(err)
	}
	for old, broken := range map[string]string{
		`PVESEC-E0101`:         `PVESEC-P0101`,
		`/usr/bin/x`:           `usr/bin/x`,
		`"a","sub`:             `"","sub`,
		`se|t`:                 `se|t|`,
		`["hoo|k"]`:            `["hoo k"]`,
		`"value":"any"`:        `"value":"all"`,
		`"command","root"`:     `"commando","root"`,
		`"root":true`:          `"root":false`,
		`"critical"`:           `"bad"`,
		`"why":"w"`:            `"why":" w"`,
		`"match":["set --hoo`:  `"unknown":["set --hoo`,
		`"value":"any",`:       `"value":"any","ere":"x",`,
		`["set --hook x"]`:     `[]`,
		`"options":["hoo|k"],`: ``,
	} {
		if err := load(strings.Replace(good, old, broken, 1)); err == nil {
			t.Errorf("%s for %s is taken", broken, old)
		}
	}
}

// BenchmarkLoadCommands is what a process pays that looks at commands at all.
func BenchmarkLoadCommands(b *testing.B) {
	for b.Loop() {
		if _, err := loadCommands(commandsData); err != nil {
			b.Fatal(err)
		}
	}
}
