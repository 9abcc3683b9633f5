package onnodes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// promise is what a reader of an example takes it to allow a user, and what it must not allow.
type promise struct {
	user          string // agent where it is empty; the policy has the user's name
	runs, refuses []string
	presets       []string // what they are there for is promised too, as far as the example gives their parameters
	emergency     string   // the name of an emergency access to everything, whose user each node gets; no policy then
}

// notFor are command lines that no example allows.
var notFor = []string{"/usr/sbin/qm start 100", "/usr/sbin/qm set 2001 --args x", "/usr/bin/bash", "/usr/bin/cat /etc/shadow"}

// promises are those of the examples with a policy or an emergency access on nodes.
var promises = map[string]promise{
	"README.md": {runs: []string{"/usr/sbin/qm start 2001", "/usr/sbin/qm status 2999"}, refuses: []string{"/usr/sbin/qm stop 2001"}},
	"/resources/pvesec_sudoers_policy/resource.tf": {
		runs: []string{"/usr/sbin/qm start 2001", "/usr/sbin/qm stop 2001", "/usr/sbin/qm shutdown 2001", "/usr/sbin/qm status 2001", "/usr/sbin/qm list", "/usr/bin/pveversion"},
	},
	"/resources/pvesec_node_account/resource.tf": {user: "nightowl", runs: []string{"/usr/sbin/qm list"}},
	"/resources/pvesec_break_glass/resource.tf":  {user: "alice", emergency: "database", runs: []string{"/usr/bin/cat /etc/shadow", "/usr/bin/bash -c true"}},
	"/data-sources/pvesec_sudoers_document/data-source.tf": {
		runs: []string{"/usr/sbin/qm list", "/usr/sbin/qm status 100"}, presets: []string{"vm_operator", "monitoring"},
	},
}

// keep runs every command line of a promise as its user on every node, and sees to it that every grant of the policy is
// promised.
func (p *promise) keep(c *lab.Cluster) resource.TestCheckFunc {
	return func(*terraform.State) error {
		optional, err := p.ofPresets()
		if err != nil {
			return err
		}
		for _, node := range c.Nodes {
			if err := p.on(node, optional); err != nil {
				return fmt.Errorf("%s: %w", node.Name, err)
			}
		}
		return nil
	}
}

// ofPresets are the command lines of the presets.
func (p *promise) ofPresets() (lines []string, err error) {
	for _, name := range p.presets {
		found, err := preset.Find(name)
		if err != nil {
			return nil, err
		}
		for _, grant := range found.Grants {
			for _, line := range grant.Allows {
				program, args, _ := strings.Cut(line, " ")
				for _, command := range grant.Commands {
					if at, _, _ := strings.Cut(command, " "); path.Base(at) == program {
						lines = append(lines, strings.TrimSpace(at+" "+args))
						break
					}
				}
			}
		}
	}
	return lines, nil
}

// userName is the Linux account that the promise is about.
func (p *promise) userName() string { return cmp.Or(p.user, "agent") }

