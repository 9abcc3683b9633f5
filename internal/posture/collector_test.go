package posture

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// texts are files in memory.
type texts map[string]string

func (t texts) ReadFile(name string) (string, bool) { text, is := t[name]; return text, is }
func (texts) ReadDir(string) ([]string, bool)       { return nil, false }

func wholeOf(host string, version sudoers.Version, files texts) *hardening.WholeSudoers {
	tree, _ := sudoers.ParseTree("/etc/sudoers", files, host, version)
	return &hardening.WholeSudoers{Tree: tree, Host: host, Version: version}
}

// TestCollectorAsksOnce: what one node was asked is not asked again where all that the answer depends on is the same,
// and the answer is the one that is given without it.
func TestCollectorAsksOnce(t *testing.T) {
	t.Parallel()
	version, older := sudoers.Version{Major: 1, Minor: 9, Patch: 16}, sudoers.Version{Major: 1, Minor: 9, Patch: 13}
	one, two := 1001, 1002
	alice := policy.Subject{Name: "alice", UID: &one, Groups: []string{"alice", "ops"}, GIDs: []int{1001, 1010}}
	const text = "alice ALL=(root) /usr/bin/less /var/log/syslog\n%ops ALL=(root) NOPASSWD: /usr/bin/id\n"
	for name, c := range map[string]struct {
		whole   *hardening.WholeSudoers
		subject policy.Subject
		same    bool
	}{
		"another host":                          {wholeOf("pve2", version, texts{"/etc/sudoers": text}), alice, true},
		"another version":                       {wholeOf("pve1", older, texts{"/etc/sudoers": text}), alice, false},
		"another text":                          {wholeOf("pve1", version, texts{"/etc/sudoers": text + "\n"}), alice, false},
		"another byte that is no text":          {wholeOf("pve1", version, texts{"/etc/sudoers": text + "# \xff\n"}), alice, false},
		"another file":                          {wholeOf("pve1", version, texts{"/etc/sudoers": "@include /etc/more\n", "/etc/more": text}), alice, false},
		"another group":                         {wholeOf("pve1", version, texts{"/etc/sudoers": text}), policy.Subject{Name: "alice", UID: &one, Groups: []string{"alice"}, GIDs: []int{1001}}, false},
		"another user id":                       {wholeOf("pve1", version, texts{"/etc/sudoers": text}), policy.Subject{Name: "alice", UID: &two, Groups: alice.Groups, GIDs: alice.GIDs}, false},
		"a user id that nobody knows":           {wholeOf("pve1", version, texts{"/etc/sudoers": text}), policy.Subject{Name: "alice", Groups: alice.Groups, GIDs: alice.GIDs}, false},
		"groups whose names run together":       {wholeOf("pve1", version, texts{"/etc/sudoers": text}), policy.Subject{Name: "alice", UID: &one, Groups: []string{"alice ops"}, GIDs: alice.GIDs}, false},
		"a rule for some hosts, on one of them": {wholeOf("pve1", version, texts{"/etc/sudoers": text + "alice pve1 = ALL\n"}), alice, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var together Collector
			first := wholeOf("pve1", version, texts{"/etc/sudoers": text})
			before := together.of(first)(alice).analysis()
			asked := together.of(c.whole)(c.subject)
			after := asked.analysis()
			if (before == after) != c.same {
				t.Errorf("one answer for both: %t", before == after)
			}
			alone := escalation.AnalyseWhole(c.whole.Tree, escalation.Question{Question: c.whole.Question(c.subject).WithSharedBudget(c.whole.Tree)}, c.whole.Version)
			if !reflect.DeepEqual(after.Findings, alone.Findings) {
				t.Errorf("found %+v, alone %+v", after.Findings, alone.Findings)
			}
			texts := func(grants []policy.Grant) (list []string) {
				for i := range grants {
					list = append(list, grants[i].Pos.String()+grants[i].Text)
				}
				return list
			}
			if got, want := texts(asked.grants()), texts(policy.Grants(c.whole.Tree, c.subject)); !slices.Equal(got, want) {
				t.Errorf("grants %q, alone %q", got, want)
			}
		})
	}
}

// TestCollectorTellsHostsApart: a rule or an option for some hosts is judged for each host.
func TestCollectorTellsHostsApart(t *testing.T) {
	t.Parallel()
	alice := policy.Subject{Name: "alice"}
	for text, differ := range map[string]bool{
		"alice pve1 = (root) ALL\n": true, "Host_Alias HERE = pve1\nalice HERE = (root) ALL\n": true, "alice ALL, !pve2 = (root) ALL\n": true, "Defaults@pve1 !authenticate\nalice ALL = (root) ALL\n": true,
		"Host_Alias HERE = pve1\nalice ALL = (root) ALL\n": false,
	} {
		var together Collector
		var answers []*escalation.Analysis
		for _, host := range []string{"pve1", "pve2"} {
			w := wholeOf(host, sudoers.Version{}, texts{"/etc/sudoers": text})
			answers = append(answers, together.of(w)(alice).analysis())
		}
		if (answers[0] != answers[1]) != differ {
			t.Errorf("%q: told apart: %t", text, answers[0] != answers[1])
		}
	}
}
