package escalation

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// pveTools take subcommands and options as PVE::CLIHandler and PVE::JSONSchema read them.
var pveTools = []string{"qm", "pct", "pvesm", "pveum", "pvesh", "vzdump", "qmrestore", "pvecm", "ha-manager", "pvesr", "pveceph", "pvenode", "pve-firewall", "pvesubscription"}

// TestEverySpelling writes the command lines of every rule about a tool of PVE in each way in which the tool takes them: a subcommand by each prefix
// that is long enough, an option likewise, in any case, with one dash or two, with "=" or a blank. Shorter prefixes are not what the rule is about.
func TestEverySpelling(t *testing.T) {
	t.Parallel()
	rules, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	spellings, byTool := 0, map[string]int{}
	for _, rule := range rules {
		tool := path.Base(rule.Commands[0])
		if !slices.Contains(pveTools, tool) || len(rule.Subcommands) == 0 && len(rule.Options) == 0 {
			continue
		}
		language, err := rule.Arguments()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range rule.Match {
			words := strings.Split(line, " ")
			for i, word := range words {
				is, isNot := rule.spellings(words, i, word)
				for _, other := range is {
					spellings++
					byTool[tool]++
					if text := replaced(words, i, other); !language.Contains(asArguments(text)) {
						t.Errorf("%s (%s): %q matches, and %q does not", rule.ID, rule.About, line, text)
					}
				}
				for _, other := range isNot {
					if text := replaced(words, i, other); len(rule.Match) == 1 && language.Contains(asArguments(text)) {
						t.Errorf("%s (%s): %q matches, and so does %q", rule.ID, rule.About, line, text)
					}
				}
			}
		}
	}
	t.Logf("%d spellings: %v", spellings, byTool)
	for _, tool := range []string{"qm", "pct", "pvesm", "pveum", "pvesh", "vzdump", "qmrestore"} {
		if byTool[tool] < 10 {
			t.Errorf("%s: only %d spellings", tool, byTool[tool])
		}
	}
}

// replaced is a line with other words in one place.
func replaced(words []string, at int, other string) string {
	changed := slices.Clone(words)
	changed[at] = other
	return strings.Join(changed, " ")
}

// spellings are other ways to write a word of a line that the rule is about, and such that mean something else.
func (r *CommandRule) spellings(words []string, at int, word string) (is, isNot []string) {
	if strings.HasPrefix(word, "-") {
		return r.optionSpellings(word)
	}
	for _, subcommand := range r.Subcommands {
		parts := strings.Split(subcommand, " ")
		// The words in front are those of the subcommand, too.
		for i, part := range parts {
			if at-i < 0 || !prefixOf(part, word) {
				continue
			}
			start := at - i
			fits := start == 0 && len(words) >= len(parts)
			for j := range parts {
				fits = fits && prefixOf(parts[j], words[start+j])
			}
			if !fits {
				continue
			}
			least, more, _ := strings.Cut(part, "|")
			for n := range len(more) + 1 {
				is = append(is, least+more[:n])
			}
			if len(least) > 1 && len(r.Subcommands) == 1 && len(r.Options) == 0 {
				isNot = append(isNot, least[:len(least)-1])
			}
		}
	}
	return is, isNot
}

// prefixOf tells whether a word is one of the prefixes that a subcommand is written for.
func prefixOf(part, word string) bool {
	least, more, _ := strings.Cut(part, "|")
	return strings.HasPrefix(word, least) && strings.HasPrefix(least+more, word)
}

func (r *CommandRule) optionSpellings(word string) (is, isNot []string) {
	name, value, attached := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, option := range r.Options {
		if strings.HasPrefix(option, "-") {
			continue
		}
		plain, number := strings.CutSuffix(option, "#")
		letters := name
		digits := ""
		if number {
			letters = strings.TrimRight(name, "0123456789")
			digits = name[len(letters):]
		}
		if !prefixOf(plain, strings.ToLower(letters)) || number == (digits == "") {
			continue
		}
		least, more, _ := strings.Cut(plain, "|")
		rest := ""
		if attached {
			rest = "=" + value
		}
		for n := range len(more) + 1 {
			prefix := least + more[:n]
			for _, dashes := range []string{"-", "--"} {
				for _, cased := range []string{prefix, strings.ToUpper(prefix), strings.ToUpper(prefix[:1]) + prefix[1:]} {
					is = append(is, dashes+cased+digits+rest)
				}
			}
		}
		if attached {
			is = append(is, "--"+least+more+digits+" "+value)
		}
		if len(least) > 1 && len(r.Options) == 1 {
			isNot = append(isNot, "--"+least[:len(least)-1]+digits+rest, "+"+least+digits+rest, "---"+least+digits+rest)
		}
	}
	return is, isNot
}
