package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSessions bounds the sessions on one connection, below sshd's MaxSessions of 10, sshd_config(5).
const maxSessions = 6

// maxHandshakes bounds the handshakes that one pool has under way at once. A jump host sees all of them at first hand,
// and a handshake is mostly arithmetic on this side.
const maxHandshakes = 32

// A Pool holds one SSH connection per [Target], dialled on first use and shared. It is safe for concurrent use.
type Pool struct {
	login        login     // for every node, without its target
	hops         []*shared // jump hosts in order
	sudoPassword string
	timeout      time.Duration
	timing       Timing

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu    sync.Mutex
	nodes map[Target]*link
	// changing are the changes that wait to be made together, by togetherKey.
	changing map[string][]*group
}

// A link is the shared connection to one target and what bounds its use.
type link struct {
	*shared
	target   Target
	sessions chan struct{} // one token per open session
	// transaction holds a token while a transaction of this pool is under way on the node.
	transaction chan struct{}
	sudo        sudoState

	gather    sync.Mutex
	gathering *batch // reads that wait to be asked together

	accounts keptAccounts
}

// NewPool checks the configuration and dials nothing. Its errors are of type [*ConfigError].
func NewPool(cfg Config) (*Pool, error) {
	user, err := parseUser(cfg.User, "root")
	if err != nil {
		return nil, &ConfigError{"user", err}
	}
	creds, err := parseCredentials(cfg, time.Now())
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(string(cfg.SudoPassword), "\n\r\x00") {
		return nil, &ConfigError{"sudo_password", errors.New("it holds a line break or a NUL byte, which sudo cannot read")}
	}
	keys, err := parseHostKeys(cfg.KnownHosts, cfg.Fingerprints)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		sudoPassword: string(cfg.SudoPassword), timeout: cfg.ConnectTimeout, timing: cfg.Timing.normal(), nodes: map[Target]*link{}, changing: map[string][]*group{},
	}
	if p.timeout <= 0 {
		p.timeout = DefaultConnectTimeout
	}
	p.login = login{user: user, credentials: creds, hostKeys: keys, slots: make(chan struct{}, maxHandshakes), keepalive: p.timing.Keepalive}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for i, j := range cfg.JumpHosts {
		hop, err := p.jump(cfg, j)
		if err != nil {
			p.cancel()
			var field *ConfigError
			if errors.As(err, &field) {
				err = &ConfigError{fmt.Sprintf("jump_host.%d.%s", i, field.Field), field.Err}
			}
			return nil, err
		}
		p.login.via = hop
		p.hops = append(p.hops, hop)
	}
	return p, nil
}

func parseUser(name, fallback string) (string, error) {
	if name == "" {
		return fallback, nil
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q holds spaces or control characters", name)
	}
	return name, nil
}

// jump makes the next jump host of the chain.
func (p *Pool) jump(cfg Config, j JumpHost) (*shared, error) {
	l := p.login // which has the hop before it in via
	l.jump = true
	l.target = Target{Address: j.Address, Port: j.Port}.normal()
	var err error
	if strings.TrimSpace(j.Address) == "" {
		return nil, &ConfigError{"address", errors.New("a jump host needs an address")}
	}
	if l.user, err = parseUser(j.User, p.login.user); err != nil {
		return nil, &ConfigError{"user", err}
	}
	if len(j.PrivateKey)+len(j.Certificate)+len(j.Password) > 0 {
		own := Config{PrivateKey: j.PrivateKey, Passphrase: j.Passphrase, Certificate: j.Certificate, Password: j.Password}
		if len(j.Password) == 0 {
			own.AgentSocket = cfg.AgentSocket
		}
		if l.credentials, err = parseCredentials(own, time.Now()); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(j.KnownHosts) != "" || len(j.Fingerprints) > 0 {
		fingerprints := map[string][]string{}
		if len(j.Fingerprints) > 0 {
			fingerprints["*"] = j.Fingerprints
		}
		if l.hostKeys, err = parseHostKeys(j.KnownHosts, fingerprints); err != nil {
			return nil, err
		}
	}
	return &shared{login: &l, pool: p.ctx, timeout: p.timeout, timing: p.timing}, nil
}

// Close ends all connections. Transactions under way are undone by their nodes.
func (p *Pool) Close() error {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.nodes {
		l.close()
	}
	for _, hop := range p.hops {
		hop.close()
	}
	return nil
}

// link returns the shared state for a target.
func (p *Pool) link(t Target) *link {
	t = t.normal()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.nodes[t]
	if l == nil {
		in := p.login
		in.target = t
		l = &link{
			shared: &shared{login: &in, pool: p.ctx, timeout: p.timeout, timing: p.timing},
			target: t, sessions: make(chan struct{}, maxSessions), transaction: make(chan struct{}, 1),
		}
		p.nodes[t] = l
	}
	return l
}

// root says whether the login itself has root's power, so that sudo is not needed.
func (p *Pool) root() bool { return p.login.user == "root" }

// Operator is the name that the pool logs in with on the nodes, and whether it has a password for sudo there.
func (p *Pool) Operator() (name string, password bool) { return p.login.user, p.sudoPassword != "" }

// Unreachable connects to every target, all at once, and returns why it did not work for those that give no answer, by
// the target's name. A node that answers and then refuses, for its host key or our login, is not unreachable: that is
// an error of the first use.
func (p *Pool) Unreachable(ctx context.Context, targets []Target) map[string]error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	silent := map[string]error{}
	for _, t := range targets {
		wg.Go(func() {
			l := p.link(t)
			_, err := l.connect(ctx)
			var ue *UnreachableError
			if errors.As(err, &ue) {
				mu.Lock()
				silent[l.target.Name] = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return silent
}

// fresh opens a connection of its own, which nobody shares: it proves that a login works now.
func (p *Pool) fresh(ctx context.Context, l *link) (*ssh.Client, error) {
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	return l.login.dial(ctx)
}
