package node

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// observeTimeout bounds an observation whose context has no deadline.
const observeTimeout = 2 * time.Minute

// Observe looks at a node in one round trip after the session is open. It changes nothing. Calls for one node that
// arrive together are answered by one remote command; a connection that turns out to be broken is dialled again once.
func (p *Pool) Observe(ctx context.Context, t Target, q Query) (*Observation, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	ctx, cancel := withTimeout(ctx, observeTimeout)
	defer cancel()
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	l := p.link(t)
	if q.LocalAccounts {
		return p.localAccounts(ctx, l, q)
	}
	if q.Sshd != nil {
		return p.askSshd(ctx, l, q)
	}
	b := p.join(l, q)
	defer l.leave(b)
	select {
	case <-b.done:
	case <-ctx.Done():
		if !l.standing() {
			return nil, l.login.unreachable(ctx, context.Cause(ctx))
		}
		return nil, &RemoteError{Node: l.target.Name, Doing: "observing", Err: context.Cause(ctx)}
	}
	if b.err != nil {
		return nil, b.err
	}
	return q.pick(b.seen, b.failed)
}

// withTimeout bounds a context that has no deadline of its own.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %s: %w", d, context.DeadlineExceeded))
}

var (
	accountName = regexp.MustCompile(`^[A-Za-z_.][A-Za-z0-9_.@\\-]*\$?$`)
	unitName    = regexp.MustCompile(`^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$`)
	ownerName   = regexp.MustCompile(`^(?:[0-9]+|[A-Za-z_.][A-Za-z0-9_.@-]*\$?)$`)
	sha256Hex   = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	configName  = regexp.MustCompile(`^systemd/[a-z]+\.conf$`)
	commandName = regexp.MustCompile(`^[A-Za-z0-9_.+\[][A-Za-z0-9_.+-]*$`)
)

func (q Query) check() error {
	if q.LocalAccounts && len(q.Files)+len(q.Trees)+len(q.Stats)+len(q.Accounts)+len(q.Services)+len(q.Commands)+len(q.Conffiles)+len(q.Scripts) > 0 {
		return errors.New("the accounts of a node are asked for by themselves")
	}
	if q.OnlyAccount != "" && !localName.MatchString(q.OnlyAccount) {
		return fmt.Errorf("%q is not the name of an account", q.OnlyAccount)
	}
	if err := q.Sshd.check(); err != nil {
		return err
	}
	for _, p := range slices.Concat(q.Files, q.Trees, q.Stats, q.Conffiles) {
		if err := checkPath(p); err != nil {
			return err
		}
	}
	for _, g := range []struct {
		what  string
		names []string
		re    *regexp.Regexp
	}{
		{"account", q.Accounts, accountName},
		{"service", q.Services, unitName},
		{"command", q.Commands, commandName},
		{"configuration of systemd", q.Configs, configName},
	} {
		for _, n := range g.names {
			if !g.re.MatchString(n) {
				return fmt.Errorf("%q is not the name of a %s", n, g.what)
			}
		}
	}
	return nil
}

// A subject is what one numbered call of the program is about.
type subject struct{ call, name string }

