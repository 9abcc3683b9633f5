package hardening

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestSshdClusterIsNotWidened: what other files close for root of other nodes stays closed: the block of the cluster
// keeps only what the policy itself would close.
func TestSshdClusterIsNotWidened(t *testing.T) {
	t.Parallel()
	all := map[string]string{"permit_root_login": "no", "allow_users": "alice root@192.0.2.*", "allow_groups": "staff", "allow_tcp_forwarding": "no", "disable_forwarding": "yes", "permit_tty": "no"}
	for name, c := range map[string]struct {
		before []string // what other files say to root of 10.0.0.2
		absent string   // from the block
	}{
		"open":              {nil, ""},
		"root may not":      {[]string{"permitrootlogin no"}, "PermitRootLogin"},
		"commands only":     {[]string{"permitrootlogin forced-commands-only"}, "PermitRootLogin"},
		"other users":       {[]string{"allowusers alice"}, "AllowUsers"},
		"root among others": {[]string{"allowusers alice|root"}, ""},
		"other groups":      {[]string{"allowgroups ssh"}, "AllowGroups"},
		"no TCP":            {[]string{"allowtcpforwarding no"}, "AllowTcpForwarding"},
		"no forwarding":     {[]string{"disableforwarding yes"}, "DisableForwarding"},
		"no terminal":       {[]string{"permittty no"}, "PermitTTY"},
		"one command":       {[]string{"forcecommand /usr/local/sbin/only-migrate"}, "ForceCommand"},
	} {
		nodes := newSshdNodes(func(_ *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
			if conn.Address == "10.0.0.2" {
				return sshdSays(c.before...)
			}
			return sshdSays()
		})
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\nring1_addr: 10.0.0.3\n")
		p := SshdPolicy{Name: "ops", Settings: all, Matches: []SshdMatch{{Addresses: []string{"10.0.0.0/8"}, Settings: map[string]string{"force_command": "/bin/true"}}}}
		plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, address := range []string{"10.0.0.2", "10.0.0.3"} {
			block := blockOf(plan.State.Content, address)
			for _, line := range []string{"PermitRootLogin prohibit-password", "AllowUsers root", "AllowGroups root", "AllowTcpForwarding yes", "DisableForwarding no", "PermitTTY yes", "ForceCommand none"} {
				keyword, _, _ := strings.Cut(line, " ")
				if want := address == "10.0.0.3" || keyword != c.absent; slices.Contains(block, line) != want {
					t.Errorf("%s: %s: %q is there: %v, in\n%s", name, address, line, !want, plan.State.Content)
				}
			}
		}
		if back, err := ParseSshdPolicy("ops", plan.State.Content); err != nil || len(back.Matches) != 1 {
			t.Errorf("%s: read back as %+v %v", name, back.Matches, err)
		}
	}
}

// blockOf are the lines of the cluster's block for an address.
func blockOf(text, address string) []string {
	var lines []string
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if words, is := strings.CutPrefix(line, "Match User root Address "); is {
			in = slices.Contains(strings.Split(words, ","), address)
		} else if strings.HasPrefix(line, "Match ") {
			in = false
		} else if in {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestSshdNotIncluded: a policy that sshd would not read is refused, also one that is about some logins only.
func TestSshdNotIncluded(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]SshdPolicy{
		"everyone":    {Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}},
		"some logins": {Name: "ops", Matches: []SshdMatch{{Users: []string{"agent"}, Settings: map[string]string{"force_command": "/bin/true"}}}},
	} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		nodes.ignores = true
		var refused *SshdRefusedError
		if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &refused) || !strings.Contains(err.Error(), "Include /etc/ssh/sshd_config.d/*.conf") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSshdRunsElsewhere: where neither ssh.service nor ssh.socket runs sshd, nothing would read the policy, and a new
// login would prove nothing.
func TestSshdRunsElsewhere(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
	nodes.service = node.Service{Load: "loaded", Active: "inactive"}
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	var refused *SshdRefusedError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &refused) || !strings.Contains(err.Error(), "ssh.service") {
		t.Errorf("got %v", err)
	}
	if err := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent); err != nil {
		t.Errorf("a removal: %v", err)
	}
}

