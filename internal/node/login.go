package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// A login is one SSH server to log in to, a node or a jump host, and how.
type login struct {
	target      Target
	jump        bool // a jump host
	user        string
	credentials credentials
	hostKeys    *hostKeys
	via         *shared // the jump host before it; nil when it is dialled directly
	// slots bounds how many handshakes the pool has under way at once.
	slots chan struct{}
	// keepalive is the interval of TCP's own questions.
	keepalive time.Duration
}

// name is how messages call the server.
func (l *login) name() string {
	if l.jump {
		return "jump host " + l.target.Name
	}
	return l.target.Name
}

// through names the jump host before the server, "" when there is none.
func (l *login) through() string {
	if l.via == nil {
		return ""
	}
	at := l.via.login.target
	at.Name = l.via.login.name()
	return at.String()
}

// attempts notes what a handshake tried, for the message when all of it was refused.
type attempts struct {
	mu     sync.Mutex
	offers []string // what would be offered
	asked  []string // methods that the server let us try
	banner tail     // what the server said before the login
}

func (a *attempts) ask(method string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.asked, method) {
		a.asked = append(a.asked, method)
	}
}

// methods are the ways to log in, in the order in which they are tried. done frees what they hold.
func (c credentials) methods(ctx context.Context, a *attempts) (methods []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	if c.password != "" {
		a.offers = []string{"password", "keyboard-interactive"}
		return []ssh.AuthMethod{
			ssh.PasswordCallback(func() (string, error) {
				a.ask("password")
				return c.password, nil
			}),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
				a.ask("keyboard-interactive")
				switch {
				case len(questions) == 0:
					return nil, nil
				case len(questions) == 1 && !echos[0]:
					return []string{c.password}, nil
				}
				return nil, errors.New("the server asks for more than a password")
			}),
		}, done, nil
	}
	signers := slices.Clone(c.signers)
	a.offers = slices.Clone(c.offers)
	if c.agent != "" {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", c.agent)
		if err != nil {
			return nil, done, fmt.Errorf("the SSH agent does not answer: %w", err)
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		done = func() { stop(); conn.Close() }
		held, err := agent.NewClient(conn).Signers()
		if err != nil {
			done()
			return nil, func() {}, fmt.Errorf("the SSH agent does not list its keys: %w", err)
		}
		for _, s := range held {
			a.offers = append(a.offers, "agent's "+describeKey(s.PublicKey()))
		}
		if len(held) == 0 && len(signers) == 0 {
			done()
			return nil, func() {}, errors.New("the SSH agent holds no keys")
		}
		signers = append(signers, held...)
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
		a.ask("publickey")
		return signers, nil
	})}, done, nil
}

// refused turns a failed login into an error that says what was tried.
func (l *login) refused(a *attempts, err error) error {
	e := &AuthError{Node: l.name(), Address: l.target.Address, Port: l.target.Port, User: l.user, Methods: a.offers, Err: err}
	a.mu.Lock()
	defer a.mu.Unlock()
	wanted := "publickey"
	if l.credentials.password != "" {
		wanted = "password"
	}
	e.NotOffered = len(a.asked) == 0
	e.Method = wanted
	e.TooMany = strings.Contains(err.Error(), "oo many authentication failures")
	e.Banner = untrusted.Line(strings.Join(strings.Fields(a.banner.String()), " "))
	return e
}
