package onnodes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

var codeBlock = regexp.MustCompile("(?ms)^```(terraform|shell)\n(.*?)^```$")

// codeOf is a code block of a guide.
type codeOf struct{ language, text string }

// codeBlocks are the configurations and the commands of a guide, in their order.
func codeBlocks(t *testing.T, guide string) (found []codeOf) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root, "docs", "guides", guide))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range codeBlock.FindAllStringSubmatch(string(text), -1) {
		found = append(found, codeOf{match[1], match[2]})
	}
	return found
}

// blocks are the code blocks of a guide in one language, in their order.
func blocks(t *testing.T, guide, language string) (found []string) {
	t.Helper()
	for _, block := range codeBlocks(t, guide) {
		if block.language == language {
			found = append(found, block.text)
		}
	}
	return found
}

// TestFromSudoersGuide follows the guide to the letter: looks at a file, imports it from the nodes, plans empty, and
// rewrites it.
func TestFromSudoersGuide(t *testing.T) {
	t.Parallel()
	const file = "agent ALL=(root) NOPASSWD: /usr/sbin/qm set *, /usr/sbin/qm list\n"
	c := cluster(t, 2)
	inodes := map[string]string{}
	for _, node := range c.Nodes {
		harness.Tamper(t, node.WriteFile(t.Context(), "/etc/sudoers.d/agent", file, 0o440))
		inodes[node.Name] = shell(t, node, "stat -c %i /etc/sudoers.d/agent")
	}
	configurations, commands := blocks(t, "from-sudoers.md", "terraform"), blocks(t, "from-sudoers.md", "shell")
	if len(configurations) != 2 || len(commands) != 1 {
		t.Fatalf("the guide has %d configurations and %d blocks of commands", len(configurations), len(commands))
	}
	w := harness.NewWorkspace(t)
	w.Write("provider.tf", "terraform {\n  required_providers {\n    pvesec = {\n      source = \"pvesec/pvesec\"\n    }\n  }\n}\n"+config(c))
	w.Write("agent", file)

	w.Write("look.tf", configurations[0])
	w.Terraform("apply", "-auto-approve", "-no-color")
	if findings := w.Terraform("output", "-json", "findings"); !strings.Contains(findings, "qm set") {
		t.Errorf("the analysis does not find qm set: %s", findings)
	}

	w.Write("agent.tf", configurations[1])
	for command := range strings.Lines(commands[0]) {
		words := strings.Fields(command)
		if words[0] != "terraform" {
			t.Fatalf("not a command of Terraform: %s", command)
		}
		if words[1] == "apply" {
			if printed := w.Terraform("plan", "-no-color"); !strings.Contains(printed, "~ enforcement") || strings.Contains(printed, "deployed") || !strings.Contains(printed, "0 to add, 1 to change, 0 to destroy") {
				t.Errorf("more than enforcement changes:\n%s", printed)
			}
			words = append(words, "-auto-approve")
		}
		w.Terraform(append(words[1:], "-no-color")...)
	}
	w.Terraform("plan", "-no-color", "-detailed-exitcode")
	for _, node := range c.Nodes {
		if got := shell(t, node, "stat -c %i /etc/sudoers.d/agent"); got != inodes[node.Name] {
			t.Errorf("%s was touched", node.Name)
		}
	}

	w.Write("agent.tf", strings.Replace(strings.Replace(configurations[1], `content     = file("${path.module}/agent")`, "rule {\n    commands = [\"/usr/sbin/qm list\"]\n    nopasswd = true\n  }\n  always = [\"/usr/sbin/qm list\"]", 1),
		`enforcement = "warn"`, "", 1))
	if printed := w.Terraform("plan", "-no-color"); !strings.Contains(printed, "no_longer_allowed") || !strings.Contains(printed, "/usr/sbin/qm set") {
		t.Errorf("the plan does not say what is lost:\n%s", printed)
	}
	w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		if got := shell(t, node, "sudo -n -u agent sudo -n -l /usr/sbin/qm set 100 || echo refused"); !strings.HasSuffix(got, "refused") {
			t.Errorf("%s: %s", node.Name, got)
		}
	}
	w.Terraform("plan", "-no-color", "-detailed-exitcode")
	w.Terraform("destroy", "-auto-approve", "-no-color")
}