// TestSshdRemovalIsJudged: pvesec does not take a policy off where what remains keeps pvesec out, since the reload
// would have sshd read it. An sshd that refuses what is there is not reloaded.
func TestSshdRemovalIsJudged(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	for name, c := range map[string]struct {
		remains node.SshdJudgement
		nowhere bool
		refused bool
	}{
		"open":                  {sshdSays(), false, false},
		"closed":                {sshdSays("allowusers alice"), false, true},
		"closed for some place": {sshdSays("allowusers root@192.0.2.*"), true, false},
		"refused":               {node.SshdJudgement{Problem: "line 1: Bad configuration option: x"}, false, false},
	} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		nodes.without = func(node.SshdConnection) node.SshdJudgement { return c.remains }
		if c.nowhere {
			nodes.own = node.SshdConnection{User: "root"}
		}
		nodes.write("pve1", p.Path(), "MaxAuthTries 3\n")
		err := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent)
		var lockout *SshdLockoutError
		if errors.As(err, &lockout) != c.refused || (err != nil) != c.refused || (len(nodes.applied) == 0) != c.refused {
			t.Errorf("%s: got %v, and %d changes", name, err, len(nodes.applied))
		}
		if c.refused && (!strings.HasPrefix(lockout.Who, "pvesec itself") || !strings.Contains(err.Error(), "without the policy")) {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}

// TestSshdUnread: what keeps another node out counts as the policy's doing where sshd has not read it yet: the reload
// would have it do so.
func TestSshdUnread(t *testing.T) {
	t.Parallel()
	for _, unread := range []bool{false, true} {
		nodes := newSshdNodes(func(_ *node.SshdQuery, c node.SshdConnection, _ bool) node.SshdJudgement {
			if c.Address == "10.0.0.2" {
				return sshdSays("permitrootlogin no")
			}
			return sshdSays()
		})
		nodes.unread = unread
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
		_, err := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}.Plan(t.Context(), nodes, targets("pve1")[0])
		var lockout *SshdLockoutError
		if errors.As(err, &lockout) != unread || (err != nil) != unread {
			t.Errorf("unread %v: got %v", unread, err)
		}
	}
}

// TestSshdReplaced: a policy that takes the place of another is judged without the other's file, which goes before. All
// other files are in the judgement, and are pinned.
func TestSshdReplaced(t *testing.T) {
	t.Parallel()
	old, beside := SshdPolicy{Name: "old"}.Path(), SshdPolicy{Name: "beside"}.Path()
	nodes := newSshdNodes(func(q *node.SshdQuery, _ node.SshdConnection, with bool) node.SshdJudgement {
		if with && slices.Contains(q.Gone, old) {
			return sshdSays("allowusers alice") // the other file had added root
		}
		return sshdSays()
	})
	nodes.write("pve1", old, "AllowUsers root\n")
	nodes.write("pve1", beside, "X11Forwarding no\n")
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	var pinned []string
	for _, pin := range plan.change.Expect {
		pinned = append(pinned, pin.Path)
	}
	if !slices.Contains(pinned, beside) || !slices.Contains(pinned, sshdMain) {
		t.Errorf("pinned are %q", pinned)
	}
	p.Replaces = "old"
	var lockout *SshdLockoutError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &lockout) {
		t.Errorf("got %v", err)
	}
}

// TestSshdLeaves: a warning tells whom a removal locks out, what is the case already left aside.
func TestSshdLeaves(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "prohibit-password"}}
	for name, c := range map[string]struct {
		own, cluster, asis string
		who                string
	}{
		"nobody":            {"permitrootlogin yes", "permitrootlogin yes", "permitrootlogin yes", ""},
		"the cluster":       {"permitrootlogin yes", "permitrootlogin no", "permitrootlogin yes", "the other nodes"},
		"pvesec":            {"permitrootlogin no", "permitrootlogin no", "permitrootlogin yes", "pvesec itself"},
		"the cluster is so": {"permitrootlogin yes", "permitrootlogin no", "permitrootlogin no", ""},
	} {
		nodes := newSshdNodes(nil)
		asked := 0
		nodes.answer = func(_ *node.SshdQuery, conn node.SshdConnection, _ bool) node.SshdJudgement {
			asked++
			switch {
			case asked%2 == 1: // the fake node tells what is there before what is left
				return sshdSays(c.asis)
			case conn.Address == "10.0.0.2":
				return sshdSays(c.cluster)
			}
			return sshdSays(c.own)
		}
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
		nodes.write("pve1", p.Path(), "x\n")
		e := p.Leaves(t.Context(), nodes, targets("pve1")[0])
		if (e != nil) != (c.who != "") || e != nil && (!e.Removal || !strings.HasPrefix(e.Who, c.who)) {
			t.Errorf("%s: got %v", name, e)
		}
	}
}

