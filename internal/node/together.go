package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxTogether and maxTogetherBytes bound the changes that share a transaction, and the contents of their files.
	maxTogether      = 100
	maxTogetherBytes = 1 << 20
	// gatherChanges is how long the first change waits for others. More come while an earlier transaction is under way.
	gatherChanges = 20 * time.Millisecond
)

// A request is one call of Apply that may share a transaction with others.
type request struct {
	ctx      context.Context //nolint:containedctx // the limits of who asks, which differ from request to request
	changes  []Change
	progress func(node, step string)
	done     chan verdict
}

// A verdict is what became of a request in a transaction that it shared.
type verdict struct {
	err error
	// again and alone say that the transaction changed nothing because of another request: this one is to be asked for
	// once more, and by itself.
	again, alone bool
}

// A group is requests that are about to be made in one transaction. All of them are about the same nodes.
type group struct {
	requests []*request
	bytes    int
	cancel   context.CancelFunc // when the last one no longer waits
}

// together says whether changes may share a transaction with those of others: files alone, without services, accounts
// or what needs a confirmation of its own. A failure of the others must not touch those, which cannot be undone without
// a trace.
func together(changes []Change) bool {
	return !slices.ContainsFunc(changes, func(c Change) bool {
		return c.Confirm || len(c.Accounts)+len(c.RestartServices)+len(c.RequireActive) > 0 || slices.ContainsFunc(c.Files, func(f File) bool { return f.Validate == Sshd })
	})
}

// togetherKey is the same for changes that may share a transaction. Those that only take away do not wait for others:
// what keeps a grant out does not keep a removal out.
func togetherKey(changes []Change) string {
	removes, installs := true, false
	var nodes []string
	for _, c := range changes {
		nodes = append(nodes, c.Target.normal().String())
		installs = installs || c.InstallPackages
		removes = removes && !slices.ContainsFunc(c.Files, func(f File) bool { return f.Kind != Absent && !f.Kind.Erases() })
	}
	slices.Sort(nodes)
	return fmt.Sprint(removes, installs, nodes)
}

// applyTogether makes changes in one transaction with those of others that come at the same time. Where that fails for
// a reason that one of them may have, each is made by itself, so that every error is about its own change.
func (p *Pool) applyTogether(ctx context.Context, changes []Change, progress func(node, step string)) error {
	for {
		r := &request{ctx: ctx, changes: changes, progress: progress, done: make(chan verdict, 1)}
		g := p.joinChanges(r)
		var v verdict
		select {
		case v = <-r.done:
		case <-ctx.Done():
			if p.leaveChanges(g, r) {
				return waited(ctx, changes, 0)
			}
			v = <-r.done // it has begun, and ends with ctx
		}
		switch {
		case v.alone:
			return p.applyAlone(ctx, changes, progress)
		case !v.again:
			return v.err
		}
	}
}

// joinChanges adds a request to a group that has not begun.
func (p *Pool) joinChanges(r *request) *group {
	key, size := togetherKey(r.changes), 0
	for _, c := range r.changes {
		for _, f := range c.Files {
			size += len(f.Content)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.changing[key] {
		if len(g.requests) < maxTogether && g.bytes+size <= maxTogetherBytes && !slices.ContainsFunc(g.requests, r.meets) {
			g.requests, g.bytes = append(g.requests, r), g.bytes+size
			return g
		}
	}
	g := &group{requests: []*request{r}, bytes: size}
	// It ends with the last who waits, each of whom has a limit.
	ctx, cancel := context.WithCancel(p.ctx)
	g.cancel = cancel
	p.changing[key] = append(p.changing[key], g)
	go p.runChanges(ctx, key, g)
	return g
}

// leaveChanges is for who no longer waits. It is false for a group that has begun.
func (p *Pool) leaveChanges(g *group, r *request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(g.requests, r)
	if at < 0 {
		return false
	}
	if g.requests = slices.Delete(g.requests, at, at+1); len(g.requests) == 0 {
		g.cancel()
	}
	return true
}

// meets says whether one of two requests writes what the other writes or expects. They are made one after the other.
func (r *request) meets(other *request) bool {
	for _, a := range r.changes {
		for _, b := range other.changes {
			if a.Target.normal() == b.Target.normal() && (a.writes(b) || b.writes(a)) {
				return true
			}
		}
	}
	return false
}

func (c Change) writes(other Change) bool {
	return slices.ContainsFunc(c.Files, func(f File) bool {
		return slices.ContainsFunc(other.Files, func(o File) bool { return o.Path == f.Path }) || slices.ContainsFunc(other.Expect, func(e Expect) bool { return e.Path == f.Path })
	})
}

// runChanges waits for others, and for the nodes, and makes the changes of a group.
func (p *Pool) runChanges(ctx context.Context, key string, g *group) {
	defer g.cancel()
	select {
	case <-time.After(gatherChanges):
	case <-ctx.Done():
	}
	p.mu.Lock()
	var first []Change
	if len(g.requests) > 0 {
		first = g.requests[0].changes // they are all about the same nodes
	}
	p.mu.Unlock()
	unlock, err := p.lockHere(ctx, first)
	p.mu.Lock()
	requests := g.requests
	g.requests = nil
	p.changing[key] = slices.DeleteFunc(p.changing[key], func(other *group) bool { return other == g })
	if len(p.changing[key]) == 0 {
		delete(p.changing, key)
	}
	p.mu.Unlock()
	if err == nil {
		defer unlock()
	}
	switch {
	case len(requests) == 0:
	case err != nil: // the pool is closed
		for _, r := range requests {
			r.done <- verdict{err: waited(ctx, r.changes, 0)}
		}
	case len(requests) == 1:
		requests[0].done <- verdict{err: p.applyLocked(requests[0].ctx, requests[0].changes, requests[0].progress)}
	default:
		p.runTogether(requests)
	}
}

// runTogether makes the changes of several requests for who has the locks, and tells each what became of it.
func (p *Pool) runTogether(requests []*request) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(requests[0].ctx))
	defer cancel(nil)
	for _, r := range requests {
		defer context.AfterFunc(r.ctx, func() { cancel(context.Cause(r.ctx)) })()
	}
	var mu sync.Mutex
	err := p.applyLocked(ctx, merged(requests, &mu), func(node, step string) {
		for _, r := range requests {
			if r.progress != nil && slices.ContainsFunc(r.changes, func(c Change) bool { return c.Target.normal().Name == node }) {
				r.progress(node, step)
			}
		}
	})
	gone := slices.ContainsFunc(requests, func(r *request) bool { return r.ctx.Err() != nil })
	var failed *ApplyError
	undone := errors.As(err, &failed) && failed.Clean()
	for _, r := range requests {
		switch {
		case !undone || r.ctx.Err() != nil:
			r.done <- verdict{err: r.own(err)}
		case gone:
			r.done <- verdict{again: true}
		case ofAll(failed):
			r.done <- verdict{err: r.own(err)}
		default:
			r.done <- verdict{again: true, alone: true}
		}
	}
}

