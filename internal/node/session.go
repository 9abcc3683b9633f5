package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// A session is one remote command under way.
type session struct {
	channel ssh.Channel
	client  *ssh.Client
	stderr  *tail
	release func()

	ended chan struct{} // closed when the server has closed the session
	exit  *exit         // how the command ended, nil when the server did not say; read after that
}

// exit is the end of a remote command, RFC 4254 section 6.10.
type exit struct {
	status int
	signal string
}

// errBroken marks a failure of the connection itself, as opposed to one of the program on the node.
var errBroken = errors.New("the connection broke")

// errGreeting is a login that works and a program that does not start.
type errGreeting struct {
	user  string
	limit time.Duration
}

func (e errGreeting) Error() string {
	return fmt.Sprintf("the shell of user %q did not come to run the program that was sent to it within %s: see what its start files do (.profile, .bashrc, /etc/profile.d), and sudo's log",
		e.user, e.limit)
}

// errLocking is a program that started and did not come to take the lock of changes: it was stopped, or a file system
// of the node hangs.
type errLocking struct{ limit time.Duration }

func (e errLocking) Error() string {
	return fmt.Sprintf("the program that was sent to it started and did not come to take the lock of changes within %s; nothing was changed. See whether its processes are stopped (ps -e -o pid,stat,args) and whether /run answers",
		e.limit)
}

// greeting bounds the time until the program on a node says its first word.
func (p *Pool) greeting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, p.timing.Greeting, errGreeting{p.login.user, p.timing.Greeting})
}

// open starts a shell with root's power on the node, ready for a program. Closing the session frees its place.
func (p *Pool) open(ctx context.Context, l *link) (*session, error) {
	return p.openOn(ctx, l, l.connect)
}

// openOn is open over a connection that connect gives.
func (p *Pool) openOn(ctx context.Context, l *link, connect func(context.Context) (*ssh.Client, error)) (*session, error) {
	if p.root() {
		return p.run(ctx, l, connect, rootCommand)
	}
	return p.become(ctx, l, connect)
}

// run starts a command.
//
// The request to start it asks for no reply, so that the command's input follows right behind it: one round trip opens
// the session and one more brings the answer. A server that does not start it closes the session or stays silent.
//
// A connection that others used before may have broken since, which the first write to it tells. The command was not
// started then, and a new connection starts it.
func (p *Pool) run(ctx context.Context, l *link, connect func(context.Context) (*ssh.Client, error), command string) (*session, error) {
	select {
	case l.sessions <- struct{}{}:
	case <-ctx.Done():
		return nil, &RemoteError{Node: l.target.Name, Doing: "waiting for a free session", Err: context.Cause(ctx)}
	}
	release := sync.OnceFunc(func() { <-l.sessions })
	var client *ssh.Client
	var s *session
	for again := true; ; again = false {
		var err error
		if client, err = connect(ctx); err != nil {
			release()
			return nil, err
		}
		if s, err = l.start(ctx, client, command); err == nil {
			break
		}
		broken := errors.Is(err, errBroken)
		if broken {
			l.drop(client)
		}
		if !broken || !again || ctx.Err() != nil {
			release()
			return nil, &RemoteError{Node: l.target.Name, Doing: "opening a session", Err: err}
		}
	}
	l.count(client, 1)
	s.release = sync.OnceFunc(func() {
		l.count(client, -1)
		release()
	})
	go l.prepareSpare(client)
	return s, nil
}

// start sends a command over a connection.
func (l *link) start(ctx context.Context, client *ssh.Client, command string) (*session, error) {
	s := l.takeSpare(client)
	if s == nil {
		var err error
		if s, err = l.openChannel(ctx, client); err != nil {
			return nil, err
		}
	}
	if _, err := s.channel.SendRequest("exec", false, ssh.Marshal(struct{ Command string }{command})); err != nil {
		s.channel.Close()
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return s, nil
}

func newSession(client *ssh.Client, channel ssh.Channel, requests <-chan *ssh.Request) *session {
	s := &session{channel: channel, client: client, stderr: &tail{}, ended: make(chan struct{})}
	go s.follow(requests)
	return s
}

// follow reads standard error and the end of the command until the server closes the session.
func (s *session) follow(requests <-chan *ssh.Request) {
	var copying sync.WaitGroup
	copying.Go(func() { _, _ = io.Copy(s.stderr, s.channel.Stderr()) }) // it ends with the session
	for r := range requests {
		switch r.Type {
		case "exit-status":
			var m struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &m) == nil {
				s.exit = &exit{status: int(m.Status)}
			}
		case "exit-signal":
			var m struct {
				Signal     string
				CoreDumped bool
				Message    string
				Language   string
			}
			if ssh.Unmarshal(r.Payload, &m) == nil {
				s.exit = &exit{status: 128, signal: untrusted.Line(m.Signal)}
			}
		}
		if r.WantReply {
			_ = r.Reply(false, nil) // the connection may be gone
		}
	}
	copying.Wait()
	close(s.ended)
}

// within runs a blocking call of the SSH package. When ctx ends first the caller goes on, and discard gets what the
// call still returns. Its errors, other than a refusal of the server, are marked errBroken.
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
			case <-time.After(patienceWithServer):
				client.Close()
			}
		}()
		var none T
		return none, context.Cause(ctx)
	}
}

// patienceWithServer is how long a server may owe an answer, or keep a closed session, before it is given up.
const patienceWithServer = 15 * time.Second

// write sends input to the command.
func (s *session) write(b []byte) error {
	_, err := s.channel.Write(b)
	return err
}

// close ends the session whatever it does; the remote program reads end of file. Its place is free for another session
// when the command has ended, because until then the server counts it.
func (s *session) close() {
	_ = s.channel.CloseWrite() // the connection may be gone
	go func() {
		defer s.release()
		defer s.channel.Close()
		select {
		case <-s.ended:
			return
		case <-time.After(2 * time.Second):
		}
		s.channel.Close() // it does not want to end, or has more to say than anybody reads
		select {
		case <-s.ended:
		case <-time.After(patienceWithServer):
		}
	}()
}
