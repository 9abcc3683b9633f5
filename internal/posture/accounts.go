package posture

import (
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
	// Groups are all groups, the primary one first; GIDs are their ids in the same order.
	Groups   []string
	GIDs     []int
	Password string
	// Keys are the public keys that log in as this account.
	Keys []AuthorizedKey
}

// LogsIn tells whether the shell of the account lets anybody work with it.
func (a *Account) LogsIn() bool {
	return !slices.Contains([]string{"nologin", "false", "sync"}, path.Base(a.Shell))
}

// linuxGroup is one line of group(5).
type linuxGroup struct {
	name    string
	gid     int
	members []string
}

// maxAccounts bounds what a directory service may bring.
const maxAccounts = 20000

// accounts reads passwd(5) and group(5), as getent(1) prints them, and the states of the passwords.
func (n *Node) accounts(s *node.Survey) {
	n.sources(s)
	n.groups = map[int]*linuxGroup{}
	byName := map[string][]*linuxGroup{}
	for line := range strings.Lines(n.text(s, node.SectionGroup, "the groups")) {
		fields := strings.Split(strings.TrimRight(line, "\n"), ":")
		gid, err := strconv.Atoi(field(fields, 2))
		if len(fields) != 4 || err != nil {
			n.unknown("a line of the groups", "it is not of group(5)")
			continue
		}
		g := &linuxGroup{name: fields[0], gid: gid}
		if fields[3] != "" {
			g.members = strings.Split(fields[3], ",")
		}
		if _, known := n.groups[gid]; !known {
			n.groups[gid] = g
		}
		for _, member := range g.members {
			byName[member] = append(byName[member], g)
		}
	}
	states := n.passwords(s)
	for line := range strings.Lines(n.text(s, node.SectionPasswd, "the accounts")) {
		fields := strings.Split(strings.TrimRight(line, "\n"), ":")
		uid, err1 := strconv.Atoi(field(fields, 2))
		gid, err2 := strconv.Atoi(field(fields, 3))
		if len(fields) != 7 || err1 != nil || err2 != nil {
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
		add := func(name string, id int) {
			if !slices.Contains(a.GIDs, id) {
				a.Groups, a.GIDs = append(a.Groups, name), append(a.GIDs, id)
			}
		}
		if primary := n.groups[gid]; primary != nil {
			add(primary.name, gid)
		} else {
			add(strconv.Itoa(gid), gid)
		}
		for _, g := range byName[a.Name] {
			add(g.name, g.gid)
		}
		n.Accounts = append(n.Accounts, a)
	}
	slices.SortFunc(n.Accounts, func(a, b *Account) int { return strings.Compare(a.Name, b.Name) })
}

// ownSources are the sources of accounts that are on the node itself, and list all that they have.
var ownSources = []string{"files", "compat", "systemd"}

// sources notes where accounts come from that the node does not list, nsswitch.conf(5): a directory service mostly tells an account only to those who know its name.
func (n *Node) sources(s *node.Survey) {
	for line := range strings.Lines(n.text(s, node.SectionSwitch, "where accounts come from")) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		for source := range strings.FieldsSeq(sources) {
			if !strings.HasPrefix(source, "[") && !slices.Contains(ownSources, source) {
				n.unknown("accounts and groups", strings.TrimSpace(database)+" also come from "+source+" (/etc/nsswitch.conf), which may not list all of them")
			}
		}
	}
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

// account finds an account by name, nil for none.
func (n *Node) account(name string) *Account {
	for _, a := range n.Accounts {
		if a.Name == name {
			return a
		}
	}
	return nil
}
