package hardening

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestSshdPartOfANetwork: what another file closes for a part of a network stays closed: the policy keeps it open for
// the nodes' addresses in the network alone, and where it knows none it is refused.
func TestSshdPartOfANetwork(t *testing.T) {
	t.Parallel()
	const file = sshdDropIns + "/60-guests.conf"
	set := func(keyword, value string) []node.SshdLine {
		return []node.SshdLine{{File: file, Line: 2, Keyword: keyword, Value: value, InMatch: true}}
	}
	for name, c := range map[string]struct {
		match   string
		lines   []node.SshdLine
		says    []string // to everyone, without the policy
		whole   bool     // whether the network is kept
		refused bool     // where no node's address is known
	}{
		"nothing":                    {"", nil, nil, true, false},
		"for guests":                 {"Match Address 10.0.0.64/26", set("permitrootlogin", "no"), nil, false, true},
		"quoted":                     {"Match User git\n\"match\" Address 10.0.0.64/26", []node.SshdLine{{File: file, Line: 3, Keyword: "permitrootlogin", Value: "no", InMatch: true}}, nil, false, true},
		"for root among others":      {"Match User r*,git", set("permitrootlogin", "no"), nil, false, true},
		"for another user":           {"Match User git Address 10.0.0.64/26", set("permitrootlogin", "no"), nil, true, false},
		"another setting":            {"Match Address 10.0.0.64/26", set("x11forwarding", "no"), nil, true, false},
		"a file that was not read":   {"", []node.SshdLine{{File: "/etc/ssh/more.conf", Line: 2, Keyword: "permitrootlogin", Value: "no", InMatch: true}}, nil, false, true},
		"its own block":              {"", []node.SshdLine{{File: SshdPolicy{Name: "ops"}.Path(), Line: 9, Keyword: "permitrootlogin", Value: "no", InMatch: true}}, nil, true, false},
		"users of some places":       {"", nil, []string{"allowusers root@10.0.0.0/26|root@192.0.2.1"}, false, true},
		"other users of some places": {"", nil, []string{"allowusers root|alice@10.0.0.0/26"}, true, false},
	} {
		for _, known := range []bool{true, false} {
			nodes := newSshdNodes(func(q *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
				if !with || conn.User != "root" || conn.Address == "192.0.2.1" {
					return sshdSays(c.says...)
				}
				kept := slices.Concat(blockOf(string(q.Content), conn.Address), blockOf(string(q.Content), "10.0.0.0/24"))
				if !slices.Contains(kept, "PermitRootLogin prohibit-password") {
					return sshdSays("permitrootlogin no")
				}
				if !slices.Contains(kept, "AllowUsers root") {
					return sshdSays("allowusers root@192.0.2.1")
				}
				return sshdSays(c.says...)
			})
			nodes.more = c.lines
			if c.match != "" {
				nodes.write("pve1", file, c.match+"\n\tPermitRootLogin no\n")
			}
			nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.7\n")
			p := SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no", "allow_users": "root@192.0.2.1"}, ClusterNetworks: []string{"10.0.0.0/24"}}
			if !known {
				nodes.write("pve1", localCorosync, "ring0_addr: nobody-knows-me\n")
			}
			plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
			if !known && c.refused {
				var lockout *SshdLockoutError
				if !errors.As(err, &lockout) || !strings.Contains(err.Error(), "cluster_networks") || !strings.Contains(err.Error(), "10.0.0.0/24") {
					t.Errorf("%s: not refused: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, known %v: %v", name, known, err)
				continue
			}
			network, address := blockOf(plan.State.Content, "10.0.0.0/24"), blockOf(plan.State.Content, "10.0.0.7")
			whole := true
			for _, line := range []string{"PermitRootLogin prohibit-password", "AllowUsers root"} {
				whole = whole && slices.Contains(network, line)
				if known && c.says == nil && !slices.Contains(slices.Concat(network, address), line) {
					t.Errorf("%s: the node has no %q in\n%s", name, line, plan.State.Content)
				}
			}
			if whole != c.whole {
				t.Errorf("%s, known %v: the network is kept as a whole: %v, in\n%s", name, known, whole, plan.State.Content)
			}
			state, err := p.Observe(t.Context(), nodes, targets("pve1")[0])
			if err != nil || len(state.Changes) != 0 {
				t.Errorf("%s, known %v: %v", name, known, err)
			}
		}
	}
}

// TestSshdPartOfAMigrationNetwork: addresses in it that the policy names are judged in place of the network.
func TestSshdPartOfAMigrationNetwork(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(q *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
		if with && conn.Address != "192.0.2.1" && len(blockOf(string(q.Content), conn.Address))+len(blockOf(string(q.Content), "10.5.1.0/24")) == 0 {
			return sshdSays("permitrootlogin no")
		}
		return sshdSays()
	})
	nodes.more = []node.SshdLine{{File: sshdMain, Line: 2, Keyword: "permitrootlogin", Value: "no", InMatch: true}}
	nodes.write("pve1", sshdMain, "Match Address 10.5.1.64/26\n\tPermitRootLogin no\n")
	nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
	nodes.write("pve1", clusterSettings, "migration: secure,network=10.5.1.0/24\n")
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no"}}
	var lockout *SshdLockoutError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &lockout) || !strings.Contains(err.Error(), "10.5.1.0/24") {
		t.Errorf("got %v", err)
	}
	p.ClusterNetworks = []string{"10.0.0.2", "10.5.1.9", "10.5.1.10"}
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); err != nil {
		t.Error(err)
	}
	p.ClusterNetworks = []string{"10.0.0.2"}
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &lockout) || !strings.Contains(lockout.Who, "10.5.1.1") {
		t.Errorf("got %v", err)
	}
}

// TestSshdNetworkElsewhere: a network for migrations in which the node has no address is told where the policy would
// keep it open.
func TestSshdNetworkElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy SshdPolicy
		told   bool
	}{
		"it narrows":            {SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no"}}, true},
		"it leaves root alone":  {SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}, false},
		"it names the networks": {SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no"}, ClusterNetworks: []string{"10.0.0.0/24"}}, false},
	} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
		nodes.write("pve1", clusterSettings, "migration: secure,network=198.51.100.0/24\n")
		plan, err := c.policy.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(strings.Join(plan.State.Overruled, "\n"), "198.51.100.0/24"); told != c.told {
			t.Errorf("%s: told %q", name, plan.State.Overruled)
		}
	}
}