// own is the error of a shared transaction for one request.
func (r *request) own(err error) error {
	var failed *ApplyError
	if !errors.As(err, &failed) {
		return err
	}
	return &ApplyError{Label: r.changes[0].Label, Outcomes: failed.Outcomes}
}

// ofAll says whether a transaction failed for a reason that is the same for each of its changes: a node that cannot be
// reached or is in use.
func ofAll(failed *ApplyError) bool {
	for _, o := range failed.Outcomes {
		if o.Err != nil && o.State != Unchanged {
			return false // it may have been locked out by one of the changes
		}
	}
	for _, err := range failed.Unwrap() {
		var unreachable *UnreachableError
		var key *HostKeyError
		var auth *AuthError
		var privilege *PrivilegeError
		var locked *LockedError
		if !errors.As(err, &unreachable) && !errors.As(err, &key) && !errors.As(err, &auth) && !errors.As(err, &privilege) && !errors.As(err, &locked) {
			return false
		}
	}
	return true
}

// merged puts the changes of several requests together, one for each node. What a node says goes to whom it is about,
// one at a time.
func merged(requests []*request, mu *sync.Mutex) []Change {
	var all []Change
	for _, first := range requests[0].changes {
		var parts []Change
		for _, r := range requests {
			at := slices.IndexFunc(r.changes, func(c Change) bool { return c.Target.normal() == first.Target.normal() })
			parts = append(parts, r.changes[at])
		}
		all = append(all, mergedOn(first.Target, parts, mu))
	}
	return all
}

func mergedOn(target Target, parts []Change, mu *sync.Mutex) Change {
	c := Change{Target: target, InstallPackages: parts[0].InstallPackages}
	var labels []string
	for _, part := range parts {
		labels = append(labels, part.Label)
		c.Files, c.Expect, c.Listed = append(c.Files, part.Files...), append(c.Expect, part.Expect...), append(c.Listed, part.Listed...)
		for _, command := range part.RequireCommands {
			if !slices.Contains(c.RequireCommands, command) {
				c.RequireCommands = append(c.RequireCommands, command)
			}
		}
	}
	slices.SortStableFunc(c.Listed, func(a, b Listed) int { return strings.Compare(a.User, b.User) }) // sudo is asked once for each user
	c.Label = strings.Join(labels, ", ")
	if len(c.Label) > 200 {
		c.Label = fmt.Sprintf("%s and %d more changes", labels[0], len(labels)-1)
	}
	c.Installed = func(packages []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, part := range parts {
			if part.Installed != nil {
				part.Installed(packages)
			}
		}
	}
	c.Noted = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		about := slices.IndexFunc(parts, func(part Change) bool {
			return slices.ContainsFunc(part.Files, func(f File) bool { return strings.Contains(text, f.Path) })
		})
		if part := parts[max(about, 0)]; part.Noted != nil {
			part.Noted(text)
		}
	}
	return c
}
