package node

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// keptAccounts is what was read of the accounts of a node, for all who ask until it changes.
type keptAccounts struct {
	mu   sync.Mutex
	last *accountsLook
}

// accountsLook is one look, which several wait for.
type accountsLook struct {
	done chan struct{}
	seen *Observation
	err  error
}

// forget is for who is about to change the node, or has.
func (k *keptAccounts) forget() {
	k.mu.Lock()
	k.last = nil
	k.mu.Unlock()
}

// localAccounts reads the accounts of a node, or gives what was read before. A look that failed is not kept.
func (p *Pool) localAccounts(ctx context.Context, l *link, q Query) (*Observation, error) {
	if q.OnlyAccount != "" {
		return p.lookAtAccounts(ctx, l, q)
	}
	k := &l.accounts
	k.mu.Lock()
	look := k.last
	if look == nil {
		look = &accountsLook{done: make(chan struct{})}
		k.last = look
		go func() {
			defer close(look.done)
			ctx, cancel := withTimeout(p.ctx, observeTimeout) // it goes on for the others when one leaves
			defer cancel()
			look.seen, look.err = p.lookAtAccounts(ctx, l, q)
			if look.err != nil {
				k.mu.Lock()
				if k.last == look {
					k.last = nil
				}
				k.mu.Unlock()
			}
		}()
	}
	k.mu.Unlock()
	select {
	case <-look.done:
		return look.seen, look.err
	case <-ctx.Done():
		if !l.standing() {
			return nil, l.login.unreachable(ctx, context.Cause(ctx))
		}
		return nil, &RemoteError{Node: l.target.Name, Doing: "observing", Err: context.Cause(ctx)}
	}
}

// lookAtAccounts asks the node, again over a new connection where the first one turns out to be broken.
func (p *Pool) lookAtAccounts(ctx context.Context, l *link, q Query) (*Observation, error) {
	seen, failed, err := p.observe(ctx, l, q)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		seen, failed, err = p.observe(ctx, l, q)
	}
	for _, why := range failed {
		err = why
	}
	return seen, err
}

// localReader gathers what an answer says of accounts, which comes by file and not by account.
type localReader struct {
	passwd, group, shadow string
	told                  map[string]bool              // which of the three came
	ways                  map[string]map[string]string // by account, "-" for all others
	keys                  map[string]map[string]KeyState
	homes                 map[string]FileState
	unseen                map[string]string // homes that could not be looked at, and why
}

// take reads one frame.
func (r *localReader) take(f frame) error {
	if r.told == nil {
		r.told = map[string]bool{}
	}
	r.told[f.word] = true
	switch f.word {
	case "passwd":
		r.passwd = f.text(1)
	case "group-file":
		r.group = f.text(1)
	case "shadow":
		r.shadow = f.text(1)
	case "sshd":
		if r.ways == nil {
			r.ways = map[string]map[string]string{}
		}
		said := map[string]string{}
		for line := range strings.Lines(f.text(2)) {
			setting, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			said[strings.ToLower(untrusted.Line(setting))] = untrusted.Line(value)
		}
		r.ways[f.arg(1)] = said
	case "key-unseen":
		r.put(f, KeyState{Exists: true, Problem: "its user cannot read it, or it is no file: " + untrusted.Line(f.text(4))})
	case "unseen":
		if r.unseen == nil {
			r.unseen = map[string]string{}
		}
		r.unseen[f.text(1)] = untrusted.Line(f.text(2))
	case "homes":
		r.homes = map[string]FileState{}
		for line := range strings.Lines(f.text(1)) {
			fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4)
			if len(fields) != 4 {
				return fmt.Errorf("%w: a home is %d fields", errMalformed, len(fields))
			}
			state, err := parseStat(frame{args: slices.Concat([]string{""}, strings.Split(fields[0], " "), fields[1:3])})
			if err != nil {
				return err
			}
			r.homes[fields[3]] = state
		}
	}
	return nil
}

// accounts puts together what was gathered.
func (r *localReader) accounts() map[string]LocalAccount {
	named := map[string][]string{}                        // groups by member
	groups, ids := map[int][]string{}, map[string][]int{} // names by id, and ids by member
	for line := range strings.Lines(r.group) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 4 {
			continue
		}
		gid, ok := id(fields[2])
		if ok {
			groups[gid] = append(groups[gid], untrusted.Line(fields[0]))
		}
		for _, member := range strings.Split(fields[3], ",") {
			if member != "" {
				named[member] = append(named[member], untrusted.Line(fields[0]))
				if ok {
					ids[member] = append(ids[member], gid)
				}
			}
		}
	}
	secrets := map[string][]string{}
	for line := range strings.Lines(r.shadow) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), ":"); len(fields) == 9 && secrets[fields[0]] == nil {
			secrets[fields[0]] = fields
		}
	}
	all := map[string]LocalAccount{}
	for line := range strings.Lines(r.passwd) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 7 {
			continue
		}
		uid, ok1 := id(fields[2])
		gid, ok2 := id(fields[3])
		if _, twice := all[fields[0]]; strings.HasPrefix(fields[0], "#") || !ok1 || !ok2 || twice {
			continue
		}
		a := LocalAccount{
			Name: fields[0], UID: uid, GID: gid, Comment: untrusted.Line(fields[4]), Home: untrusted.Line(fields[5]), Shell: untrusted.Line(fields[6]), Groups: named[fields[0]],
			Expires: -1, HomeState: r.homes[fields[5]], HomeProblem: r.unseen[fields[5]], Keys: r.keys[fields[0]], Ways: r.ways[fields[0]], Password: passwordOf(fields[1]),
		}
		if a.Ways == nil {
			a.Ways = r.ways["-"]
		}
		slices.Sort(a.Groups)
		a.Groups = slices.Compact(a.Groups)
		if same := groups[gid]; slices.Contains(same, a.Name) {
			a.Group = a.Name
		} else if len(same) > 0 {
			a.Group = same[0]
		}
		a.GroupsByID = groupsOf(append(ids[a.Name], gid), groups)
		a.Looks = strings.Join([]string{fields[2], fields[3], fields[4], fields[5], fields[6], strings.Join(a.Groups, " ")}, ":")
		if secret := secrets[a.Name]; secret != nil && fields[1] == "x" {
			a.Password = passwordOf(secret[1])
			if day, err := strconv.Atoi(secret[7]); err == nil {
				a.Expires = day
			}
		}
		all[a.Name] = a
	}
	r.unread(all)
	return all
}

// groupsOf are the groups that have an id of the account: names are the node's, and the kernel asks for ids.
func groupsOf(gids []int, names map[int][]string) []string {
	var all []string
	for _, gid := range gids {
		all = append(all, names[gid]...)
		if gid == 0 {
			all = append(all, "root") // also where /etc/group does not have it
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// passwordOf reads the field of a password. The node has masked a hash before.
func passwordOf(field string) PasswordState {
	switch {
	case field == "":
		return PasswordEmpty
	case strings.HasPrefix(field, "!"), strings.HasPrefix(field, "*"):
		return PasswordLocked
	}
	return PasswordSet
}

// KeyPath is a key file in a home.
func KeyPath(home, name string) string { return path.Join(home, ".ssh", name) }
