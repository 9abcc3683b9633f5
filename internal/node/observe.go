package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// observeTimeout bounds an observation whose context has no deadline.
const observeTimeout = 2 * time.Minute

// Observe looks at a node in one round trip after the session is open. It changes nothing. Calls for one node that arrive
// together are answered by one remote command; a connection that turns out to be broken is dialled again once.
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

// A reader turns the frames of an answer into an Observation.
type reader struct {
	node     string
	greeted  func()
	subjects []subject
	answer   *answer
	o        *Observation

	entry  string // of a tree: the name that the next frames are about
	inTree int    // number of the tree that entry belongs to
	errUID string // uid of a shell that does not run as root
	broken error  // why the answer is of no use
	local  localReader
	failed map[subject]error
}

// errMalformed is an answer that no version of the program gives.
var errMalformed = errors.New("the answer makes no sense")

func (r *reader) read() error {
	for {
		f, err := r.answer.next(nil)
		if err != nil {
			return err
		}
		switch f.word {
		case "hello":
			r.greeted()
			if f.arg(0) != "0" {
				r.errUID = f.arg(0)
				return errMalformed
			}
		case "done":
			return nil
		case "broken":
			return r.brokenOff(f)
		case "lacking":
			r.broken = missing(r.node, f.arg(0))
			return r.broken
		case "facts":
			r.facts(f)
		case "archive":
			if err := r.archive(f); err != nil {
				return err
			}
		case "journals":
			r.o.Unfinished, r.o.Busy, r.o.Leftover = f.arg(0) == "1", f.arg(1) == "1", f.arg(2) == "1"
		default:
			if err := r.about(f); err != nil {
				return err
			}
		}
	}
}

func (r *reader) facts(f frame) {
	name, fqdn := f.text(0), f.text(1)
	short, _, _ := strings.Cut(name, ".")
	if fqdn == "" {
		fqdn = name
	}
	r.o.Facts.Hostname, r.o.Facts.FQDN = untrusted.Line(short), untrusted.Line(fqdn)
	r.o.Facts.SudoVersion, _ = strings.CutPrefix(untrusted.Line(f.text(2)), "Sudo version ")
	v := parseOSRelease(f.text(3))
	r.o.Facts.OSID, r.o.Facts.OSVersionID, r.o.Facts.OSCodename = v["ID"], v["VERSION_ID"], v["VERSION_CODENAME"]
}

// brokenOff is for an answer in which contents are missing, nobody knows which.
func (r *reader) brokenOff(f frame) error {
	r.broken = &ObserveError{Node: r.node, Subject: "the content of files", Output: untrusted.Text(f.text(0))}
	return r.broken
}

// about handles a frame that belongs to one subject.
func (r *reader) about(f frame) error {
	var i int
	if _, err := fmt.Sscanf(f.arg(0), "%d", &i); err != nil || i < 0 || i >= len(r.subjects) {
		return fmt.Errorf("%w: %q", errMalformed, f.word)
	}
	sub := r.subjects[i]
	name := sub.name
	if r.entry != "" && r.inTree == i {
		name = path.Join(sub.name, r.entry)
	}
	switch f.word {
	case "entry":
		if r.entry, r.inTree = f.text(1), i; r.entry == "" {
			return fmt.Errorf("%w: an entry without a name", errMalformed)
		}
	case "gone":
		r.gone(sub, name)
	case "unknown":
		r.fail(sub, name, f.text(1))
	case "file", "target":
		st, err := parseStat(f)
		if err != nil {
			r.fail(sub, name, err.Error())
			return nil
		}
		if f.word == "target" {
			link, resolved := r.o.Files[name], st
			link.Resolved = &resolved
			st = link
		}
		r.o.Files[name] = st
	case "text":
		st := r.o.Files[name]
		st.LinkTarget = f.text(1)
		r.o.Files[name] = st
	case "large":
		r.put(name, func(st *FileState) { st.TooLarge = true })
	case "content":
		return r.content(sub, name)
	case "account", "group":
		return r.account(sub, f)
	case "passwd", "group-file", "shadow", "sshd", "key-unseen", "homes", "unseen":
		return r.local.take(f)
	case "key":
		return r.key(f)
	case "own", "addresses", "read", "algorithms", "judged":
		return r.sshd(f)
	case "section":
		part, err := r.section(f.arg(0))
		r.o.Scripts[sub.name] = part
		return err
	case "service":
		r.o.Services[sub.name] = parseService(f.text(1))
	case "clock":
		r.clock(sub, f.arg(1))
	case "conffile":
		return r.conffile(f)
	case "config":
		r.o.Configs[sub.name] = untrusted.Text(f.text(1))
	case "audit":
		r.o.Audit = parseAuditStatus(f.text(1), f.text(2))
	case "audit-off":
		problem, _, _ := strings.Cut(f.text(1), "\n")
		r.o.Audit = &AuditStatus{Problem: untrusted.Line(problem)}
	case "command":
		r.o.Commands[sub.name] = untrusted.Line(f.text(1))
	default:
		return fmt.Errorf("%w: %q", errMalformed, f.word)
	}
	return nil
}

