package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

// TestGrantsNothing: a misspelt alias and a pattern that matches nothing are told as such, at their place, and not as
// commands of another account.
func TestGrantsNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ id, why string }{
		"Cmnd_Alias WEB = /usr/bin/uptime\nagent ALL=(root) NOPASSWD: WEBB":         {"PVESEC-E0010", "Cmnd_Alias WEBB is defined nowhere in this policy"},
		"Cmnd_Alias WEB = /usr/bin/uptime\nagent ALL=(root) NOPASSWD: WEB, WEBB":    {"PVESEC-E0010", "Cmnd_Alias WEBB is defined nowhere in this policy"},
		"# a rule\nagent ALL=(root) NOPASSWD: ^systemctl$ ^status .*$":              {"PVESEC-E0017", "passes over it"},
		"# a rule\nagent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9{3}$":        {"PVESEC-E0017", "passes over it"},
		"# a rule\nagent ALL=(root) NOPASSWD: /usr/bin/id -u, !/usr/bin/id -u":      {},
		"# a rule\nagent ALL=(root) NOPASSWD: /usr/bin/id -u, /usr/bin/id -u":       {},
		"# a rule\nagent ALL=(+admins) NOPASSWD: /usr/sbin/qm ^start 2[0-9{3}$":     {"PVESEC-E0011", "System accounts"},
		"# a rule\nagent ALL=(root, www-data) NOPASSWD: /usr/sbin/qm ^start 2[0-9$": {"PVESEC-E0011", "System accounts"},
	} {
		a := analyseFor(t, text, "agent", "ops")
		switch {
		case want.id == "" && len(a.Findings) > 0:
			t.Errorf("%s: %s", text, a.Findings[0].ID)
		case want.id != "" && (len(a.Findings) != 1 || a.Findings[0].ID != want.id || !strings.Contains(a.Findings[0].Why, want.why) || a.Findings[0].Pos.Line != 2):
			t.Errorf("%s: %+v", text, a.Findings)
		}
	}
}

// TestChosenAccountHasAnExample: where the list leaves the account to the caller, the example names one that it lets
// him take.
func TestChosenAccountHasAnExample(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"agent ALL=(ALL, !root) NOPASSWD: /usr/bin/id":            "sudo -u www-data /usr/bin/id",
		"agent ALL=(ALL, !root, !www-data) NOPASSWD: /usr/bin/id": "sudo -u daemon /usr/bin/id",
	} {
		a := analyseFor(t, text, "agent")
		if len(a.Findings) != 1 || a.Findings[0].ID != "PVESEC-E0011" || a.Findings[0].Example != want {
			t.Errorf("%s: %+v", text, a.Findings)
		}
	}
}

// TestPasswordOfAnAccountIsTold: whether an account is an administrator's is known by name only. Of any other one a new
// password is no way to root, and still an effect on accounts that a reviewer reads.
func TestPasswordOfAnAccountIsTold(t *testing.T) {
	t.Parallel()
	for line, root := range map[string]bool{"passwd root": true, "passwd admin": true, "passwd www-data": true, "passwd alice": false, "passwd -u alice": false, "passwd -q alice": false} {
		a := analyse(t, "op ALL=(root) /usr/bin/"+line)
		told := slices.ContainsFunc(a.Disruptive, func(f CommandFinding) bool { return f.Effect == program.ChangesAccounts })
		if a.Root() != root || !root && !told {
			t.Errorf("%s: root %t, disruptive %+v", line, a.Root(), a.Disruptive)
		}
	}
}

// TestExampleOfAnotherAccount: a finding about another account shows the command as that account or group, and one that
// convinces.
func TestExampleOfAnotherAccount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"agent ALL=(www-data) NOPASSWD: /usr/bin/bash":           "sudo -u www-data /usr/bin/bash -i",
		"agent ALL=(ceph) NOPASSWD: /usr/bin/bash \"\"":          "sudo -u ceph /usr/bin/bash",
		"agent ALL=(alice:disk) NOPASSWD: /usr/bin/cat /dev/sda": "sudo -u alice -g disk /usr/bin/cat /dev/sda",
		"agent ALL=(:shadow) NOPASSWD: /usr/bin/cat /etc/shadow": "sudo -u agent -g shadow /usr/bin/cat /etc/shadow",
	} {
		a := analyseFor(t, text, "agent")
		if len(a.Findings) != 1 || a.Findings[0].ID != "PVESEC-E0011" || a.Findings[0].Example != want {
			t.Errorf("%s: %+v", text, a.Findings)
		}
	}
}