// on keeps the promise on one node. A program that the node of the lab lacks is stood in for.
func (p *promise) on(node *lab.Node, optional []string) error {
	ctx := context.Background()
	user := p.userName()
	read, never := "cat /etc/sudoers.d/"+user, slices.Concat(notFor, p.refuses)
	if p.emergency != "" {
		read, never = "id -u "+user+" >/dev/null 2>&1 || useradd -m "+user+"; cat /etc/sudoers.d/zz-pvesec-emergency-"+p.emergency, p.refuses
	}
	text, err := node.Shell(ctx, read)
	if err != nil {
		return err
	}
	file, errs := sudoers.Parse(user, text+"\n", sudoers.PVE9)
	if err := errs.Err(); err != nil {
		return err
	}
	tree, about := sudoers.TreeOf(file), policy.Subject{Name: user}
	var promised []string
	var script strings.Builder
	script.WriteString("exec 2>&1\nstand_in() { test -e \"$1\" || { printf '#!/bin/sh\\necho \"stand-in\" \"$0\" \"$*\"\\n' >\"$1\"; chmod 755 \"$1\"; }; }\n")
	for i, line := range append(slices.Clone(p.runs), optional...) {
		words := strings.Fields(line)
		decision := policy.Decide(tree, policy.Request{Subject: about, Command: words[0], Args: words[1:]})
		if decision.Verdict != policy.Allowed {
			if i >= len(p.runs) {
				continue
			}
			return fmt.Errorf("%q is promised and not allowed", line)
		}
		promised = append(promised, line)
		fmt.Fprintf(&script, "stand_in %s\nrunuser -u %s -- sudo -n -l -- %s >/dev/null || echo 'refused: %s'\n", words[0], user, line, line)
	}
	for _, line := range p.runs {
		fmt.Fprintf(&script, "runuser -u %s -- sudo -n -- %s >/tmp/out 2>&1 || { echo 'failed: %s'; cat /tmp/out; }\n", user, line, line)
	}
	for _, line := range never {
		fmt.Fprintf(&script, "runuser -u %s -- sudo -n -- %s >/dev/null 2>&1 && echo 'allowed: %s'\n", user, line, line)
	}
	script.WriteString("true\n")
	out, err := node.Exec(ctx, script.String(), "/bin/sh", "-s")
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(out) != "":
		return fmt.Errorf("promises that are not kept:\n%s", out)
	}
	return needed(tree, about, promised)
}

// needed sees to it that each grant of a policy that adds something to the others is there for a command line that is
// promised. Two presets may grant the same.
func needed(tree *sudoers.Tree, about policy.Subject, promised []string) error {
	var grants []string
	for _, grant := range policy.Grants(tree, about) {
		grants = append(grants, grant.Text)
	}
	parsed := func(lines []string) (*sudoers.Tree, error) {
		file, errs := sudoers.Parse("grants", strings.Join(lines, "\n")+"\n", sudoers.PVE9)
		return sudoers.TreeOf(file), errs.Err()
	}
	all, err := parsed(grants)
	if err != nil {
		return err
	}
	var idle []error
	for i, grant := range grants {
		without, err := parsed(slices.Delete(slices.Clone(grants), i, i+1))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(promised, func(line string) bool {
			words := strings.Fields(line)
			return policy.Decide(without, policy.Request{Subject: about, Command: words[0], Args: words[1:]}).Verdict != policy.Allowed
		}) {
			continue
		}
		if compared := policy.Compare(without, all, policy.Question{Subject: about}); compared.Verdict != policy.Equal {
			idle = append(idle, fmt.Errorf("nothing that is promised takes this grant: %s", grant))
		}
	}
	return errors.Join(idle...)
}

// TestNeeded: a grant that is wider than what is promised is found also where it allows a promised command line too.
func TestNeeded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy string
		says   string
	}{
		"each for a promise":       {"agent ALL=(root) /usr/sbin/qm start 2001, /usr/sbin/qm list", ""},
		"twice the same":           {"agent ALL=(root) /usr/sbin/qm ^(start 2001|list)$, /usr/sbin/qm list", ""},
		"one for nothing":          {"agent ALL=(root) /usr/sbin/qm ^(start 2001|list)$, /usr/sbin/pct list", "/usr/sbin/pct list"},
		"one that is wider":        {"agent ALL=(root) /usr/sbin/qm start 2001, /usr/sbin/qm list, /usr/sbin/qm *", "/usr/sbin/qm *"},
		"one that is wider, first": {"agent ALL=(root) /usr/sbin/qm *, /usr/sbin/qm start 2001, /usr/sbin/qm list", "/usr/sbin/qm *"},
	} {
		file, errs := sudoers.Parse("agent", c.policy+"\n", sudoers.PVE9)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		err := needed(sudoers.TreeOf(file), policy.Subject{Name: "agent"}, []string{"/usr/sbin/qm start 2001", "/usr/sbin/qm list"})
		if said := fmt.Sprint(err); (err == nil) != (c.says == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
