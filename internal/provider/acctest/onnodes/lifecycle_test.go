package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEveryWayOfLifeOnNodes runs the resources of nodes through what Terraform can do with a resource. After each way
// the nodes hold what is configured, and after a destroy what they held before.
func TestEveryWayOfLifeOnNodes(t *testing.T) {
	t.Parallel()
	for name, resource := range map[string]struct {
		address, config, id string
	}{
		"sudoers_policy": {harness.PolicyAddress, harness.PolicyConfig(`"/usr/bin/uptime"`, "LIFECYCLE"), "agent"},
		"audit_logging":  {"pvesec_audit_logging.ops", harness.AuditConfig("LIFECYCLE"), "ops"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, called, _ := strings.Cut(resource.address, ".")
			c := cluster(t, 1)
			w := harness.NewWorkspace(t).Quietly().Within()
			before := shell(t, c.Nodes[0], "ls -1 /etc/sudoers.d")
			configured := func(lifecycle, beside string) {
				if lifecycle != "" {
					lifecycle = "lifecycle {\n    " + lifecycle + "\n  }"
				}
				w.Write("main.tf", requirePvesec+config(c)+strings.Replace(resource.config, "LIFECYCLE", lifecycle, 1)+beside)
			}
			trigger := func(input string) string {
				return fmt.Sprintf("resource \"terraform_data\" \"t\" {\n  input = %q\n}\n", input)
			}
			held := ""
			holds := func(way string) {
				t.Helper()
				if output, err := w.Try("plan", "-no-color", "-detailed-exitcode"); err != nil {
					t.Fatalf("%s: the plan is not empty: %v\n%s", way, err, output)
				}
				now := shell(t, c.Nodes[0], "cat /etc/sudoers.d/*")
				if held == "" {
					held = now
				}
				if now != held || now == "" {
					t.Errorf("%s: the node holds\n%s\nwant\n%s", way, now, held)
				}
			}
			apply := func(way string, args ...string) {
				t.Helper()
				w.Terraform(append([]string{"apply", "-auto-approve", "-no-color"}, args...)...)
				holds(way)
			}
			configured("", "")
			apply("create")
			apply("replace", "-replace="+resource.address)
			w.Terraform("taint", resource.address)
			apply("taint")
			w.Terraform("taint", resource.address)
			w.Terraform("untaint", resource.address)
			holds("untaint")
			configured("create_before_destroy = true", "")
			// A node has no two objects under one name: nothing is lost, and what to do is said.
			if said := w.Refused("apply", "-auto-approve", "-replace="+resource.address); !strings.Contains(said, "Take create_before_destroy away") {
				t.Errorf("create_before_destroy: said: %s", said)
			}
			holds("create_before_destroy")
			configured("replace_triggered_by = [terraform_data.t]", trigger("1"))
			apply("a trigger")
			configured("replace_triggered_by = [terraform_data.t]", trigger("2"))
			apply("replace_triggered_by")
			configured("", "")
			apply("no trigger")
			w.Write("main.tf", requirePvesec+config(c)+strings.NewReplacer("LIFECYCLE", "", fmt.Sprintf("%q %q", kind, called), fmt.Sprintf("%q \"moved\"", kind)).Replace(resource.config)+
				fmt.Sprintf("moved {\n  from = %s\n  to   = %s.moved\n}\n", resource.address, kind))
			if output := w.Terraform("plan", "-no-color"); !strings.Contains(output, "has moved to") || !strings.Contains(output, "0 to add, 0 to change, 0 to destroy") {
				t.Errorf("moving changes something:\n%s", output)
			}
			w.Write("main.tf", requirePvesec+config(c)+fmt.Sprintf("removed {\n  from = %s\n  lifecycle {\n    destroy = false\n  }\n}\n", resource.address))
			w.Terraform("apply", "-auto-approve", "-no-color")
			w.Write("main.tf", requirePvesec+config(c)+fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", resource.address, resource.id))
			if output := w.Terraform("plan", "-no-color", "-generate-config-out=generated.tf"); !strings.Contains(output, "1 to import, 0 to add, 0 to change, 0 to destroy") {
				t.Errorf("the generated configuration is not what is there:\n%s", output)
			}
			apply("imported with generated configuration")
			if err := os.Remove(filepath.Join(w.Dir, "generated.tf")); err != nil {
				t.Fatal(err)
			}
			configured("", "")
			apply("configured again")
			if err := os.Remove(filepath.Join(w.Dir, "terraform.tfstate")); err != nil {
				t.Fatal(err)
			}
			w.Terraform("import", "-no-color", resource.address, resource.id)
			apply("state lost")
			w.Terraform("destroy", "-auto-approve", "-no-color")
			if after := shell(t, c.Nodes[0], "ls -1 /etc/sudoers.d"); after != before {
				t.Errorf("destroy left something behind: %q, before %q", after, before)
			}
		})
	}
}

