package hardening

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// NodeAccount is the Linux account behind an operator or an agent, on nodes: who it is, how it gets in, and which
// groups it has.
type NodeAccount struct {
	Name string
	// UID is 0 where the node chooses.
	UID                  int64
	Comment, Home, Shell string
	// Groups are those beside its own, which has its name and is its primary one. With OnlyGroups it is in no other.
	Groups     []string
	OnlyGroups bool
	// Expires is a date, "2027-01-31", or "".
	Expires string
	// SetsPassword tells that there is a password; without, it is locked. Hash is what to set, "" to leave the one that
	// a node has.
	SetsPassword bool
	Hash         string
	// Keys are those of ~/.ssh/authorized_keys. With OnlyKeys there is no other.
	Keys     []AuthorizedKey
	OnlyKeys bool
}

// AccountState is what one node holds of an account.
type AccountState struct {
	Present bool
	node.LocalAccount
	// HomeOf are other accounts to whom the home belongs as well.
	HomeOf []string
	// Keys are the lines of the key files, in their order.
	Keys []KeyLine
	// Problems are what an apply does not mend.
	Problems []AccountProblem

	Unfinished, Leftover bool
}

// PlannedAccount is what a plan saw of an account on a node, and which parts of the resource it no longer wants.
type PlannedAccount struct {
	// Seen is nil where no account is recorded. Adopt takes over one that is there in spite of that.
	Seen  *AccountState
	Adopt bool
	// Accepted are the ids of findings that somebody accepts.
	Accepted []string
	// UID is the user id that the plan shows, 0 where the node chooses.
	UID int64
	// SetPassword sets the hash; otherwise a password that is set stays.
	SetPassword bool
	// DropGroups and DropKeys are what the resource gave and no longer gives; without OnlyGroups and OnlyKeys nothing
	// else is taken away. Keys are told by their fingerprints.
	DropGroups, DropKeys []string
}

// AccountDate is how a date of an account is written.
const AccountDate = "2006-01-02"

// dayOf counts the days since 1970-01-01, as shadow(5) does; -1 for no date.
func dayOf(date string) (int, error) {
	if date == "" {
		return -1, nil
	}
	at, err := time.Parse(AccountDate, date)
	if err != nil || at.Unix() < 86400 {
		return 0, fmt.Errorf("%q is not a date such as 2027-01-31", date) // day 0 may be "never" or 1970-01-01, shadow(5)
	}
	return int(at.Unix() / 86400), nil
}

// CheckAccountDate says why a text is no date on which an account can expire, or returns nil.
func CheckAccountDate(date string) error {
	if _, err := dayOf(date); err != nil || date == "" {
		return fmt.Errorf("%q is not a date such as 2027-01-31", date)
	}
	return nil
}

// ExpiryDate is the date on which an account can no longer be used, "" for none.
func (s *AccountState) ExpiryDate() string {
	if s.Expires < 0 {
		return ""
	}
	return time.Unix(int64(s.Expires)*86400, 0).UTC().Format(AccountDate)
}

// Observe reads the account on a node. The accounts of a node are read once for all who ask.
func (a NodeAccount) Observe(ctx context.Context, nodes Nodes, target node.Target) (*AccountState, error) {
	state, _, err := a.look(ctx, nodes, target, node.Query{LocalAccounts: true})
	return state, err
}

// ObserveNow reads the account anew.
func (a NodeAccount) ObserveNow(ctx context.Context, nodes Nodes, target node.Target) (*AccountState, error) {
	state, _, err := a.lookAround(ctx, nodes, target)
	return state, err
}

// look reads the account, and tells to which other accounts the home that is asked for belongs.
func (a NodeAccount) look(ctx context.Context, nodes Nodes, target node.Target, query node.Query) (now *AccountState, others []string, err error) {
	seen, err := nodes.Observe(ctx, target, query)
	if err != nil {
		return nil, nil, err
	}
	state := &AccountState{Unfinished: seen.Unfinished, Leftover: seen.Leftover}
	state.LocalAccount, state.Present = seen.LocalAccounts[a.Name]
	if state.Problem != "" {
		return nil, nil, &node.AccountError{Node: target.Name, Account: a.Name, Output: "cannot be told: " + state.Problem}
	}
	if state.Present {
		for _, name := range keyFiles {
			state.Keys = append(state.Keys, keyLines(name, state.LocalAccount.Keys[name])...)
		}
		state.HomeOf = homeOf(a.Name, state.Home, seen.LocalAccounts)
		state.Problems = append(a.groupProblems(state), problemsOf(state)...)
	}
	return state, homeOf(a.Name, a.Home, seen.LocalAccounts), nil
}

// Leaving is a node that an account is taken off, with the user id that is recorded there, 0 where none is.
type Leaving struct {
	Target node.Target
	UID    int
}

// Install brings the account onto nodes, and takes it off those that it leaves. planned tells what the plan saw on
// each; an account that changed since is refused. It returns the nodes that it leaves and on which the account is
// another one by now, as [NodeAccount.Remove] does.
func (a NodeAccount) Install(ctx context.Context, nodes Nodes, targets []node.Target, leave []Leaving, planned map[string]PlannedAccount, removal Removal, progress func(node, step string)) (others []string, err error) {
	var changes []node.Change
	for _, target := range targets {
		change, err := a.changeOn(ctx, nodes, target, planned[target.Name], removal)
		if err != nil {
			return nil, err
		}
		changes = append(changes, node.Change{Target: target, Label: a.label(), Accounts: []node.AccountChange{change}})
	}
	if err := guardSecrets(ctx, nodes, changes); err != nil {
		return nil, err
	}
	removals, others, err := a.removals(ctx, nodes, leave, removal)
	if err != nil {
		return nil, err
	}
	return others, nodes.Apply(ctx, append(changes, removals...), progress)
}