// TestSshdOpen: what can change between a plan and its apply is told, and nothing else.
func TestSshdOpen(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3", "kbd_interactive_authentication": "no"}, Connections: []SshdNamedConnection{{Name: "alice", User: "alice", Address: "192.0.2.7"}, {Name: "root", User: "root", Address: "192.0.2.7"}}}
	beside, other := SshdPolicy{Name: "beside"}.Path(), sshdDropIns+"/50-x.conf"
	for name, c := range map[string]struct {
		files  map[string]string
		match  []SshdMatch
		shared bool
		logins string
	}{
		"alone":               {nil, nil, false, ""},
		"another policy":      {map[string]string{beside: "X11Forwarding no\n# MaxAuthTries 3\n"}, nil, false, ""},
		"blocks of another":   {map[string]string{beside: "Match Address 192.0.2.0/24 Group staff\n\tX11Forwarding no\n"}, nil, false, ""},
		"the same setting":    {map[string]string{beside: "Match User x\n\tmaxauthtries=2\n"}, nil, true, ""},
		"its older name":      {map[string]string{beside: "ChallengeResponseAuthentication yes\n"}, nil, true, ""},
		"another file":        {map[string]string{other: "MaxAuthTries 5\nMatch User alice\nMaxAuthTries 2\n"}, nil, false, ""},
		"by group":            {map[string]string{other: "match Group staff\nMaxAuthTries 5\n"}, nil, false, "alice"},
		"by address":          {map[string]string{sshdMain: "Match User alice Address 192.0.2.0/24\nMaxAuthTries 5\n"}, nil, false, "pvesec"},
		"its own groups":      {nil, []SshdMatch{{Groups: []string{"staff"}, Settings: map[string]string{"max_auth_tries": "2"}}}, false, "alice"},
		"its own addresses":   {nil, []SshdMatch{{Addresses: []string{"192.0.2.0/24"}, Settings: map[string]string{"max_auth_tries": "2"}}}, false, "pvesec"},
		"another directory":   {map[string]string{sshdMain: "Include /etc/ssh/sshd_config.d/*.conf\nInclude /etc/ssh/more.conf\n"}, nil, false, "pvesec alice root"},
		"by port":             {map[string]string{other: "Match LocalPort 2222\nMaxAuthTries 5\n"}, nil, false, "pvesec alice root"},
		"the usual directory": {map[string]string{sshdMain: "Include /etc/ssh/sshd_config.d/*.conf\n"}, nil, false, ""},
	} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		for file, text := range c.files {
			nodes.write("pve1", file, text)
		}
		p.Matches = c.match
		plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if plan.Open.Shared != c.shared || strings.Join(plan.Open.Logins, " ") != c.logins {
			t.Errorf("%s: got %+v", name, plan.Open)
		}
	}
}

// TestSshdOtherOptions: options by which sshd reads another file, or takes settings from its command line, are told:
// what was judged may not be in force.
func TestSshdOtherOptions(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	for line, told := range map[string]bool{"SSHD_OPTS=": false, `SSHD_OPTS="-4"`: false, "# SSHD_OPTS=-f /x": false, "SSHD_OPTS=-f/etc/ssh/other": true, `SSHD_OPTS="-4 -oMaxAuthTries=20"`: true, `SSHD_OPTS='-4f /x'`: true} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		nodes.write("pve1", sshdStart, "# options\n"+line+"\n")
		plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(plan.State.Overruled, "\n"), sshdStart); got != told {
			t.Errorf("%s: told %q", line, plan.State.Overruled)
		}
	}
}

// TestSshdSaysTheSameTwice: of several reasons the same is told each time.
func TestSshdSaysTheSameTwice(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(_ *node.SshdQuery, _ node.SshdConnection, with bool) node.SshdJudgement {
		if with {
			return sshdSays("disableforwarding yes", "allowtcpforwarding no", "permittty no")
		}
		return sshdSays()
	})
	nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
	for range 20 {
		if _, err := (SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}).Plan(t.Context(), nodes, targets("pve1")[0]); err == nil || !strings.Contains(err.Error(), "DisableForwarding is yes") {
			t.Fatalf("got %v", err)
		}
	}
}

