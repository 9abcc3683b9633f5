package node

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"
)

// A batch is a set of reads of one node that are answered by one remote command.
type batch struct {
	query Query // of everyone
	// waiting counts who still wants the answer; the command is ended with the last of them. Under link.gather.
	waiting int
	cancel  context.CancelFunc

	done   chan struct{}
	seen   *Observation
	failed map[subject]error
	err    error
}

// join adds a query to the reads of a node that are about to be asked together.
func (p *Pool) join(l *link, q Query) *batch {
	l.gather.Lock()
	defer l.gather.Unlock()
	b := l.gathering
	if b == nil {
		b = &batch{done: make(chan struct{})}
		var ctx context.Context
		ctx, b.cancel = context.WithCancel(p.ctx) // it ends with the last who waits, each of whom has a limit
		l.gathering = b
		go p.runBatch(ctx, l, b)
	}
	b.waiting++
	b.query = b.query.with(q)
	return b
}

// leave is for who no longer waits.
func (l *link) leave(b *batch) {
	l.gather.Lock()
	defer l.gather.Unlock()
	if b.waiting--; b.waiting > 0 {
		return
	}
	b.cancel()
	if l.gathering == b {
		l.gathering = nil
	}
}

// runBatch waits for the connection, and a moment for others to join, and asks.
func (p *Pool) runBatch(ctx context.Context, l *link, b *batch) {
	defer close(b.done)
	defer b.cancel()
	_, b.err = l.connect(ctx)
	if b.err == nil {
		select {
		case <-time.After(p.timing.Gather):
		case <-ctx.Done():
		}
	}
	l.gather.Lock()
	if l.gathering == b {
		l.gathering = nil
	}
	q := b.query
	l.gather.Unlock()
	if b.err != nil {
		return
	}
	b.seen, b.failed, b.err = p.observe(ctx, l, q)
	if errors.Is(b.err, errBroken) && ctx.Err() == nil {
		b.seen, b.failed, b.err = p.observe(ctx, l, q) // a read may be repeated, over a new connection
	}
}

// with is everything that either query asks for. [Query.subjects] strikes what is asked twice.
func (q Query) with(r Query) Query {
	return Query{
		Files: slices.Concat(q.Files, r.Files), Trees: slices.Concat(q.Trees, r.Trees), Stats: slices.Concat(q.Stats, r.Stats),
		Accounts: slices.Concat(q.Accounts, r.Accounts), Services: slices.Concat(q.Services, r.Services), Commands: slices.Concat(q.Commands, r.Commands),
		Configs: slices.Concat(q.Configs, r.Configs), Conffiles: slices.Concat(q.Conffiles, r.Conffiles), Scripts: slices.Concat(q.Scripts, r.Scripts),
		Clock: q.Clock || r.Clock, Audit: q.Audit || r.Audit,
	}
}

// pick takes what one query asked for out of the answer to several.
func (q Query) pick(all *Observation, failed map[subject]error) (*Observation, error) {
	for sub, err := range failed {
		if q.asks(sub) {
			return nil, err
		}
	}
	o := &Observation{
		Node: all.Node, Facts: all.Facts, Unfinished: all.Unfinished, Leftover: all.Leftover, Busy: all.Busy,
		Files: map[string]FileState{}, Accounts: choose(all.Accounts, q.Accounts), Services: choose(all.Services, q.Services), Commands: choose(all.Commands, q.Commands),
		Configs: choose(all.Configs, q.Configs), Conffiles: map[string]Conffile{}, Scripts: choose(all.Scripts, q.Scripts),
	}
	if q.Clock {
		o.Clock = all.Clock
	}
	for name, shipped := range all.Conffiles {
		if slices.ContainsFunc(q.Conffiles, func(asked string) bool { return name == asked || strings.HasPrefix(name, asked+"/") }) {
			o.Conffiles[name] = shipped
		}
	}
	if q.Audit {
		o.Audit = all.Audit
	}
	for _, name := range q.Stats {
		st := all.Files[name]
		st.Content, st.SHA256, st.LinkTarget, st.Resolved, st.TooLarge = nil, "", "", nil, false
		o.Files[name] = st
	}
	for _, name := range q.Files {
		o.Files[name] = all.Files[name] // one that a tree does not list is not there
	}
	for name, st := range all.Files {
		if slices.Contains(q.Files, name) || slices.Contains(q.Trees, name) || st.Exists && slices.Contains(q.Trees, path.Dir(name)) {
			o.Files[name] = st
		}
	}
	return o, nil
}

// asks says whether the answer to the query depends on a subject.
func (q Query) asks(sub subject) bool {
	stat := slices.Contains(q.Stats, sub.name)
	within := func(name string) bool { return path.Dir(name) == sub.name }
	switch sub.call {
	case "file":
		return stat || slices.Contains(q.Files, sub.name)
	case "meta":
		return stat
	case "tree":
		return stat || slices.Contains(q.Files, sub.name) || slices.Contains(q.Trees, sub.name) || slices.ContainsFunc(q.Stats, within) || slices.ContainsFunc(q.Files, within)
	case "account":
		return slices.Contains(q.Accounts, sub.name)
	case "service":
		return slices.Contains(q.Services, sub.name)
	case "clock":
		return q.Clock
	case "conffiles":
		return slices.Contains(q.Conffiles, sub.name)
	case "config":
		return slices.Contains(q.Configs, sub.name)
	case "audit_status":
		return q.Audit
	}
	return slices.Contains(q.Commands, sub.name)
}

func choose[T any](from map[string]T, names []string) map[string]T {
	chosen := make(map[string]T, len(names))
	for _, name := range names {
		if v, ok := from[name]; ok {
			chosen[name] = v
		}
	}
	return chosen
}
