package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

const (
	// lockTimeout bounds waiting for another run's lock on one node.
	lockTimeout = 5 * time.Minute
	// rollbackTimeout bounds waiting for a node to restore, services included.
	rollbackTimeout = 2 * time.Minute
)

// Apply makes all changes or none. It returns an [*ApplyError] when they did not come about, which tells every node's
// state, or another error when the changes themselves make no sense. progress, when not nil, is told what each node is
// doing; its calls do not overlap.
func (p *Pool) Apply(ctx context.Context, changes []Change, progress func(node, step string)) error {
	if len(changes) == 0 {
		return nil
	}
	if err := checkChanges(changes); err != nil {
		return err
	}
	if together(changes) {
		return p.applyTogether(ctx, changes, progress)
	}
	return p.applyAlone(ctx, changes, progress)
}

// applyAlone is Apply in a transaction of its own.
func (p *Pool) applyAlone(ctx context.Context, changes []Change, progress func(node, step string)) error {
	unlock, err := p.lockHere(ctx, changes)
	if err != nil {
		return err
	}
	defer unlock()
	return p.applyLocked(ctx, changes, progress)
}

// applyLocked is Apply for who has the locks of lockHere.
func (p *Pool) applyLocked(ctx context.Context, changes []Change, progress func(node, step string)) error {
	a := &application{pool: p, label: changes[0].Label}
	var mu sync.Mutex
	report := func(node, step string) {
		if progress != nil {
			mu.Lock()
			defer mu.Unlock()
			progress(node, step)
		}
	}
	for _, c := range changes {
		a.txs = append(a.txs, newTransaction(p, c, report))
	}
	forget := func() {
		for _, tx := range a.txs {
			tx.link.accounts.forget()
		}
	}
	forget()
	defer forget()
	a.errs = make([]error, len(a.txs))
	defer func() {
		for _, tx := range a.txs {
			tx.close()
		}
	}()
	if a.start(ctx) && a.prepare(ctx) && a.commit(ctx) && a.finish(ctx) {
		return nil
	}
	a.rollback(ctx)
	return a.failure(ctx)
}

// An application is one call of Apply.
type application struct {
	pool  *Pool
	label string
	txs   []*transaction
	errs  []error // by transaction; the first error of each
}

// ordered lists the changes in the one order in which everyone waits for locks, so that two runs over the same
// nodes cannot wait for each other.
func ordered(changes []Change) []int {
	order := make([]int, len(changes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return strings.Compare(changes[i].Target.normal().hostPort(), changes[j].Target.normal().hostPort())
	})
	return order
}

// lockHere keeps this process to one transaction per node.
func (p *Pool) lockHere(ctx context.Context, changes []Change) (unlock func(), err error) {
	var held []*link
	unlock = func() {
		for _, l := range held {
			<-l.transaction
		}
	}
	for _, i := range ordered(changes) {
		l := p.link(changes[i].Target)
		select {
		case l.transaction <- struct{}{}:
			held = append(held, l)
		case <-ctx.Done():
			unlock()
			return nil, waited(ctx, changes, i)
		}
	}
	return unlock, nil
}

// waited is the error of a change that was given up before it began, while it waited for a node.
func waited(ctx context.Context, changes []Change, at int) error {
	e := &ApplyError{Label: changes[0].Label}
	for i, c := range changes {
		o := Outcome{Node: c.Target.normal().Name, State: Unchanged}
		if i == at {
			o.Err = &RemoteError{Node: o.Node, Doing: "waiting for another change", Err: context.Cause(ctx)}
		}
		e.Outcomes = append(e.Outcomes, o)
	}
	return e
}

// all runs one step on every node at once and says whether it worked everywhere.
func (a *application) all(step func(i int, tx *transaction) error) bool {
	var wg sync.WaitGroup
	for i, tx := range a.txs {
		wg.Go(func() {
			if err := step(i, tx); err != nil && a.errs[i] == nil {
				a.errs[i] = err
			}
		})
	}
	wg.Wait()
	return !slices.ContainsFunc(a.errs, func(err error) bool { return err != nil })
}

// start takes the lock of every node: all at once when they are free, and otherwise one after the other in order.
func (a *application) start(ctx context.Context) bool {
	busy := make([]bool, len(a.txs))
	ok := a.all(func(i int, tx *transaction) (err error) {
		busy[i], err = tx.start(ctx, "transaction")
		return err
	})
	if !ok || !slices.Contains(busy, true) {
		return ok
	}
	if ok = a.all(func(i int, tx *transaction) error {
		if busy[i] || len(a.txs) == 1 {
			return nil
		}
		_, err := tx.ask(ctx, "release", "released")
		return err
	}); !ok {
		return false
	}
	for _, i := range ordered(a.changes()) {
		if a.errs[i] = a.txs[i].wait(ctx, lockTimeout); a.errs[i] != nil {
			return false
		}
	}
	return true
}

