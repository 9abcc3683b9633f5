package hardening

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestSshdAdministratorOfTheSameRun: an administrator whose account or key the same run makes does not keep the policy
// from being planned, and nothing is changed before he can come in.
func TestSshdAdministratorOfTheSameRun(t *testing.T) {
	t.Parallel()
	makes := func(name, onNode string) bool { return onNode == "pve1" && (name == "carol" || name == "bob") }
	for name, c := range map[string]struct {
		administrators []string
		after          []string
		makes          func(name, onNode string) bool
		planned        bool
	}{
		"an account of the run":             {[]string{"carol"}, nil, makes, true},
		"a key of the run":                  {[]string{"bob"}, []string{"passwordauthentication no"}, makes, true},
		"one of two":                        {[]string{"alice", "carol"}, []string{"passwordauthentication no"}, makes, true},
		"one who may not anyway":            {[]string{"bob"}, []string{"denyusers bob"}, makes, false},
		"one who may not, beside carol":     {[]string{"bob", "carol"}, []string{"denyusers bob"}, makes, true},
		"no keys":                           {[]string{"bob"}, []string{"pubkeyauthentication no", "passwordauthentication no"}, makes, false},
		"an account that nobody makes":      {[]string{"mallory"}, nil, makes, false},
		"nothing is known of the run":       {[]string{"carol"}, nil, nil, false},
		"an account of another node's run":  {[]string{"carol"}, nil, func(_, onNode string) bool { return onNode == "pve2" }, false},
		"a key of an account left as it is": {[]string{"alice"}, []string{"passwordauthentication no"}, makes, false},
	} {
		nodes := newSshdNodes(func(_ *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
			if with && conn.User != "root" {
				return sshdSays(c.after...)
			}
			return sshdSays()
		})
		p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}, Administrators: c.administrators, Makes: c.makes}
		plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		var lockout *SshdLockoutError
		if !c.planned {
			if !errors.As(err, &lockout) || !strings.HasPrefix(lockout.Who, "every one of the administrators") {
				t.Errorf("%s: planned: %v", name, err)
			}
			continue
		}
		if err != nil || plan.Awaits == nil || plan.Awaits.Node != "pve1" {
			t.Errorf("%s: %+v %v", name, plan, err)
			continue
		}
		if err := p.Install(t.Context(), nodes, []*SshdPlan{plan}, nil, nil, silent); !errors.As(err, &lockout) || len(nodes.applied) != 0 {
			t.Errorf("%s: installed before he can come in: %v", name, err)
		}
		nodes.accounts["carol"] = node.Account{Exists: true, UID: 1002, Shell: "/bin/bash", Groups: []string{"carol"}}
		answer := nodes.answer
		nodes.answer = func(q *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
			j := answer(q, conn, with)
			j.Keys = slices.Contains([]string{"carol", "bob"}, conn.User)
			return j
		}
		plan, err = p.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil || plan.Awaits != nil {
			t.Errorf("%s: the account is there: %+v %v", name, plan, err)
			continue
		}
		if err := p.Install(t.Context(), nodes, []*SshdPlan{plan}, nil, nil, silent); err != nil || len(nodes.applied) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A refusal says how the configuration has Terraform make the account first.
	nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
	if _, err := (SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}, Administrators: []string{"carol"}}).Plan(t.Context(), nodes, targets("pve1")[0]); err == nil || !strings.Contains(err.Error(), "pvesec_node_account.") {
		t.Errorf("got %v", err)
	}
}
