package node

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// The command lines that programs are fed to. All are fixed, so that one sudoers line permits all of pvesec, and so
// that nothing of a change and no secret is ever seen in a process list. env makes sudo's own messages English without
// relying on the syntax of the login shell.
const (
	// SudoersCommand is what the login user must be permitted to run as root.
	SudoersCommand = "/bin/sh -s"

	rootCommand = SudoersCommand
	sudoCommand = "env LC_ALL=C sudo -n " + SudoersCommand
	// -k keeps sudo from remembering the password, and makes it ask every time, so that it is known who reads the first
	// line.
	passwordCommand = "env LC_ALL=C sudo -k -S -p " + prompt + " " + SudoersCommand
	// validate only checks the password, so that a wrong one is tried once, and not the lines of a program after it.
	validateCommand = "env LC_ALL=C sudo -k -S -p " + prompt + " -v"
)

// prompt is what sudo asks with. It appears on standard error and tells that sudo, not the shell, reads the next line.
const prompt = "pvesec-asks-for-the-password:"

// promptTimeout is how long sudo may take to ask. After that it is taken to need no password.
const promptTimeout = 5 * time.Second

// sudoState is what is known of a node's sudo where a password is configured.
type sudoState struct {
	mu     sync.Mutex
	proven bool // the password is right
	free   bool // no password is needed
}

// become starts a root shell through sudo.
func (p *Pool) become(ctx context.Context, l *link, connect func(context.Context) (*ssh.Client, error)) (*session, error) {
	if p.sudoPassword == "" {
		return p.run(ctx, l, connect, sudoCommand)
	}
	free, err := p.provePassword(ctx, l, connect)
	if err != nil {
		return nil, err
	}
	if free {
		return p.run(ctx, l, connect, sudoCommand)
	}
	s, err := p.run(ctx, l, connect, passwordCommand)
	if err != nil {
		return nil, err
	}
	asked, err := p.answerPrompt(ctx, l, s)
	if err != nil || asked {
		return s, err
	}
	s.close()
	l.sudo.mu.Lock()
	l.sudo.free = true
	l.sudo.mu.Unlock()
	return p.run(ctx, l, connect, sudoCommand)
}

// answerPrompt waits until sudo asks and sends the password. If the session ends before that, its reader reports why.
func (p *Pool) answerPrompt(ctx context.Context, l *link, s *session) (asked bool, err error) {
	select {
	case <-s.stderr.prompted():
		_ = s.write([]byte(p.sudoPassword + "\n")) // a failure shows as the end of the answer
		return true, nil
	case <-s.ended:
		return true, nil
	case <-time.After(promptTimeout):
		return false, nil
	case <-ctx.Done():
		s.close()
		return false, &RemoteError{Node: l.target.Name, Doing: "waiting for sudo to ask for the password", Err: context.Cause(ctx)}
	}
}

// provePassword checks the password once per node, by itself: sudo would take the first lines of a program for further
// tries.
func (p *Pool) provePassword(ctx context.Context, l *link, connect func(context.Context) (*ssh.Client, error)) (free bool, err error) {
	l.sudo.mu.Lock()
	defer l.sudo.mu.Unlock()
	if l.sudo.proven || l.sudo.free {
		return l.sudo.free, nil
	}
	s, err := p.run(ctx, l, connect, validateCommand)
	if err != nil {
		return false, err
	}
	defer s.close()
	asked, err := p.answerPrompt(ctx, l, s)
	if err != nil {
		return false, err
	}
	_ = s.channel.CloseWrite() // without a second line there is no second try
	select {
	case <-s.ended:
	case <-ctx.Done():
		return false, &RemoteError{Node: l.target.Name, Doing: "proving the sudo password", Err: context.Cause(ctx)}
	}
	switch {
	case s.exit == nil:
		return false, &RemoteError{Node: l.target.Name, Doing: "proving the sudo password", Err: errBroken}
	case s.exit.status == 0:
		l.sudo.proven = asked && s.stderr.asked() > 0
		l.sudo.free = !l.sudo.proven
		return l.sudo.free, nil
	case s.stderr.asked() > 1 || strings.Contains(s.stderr.String(), "incorrect password attempt"):
		return false, &PrivilegeError{Node: l.target.Name, User: p.login.user, Kind: WrongPassword}
	}
	if err := p.denied(l, s, s.stderr.String()); err != nil {
		return false, err
	}
	// A sudo that cannot validate alone may still run the command.
	l.sudo.free = s.stderr.asked() == 0
	l.sudo.proven = !l.sudo.free
	return l.sudo.free, nil
}

// maxStderr is how much of what a node says on standard error is kept for messages.
const maxStderr = 4096

// tail keeps the first part of what is written to it, and notices sudo's prompt.
type tail struct {
	mu      sync.Mutex
	buf     []byte
	prompts int
	signal  chan struct{}
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := maxStderr - len(t.buf); room > 0 {
		t.buf = append(t.buf, b[:min(room, len(b))]...)
	}
	for {
		before, after, found := bytes.Cut(t.buf, []byte(prompt))
		if !found {
			return len(b), nil
		}
		t.buf = append(before[:len(before):len(before)], after...)
		if t.prompts++; t.prompts == 1 {
			close(t.channel())
		}
	}
}

// channel is called with mu held.
func (t *tail) channel() chan struct{} {
	if t.signal == nil {
		t.signal = make(chan struct{})
	}
	return t.signal
}

// prompted is closed when sudo has asked for the password.
func (t *tail) prompted() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.channel()
}

// asked is how often sudo asked.
func (t *tail) asked() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.prompts
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return untrusted.Text(string(t.buf))
}
