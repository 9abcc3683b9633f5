package program

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// pveCommand is a subcommand of a program of Proxmox VE, as internal/pvecommands takes it from the definitions with
// which the program reads its arguments.
type pveCommand struct {
	Only     string `json:"only"`
	Alias    string `json:"alias"`
	Operands []struct {
		Name, Type string
		Optional   bool
	} `json:"operands"`
	Required []string                               `json:"required"`
	Options  map[string]struct{ Type, Only string } `json:"options"`
}

func pveCommands(t *testing.T) map[string]map[string]pveCommand {
	t.Helper()
	var all map[string]map[string]pveCommand
	readTestData(t, "pve-commands.json", &all)
	for _, commands := range all {
		for name, c := range commands {
			if target, ok := commands[c.Alias]; c.Alias != "" && ok {
				target.Only = c.Only
				commands[name] = target
			}
		}
	}
	return all
}

func readTestData(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPVECommandsAreDescribed: each option of each subcommand is covered by an operation, or stands in a list with the
// reason why it is left out; and nothing stands there that is covered, or that no release has.
func TestPVECommandsAreDescribed(t *testing.T) {
	t.Parallel()
	var reasons map[string][]string
	readTestData(t, "pve-left-out.json", &reasons)
	leftOut := map[string]bool{}
	for reason, lines := range reasons {
		for _, line := range lines {
			if reason == "" || leftOut[line] {
				t.Errorf("%s is left out twice, or for no reason", line)
			}
			leftOut[line] = true
		}
	}
	options := 0
	for program, commands := range pveCommands(t) {
		p := knowledge().at(knowledge().byName[program])
		if p == nil {
			t.Errorf("%s is not described", program)
			continue
		}
		for name, c := range commands {
			for line, covered := range p.pveCovered(joined(program, name), c) {
				options++
				switch {
				case !covered && !leftOut[line]:
					t.Errorf("no operation covers %s", line)
				case covered && leftOut[line]:
					t.Errorf("%s is left out, and an operation covers it", line)
				}
				delete(leftOut, line)
			}
		}
	}
	for line := range leftOut {
		t.Errorf("%s is left out, and no release has it", line)
	}
	t.Logf("%d subcommands and options", options)
}

// TestPVEOperationsExist: no operation begins with a subcommand that no release has, and none names an option that no
// subcommand has.
func TestPVEOperationsExist(t *testing.T) {
	t.Parallel()
	for program, commands := range pveCommands(t) {
		var options []string
		for _, c := range commands {
			for name := range c.Options {
				options = append(options, strings.TrimSuffix(name, "[n]"))
			}
		}
		names := slices.Collect(maps.Keys(commands))
		for _, o := range knowledge().at(knowledge().byName[program]).Operations {
			parsed, err := o.parsed()
			if err != nil {
				t.Fatal(err)
			}
			for _, head := range heads(parsed) {
				if head != "" && !slices.ContainsFunc(names, func(name string) bool {
					return strings.HasPrefix(name+" ", head+" ") || name != "" && strings.HasPrefix(head+" ", name+" ")
				}) {
					t.Errorf("%s %s: no release has the subcommand %q", program, o.Args, head)
				}
			}
			for _, word := range optionWords(parsed) {
				name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
				name, _, _ = strings.Cut(name, "<")
				if !slices.ContainsFunc(options, func(option string) bool { return strings.HasPrefix(option, name) }) { // PVE takes abbreviations
					t.Errorf("%s %s: no subcommand has the option --%s", program, o.Args, name)
				}
			}
		}
	}
}

// heads are the fixed words, or fixed choices of words, with which arguments of a synopsis begin.
func heads(s synopsis) []string {
	switch s := s.(type) {
	case literal:
		if strings.HasPrefix(string(s), "-") {
			return []string{""}
		}
		return []string{string(s)}
	case choice:
		var all []string
		for _, alternative := range s {
			all = append(all, heads(alternative)...)
		}
		return all
	case sequence:
		list := []string{""}
		for at, i := range s {
			if i.glued || at+1 < len(s) && s[at+1].glued { // a part of a word
				return list
			}
			next := heads(i.of)
			if slices.Contains(next, "") {
				return list
			}
			var longer []string
			for _, first := range list {
				for _, word := range next {
					longer = append(longer, joined(first, word))
				}
			}
			list = longer
		}
		return list
	}
	return []string{""}
}

// optionWords are the words of a synopsis that begin with a dash, with all that is optional in them.
func optionWords(s synopsis) []string {
	var list []string
	switch s := s.(type) {
	case literal:
		if strings.HasPrefix(string(s), "-") {
			list = append(list, string(s))
		}
	case optional:
		return optionWords(s.of)
	case repeated:
		return optionWords(s.of)
	case choice:
		for _, alternative := range s {
			list = append(list, optionWords(alternative)...)
		}
	case sequence:
		for i := 0; i < len(s); {
			end := i + 1
			for end < len(s) && s[end].glued {
				end++
			}
			if end == i+1 {
				list = append(list, optionWords(s[i].of)...)
			} else {
				list = append(list, slices.DeleteFunc(spelled(s[i:end]), func(w string) bool { return !strings.HasPrefix(w, "-") })...)
			}
			i = end
		}
	}
	return list
}

// spelled are the texts of pieces of one word; the value of an operand is "<>".
func spelled(s synopsis) []string {
	switch s := s.(type) {
	case literal:
		return []string{string(s)}
	case optional:
		return spelled(s.of)
	case repeated:
		return spelled(s.of)
	case choice:
		var all []string
		for _, alternative := range s {
			all = append(all, spelled(alternative)...)
		}
		return all
	case sequence:
		list := []string{""}
		for _, i := range s {
			var longer []string
			for _, first := range list {
				if strings.ContainsAny(first, "=<") { // what follows is a value
					longer = append(longer, first)
					continue
				}
				for _, piece := range spelled(i.of) {
					longer = append(longer, first+piece)
				}
			}
			list = longer
		}
		return list
	}
	return []string{"<>"}
}
