package assessment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// collected is a node whose sshd takes passwords or not.
func collected(t *testing.T, name, passwords string) *posture.Node {
	t.Helper()
	n, err := posture.CollectSettings(t.Context(), &posturetest.Node{Sections: map[string]node.Section{
		node.SectionSSHD: posturetest.Data("passwordauthentication " + passwords + "\npermitemptypasswords no\nauthorizedkeysfile .ssh/authorized_keys\n"), node.SectionConfig: posturetest.Data("/etc/login.defs\t1\tENCRYPT_METHOD YESCRYPT\n"),
	}}, node.Target{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// of is the result of a check on a node.
func of(t *testing.T, a *assessment.Assessment, id, node string) assessment.Result {
	t.Helper()
	for _, r := range a.Results {
		if r.Check.ID == id && r.Node == node {
			return r
		}
	}
	t.Fatalf("no result of %s on %s", id, node)
	return assessment.Result{}
}

const passwords = "PVESEC-C0903" // sshd takes no passwords

// TestProfiles: level2 has all of level1, and more. A node that could not be looked at, and PVE that was not asked, are
// unknown in every check.
func TestProfiles(t *testing.T) {
	t.Parallel()
	lost := []posture.Gap{{Node: "pve2", Reason: "connection refused\nforged"}, {Node: assessment.Cluster, Reason: "no endpoint"}}
	one := assessment.New([]*posture.Node{collected(t, "pve1", "no")}, nil, lost, assessment.Options{Level: check.Level1, Now: now})
	two := assessment.New([]*posture.Node{collected(t, "pve1", "no")}, nil, lost, assessment.Options{Level: check.Level2, Now: now})
	ofNodes, ofCluster := 0, 0
	for _, c := range check.Catalogue() {
		if c.OfCluster() {
			ofCluster++
		} else {
			ofNodes++
		}
	}
	if len(two.Results) != 2*ofNodes+ofCluster || len(one.Results) >= len(two.Results) {
		t.Errorf("%d results of level2, %d of level1; %d checks of nodes, %d of the cluster", len(two.Results), len(one.Results), ofNodes, ofCluster)
	}
	for _, r := range two.Results {
		if r.Node != "pve1" && r.Outcome.Status != check.Unknown {
			t.Errorf("%s on %s: %s", r.Check.ID, r.Node, r.Outcome.Status)
		}
		if strings.Contains(strings.Join(r.Outcome.Observed, ""), "\n") {
			t.Errorf("%s on %s forges a line: %q", r.Check.ID, r.Node, r.Outcome.Observed)
		}
	}
	for _, r := range one.Results {
		if r.Check.Level != check.Level1 {
			t.Errorf("level1 has %s", r.Check.ID)
		}
	}
	if one.Compliant() {
		t.Error("what is not known complies")
	}
	if got := of(t, one, passwords, "pve1"); got.Outcome.Status != check.Pass {
		t.Errorf("%+v", got.Outcome)
	}
}

// TestWaivers: a waiver takes a failure out of what counts, on its nodes and until its last day. One that has ended, or
// that waives nothing, is told.
func TestWaivers(t *testing.T) {
	t.Parallel()
	nodes := []*posture.Node{collected(t, "pve1", "yes"), collected(t, "pve2", "yes"), collected(t, "pve3", "no")}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, test := range map[string]struct {
		waiver        assessment.Waiver
		waived        string // the nodes
		expired, idle int
	}{
		"all nodes":               {waiver: assessment.Waiver{Check: passwords, Reason: "migration", Until: day("2026-12-31")}, waived: "pve1 pve2"},
		"one node":                {waiver: assessment.Waiver{Check: passwords, Nodes: []string{"pve2"}, Reason: "migration", Until: day("2026-12-31")}, waived: "pve2"},
		"its last day":            {waiver: assessment.Waiver{Check: passwords, Reason: "migration", Until: day("2026-06-01")}, waived: "pve1 pve2"},
		"the day after":           {waiver: assessment.Waiver{Check: passwords, Reason: "migration", Until: day("2026-05-31")}, expired: 1},
		"a node that passes":      {waiver: assessment.Waiver{Check: passwords, Nodes: []string{"pve3"}, Reason: "migration", Until: day("2026-12-31")}, idle: 1},
		"a check that passes":     {waiver: assessment.Waiver{Check: "PVESEC-C0905", Reason: "migration", Until: day("2026-12-31")}, idle: 1},
		"a check of the profile2": {waiver: assessment.Waiver{Check: "PVESEC-C0902", Reason: "migration", Until: day("2026-12-31")}, idle: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain := assessment.New(nodes, nil, nil, assessment.Options{Level: check.Level1, Now: now}).Total()
			a := assessment.New(nodes, nil, nil, assessment.Options{Level: check.Level1, Now: now, Waivers: []assessment.Waiver{test.waiver}})
			var waived []string
			for _, r := range a.Results {
				if r.Waived != "" {
					waived = append(waived, r.Node)
				}
			}
			if got := strings.Join(waived, " "); got != test.waived || len(a.Expired) != test.expired || len(a.Idle) != test.idle {
				t.Errorf("waived on %q, %d have ended, %d waive nothing", got, len(a.Expired), len(a.Idle))
			}
			if total := a.Total(); total.Waived != len(waived) || total.Fail+total.Waived != plain.Fail || total.Score() < plain.Score() {
				t.Errorf("%+v, without the waiver %+v", total, plain)
			}
		})
	}
}

// TestSince: what got worse and better since an earlier report, from its JSON.
func TestSince(t *testing.T) {
	t.Parallel()
	options := assessment.Options{Level: check.Level1, Now: now}
	before := assessment.New([]*posture.Node{collected(t, "pve1", "yes"), collected(t, "pve2", "no"), collected(t, "old", "no")}, nil, nil, options)
	record, err := assessment.ParseRecord(before.JSON())
	if err != nil {
		t.Fatal(err)
	}
	options.Earlier = record
	after := assessment.New([]*posture.Node{collected(t, "pve1", "no"), collected(t, "pve2", "yes")}, nil, nil, options)
	told := func(list []assessment.Change) string { return fmt.Sprint(list) }
	if got := told(after.Since.Worse); got != "[{PVESEC-C0903 sshd takes no passwords pve2 pass fail}]" {
		t.Errorf("worse: %s", got)
	}
	if got := told(after.Since.Better); got != "[{PVESEC-C0903 sshd takes no passwords pve1 fail pass}]" {
		t.Errorf("better: %s", got)
	}
	for _, c := range after.Since.Other {
		if c.Node != "old" || c.Now != "" {
			t.Errorf("other: %+v", c)
		}
	}
	if len(after.Since.Other) == 0 {
		t.Error("the results of the node that is gone are not told")
	}
	if text := after.Markdown(); !strings.Contains(text, "## Since the earlier report") || !strings.Contains(text, "1 results are worse, 1 are better") {
		t.Errorf("%.2000s", text)
	}
	for _, bad := range []string{"", "{", `{"format":7}`, `{"format":1,"results":[{"status":"fine"}]}`} {
		if _, err := assessment.ParseRecord(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// hostile is a node whose texts try to be markup.
func hostile(t *testing.T) *assessment.Assessment {
	t.Helper()
	n, err := posture.CollectSettings(t.Context(), &posturetest.Node{Sections: map[string]node.Section{
		node.SectionSSHD:   posturetest.Data("passwordauthentication <script>alert(1)</script>|x`y [a](javascript:1)\u202e\n"),
		node.SectionPasswd: posturetest.Data(posturetest.Passwd + "<b>&\"'|`:x:0:0::/:/bin/sh\n"),
	}}, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	return assessment.New([]*posture.Node{n}, nil, nil, assessment.Options{Level: check.Level2, Now: now})
}

// TestMarkdown: text of a node is code in a cell of its table, whatever it is.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := hostile(t).Markdown()
	if !strings.Contains(text, "<script>alert(1)</script>¦x`y [a](javascript:1)") || strings.Contains(text, "\u202e") {
		t.Error("the observed text is not there, or as it came")
	}
	columns := 0
	for line := range strings.Lines(text) {
		switch count := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = count
		case count != columns:
			t.Errorf("%d bars, not %d: %s", count, columns, line)
		}
	}
	for _, want := range []string{"# Node posture: not compliant", "## Families", "## To mend", "| sshd | "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

// TestJSON: the record is JSON with every result.
func TestJSON(t *testing.T) {
	t.Parallel()
	a := hostile(t)
	var r assessment.Record
	if err := json.Unmarshal([]byte(a.JSON()), &r); err != nil || len(r.Results) != len(a.Results) {
		t.Errorf("%d results: %v", len(r.Results), err)
	}
}
