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
	// Severity is critical where the account is root by this, high where it reads or falsifies what protects the node, and medium for what its author may not expect.
	Severity string
	About    string // the group, or the key
	Why, Fix string
}

// AccountProblem is something wrong with an account on a node that an apply does not mend.
type AccountProblem struct{ ID, Text string }

// powerfulGroup is a group of Debian or Proxmox VE that gives more than its name says.
type powerfulGroup struct {
	id, severity string
	names        []string
	why          string
}

// powerfulGroups come from the documentation of Debian (SystemGroups in its wiki, /usr/share/doc/base-passwd/users-and-groups), of the programs that own the groups, and from the files of a node.
var powerfulGroups = []powerfulGroup{
	{"PVESEC-A0001", "critical", []string{"sudo", "admin", "wheel"}, "/etc/sudoers of Debian lets its members run every command as root"},
	{"PVESEC-A0002", "critical", []string{"disk"}, "its members read and write the disks themselves, past every permission of files"},
	{"PVESEC-A0003", "critical", []string{"shadow"}, "its members read the password hashes of all accounts"},
	{"PVESEC-A0004", "critical", []string{"docker", "podman"}, "its members start a container that has the node's own file system"},
	{"PVESEC-A0005", "critical", []string{"lxd", "incus-admin", "incus"}, "its members start a container that has the node's own file system"},
	{"PVESEC-A0006", "critical", []string{"libvirt", "libvirt-qemu", "kvm"}, "its members start a guest with any disk of the node, or control the guests' processes"},
	{"PVESEC-A0007", "critical", []string{"root"}, "many files and directories of the system can be written by the group of root"},
	{"PVESEC-A0008", "critical", []string{"staff"}, "its members write /usr/local, and root's command path begins there"},
	{"PVESEC-A0009", "critical", []string{"www-data"}, "on Proxmox VE its members read /etc/pve, with the keys and settings of guests and storages, and are what the web server is"},
	{"PVESEC-A0010", "high", []string{"adm"}, "its members read the logs under /var/log, with what users typed by mistake and tokens that programs printed"},
	{"PVESEC-A0011", "high", []string{"systemd-journal"}, "its members read the whole journal of the node, of root and of other users"},
	{"PVESEC-A0012", "high", []string{"utmp"}, "its members falsify the records of who was logged in"},
	{"PVESEC-A0013", "critical", []string{"kmem"}, "its members read the memory of the node"},
	{"PVESEC-A0014", "critical", []string{"ceph"}, "its members read the keys of the Ceph storage, and with them every disk in it"},
	{"PVESEC-A0015", "high", []string{"backup"}, "its members read backups, with copies of protected files"},
	{"PVESEC-A0016", "high", []string{"ssl-cert"}, "its members read the private keys of certificates"},
	{"PVESEC-A0017", "high", []string{"input", "tty"}, "its members read or write what is typed at the node's console"},
}

const (
	freeKeyID      = "PVESEC-A0101"
	shelllessKeyID = "PVESEC-A0102"
	openHomeID     = "PVESEC-A0201"
	otherWayID     = "PVESEC-A0202"
	unreadKeysID   = "PVESEC-A0203"
)

// Findings are the ways of an account as it is asked for, in the order of their ids.
func (a NodeAccount) Findings() []AccountFinding {
	var found []AccountFinding
	for _, group := range a.Groups {
		for _, known := range powerfulGroups {
			if slices.Contains(known.names, group) {
				found = append(found, AccountFinding{
					ID: known.id, Severity: known.severity, About: "group " + group, Why: known.why,
					Fix: "Take the account out of the group, and give it the commands that it needs with pvesec_sudoers_policy, or privileges of Proxmox VE with pvesec_restricted_user.",
				})
			}
		}
	}
	for _, key := range a.Keys {
		line := keyLine(keyFiles[0], 0, key.Line())
		switch {
		case line.restricted():
		case noLogin(a.Shell):
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
	ids := []string{freeKeyID, shelllessKeyID, openHomeID, otherWayID, unreadKeysID}
	for _, group := range powerfulGroups {
		ids = append(ids, group.id)
	}
	sort.Strings(ids)
	return ids
}

// CheckAccountFindingID says why a text is no id of a finding about an account, or returns nil.
func CheckAccountFindingID(id string) error {
	if !slices.Contains(AccountFindingIDs(), id) {
		return fmt.Errorf("%q is not a finding about an account; they are %s", id, strings.Join(AccountFindingIDs(), ", "))
	}
	return nil
}

func noLogin(shell string) bool {
	return strings.HasSuffix(shell, "/nologin") || strings.HasSuffix(shell, "/false")
}

// problemsOf tells what is wrong with an account on a node, and which other ways sshd has for it.
func problemsOf(s *AccountState) []AccountProblem {
	var problems []AccountProblem
	add := func(id, format string, args ...any) {
		problems = append(problems, AccountProblem{id, fmt.Sprintf(format, args...)})
	}
	switch home := s.HomeState; {
	case !home.Exists:
	case home.UID != s.UID && home.UID != 0:
		add(openHomeID, "the home %s belongs to %s", s.Home, home.Owner)
	case home.Mode&0o022 != 0:
		add(openHomeID, "the home %s can be written by others (mode %s)", s.Home, formatMode(home.Mode))
	}
	if s.Ways == nil {
		return problems
	}
	for _, setting := range []string{"authorizedkeyscommand", "authorizedprincipalscommand", "authorizedprincipalsfile", "trustedusercakeys"} {
		if value := s.Ways[setting]; value != "" && value != "none" {
			add(otherWayID, "sshd has another way in for it: %s %s", sshdSettings[setting], value)
		}
	}
	own := false
	for _, file := range strings.Fields(s.Ways["authorizedkeysfile"]) {
		file = strings.NewReplacer("%h", s.Home, "%u", s.Name, "%U", fmt.Sprint(s.UID), "%%", "%").Replace(file)
		file = strings.TrimPrefix(file, s.Home+"/")
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
