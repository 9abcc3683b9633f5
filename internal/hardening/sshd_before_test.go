package hardening

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// loginsThatWork are settings by which pvesec comes in, although they look as if it could not: they say more than
// pvesec knows.
var loginsThatWork = map[string]string{
	"a name of the place":     "allowusers root@admin.example.org",
	"a name not of the place": "allowusers alice|root@!*.example.net,*.example.org",
	"a command of the key":    "permitrootlogin forced-commands-only",
	"another way to prove it": "authenticationmethods hostbased",
}

// TestSshdOwnLoginInDoubt: pvesec came in by what sshd has read, so that a judgement that says otherwise of the same
// setting errs. Neither a change nor a removal stops there, and both do where sshd has not read it.
func TestSshdOwnLoginInDoubt(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	for name, setting := range loginsThatWork {
		for _, unread := range []bool{false, true} {
			nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays(setting) })
			nodes.unread = unread
			nodes.write("pve1", p.Path(), "MaxAuthTries 3\n")
			_, planned := p.Plan(t.Context(), nodes, targets("pve1")[0])
			left := p.Leaves(t.Context(), nodes, targets("pve1")[0])
			removed := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent)
			if (planned != nil) != unread || (left != nil) != unread || (removed != nil) != unread {
				t.Errorf("%s, unread %v: the plan says %v, the plan of a removal %v, the removal %v", name, unread, planned, left, removed)
			}
		}
	}
}

// TestSshdOwnLoginIsClosed: doubt about what is there does not excuse a policy that closes more.
func TestSshdOwnLoginIsClosed(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	for name, c := range map[string]struct {
		before, after []string
		refused       bool
	}{
		"others may come in too":        {[]string{"allowusers root@admin.example.org"}, []string{"allowusers bob|root@admin.example.org"}, false},
		"others may not any more":       {[]string{"allowusers bob|root@admin.example.org"}, []string{"allowusers root@admin.example.org"}, false},
		"root from there may not":       {[]string{"allowusers root@admin.example.org"}, []string{"allowusers bob"}, true},
		"root from one of two places":   {[]string{"allowusers root@a.example.org|root@b.example.org"}, []string{"allowusers root@a.example.org"}, true},
		"another group":                 {[]string{"allowgroups ldap-admins"}, []string{"allowgroups ldap-admins|staff2"}, false},
		"not the group":                 {[]string{"allowgroups ldap-admins"}, []string{"allowgroups staff2"}, true},
		"one who may not, and others":   {[]string{"denyusers root@192.0.2.1/24"}, []string{"denyusers bob|root@192.0.2.1/24"}, false},
		"one who may not, and everyone": {[]string{"denyusers root@192.0.2.1/24"}, []string{"denyusers root|root@192.0.2.1/24"}, true},
		"no root at all":                {[]string{"permitrootlogin forced-commands-only"}, []string{"permitrootlogin no"}, true},
		"the same, and no keys":         {[]string{"allowusers root@admin.example.org"}, []string{"allowusers root@admin.example.org", "pubkeyauthentication no"}, true},
	} {
		nodes := newSshdNodes(func(_ *node.SshdQuery, _ node.SshdConnection, with bool) node.SshdJudgement {
			if with {
				return sshdSays(c.after...)
			}
			return sshdSays(c.before...)
		})
		_, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		var lockout *SshdLockoutError
		if errors.As(err, &lockout) != c.refused || (err != nil) != c.refused || c.refused && !lockout.Own {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSshdRemovalThatCloses: a removal that takes away by what pvesec came in is refused.
func TestSshdRemovalThatCloses(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"allow_users": "root"}}
	nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement {
		return sshdSays("allowusers root|alice")
	})
	nodes.without = func(node.SshdConnection) node.SshdJudgement { return sshdSays("allowusers alice") }
	nodes.write("pve1", p.Path(), "AllowUsers root\n")
	if err := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent); err == nil || len(nodes.applied) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestSshdClusterWasClosed: what other files close for root of other nodes stays closed, and is not the policy's doing,