// subjects lists the calls of a query in order; the answer refers to them by number.
func (q Query) subjects() []subject {
	var list []subject
	add := func(call string, names ...string) {
		for _, n := range names {
			if s := (subject{call, n}); !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	for _, name := range q.Files {
		if !q.inTree(name) {
			add("file", name)
		}
	}
	add("tree", q.Trees...)
	for _, name := range q.Stats {
		if !slices.Contains(q.Files, name) && !q.inTree(name) {
			add("meta", name) // anything else is looked at with its content already
		}
	}
	add("account", q.Accounts...)
	add("service", q.Services...)
	add("program", q.Commands...)
	add("conffiles", q.Conffiles...)
	add("script", q.Scripts...)
	if q.LocalAccounts {
		add("local_accounts", q.OnlyAccount)
	}
	if q.Clock {
		add("clock", "")
	}
	add("config", q.Configs...)
	if q.Audit {
		add("audit_status", "")
	}
	if q.Sshd != nil {
		add("ask_sshd", q.Sshd.variants())
	}
	return list
}

// inTree tells whether the answer about a tree says everything about a path too.
func (q Query) inTree(name string) bool {
	return slices.Contains(q.Trees, name) || slices.Contains(q.Trees, path.Dir(name))
}

// calls are the calls of the program for the subjects. Paths are looked at together.
func calls(subjects []subject) string {
	var paths, others strings.Builder
	for i, sub := range subjects {
		kind, isPath := map[string]string{"file": "content", "meta": "stat", "tree": "tree"}[sub.call]
		if isPath {
			fmt.Fprintf(&paths, " %s %d %s", kind, i, quote(sub.name))
		} else if sub.call == "ask_sshd" {
			fmt.Fprintf(&others, "%s %d %s\n", sub.call, i, sub.name) // its words are ours
		} else {
			fmt.Fprintf(&others, "%s %d %s\n", sub.call, i, quote(sub.name))
		}
	}
	if paths.Len() > 0 {
		return "look_all" + paths.String() + "\n" + others.String()
	}
	return others.String()
}

// observe asks one node over its shared connection. failed holds what could not be looked at.
func (p *Pool) observe(ctx context.Context, l *link, q Query) (seen *Observation, failed map[subject]error, err error) {
	s, err := p.open(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { s.channel.Close() })
	defer stop()
	silent := time.AfterFunc(p.timing.Greeting, func() { cancel(errGreeting{p.login.user, p.timing.Greeting}) })
	defer silent.Stop()

	subjects := q.subjects()
	marker := newMarker()
	users := ""
	if q.LocalAccounts {
		users = usersProgram
	}
	section := ""
	if len(q.Scripts) > 0 {
		section = fmt.Sprintf("most=%d\n%s", maxSection, sectionProgram)
	}
	patient := p.timing.Patient
	if q.limit > 0 {
		patient = q.limit
	}
	text := wrap(marker, commonProgram, fmt.Sprintf("quick=%d\npatient=%d\n", seconds(p.timing.Quick), seconds(patient)), users, observeProgram, section, q.Sshd.program(),
		fmt.Sprintf("max=%d\nfacts\njournals\n%ssay done\n", MaxContent, calls(subjects)))
	go func() {
		_ = s.write(text) // an error shows as an answer that ends too early
		_ = s.channel.CloseWrite()
	}()

	r := &reader{
		node: l.target.Name, greeted: func() { silent.Stop() }, subjects: subjects, answer: newAnswer(marker, s.channel), failed: map[subject]error{},
		o: &Observation{
			Node: l.target.Name, Files: map[string]FileState{}, Accounts: map[string]Account{},
			Services: map[string]Service{}, Commands: map[string]string{}, Configs: map[string]string{}, Conffiles: map[string]Conffile{}, Scripts: map[string]Section{},
		},
	}
	err = r.read()
	switch {
	case err == nil:
		if q.LocalAccounts && len(r.failed) == 0 {
			if err := r.local.proven(q.OnlyAccount); err != nil {
				return nil, nil, &ObserveError{Node: l.target.Name, Subject: "the accounts of the node", Output: err.Error()}
			}
			r.o.LocalAccounts = r.local.accounts()
		}
		return r.o, r.failed, nil
	case r.broken != nil:
		return nil, nil, r.broken
	case r.errUID != "":
		return nil, nil, notRoot(l.target.Name, p.login.user, r.errUID)
	}
	return nil, nil, p.ended(ctx, l, s, r.answer, "observing", err)
}

// notRoot explains a shell that runs, but not as root.
func notRoot(node, user, uid string) error {
	return &PrivilegeError{Node: node, User: user, Kind: NotPermitted, Output: "the shell runs as uid " + uid + ", not as root"}
}
