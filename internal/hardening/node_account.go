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

// NodeAccount is the Linux account behind an operator or an agent, on nodes: who it is, how it gets in, and which groups it has.
type NodeAccount struct {
	Name string
	// UID is 0 where the node chooses.
	UID                  int64
	Comment, Home, Shell string
	// Groups are those beside its own. With OnlyGroups it is in no other.
	Groups     []string
	OnlyGroups bool
	// Expires is a date, "2027-01-31", or "".
	Expires string
	// SetsPassword tells that there is a password; without, it is locked. Hash is what to set, "" to leave the one that a node has.
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
	// UID is the user id that the plan shows, 0 where the node chooses.
	UID int64
	// SetPassword sets the hash; otherwise a password that is set stays.
	SetPassword bool
	// DropGroups and DropKeys are what the resource gave and no longer gives; without OnlyGroups and OnlyKeys nothing else is taken away. Keys are told by [KeyLine.String].
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
	if err != nil || at.Unix() < 0 {
		return 0, fmt.Errorf("%q is not a date such as 2027-01-31", date)
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
	return a.look(ctx, nodes, target, node.Query{LocalAccounts: true})
}

// ObserveNow reads the account anew.
func (a NodeAccount) ObserveNow(ctx context.Context, nodes Nodes, target node.Target) (*AccountState, error) {
	return a.look(ctx, nodes, target, node.Query{LocalAccounts: true, OnlyAccount: a.Name})
}

func (a NodeAccount) look(ctx context.Context, nodes Nodes, target node.Target, query node.Query) (*AccountState, error) {
	seen, err := nodes.Observe(ctx, target, query)
	if err != nil {
		return nil, err
	}
	state := &AccountState{Unfinished: seen.Unfinished, Leftover: seen.Leftover}
	state.LocalAccount, state.Present = seen.LocalAccounts[a.Name]
	if state.Present {
		for _, name := range keyFiles {
			state.Keys = append(state.Keys, keyLines(name, state.LocalAccount.Keys[name])...)
		}
		state.Problems = problemsOf(state)
	}
	return state, nil
}

// Install brings the account onto nodes, and takes it off those that it leaves. planned tells what the plan saw on each; an account that changed since is refused.
func (a NodeAccount) Install(ctx context.Context, nodes Nodes, targets, leave []node.Target, planned map[string]PlannedAccount, removal Removal, progress func(node, step string)) error {
	var changes []node.Change
	for _, target := range targets {
		change, err := a.changeOn(ctx, nodes, target, planned[target.Name])
		if err != nil {
			return err
		}
		changes = append(changes, node.Change{Target: target, Label: a.label(), Accounts: []node.AccountChange{change}})
	}
	changes = append(changes, a.removals(leave, removal)...)
	return nodes.Apply(ctx, changes, progress)
}

// Removal says what else goes with an account.
type Removal struct{ Home, Sessions bool }

// Remove takes the account off nodes.
func (a NodeAccount) Remove(ctx context.Context, nodes Nodes, targets []node.Target, removal Removal, progress func(node, step string)) error {
	return nodes.Apply(ctx, a.removals(targets, removal), progress)
}

func (a NodeAccount) removals(targets []node.Target, removal Removal) []node.Change {
	var changes []node.Change
	for _, target := range targets {
		changes = append(changes, node.Change{
			Target: target, Label: a.label(), Accounts: []node.AccountChange{{Name: a.Name, Absent: true, RemoveHome: removal.Home, EndSessions: removal.Sessions}},
		})
	}
	return changes
}

func (a NodeAccount) label() string { return fmt.Sprintf("account %q", a.Name) }

// changeOn is the change of one node. A node is asked first where something that is there decides.
func (a NodeAccount) changeOn(ctx context.Context, nodes Nodes, target node.Target, planned PlannedAccount) (node.AccountChange, error) {
	day, err := dayOf(a.Expires)
	if err != nil {
		return node.AccountChange{}, err
	}
	change := node.AccountChange{
		Name: a.Name, UID: int(max(a.UID, planned.UID)), Comment: a.Comment, Home: a.Home, Shell: a.Shell, Groups: a.Groups, OnlyGroups: a.OnlyGroups, DropGroups: planned.DropGroups, Expires: day,
		Expect: node.AbsentAccount, Password: node.LockPassword, Keys: &node.KeyFile{Content: []byte(renderKeys(a.Keys)), Only: a.OnlyKeys},
	}
	// A password that is not to be is locked.
	switch {
	case a.SetsPassword && planned.SetPassword:
		change.Password, change.Hash = node.SetPassword, a.Hash
	case a.SetsPassword:
		change.Password = node.KeepPassword
	}
	if planned.Seen == nil && !planned.Adopt {
		return change, nil
	}
	now, err := a.ObserveNow(ctx, nodes, target)
	if err != nil {
		return change, err
	}
	if planned.Seen != nil {
		if err := a.changedSince(target, planned.Seen, now); err != nil {
			return change, err
		}
	}
	if now.Present {
		change.Expect = now.Looks
	}
	if !a.OnlyKeys {
		kept, err := keptKeys(now, a.Keys, planned.DropKeys)
		if err != nil {
			return change, &node.AccountError{Node: target.Name, Account: a.Name, Output: err.Error()}
		}
		change.Keys.Content = []byte(kept)
	}
	return change, nil
}

// changedSince tells what differs between what a plan saw and what is there.
func (a NodeAccount) changedSince(target node.Target, planned, now *AccountState) error {
	was, is := planned.looks(), now.looks()
	if was == is {
		return nil
	}
	return &node.AccountChangedError{Node: target.Name, Account: a.Name, Expected: was, Found: is}
}

// looks tells in short what an apply overwrites.
func (s *AccountState) looks() string {
	if !s.Present {
		return "no account"
	}
	groups := slices.Clone(s.Groups)
	sort.Strings(groups)
	return fmt.Sprintf("user id %d, comment %q, home %s, shell %s, groups [%s], password %s", s.UID, s.Comment, s.Home, s.Shell, strings.Join(groups, " "), s.Password)
}