// also where the policy says more of the same setting. A removal does not warn of it.
func TestSshdClusterWasClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings            map[string]string
		before, after       string
		refused, leftBehind bool
	}{
		"other users":          {map[string]string{"allow_users": "alice bob root@192.0.2.*"}, "allowusers root@192.0.2.*", "allowusers alice|bob|root@192.0.2.*|root@192.0.2.*", false, false},
		"other groups":         {map[string]string{"allow_groups": "staff"}, "allowgroups ldap-admins", "allowgroups staff2|ldap-admins", false, false},
		"local forwarding":     {map[string]string{"allow_tcp_forwarding": "no"}, "allowtcpforwarding local", "allowtcpforwarding no", false, false},
		"root with commands":   {map[string]string{"permit_root_login": "no"}, "permitrootlogin forced-commands-only", "permitrootlogin no", false, false},
		"another command":      {map[string]string{"force_command": "/bin/true"}, "forcecommand /bin/false", "forcecommand /bin/true", false, false},
		"another thing closed": {map[string]string{"allow_tcp_forwarding": "no"}, "permittty no", "allowtcpforwarding no", true, true},
	} {
		nodes := newSshdNodes(func(_ *node.SshdQuery, conn node.SshdConnection, with bool) node.SshdJudgement {
			switch {
			case conn.Address != "10.0.0.2":
				return sshdSays()
			case with:
				return sshdSays(c.after)
			}
			return sshdSays(c.before)
		})
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
		p := SshdPolicy{Name: "ops", Settings: c.settings}
		_, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
		var lockout *SshdLockoutError
		if errors.As(err, &lockout) != c.refused || (err != nil) != c.refused || c.refused && !strings.HasPrefix(lockout.Who, "the other nodes") {
			t.Errorf("%s: got %v", name, err)
		}
		// The removal: what is there now is what the policy left, and what remains is what was before.
		answer := nodes.answer
		nodes.answer = func(q *node.SshdQuery, conn node.SshdConnection, _ bool) node.SshdJudgement {
			return answer(q, conn, true)
		}
		nodes.without = func(conn node.SshdConnection) node.SshdJudgement { return answer(nil, conn, false) }
		nodes.write("pve1", p.Path(), "x\n")
		if e := p.Leaves(t.Context(), nodes, targets("pve1")[0]); (e != nil) != c.leftBehind {
			t.Errorf("%s: the removal says %v", name, e)
		}
	}
}

// TestNodesSpeak: nodes speak what every release of PVE offers, as far as this one has it. One that does not tell what
// it has is taken to have that.
func TestNodesSpeak(t *testing.T) {
	t.Parallel()
	for name, has := range map[string]map[string][]string{"told": {"kex": {"curve25519-sha256", "mlkem768x25519-sha256", "sntrup761x25519-sha512"}, "cipher": {"aes256-gcm@openssh.com", "aes128-cbc"}, "mac": {"hmac-sha1", "hmac-md5"}}, "silent": nil} {
		speak := (&sshdLook{algorithms: has}).nodesSpeak()
		for query, c := range map[string]struct{ yes, no string }{
			"kex": {"curve25519-sha256", "mlkem768x25519-sha256 sntrup761x25519-sha512 diffie-hellman-group14-sha1 diffie-hellman-group1-sha1"}, "cipher": {"aes256-gcm@openssh.com", "aes128-cbc 3des-cbc"}, "mac": {"hmac-sha1", "hmac-md5"},
			"HostKeyAlgorithms": {"rsa-sha2-512", "ssh-ed25519 ssh-rsa"},
		} {
			if !slices.Contains(speak[query], c.yes) || slices.ContainsFunc(strings.Fields(c.no), func(one string) bool { return slices.Contains(speak[query], one) }) {
				t.Errorf("%s: %s are %q", name, query, speak[query])
			}
		}
		if len(has) > 0 && (len(speak["kex"]) != 1 || len(speak["cipher"]) != 1 || len(speak["mac"]) != 1) {
			t.Errorf("it speaks what this node does not have: %q", speak)
		}
	}
}
