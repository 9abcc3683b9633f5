package sudotest

import (
	"path"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestPresets has visudo read each preset in strict mode, and puts every command line of the presets to sudo -l -U,
// those that they allow and those that they must not.
func TestPresets(t *testing.T) {
	t.Parallel()
	for suite, version := range map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
			if _, err := node.Shell(t.Context(), "useradd agent"); err != nil {
				t.Fatal(err)
			}
			for _, p := range preset.Presets() {
				text, questions := rendered(t, &p, version)
				if err := node.WriteFile(t.Context(), "/etc/sudoers.d/preset", text, 0o440); err != nil {
					t.Fatal(err)
				}
				if out, err := node.Shell(t.Context(), "visudo -csf /etc/sudoers.d/preset 2>&1"); err != nil {
					t.Errorf("%s: %v\n%s", p.Name, err, out)
				}
				askSudo(t, node, "agent", questions)
			}
		})
	}
}

// rendered is the text of a preset for its example parameters, and its command lines.
func rendered(t *testing.T, p *preset.Preset, version sudoers.Version) (string, []question) {
	t.Helper()
	rules, err := p.Render(p.Example())
	if err != nil {
		t.Fatal(err)
	}
	structured := sudoers.Policy{Name: p.Name, Subject: "agent", Defaults: preset.Defaults()}
	programs := map[string]string{}
	for _, rule := range rules {
		for _, command := range rule.Commands {
			structured.Rules = append(structured.Rules, sudoers.Rule{Commands: []string{command}, NoPasswd: sudoers.Yes})
			program, _, _ := strings.Cut(command, " ")
			programs[path.Base(program)] = program
		}
	}
	text, problems := sudoers.Render(structured, version)
	for _, problem := range problems {
		t.Fatal(problem)
	}
	var questions []question
	ask := func(line string, allowed bool) {
		words := strings.Split(line, " ")
		program, ok := programs[words[0]]
		if !ok {
			program = "/usr/bin/" + words[0]
		}
		for _, word := range words[1:] {
			program += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		questions = append(questions, question{program, allowed})
	}
	for _, grant := range p.Grants {
		for _, line := range grant.Allows {
			ask(line, true)
		}
		for _, line := range grant.Refuses {
			ask(line, false)
		}
	}
	for _, entry := range p.NotSafe {
		for _, line := range entry.Commands {
			ask(line, false)
		}
	}
	return text, questions
}