// TestFailuresHalfWayOnNodes changes the name of each resource that lives on nodes, and lets creation, update and
// destruction fail on one of two nodes. After each failure the nodes are as before, and a destroy or the next apply
// does what was asked.
func TestFailuresHalfWayOnNodes(t *testing.T) {
	t.Parallel()
	for name, resource := range map[string]struct{ name, config, changed string }{
		"sudoers_policy": {"agent", harness.PolicyConfig(`"/usr/bin/uptime"`, ""), harness.PolicyConfig(`"/usr/bin/uptime", "/usr/bin/id"`, "")},
		"audit_logging":  {"ops", harness.AuditConfig(""), strings.Replace(harness.AuditConfig(""), `"agent", `, "", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, 2)
			fails := c.Nodes[1]
			w := harness.NewWorkspace(t).Quietly().Within()
			write := func(text string) { w.Write("main.tf", requirePvesec+config(c)+text) }
			both := func() string { return shell(t, c.Nodes[0], allSudoers) + shell(t, fails, allSudoers) }
			broken := func(way string, args ...string) {
				t.Helper()
				before := both()
				harness.Tamper(t, fails.ReadOnly(t.Context()))
				said := w.Refused(append(args, "-auto-approve", "-no-color")...)
				harness.Tamper(t, fails.ReadWrite(t.Context()))
				if !strings.Contains(said, fails.Name) {
					t.Errorf("%s: the failure does not name %s:\n%s", way, fails.Name, said)
				}
				if after := both(); after != before {
					t.Errorf("%s: the nodes changed from\n%s\nto\n%s", way, before, after)
				}
			}
			empty := both()
			destroyed := func(way string) {
				t.Helper()
				w.Terraform("destroy", "-auto-approve", "-no-color")
				if after := both(); after != empty {
					t.Errorf("%s: destroy left something behind:\n%s", way, after)
				}
			}
			applied := func(way string) {
				t.Helper()
				w.Terraform("apply", "-auto-approve", "-no-color")
				if output, err := w.Try("plan", "-no-color", "-detailed-exitcode"); err != nil {
					t.Fatalf("%s: the plan is not empty: %v\n%s", way, err, output)
				}
			}
			write(resource.config)
			broken("create", "apply")
			destroyed("a failed creation")
			broken("create again", "apply")
			applied("after a failed creation")

			write(resource.changed)
			broken("update", "apply")
			destroyed("a failed update")
			write(resource.config)
			applied("created again")
			write(resource.changed)
			broken("update again", "apply")
			applied("after a failed update")

			broken("destroy", "destroy")
			applied("after a failed destruction")

			name := func(s string) string { return fmt.Sprintf("name     = %q", s) }
			write(strings.NewReplacer(name(resource.name), name("night"), strings.Replace(name(resource.name), "  ", " ", 1), name("night")).Replace(resource.changed))
			broken("another name", "apply")
			applied("another name")
			if held := both(); !fileNamed("night").MatchString(held) || fileNamed(resource.name).MatchString(held) {
				t.Errorf("another name: the nodes hold\n%s", held)
			}
			broken("destroy", "destroy")
			destroyed("a failed destruction")
		})
	}
}

// fileNamed matches a file of allSudoers.
func fileNamed(name string) *regexp.Regexp { return regexp.MustCompile("(?m)^== .*" + name) }

// allSudoers prints every file of sudo's configuration with its name.
const allSudoers = `for f in /etc/sudoers /etc/sudoers.d/*; do echo "== $f"; cat "$f"; done`