// wait blocks until the node's lock is ours.
func (tx *transaction) wait(ctx context.Context, limit time.Duration) error {
	tx.report(tx.name(), "waiting for another run")
	f, err := tx.ask(ctx, fmt.Sprintf("block %d", int(limit.Seconds())), "locked", "busy")
	if err == nil && f.word == "busy" {
		err = &LockedError{Node: tx.name(), Holder: untrusted.Line(f.text(0))}
	}
	return err
}

func (a *application) changes() []Change {
	changes := make([]Change, len(a.txs))
	for i, tx := range a.txs {
		changes[i] = tx.change
	}
	return changes
}

func (a *application) prepare(ctx context.Context) bool {
	return a.all(func(_ int, tx *transaction) error {
		f, err := tx.ask(ctx, "prepare", "prepared")
		if err != nil {
			return err
		}
		tx.changed = f.arg(0) != "0"
		tx.report(tx.name(), "validated")
		return nil
	})
}

func (a *application) commit(ctx context.Context) bool {
	return a.all(func(_ int, tx *transaction) error {
		tx.commitSent = true
		if _, err := tx.ask(ctx, "commit", "committed"); err != nil {
			return err
		}
		tx.committed = true
		if err := tx.confirm(ctx); err != nil {
			return err
		}
		tx.report(tx.name(), "verified")
		return nil
	})
}

// finish makes the change final. First every node says that it has nothing left to do; until then each keeps its
// journal, so that one that is lost takes the change back on all. Then all of them let go of it.
func (a *application) finish(ctx context.Context) bool {
	// From here on the change is made: a cancelled run no longer holds it back.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), rollbackTimeout, context.DeadlineExceeded)
	defer cancel()
	alone := len(a.txs) == 1
	if !a.all(func(_ int, tx *transaction) error {
		words := "finish"
		if alone {
			words, tx.sealSent = "finish\nseal", true // nobody else is to be waited for
		}
		_, err := tx.ask(ctx, words, "finished")
		return err
	}) && !alone {
		return false
	}
	for _, tx := range a.txs {
		tx.sealSent = true
	}
	a.all(func(i int, tx *transaction) error {
		word := "seal"
		if alone {
			word = "wait" // it was sent before
		}
		if a.errs[i] == nil {
			if _, a.errs[i] = tx.ask(ctx, word, "sealed"); a.errs[i] == nil {
				tx.ended, tx.outcome = true, Committed
			}
		}
		if tx.outcome == "" {
			// Who lost the connection at this point lets the change stand, if it has not taken it back by itself.
			if tx.outcome = tx.settle(ctx, !alone); tx.outcome == Committed {
				a.errs[i] = nil
			}
		}
		if tx.outcome == Committed {
			tx.report(tx.name(), "done")
		}
		return nil
	})
	return !slices.ContainsFunc(a.txs, func(tx *transaction) bool { return tx.outcome != Committed })
}

// rollback undoes everything on every node that still can be asked. It does not end with ctx, which may be what failed.
func (a *application) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), rollbackTimeout, context.DeadlineExceeded)
	defer cancel()
	var wg sync.WaitGroup
	for i, tx := range a.txs {
		if tx.outcome != "" {
			continue
		}
		wg.Go(func() {
			if tx.speaks && !tx.ended {
				ctx := ctx
				if !tx.commitSent {
					// There is only a stage to clear, which a node also does when it hears no more of us.
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tx.pool.timing.Settle/4)
					defer cancel()
				}
				if _, err := tx.ask(ctx, "rollback", "never"); err != nil && a.errs[i] == nil && !errors.Is(err, errRolledBack) {
					a.errs[i] = err
				}
			}
			switch {
			case tx.outcome != "":
			case tx.commitSent:
				tx.outcome = tx.settle(ctx, false)
			default:
				tx.outcome = Unchanged // the node changes nothing before it is told to
				if tx.speaks && tx.settle(ctx, false) == Unknown {
					tx.left = true
				}
			}
			if tx.commitSent {
				tx.report(tx.name(), string(tx.outcome))
			}
		})
	}
	wg.Wait()
}

