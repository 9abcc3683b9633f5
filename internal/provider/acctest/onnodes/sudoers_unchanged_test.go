package onnodes

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
)

// meddledPolicies are changes of a node behind Terraform's back, each with its way back. A plan of the policy says
// nothing of those that are unsaid.
var meddledPolicies = map[string]struct {
	do, undo  string
	unsaid    bool
	everyNode bool
}{
	"a line more":       {"echo 'agent ALL=(root) /usr/bin/python3' >>/etc/sudoers.d/agent", "cp -p /root/agent /etc/sudoers.d/agent", false, false},
	"another form":      {"sed -i 's/(root)/( root )/; $a # more' /etc/sudoers.d/agent", "cp -p /root/agent /etc/sudoers.d/agent", false, false},
	"mode":              {"chmod 0400 /etc/sudoers.d/agent", "chmod 0440 /etc/sudoers.d/agent", false, false},
	"owner":             {"chgrp operators /etc/sudoers.d/agent", "chgrp root /etc/sudoers.d/agent", false, false},
	"a link":            {"ln -sf /root/agent /etc/sudoers.d/agent", "rm /etc/sudoers.d/agent; cp -p /root/agent /etc/sudoers.d/agent", false, false},
	"gone":              {"rm /etc/sudoers.d/agent", "cp -p /root/agent /etc/sudoers.d/agent", false, false},
	"gone everywhere":   {"rm /etc/sudoers.d/agent", "cp -p /root/agent /etc/sudoers.d/agent", false, true},
	"a foreign grant":   {"echo 'agent ALL=(root) /usr/bin/python3' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, false},
	"a grant of ALL":    {"echo 'ALL ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, true},
	"a group":           {"usermod -aG sudo agent", "gpasswd -d agent sudo", false, false},
	"a denial":          {"echo 'agent ALL=(root) !/usr/bin/uptime' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, false},
	"no log":            {"echo 'Defaults:agent !log_allowed, !syslog' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, false},
	"an environment":    {"echo 'Defaults !env_reset' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, false},
	"an undefined name": {"echo 'carol ALL=(root) OPS' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", true, false},
	"a broken line":     {"echo 'carol ALL=(root' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", false, false},
	"no account":        {"usermod -l other agent", "usermod -l agent other", false, false},
	"an ended account":  {"chage -E 2020-01-01 agent", "chage -E -1 agent", false, false},
	"an ending account": {"chage -E 2100-01-01 agent", "chage -E -1 agent", true, false},
	"somebody else":     {"echo 'carol ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/night", "rm /etc/sudoers.d/night", true, false},
	"nothing":           {"true", "true", true, false},
}

// TestUnchangedPolicyAsTheFramework sees that the shorter way for policies that are as they should be gives the plans
// of the framework, whatever happened on a node, and whatever the configuration asks for now.
func TestUnchangedPolicyAsTheFramework(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	w := harness.NewWorkspace(t).Quietly().Within()
	configured := func(commands, more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, more))
	}
	const commands, more = `"/usr/bin/uptime", "/usr/bin/id"`, `never = ["edits sudoers"]
  always = ["/usr/bin/uptime"]`
	configured(commands, more)
	w.Terraform("apply", "-auto-approve", "-no-color")
	if !hasMemo(t, w) {
		t.Fatal("the apply left no memo")
	}
	for _, node := range c.Nodes {
		shell(t, node, "cp -p /etc/sudoers.d/agent /root/agent")
	}
	for _, name := range slices.Sorted(maps.Keys(meddledPolicies)) {
		change, nodes := meddledPolicies[name], c.Nodes[:1]
		if change.everyNode {
			nodes = c.Nodes
		}
		for _, node := range nodes {
			shell(t, node, change.do)
		}
		output := sameAsTheFramework(t, w, name)
		// Terraform warns of the provider that it was told to take.
		if quiet := strings.Contains(output, "No changes.") && strings.Count(output, "Warning:") == 1; quiet != change.unsaid {
			t.Errorf("%s: a plan says\n%s", name, output)
		}
		for _, node := range nodes {
			shell(t, node, change.undo)
		}
	}
	// The one policy of which the memo of the last apply says that nothing changed.
	w.Terraform("apply", "-refresh-only", "-auto-approve", "-no-color")
	if !hasMemo(t, w) {
		t.Error("the framework was asked, although nothing changed")
	}
	sameAsTheFramework(t, w, "after a refresh")
	sameAsTheFramework(t, w, "replaced", "-replace="+harness.PolicyAddress)
	sameAsTheFramework(t, w, "destroyed", "-destroy")
	sameAsTheFramework(t, w, "not refreshed", "-refresh=false")
	for name, now := range map[string][2]string{
		"more":       {commands + `, "/usr/bin/python3"`, more},
		"less":       {`"/usr/bin/uptime"`, more},
		"statements": {commands, `never = ["edits sudoers", "/usr/bin/id"]`},
		"exclusive":  {commands, more + "\n  exclusive = true"},
		"one node":   {commands, more + "\n  nodes = [\"pve1\"]"},
		"a twin": {commands, more + "\n}\nresource \"pvesec_sudoers_policy\" \"twin\" {\n  name = \"agent\"\n  subject = \"agent\"\n" +
			"  rule { commands = [\"/usr/bin/id\"] }"},
	} {
		configured(now[0], now[1])
		sameAsTheFramework(t, w, name)
	}
	configured(`"/usr/bin/uptime"`, more+"\n  exclusive = true")
	w.Terraform("apply", "-auto-approve", "-no-color") // which reads no node back
	sameAsTheFramework(t, w, "after an update")
}

// sameAsTheFramework compares what terraform plan says and writes with what it says of a state without memos.
func sameAsTheFramework(t *testing.T, w *harness.Workspace, name string, args ...string) (output string) {
	t.Helper()
	output, plan := planned(w, args)
	state := filepath.Join(w.Dir, "terraform.tfstate")
	before, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	w.Write("terraform.tfstate", withoutMemos(t, before))
	slowOutput, slowPlan := planned(w, args)
	w.Write("terraform.tfstate", string(before))
	if diff := cmp.Diff(slowOutput, output); diff != "" {
		t.Errorf("%s, what a plan says (-framework +shorter):\n%s", name, diff)
	}
	if diff := cmp.Diff(slowPlan, plan); diff != "" {
		t.Errorf("%s, the plan (-framework +shorter):\n%s", name, diff)
	}
	return output
}

// planned gives what terraform plan says and the plan that it writes, nil for none.
func planned(w *harness.Workspace, args []string) (output string, plan map[string]any) {
	_ = os.Remove(filepath.Join(w.Dir, "saved"))
	output, _ = w.Try(append([]string{"plan", "-no-color", "-out=saved"}, args...)...)
	text, err := w.Try("show", "-json", "saved")
	if err != nil || json.Unmarshal([]byte(text), &plan) != nil {
		return output, nil
	}
	delete(plan, "timestamp")
	return output, plan
}

// hasMemo tells whether the state has a memo that says with which configuration its policy was applied.
func hasMemo(t *testing.T, w *harness.Workspace) (has bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	eachPrivate(t, text, func(keys map[string][]byte) { has = has || strings.Contains(string(keys[memo.Key]), `"config":"`) })
	return has
}

func withoutMemos(t *testing.T, state []byte) string {
	t.Helper()
	return eachPrivate(t, state, func(keys map[string][]byte) { delete(keys, memo.Key) })
}

// eachPrivate changes the private part of every object of a state.
func eachPrivate(t *testing.T, text []byte, change func(map[string][]byte)) string {
	t.Helper()
	var state map[string]any
	err := json.Unmarshal(text, &state)
	resources, _ := state["resources"].([]any)
	for _, resource := range resources {
		kind, _ := resource.(map[string]any)
		instances, _ := kind["instances"].([]any)
		for _, instance := range instances {
			object, _ := instance.(map[string]any)
			encoded, _ := object["private"].(string)
			keys := map[string][]byte{}
			private, problem := base64.StdEncoding.DecodeString(encoded)
			if err == nil && problem == nil && json.Unmarshal(private, &keys) == nil {
				change(keys)
				private, err = json.Marshal(keys)
				object["private"] = base64.StdEncoding.EncodeToString(private)
			}
		}
	}
	whole, problem := json.Marshal(state)
	if err != nil || problem != nil {
		t.Fatal(err, problem)
	}
	return string(whole)
}