// clock reads Unix seconds.
func (r *reader) clock(sub subject, text string) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		r.fail(sub, "", fmt.Sprintf("date answered %q", untrusted.Line(text)))
		return
	}
	r.o.Clock = seconds
}

// fail notes that something could not be looked at. The first reason stays.
func (r *reader) fail(sub subject, name, why string) {
	if r.failed[sub] == nil {
		r.failed[sub] = &ObserveError{Node: r.node, Subject: describeSubject(sub, name), Output: untrusted.Text(strings.TrimSpace(why))}
	}
}

func describeSubject(sub subject, name string) string {
	switch sub.call {
	case "account", "service", "config":
		return sub.call + " " + name
	case "local_accounts":
		return "the accounts of the node"
	case "clock":
		return "the clock"
	case "conffiles":
		return "what packages ship as " + sub.name
	case "ask_sshd":
		return "what sshd makes of connections"
	}
	return untrusted.Line(name)
}

// put changes the state of a path, or of what a link resolves to while that is being told.
func (r *reader) put(name string, change func(*FileState)) {
	st := r.o.Files[name]
	if st.Type == TypeSymlink && st.Resolved != nil {
		change(st.Resolved)
	} else {
		change(&st)
	}
	r.o.Files[name] = st
}

// gone records a proven absence. An entry of a tree that vanished between listing and looking is left out; a link whose
// target is gone stays as it is.
func (r *reader) gone(sub subject, name string) {
	switch sub.call {
	case "account":
		r.o.Accounts[name] = Account{}
	case "program":
		r.o.Commands[name] = ""
	case "audit_status":
		r.o.Audit = &AuditStatus{Missing: true}
	case "ask_sshd":
		r.sshdAnswer().Missing = true
	default:
		if st, seen := r.o.Files[name]; seen && st.Type == TypeSymlink {
			return
		}
		if name == sub.name {
			r.o.Files[name] = FileState{}
		} else {
			delete(r.o.Files, name)
		}
	}
}

// content reads the base64 lines that follow.
func (r *reader) content(sub subject, name string) error {
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	switch {
	case err != nil:
		return err
	case f.word == "unknown":
		r.fail(sub, name, f.text(1))
		return nil
	case f.word == "gone":
		r.gone(sub, name)
		return nil
	case f.word == "broken":
		return r.brokenOff(f)
	case f.word != "end":
		return fmt.Errorf("%w: %q instead of the end of %s", errMalformed, f.word, name)
	}
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, &body))
	if err != nil {
		return fmt.Errorf("%w: content of %s: %w", errMalformed, name, err)
	}
	r.put(name, holding(data))
	return nil
}

// holding gives a file its content.
func holding(data []byte) func(*FileState) {
	return func(st *FileState) {
		if len(data) > MaxContent {
			st.TooLarge = true
			return
		}
		sum := sha256.Sum256(data)
		st.Content, st.SHA256 = data, hex.EncodeToString(sum[:])
	}
}