// settle asks a node whose connection broke what became of it, over a new connection. Getting the lock there proves
// that the earlier process is gone, and what it left is undone under that lock; where all nodes had agreed to the
// change, it stands instead.
func (tx *transaction) settle(ctx context.Context, decided bool) State {
	ctx, cancel := context.WithTimeout(ctx, tx.pool.timing.Settle)
	defer cancel()
	again := newTransaction(tx.pool, Change{Target: tx.change.Target, Label: tx.change.Label}, tx.report)
	if decided {
		again.decided = tx.id
	}
	defer again.close()
	tx.session.close()
	busy, err := again.start(ctx, "settle")
	if err == nil && busy {
		err = again.wait(ctx, tx.pool.timing.Settle)
	}
	if err != nil {
		return Unknown
	}
	f, err := again.ask(ctx, "prepare", "settled")
	switch {
	case err != nil:
		return Unknown
	case slices.Contains(f.args, tx.id):
		return Committed
	}
	return RolledBack
}

// failure builds the error from what is known of every node.
func (a *application) failure(ctx context.Context) error {
	e := &ApplyError{Label: a.label}
	for i, tx := range a.txs {
		o := Outcome{Node: tx.name(), State: tx.outcome, WasCommitted: tx.committed, Installed: tx.installed, Err: a.errs[i]}
		if o.State == "" {
			o.State = Unchanged
		}
		if o.State == Committed {
			o.Err = nil
		}
		switch {
		case o.State == Unknown && tx.sealSent:
			o.Err = fmt.Errorf("%w\nThe node has the old state or the new one: it was told that the change stands, and did not confirm it. Plan again to see which", o.Err)
		case o.State == Unknown:
			o.Err = fmt.Errorf("%w\nThe node has the old state or the new one. It goes back to the old one by itself when its commands have ended and it has heard nothing for %s, "+
				"or at the next apply if it crashed", o.Err, tx.pool.timing.Silence)
		case tx.left:
			o.Err = fmt.Errorf("%w\nThe files that were prepared there may be left in /etc/pvesec/stage, which only root can read; the next apply removes them", o.Err)
		}
		e.Outcomes = append(e.Outcomes, o)
	}
	return e
}

// checkChanges refuses what no node could do.
func checkChanges(changes []Change) error {
	seen := map[Target]bool{}
	for _, c := range changes {
		t := c.Target.normal()
		if seen[t] {
			return fmt.Errorf("%s: two changes for one node", t)
		}
		seen[t] = true
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// erasable begins the paths that may go without a copy: logs, and what pvesec itself keeps.
var erasable = []string{"/var/log/", "/var/lib/pvesec-", "/var/lib/private/pvesec-", "/etc/systemd/system/pvesec-"}

func (c Change) check() error {
	paths := map[string]bool{}
	for _, f := range c.Files {
		err := checkPath(f.Path)
		switch {
		case err != nil:
			return err
		case f.Path == "/" || strings.ContainsFunc(f.Path, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return errPath(f.Path, "cannot be installed")
		case paths[f.Path]:
			return errPath(f.Path, "is given twice")
		case kindWords[f.Kind] == "" || validatorWords[f.Validate] == "":
			return errPath(f.Path, "has an unknown kind or validator")
		case f.Kind.Erases() && !slices.ContainsFunc(erasable, func(start string) bool { return strings.HasPrefix(f.Path, start) }):
			return errPath(f.Path, "is no log")
		}
		if f.Applied != "" && !sha256Hex.MatchString(f.Applied) {
			return fmt.Errorf("%q is not a SHA-256", f.Applied)
		}
		paths[f.Path] = true
		for _, name := range []string{f.Owner, f.Group} {
			if name != "" && !ownerName.MatchString(name) {
				return fmt.Errorf("%q is not the name of an owner", name)
			}
		}
	}
	names := map[string]bool{}
	for _, a := range c.Accounts {
		if err := a.check(); err != nil {
			return err
		}
		if names[a.Name] {
			return fmt.Errorf("account %q is given twice", a.Name)
		}
		names[a.Name] = true
	}
	for _, e := range c.Expect {
		if err := checkPath(e.Path); err != nil {
			return err
		}
		if e.SHA256 != "" && !sha256Hex.MatchString(e.SHA256) {
			return fmt.Errorf("%q is not a SHA-256", e.SHA256)
		}
	}
	for _, name := range slices.Concat(c.RestartServices, c.RequireActive) {
		if !unitName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a service", name)
		}
	}
	for _, name := range c.RequireCommands {
		if !commandName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a command", name)
		}
	}
	return nil
}
