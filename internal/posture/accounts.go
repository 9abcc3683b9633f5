package posture

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// The states of a password, passwd(1) -S.
const (
	PasswordSet     = "set"
	PasswordLocked  = "locked"
	PasswordEmpty   = "empty"
	PasswordUnknown = "unknown"
)

// Account is one Linux account of a node.
type Account struct {
	Name        string
	UID, GID    int
	Home, Shell string
	// Groups are all groups, the primary one first; GIDs are their ids in the same order. A group that has several
	// names is here once, under the first.
	Groups   []string
	GIDs     []int
	Password string
	// Keys are the public keys that log in as this account.
	Keys []AuthorizedKey

	keyFiles, homePaths []string // see [Node.keyFilesOf] and [Node.homePathsOf]
}

// LogsIn tells whether the shell of the account lets anybody work with it.
func (a *Account) LogsIn() bool {
	return !slices.Contains([]string{"nologin", "false", "sync"}, path.Base(a.Shell))
}

// linuxGroup is a group id with all lines of group(5) that have it: the kernel knows ids only, so that a second name
// for one is the same group.
type linuxGroup struct {
	name  string // the first
	names []string
	gid   int
}

// maxAccounts bounds what a directory service may bring.
const maxAccounts = 20000

// accounts reads passwd(5) and group(5), as getent(1) prints them, and the states of the passwords.
func (n *Node) accounts(s *node.Survey) {
	n.sources(s)
	n.groups, n.byName, n.byUID = map[int]*linuxGroup{}, map[string]*Account{}, map[int]*Account{}
	gids := map[string][]int{} // by member
	for line := range strings.Lines(n.text(s, node.SectionGroup, "the groups")) {
		fields := strings.Split(strings.TrimRight(line, "\n"), ":")
		gid, err := strconv.Atoi(field(fields, 2))
		if len(fields) != 4 || err != nil || gid < 0 {
			n.unknown("a line of the groups", "it is not of group(5)")
			continue
		}
		if n.groups[gid] == nil {
			n.groups[gid] = &linuxGroup{name: fields[0], gid: gid}
		}
		n.groups[gid].names = append(n.groups[gid].names, fields[0])
		for member := range strings.SplitSeq(fields[3], ",") {
			if member != "" {
				gids[member] = append(gids[member], gid)
			}
		}
	}
	states := n.passwords(s)
	for line := range strings.Lines(n.text(s, node.SectionPasswd, "the accounts")) {
		fields := strings.Split(strings.TrimRight(line, "\n"), ":")
		uid, err1 := strconv.Atoi(field(fields, 2))
		gid, err2 := strconv.Atoi(field(fields, 3))
		if len(fields) != 7 || err1 != nil || err2 != nil || uid < 0 || gid < 0 {
			n.unknown("a line of the accounts", "it is not of passwd(5)")
			continue
		}
		if len(n.Accounts) == maxAccounts {
			n.unknown("the accounts", "there are more than "+strconv.Itoa(maxAccounts)+"; the others are left out")
			break
		}
		a := &Account{Name: fields[0], UID: uid, GID: gid, Home: fields[5], Shell: fields[6], Password: PasswordUnknown}
		if state, told := states[a.Name]; told {
			a.Password = state
		}
		for _, id := range append([]int{gid}, gids[a.Name]...) {
			if n.groups[id] == nil {
				n.groups[id] = &linuxGroup{name: "#" + strconv.Itoa(id), gid: id}
			}
			if !slices.Contains(a.GIDs, id) {
				a.Groups, a.GIDs = append(a.Groups, n.groups[id].name), append(a.GIDs, id)
			}
		}
		if first := n.account(a.Name); first != nil {
			if first.UID == a.UID { // two sources list it
				for i, id := range a.GIDs {
					if !slices.Contains(first.GIDs, id) {
						first.Groups, first.GIDs = append(first.Groups, a.Groups[i]), append(first.GIDs, id)
					}
				}
				continue
			}
			n.unknown("account "+a.Name, fmt.Sprintf("it is there more than once, with the user ids %d and %d: who it is depends on who asks", first.UID, a.UID))
		}
		n.Accounts = append(n.Accounts, a)
		if n.byName[a.Name] == nil {
			n.byName[a.Name] = a
		}
		if n.byUID[a.UID] == nil {
			n.byUID[a.UID] = a
		}
	}
	slices.SortStableFunc(n.Accounts, func(a, b *Account) int { return strings.Compare(a.Name, b.Name) })
}

// ownSources are the sources of accounts that are on the node itself, and list all that they have.
var ownSources = []string{"files", "compat", "systemd"}

// sources notes where accounts come from that the node does not list, nsswitch.conf(5): a directory service mostly
// tells an account only to those who know its name.
func (n *Node) sources(s *node.Survey) {
	for line := range strings.Lines(n.text(s, node.SectionSwitch, "where accounts come from")) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		database = strings.TrimSpace(database)
		for source := range strings.FieldsSeq(strings.NewReplacer("[", " [", "]", "] ").Replace(sources)) {
			switch {
			case strings.HasPrefix(source, "["), strings.HasSuffix(source, "]"):
			case database == "sudoers" && source != "files":
				n.unknown("sudo", "grants also come from "+source+" (sudoers: in /etc/nsswitch.conf), which pvesec does not read")
			case database != "sudoers" && !slices.Contains(ownSources, source):
				n.unknown("accounts and groups", database+" also come from "+source+" (/etc/nsswitch.conf), which may not list all of them")
			}
		}
	}
	for line := range strings.Lines(n.text(s, node.SectionPlugins, "the plugins of sudo")) {
		words := strings.Fields(line)
		if own := len(words) == 3 && strings.HasPrefix(words[1], "sudoers_") && path.Base(words[2]) == "sudoers.so"; !own {
			n.unknown("sudo", "/etc/sudo.conf names a plugin, which decides in place of the sudoers files: "+strings.TrimSpace(line))
		}
	}
}

// names are all names of the groups of an account: sudo takes every name of an id.
func (n *Node) names(a *Account) []string {
	var names []string
	for _, gid := range a.GIDs {
		names = append(names, n.groups[gid].names...)
	}
	return names
}

// groupNamed finds a group by one of its names, or by #gid; nil for none.
func (n *Node) groupNamed(name string) *linuxGroup {
	if id, is := strings.CutPrefix(name, "#"); is {
		if gid, err := strconv.Atoi(id); err == nil {
			return n.groups[gid]
		}
	}
	for _, gid := range slices.Sorted(maps.Keys(n.groups)) {
		if slices.Contains(n.groups[gid].names, name) {
			return n.groups[gid]
		}
	}
	return nil
}

func field(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

// passwords reads what passwd -S -a tells: a name and a letter in each line.
func (n *Node) passwords(s *node.Survey) map[string]string {
	states := map[string]string{}
	for line := range strings.Lines(n.text(s, node.SectionPasswords, "the states of passwords")) {
		words := strings.Fields(line)
		switch field(words, 1) {
		case "P", "PS":
			states[words[0]] = PasswordSet
		case "L", "LK":
			states[words[0]] = PasswordLocked
		case "NP":
			states[words[0]] = PasswordEmpty
		}
	}
	return states
}

// account finds an account by name, nil for none. Of several with one name it is the first, as for getpwnam(3).
func (n *Node) account(name string) *Account { return n.byName[name] }
