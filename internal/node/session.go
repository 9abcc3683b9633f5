package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// The command lines that a program is fed to. Both are fixed, so that one sudoers line permits all of pvesec, and so
// that nothing of a change is ever seen in a process list.
const (
	sudoersCommand = "/bin/sh -s"
	rootCommand    = "/bin/sh -s"
	// env makes sudo's own messages English without relying on the syntax of the login shell.
	sudoCommand = "env LC_ALL=C sudo -n /bin/sh -s"
)

// maxStderr is how much of what a node says on standard error is kept for messages.
const maxStderr = 4096

// A session is one remote command under way.
type session struct {
	ssh     *ssh.Session
	client  *ssh.Client
	stdin   io.WriteCloser
	stdout  io.Reader
	stderr  *tail
	release func()

	ended chan struct{} // closed when the server has closed the session
	exit  error         // how the command ended; read after that
}

// errBroken marks a failure of the connection itself, as opposed to one of the program on the node.
var errBroken = errors.New("the connection broke")

// open starts the command on the node. Closing the session frees its place.
func (p *Pool) open(ctx context.Context, l *link) (*session, error) {
	select {
	case l.sessions <- struct{}{}:
	case <-ctx.Done():
		return nil, &RemoteError{Node: l.target.Name, Doing: "waiting for a free session", Err: context.Cause(ctx)}
	}
	release := sync.OnceFunc(func() { <-l.sessions })
	client, err := p.connect(ctx, l)
	if err != nil {
		release()
		return nil, err
	}
	s, err := openChannel(ctx, client)
	if err != nil {
		release()
		if errors.Is(err, errBroken) {
			l.drop(client)
		}
		return nil, &RemoteError{Node: l.target.Name, Doing: "opening a session", Err: err}
	}
	s.release = release
	command := rootCommand
	if p.user != "root" {
		command = sudoCommand
	}
	start := func() (struct{}, error) { return struct{}{}, s.ssh.Start(command) }
	if _, err := within(ctx, client, start, func(struct{}) {}); err != nil {
		close(s.ended)
		s.close()
		return nil, &RemoteError{Node: l.target.Name, Doing: "starting /bin/sh", Err: err}
	}
	go func() {
		s.exit = s.ssh.Wait()
		close(s.ended)
	}()
	return s, nil
}

// openChannel opens a session, waiting a while where the server has a lower limit than we have.
func openChannel(ctx context.Context, client *ssh.Client) (*session, error) {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		sess, err := within(ctx, client, client.NewSession, func(unwanted *ssh.Session) { unwanted.Close() })
		var full *ssh.OpenChannelError
		switch {
		case err == nil:
			s := &session{ssh: sess, client: client, stderr: &tail{}, ended: make(chan struct{})}
			sess.Stderr = s.stderr
			var err1, err2 error
			s.stdin, err1 = sess.StdinPipe()
			s.stdout, err2 = sess.StdoutPipe()
			return s, errors.Join(err1, err2)
		case errors.As(err, &full) && (full.Reason == ssh.Prohibited || full.Reason == ssh.ResourceShortage || full.Reason == ssh.ConnectionFailed):
			if pause > 5*time.Second {
				return nil, fmt.Errorf("the server refuses another session (MaxSessions in sshd_config): %w", err)
			}
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(pause):
			}
		default:
			return nil, err
		}
	}
}

// within runs a blocking call of the SSH package. When ctx ends first the caller goes on, and discard gets what the call
// still returns. Its errors, other than a refusal of the server, are marked errBroken.
func within[T any](ctx context.Context, client *ssh.Client, call func() (T, error), discard func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := call()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		var refused *ssh.OpenChannelError
		if r.err != nil && !errors.As(r.err, &refused) {
			r.err = fmt.Errorf("%w: %w", errBroken, r.err)
		}
		return r.v, r.err
	case <-ctx.Done():
		// The server owes an answer that nobody waits for any more. Without it the connection is no good.
		go func() {
			select {
			case r := <-done:
				if r.err == nil {
					discard(r.v)
				}
			case <-time.After(keepaliveInterval):
				client.Close()
			}
		}()
		var none T
		return none, context.Cause(ctx)
	}
}

// close ends the session whatever it does; the remote program reads end of file. Its place is free for another session
// when the command has ended, because until then the server counts it.
func (s *session) close() {
	s.stdin.Close()
	go func() {
		defer s.release()
		defer s.ssh.Close()
		select {
		case <-s.ended:
			return
		case <-time.After(2 * time.Second):
		}
		s.ssh.Close() // it does not want to end, or has more to say than anybody reads
		select {
		case <-s.ended:
		case <-time.After(keepaliveInterval):
		}
	}()
}

// tail keeps the first part of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := maxStderr - len(t.buf); room > 0 {
		t.buf = append(t.buf, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return printable(string(t.buf))
}
