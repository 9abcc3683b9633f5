package hardening

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// AccountFinding is a way by which an account is or becomes more than an operator: by a group, or by how it gets in.
type AccountFinding struct {
	ID string
	// Severity is critical where the account is root by this, high where it reads or falsifies what protects the node,
	// and medium for what its author may not expect.
	Severity string
	About    string // the group, or the key
	Why, Fix string
}

// AccountProblem is something wrong with an account on a node that an apply does not mend.
type AccountProblem struct{ ID, Text string }

const (
	freeKeyID      = "PVESEC-A0101"
	shelllessKeyID = "PVESEC-A0102"
	openHomeID     = "PVESEC-A0201"
	otherWayID     = "PVESEC-A0202"
	unreadKeysID   = "PVESEC-A0203"
	untoldWaysID   = "PVESEC-A0204"
	sharedHomeID   = "PVESEC-A0205"
)

// Findings are the ways of an account as it is asked for, in the order of their ids.
func (a NodeAccount) Findings() []AccountFinding {
	var found []AccountFinding
	for _, group := range a.Groups {
		if known, ok := powerOf(group); ok {
			found = append(found, AccountFinding{
				ID: known.id, Severity: known.severity, About: "group " + group, Why: known.why,
				Fix: "Take the account out of the group, and give it the commands that it needs with pvesec_sudoers_policy, or privileges of Proxmox VE with pvesec_restricted_user.",
			})
		}
	}
	for _, key := range a.Keys {
		line := keyLine(keyFiles[0], 0, key.Line())
		switch {
		case line.restricted():
		case line.forced():
			found = append(found, AccountFinding{
				ID: freeKeyID, Severity: "medium", About: "key " + line.String(), Why: "the key has a forced command, but who has it forwards ports into the node's networks and an agent all the same (ssh -N -L)",
				Fix: "Set restrict = true beside command.",
			})
		case NoLogin(a.Shell):
			found = append(found, AccountFinding{
				ID: shelllessKeyID, Severity: "medium", About: "key " + line.String(), Why: "the account has no login shell, but sshd forwards ports for the key all the same (ssh -N -L)",
				Fix: "Set restrict = true.",
			})
		default:
			found = append(found, AccountFinding{
				ID: freeKeyID, Severity: "medium", About: "key " + line.String(), Why: "who has the key may run any command, forward ports into the node's networks, and forward an agent",
				Fix: "Set restrict = true, pty = true for a terminal, and from to where the key is used.",
			})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].ID+found[i].About < found[j].ID+found[j].About })
	return found
}

// Refused tells whether a finding stands against a plan unless somebody accepts it.
func (f AccountFinding) Refused() bool { return f.Severity != "medium" }

// AccountFindingIDs are the ids that can be accepted.
func AccountFindingIDs() []string {
	ids := []string{freeKeyID, shelllessKeyID, openHomeID, otherWayID, unreadKeysID, untoldWaysID, sharedHomeID}
	for _, group := range powerfulGroups {
		ids = append(ids, group.id)
	}
	sort.Strings(ids)
	return ids
}

// FoundOnNodes tells whether only a node shows what has an id.
func FoundOnNodes(id string) bool {
	return slices.Contains([]string{openHomeID, otherWayID, unreadKeysID, untoldWaysID, sharedHomeID}, id)
}

// CheckAccountFindingID says why a text is no id of a finding about an account, or returns nil.
func CheckAccountFindingID(id string) error {
	if !slices.Contains(AccountFindingIDs(), id) {
		return fmt.Errorf("%q is not a finding about an account; they are %s", id, strings.Join(AccountFindingIDs(), ", "))
	}
	return nil
}

// NoLogin tells whether a login shell lets nobody log in: nologin(8) and false(1) where Debian has them. Another file
// of that name is a program like any other.
func NoLogin(shell string) bool {
	return slices.Contains([]string{"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"}, shell)
}

// refusedID tells whether a finding of this id stands against a plan.
func refusedID(id string) bool {
	return id == systemGroup.id || slices.ContainsFunc(powerfulGroups, func(known powerfulGroup) bool { return known.id == id && known.severity != "medium" })
}

// problemsOf tells what is wrong with an account on a node, and which other ways sshd has for it. Where there is no
// sshd there are none.
func problemsOf(s *AccountState) []AccountProblem {
	var problems []AccountProblem
	add := func(id, format string, args ...any) {
		problems = append(problems, AccountProblem{id, fmt.Sprintf(format, args...)})
	}
	switch home := s.HomeState; {
	case s.HomeProblem != "":
		add(openHomeID, "the home %s cannot be looked at: %s", s.Home, s.HomeProblem)
	case !home.Exists:
	case home.UID != s.UID && home.UID != 0:
		add(openHomeID, "the home %s belongs to %s", s.Home, home.Owner)
	case home.Mode&0o022 != 0:
		add(openHomeID, "the home %s can be written by others (mode %s)", s.Home, formatMode(home.Mode))
	}
	if len(s.HomeOf) > 0 {
		add(sharedHomeID, "the home %s is, holds or lies in the home of %s", s.Home, strings.Join(s.HomeOf, ", "))
	}
	if s.Ways == nil {
		return problems
	}
	if s.Ways["authorizedkeysfile"] == "" {
		add(untoldWaysID, "sshd does not say which ways in it has: sshd -T fails on the node, or says nothing of AuthorizedKeysFile. Run it there to see why")
	}
	if why := s.Ways["untold"]; why != "" {
		add(untoldWaysID, "the ways in that sshd has cannot be told: %s, so that they depend on more than the user. Read sshd_config of the node", why)
	}
	for _, setting := range []string{"authorizedkeyscommand", "authorizedprincipalscommand", "authorizedprincipalsfile", "trustedusercakeys"} {
		if value := s.Ways[setting]; value != "" && value != "none" {
			add(otherWayID, "sshd has another way in for it: %s %s", sshdSettings[setting], value)
		}
	}
	own := false
	for _, file := range s.keyFiles() {
		switch file {
		case ".ssh/authorized_keys":
			own = true
		case ".ssh/authorized_keys2", "none":
		default:
			add(otherWayID, "sshd reads keys for it from another file too: AuthorizedKeysFile %s", file)
		}
	}
	if !own && s.Ways["authorizedkeysfile"] != "" {
		add(unreadKeysID, "sshd does not read .ssh/authorized_keys: AuthorizedKeysFile is %s", s.Ways["authorizedkeysfile"])
	}
	if s.Ways["pubkeyauthentication"] == "no" {
		add(unreadKeysID, "sshd takes no keys: PubkeyAuthentication is no")
	}
	return problems
}

var sshdSettings = map[string]string{
	"authorizedkeyscommand": "AuthorizedKeysCommand", "authorizedprincipalscommand": "AuthorizedPrincipalsCommand", "authorizedprincipalsfile": "AuthorizedPrincipalsFile",
	"trustedusercakeys": "TrustedUserCAKeys",
}
