package hardening

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// plainAccount is a name that a node can be asked about.
var plainAccount = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$`)

// mostAsked bounds how many accounts that are in no file of a node its name service is asked about.
const mostAsked = 64

// anybody is a user whom no file names. It stands for all others, of whom only rules about ALL are.
const anybody = "anybody else"

// everyone lists whom the files are about: each account of the node and each named user with its groups, each named
// group, and one for all others. Those whom the same rules are about are one. Where groups come from a directory,
// nobody knows all members: then each named user in each named group, and somebody in two of them, are among them too.
func (s *sorting) everyone(ctx context.Context, nodes Nodes) ([]policy.Subject, error) {
	names := namesIn(s.before.tree.Entries)
	local := localSubjects(s.t.seen)
	known := map[string]bool{}
	for _, subject := range local {
		known[subject.Name] = true
	}
	all := append(local, policy.Subject{Name: anybody})
	var ask, groups []string
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "%"):
			groups = append(groups, name)
			all = append(all, policy.Subject{Name: name})
		case strings.HasPrefix(name, "+"):
			all = append(all, policy.Subject{Name: "somebody in " + name, Netgroups: []string{name[1:]}})
		case known[name]:
		case plainAccount.MatchString(name) && len(ask) < mostAsked:
			ask = append(ask, name)
		default:
			all = append(all, policy.Subject{Name: name})
		}
	}
	if len(ask) > 0 {
		seen, err := nodes.Observe(ctx, s.target, node.Query{Accounts: ask})
		if err != nil {
			return nil, err
		}
		for _, name := range ask {
			account := seen.Accounts[name]
			all = append(all, subjectOf(name, account))
			s.known[name] = s.known[name] || account.Exists
		}
	}
	if sources, _ := linesOf(s.t.seen, switchFile); asksOthers(sources) {
		for _, subject := range all {
			for _, group := range groups {
				if _, named := slices.BinarySearch(names, subject.Name); named && !subject.IsGroup() && s.within(ctx, 1) {
					all = append(all, policy.Subject{Name: subject.Name, UID: subject.UID, Groups: append(slices.Clone(subject.Groups), group[1:]), GIDs: subject.GIDs})
				}
			}
		}
		for i, one := range groups {
			for _, other := range groups[:i] {
				if !s.within(ctx, 1) {
					break
				}
				all = append(all, policy.Subject{Name: fmt.Sprintf("somebody in %s and %s", one, other), Groups: []string{one[1:], other[1:]}})
			}
		}
	}
	return s.apart(ctx, all), nil
}

// apart leaves one of those whom the same rules are about. Options about users tell them apart too. It leaves nobody
// where they are too many, see [sorting.within].
func (s *sorting) apart(ctx context.Context, all []policy.Subject) []policy.Subject {
	byUser := slices.ContainsFunc(s.before.tree.Entries, func(entry sudoers.Entry) bool {
		options, is := entry.(*sudoers.Defaults)
		return is && options.Scope == sudoers.ScopeUser
	})
	told := map[string]bool{}
	return slices.DeleteFunc(all, func(subject policy.Subject) bool {
		if subject.UID != nil && *subject.UID == 0 || !s.within(ctx, 0) {
			return true
		}
		var key strings.Builder
		if byUser {
			key.WriteString(subject.Name)
		}
		grants := s.grants(s.before, subject)
		for _, grant := range grants {
			fmt.Fprintf(&key, "\x00%s:%d:%d", grant.Pos.File, grant.Pos.Line, grant.Pos.Col)
		}
		same := told[key.String()]
		told[key.String()] = true
		return same || len(grants) == 0
	})
}

// namesIn are the users and groups that entries name, sorted.
func namesIn(entries []sudoers.Entry) []string {
	names := map[string]bool{}
	members := func(list []sudoers.Member) {
		for _, m := range list {
			switch m.Kind {
			case sudoers.MemberWord, sudoers.MemberGroup, sudoers.MemberNetgroup, sudoers.MemberAlias: // an alias that nobody defines is a name
				names[m.Name] = true
			}
		}
	}
	for _, entry := range entries {
		switch entry := entry.(type) {
		case *sudoers.UserSpec:
			members(entry.Users)
		case *sudoers.Defaults:
			if entry.Scope == sudoers.ScopeUser {
				members(entry.Members)
			}
		case *sudoers.AliasDef:
			if entry.Kind == sudoers.UserAlias {
				for _, alias := range entry.Aliases {
					members(alias.Members)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// localSubjects are the accounts in the node's own files, with their groups.
func localSubjects(seen *node.Observation) []policy.Subject {
	accounts, _ := linesOf(seen, passwdFile)
	groups, _ := linesOf(seen, groupFile)
	type group struct {
		name string
		gid  int
	}
	in, byGID := map[string][]group{}, map[int]string{}
	for _, line := range groups {
		fields := strings.Split(line, ":")
		if len(fields) < 4 {
			continue
		}
		gid, err := strconv.Atoi(fields[2])
		if err != nil {
			continue
		}
		byGID[gid] = fields[0]
		for member := range strings.SplitSeq(fields[3], ",") {
			in[strings.TrimSpace(member)] = append(in[strings.TrimSpace(member)], group{fields[0], gid})
		}
	}
	var subjects []policy.Subject
	for _, line := range accounts {
		fields := strings.Split(line, ":")
		if len(fields) < 4 || fields[0] == "" {
			continue
		}
		uid, bad := strconv.Atoi(fields[2])
		gid, worse := strconv.Atoi(fields[3])
		if bad != nil || worse != nil {
			continue
		}
		subject := policy.Subject{Name: fields[0], UID: &uid, Groups: []string{byGID[gid]}, GIDs: []int{gid}}
		for _, of := range in[fields[0]] {
			subject.Groups, subject.GIDs = append(subject.Groups, of.name), append(subject.GIDs, of.gid)
		}
		subjects = append(subjects, subject)
	}
	return subjects
}