// Removal says what else goes with an account: its home, and what its user runs, which with Sessions ends before a
// change of the account too.
type Removal struct{ Home, Sessions bool }

// Remove takes the account off nodes. An account of the name that has another user id than the recorded one is not the
// one that was made: it stays, and others are the nodes that have it. It does not keep the account on the other nodes.
func (a NodeAccount) Remove(ctx context.Context, nodes Nodes, leave []Leaving, removal Removal, progress func(node, step string)) (others []string, err error) {
	changes, others, err := a.removals(ctx, nodes, leave, removal)
	if err != nil || len(changes) == 0 {
		return others, err
	}
	return others, nodes.Apply(ctx, changes, progress)
}

func (a NodeAccount) removals(ctx context.Context, nodes Nodes, leave []Leaving, removal Removal) (changes []node.Change, others []string, err error) {
	for _, left := range leave {
		now, err := a.ObserveNow(ctx, nodes, left.Target)
		if err != nil {
			return nil, nil, err
		}
		if now.Present && left.UID != 0 && now.UID != left.UID {
			others = append(others, left.Target.Name)
			continue
		}
		changes = append(changes, node.Change{
			Target: left.Target, Label: a.label(),
			Accounts: []node.AccountChange{{Name: a.Name, Absent: true, ExpectUID: left.UID, RemoveHome: removal.Home, EndSessions: removal.Sessions}},
		})
	}
	return changes, others, nil
}

func (a NodeAccount) label() string { return fmt.Sprintf("account %q", a.Name) }

// changeOn is the change of one node, which is asked first: what is there decides.
func (a NodeAccount) changeOn(ctx context.Context, nodes Nodes, target node.Target, planned PlannedAccount, removal Removal) (node.AccountChange, error) {
	refused := func(format string, args ...any) (node.AccountChange, error) {
		return node.AccountChange{}, &node.AccountError{Node: target.Name, Account: a.Name, Output: fmt.Sprintf(format, args...)}
	}
	day, err := dayOf(a.Expires)
	if err != nil {
		return node.AccountChange{}, err
	}
	keys, err := renderKeys(a.Keys)
	if err != nil {
		return node.AccountChange{}, err
	}
	change := node.AccountChange{
		Name: a.Name, UID: int(max(a.UID, planned.UID)), Comment: a.Comment, Home: a.Home, Shell: a.Shell, PrimaryGroup: a.Name, Groups: a.Groups, OnlyGroups: a.OnlyGroups,
		DropGroups: planned.DropGroups, Expires: day, Expect: node.AbsentAccount, Password: node.LockPassword, Keys: &node.KeyFile{Content: []byte(keys), Only: a.OnlyKeys},
	}
	// A password that is not to be is locked.
	switch {
	case a.SetsPassword && planned.SetPassword:
		change.Password, change.Hash = node.SetPassword, a.Hash
	case a.SetsPassword:
		change.Password = node.KeepPassword
	}
	now, others, err := a.lookAround(ctx, nodes, target)
	if err != nil {
		return change, err
	}
	// A home that it has already stays: the problems of the node tell of it, and nothing keeps its keys and groups from
	// being taken away.
	if len(others) > 0 && !(now.Present && now.Home == a.Home) {
		return refused("cannot have the home %s: it is, holds or lies in the home of %s", a.Home, strings.Join(others, ", "))
	}
	if planned.Seen == nil && !planned.Adopt {
		return change, nil // the node refuses one that is there
	}
	if planned.Seen != nil {
		if err := a.changedSince(target, planned.Seen, now); err != nil {
			return change, err
		}
	} else if problem := a.refusedOf(now, planned.Accepted); problem != nil {
		return refused("would be taken over as it is, and %s (%s). Set group_membership = \"exclusive\" to take it out of the group, or accept the finding in accepted_risks", problem.Text, problem.ID)
	}
	if now.Present {
		// Its user changes comment, shell and password himself, as often as he wants. That holds up no change.
		change.Expect, change.ExpectUID, change.EndSessions = "", now.UID, removal.Sessions
	}
	if !a.OnlyKeys {
		change.Keys, err = keptKeys(now, a.Keys, planned.DropKeys)
		if err != nil {
			return refused("%s", err)
		}
	}
	return change, nil
}

// lookAround reads the account anew, and tells to which other accounts the home that is asked for belongs.
func (a NodeAccount) lookAround(ctx context.Context, nodes Nodes, target node.Target) (now *AccountState, others []string, err error) {
	return a.look(ctx, nodes, target, node.Query{LocalAccounts: true, OnlyAccount: a.Name})
}

// refusedOf is a problem of a node's account that would have refused the plan if it had been known then, nil without
// one.
func (a NodeAccount) refusedOf(now *AccountState, accepted []string) *AccountProblem {
	for i, problem := range now.Problems {
		if refusedID(problem.ID) && !slices.Contains(accepted, problem.ID) {
			return &now.Problems[i]
		}
	}
	return nil
}

// changedSince tells what differs between what a plan saw and what is there.
func (a NodeAccount) changedSince(target node.Target, planned, now *AccountState) error {
	was, is := planned.looks(), now.looks()
	if was == is {
		return nil
	}
	return &node.AccountChangedError{Node: target.Name, Account: a.Name, Expected: was, Found: is}
}

// looks tells in short what root decides of an account. What its user changes himself (chfn, chsh, passwd) is not in
// it.
func (s *AccountState) looks() string {
	if !s.Present {
		return "no account"
	}
	groups := slices.Clone(s.Groups)
	sort.Strings(groups)
	return fmt.Sprintf("user id %d, home %s, primary group %s, groups [%s]", s.UID, s.Home, s.Group, strings.Join(groups, " "))
}