// TestSshdToldNetworks: where the policy names the networks, what other files close for a node of the cluster in one of
// them stays closed for that network.
func TestSshdToldNetworks(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(_ *node.SshdQuery, c node.SshdConnection, _ bool) node.SshdJudgement {
		if c.Address == "10.0.0.7" {
			return sshdSays("permitrootlogin no")
		}
		return sshdSays()
	})
	nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.7\n")
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no"}, ClusterNetworks: []string{"10.0.0.0/24", "10.9.0.0/24"}}
	text := ""
	plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
	if err == nil {
		text = plan.State.Content
	}
	if err != nil || len(blockOf(text, "10.0.0.0/24")) != 0 || !slices.Equal(blockOf(text, "10.9.0.0/24"), []string{"PermitRootLogin prohibit-password"}) {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestSshdClusterOfOthersDoesNotCount: the block does not depend on the files of other policies, which the same run may
// change.
func TestSshdClusterOfOthersDoesNotCount(t *testing.T) {
	t.Parallel()
	beside := SshdPolicy{Name: "beside"}.Path()
	asked := false
	nodes := newSshdNodes(func(q *node.SshdQuery, _ node.SshdConnection, _ bool) node.SshdJudgement {
		asked = asked || q.Content == nil && slices.Equal(q.Gone, []string{beside})
		return sshdSays()
	})
	nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
	nodes.write("pve1", beside, "PermitTTY no\n")
	if _, err := (SshdPolicy{Name: "ops", Settings: map[string]string{"permit_root_login": "no"}, Matches: []SshdMatch{{Users: []string{"root"}, Settings: map[string]string{"permit_root_login": "yes"}}}}).Plan(t.Context(), nodes, targets("pve1")[0]); err != nil || !asked {
		t.Errorf("asked without the other policy: %v; %v", asked, err)
	}
}

// TestSshdClusterUnknown: where the addresses of the cluster are not known, the policy has to name its networks, and
// those are judged.
func TestSshdClusterUnknown(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(_ *node.SshdQuery, c node.SshdConnection, with bool) node.SshdJudgement {
		if with && c.Address == "10.9.0.1" {
			return sshdSays("permitrootlogin no")
		}
		return sshdSays()
	})
	nodes.write("pve1", localCorosync, "ring0_addr: a-name-that-nobody-knows\n")
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	var refused *SshdRefusedError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &refused) || !strings.Contains(err.Error(), "cluster_networks") {
		t.Errorf("got %v", err)
	}
	p.ClusterNetworks = []string{"10.9.0.0/16"}
	var lockout *SshdLockoutError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &lockout) || !strings.Contains(lockout.Who, "10.9.0.1") {
		t.Errorf("got %v", err)
	}
	// A removal is judged all the same.
	nodes.without = func(node.SshdConnection) node.SshdJudgement { return sshdSays("allowusers alice") }
	nodes.write("pve1", p.Path(), "MaxAuthTries 3\n")
	p.ClusterNetworks = nil
	if err := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent); !errors.As(err, &lockout) {
		t.Errorf("a removal: %v", err)
	}
}

// TestSshdLeavesANode: a node that a policy leaves is judged like one that it is removed from, and nothing is changed
// on any node where that locks out pvesec.
func TestSshdLeavesANode(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() })
		if closed {
			nodes.without = func(node.SshdConnection) node.SshdJudgement { return sshdSays("allowusers alice") }
		}
		nodes.files["pve2"] = map[string]node.FileState{}
		p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
		nodes.write("pve2", p.Path(), "MaxAuthTries 3\n")
		plan, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		err = p.Install(t.Context(), nodes, []*SshdPlan{plan}, targets("pve2"), nil, silent)
		var lockout *SshdLockoutError
		if errors.As(err, &lockout) != closed || (len(nodes.applied) == 0) != closed || closed && lockout.Node != "pve2" {
			t.Errorf("closed %v: got %v, %d changes", closed, err, len(nodes.applied))
		}
	}
}
