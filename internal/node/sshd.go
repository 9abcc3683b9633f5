package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A SshdConnection is a login as `sshd -T -C` takes it.
type SshdConnection struct {
	User, Host, Address string
	// LocalAddress and LocalPort are where the node takes it.
	LocalAddress string
	LocalPort    int
}

// A SshdQuery asks sshd itself what its configuration means. Its rules of order and of Match blocks are its own.
type SshdQuery struct {
	// Connections are judged, each by the configuration as it is and by the one without Path. Without any, only what is
	// said of the session itself and the algorithms are told.
	Connections []SshdConnection
	// Path is a drop-in in /etc/ssh/sshd_config.d. Content, when not nil, is another text of it, by which connections
	// are judged too.
	Path    string
	Content []byte
	// Gone are other drop-ins that are left out of every configuration but the one in use.
	Gone []string
	// Bare asks for what is without Path alone: Without and Conditional.
	Bare bool
	// Keywords are the settings to tell, in small letters.
	Keywords []string
}

var (
	sshdUser    = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$`)
	sshdHost    = regexp.MustCompile(`^[A-Za-z0-9_.:-]+$`)
	sshdKeyword = regexp.MustCompile(`^[a-z0-9]+$`)
	sshdDropIn  = regexp.MustCompile(`^/etc/ssh/sshd_config\.d/[A-Za-z0-9_-][A-Za-z0-9_.-]*\.conf$`)
)

// CheckSshdHost says why a text cannot be the name of a host of a connection, or returns nil.
func CheckSshdHost(name string) error {
	if !sshdHost.MatchString(name) {
		return fmt.Errorf("%q is not the name of a host", name)
	}
	return nil
}

// CheckSshdUser says why a text cannot be the user of a connection, or returns nil.
func CheckSshdUser(name string) error {
	if !sshdUser.MatchString(name) {
		return fmt.Errorf("%q is not the name of a user", name)
	}
	return nil
}

// check refuses what sshd -C would take for something else.
func (q *SshdQuery) check() error {
	if q == nil {
		return nil
	}
	if len(q.Connections) > 0 && !sshdDropIn.MatchString(q.Path) {
		return fmt.Errorf("%q is not a drop-in of sshd", q.Path)
	}
	for _, name := range q.Gone {
		if !sshdDropIn.MatchString(name) {
			return fmt.Errorf("%q is not a drop-in of sshd", name)
		}
	}
	for _, c := range q.Connections {
		if err := errors.Join(CheckSshdUser(c.User), CheckSshdHost(c.Host)); err != nil {
			return err
		}
		for _, address := range []string{c.Address, c.LocalAddress} {
			if _, err := netip.ParseAddr(address); err != nil {
				return fmt.Errorf("%q is not an IP address", address)
			}
		}
		if c.LocalPort < 1 || c.LocalPort > 65535 {
			return fmt.Errorf("%d is not a port", c.LocalPort)
		}
	}
	for _, k := range q.Keywords {
		if !sshdKeyword.MatchString(k) {
			return fmt.Errorf("%q is not a keyword of sshd_config", k)
		}
	}
	return nil
}

// variants are those that the query is about, as the program names them.
func (q *SshdQuery) variants() string {
	switch {
	case len(q.Connections) == 0:
		return ""
	case q.Bare:
		return "without conditional"
	case q.Content == nil:
		return "asis without conditional"
	}
	return "asis without with conditional"
}

// program is the part of the program that asks sshd, empty where nobody does.
func (q *SshdQuery) program() string {
	if q == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(sshdProgram)
	fmt.Fprintf(&b, "sshd_path=%s\nsshd_other=%s\nsshd_words=%s\nsshd_connections() {\n:\n", quote(q.Path), map[bool]string{false: "0", true: "1"}[q.Content != nil], quote(strings.Join(q.Keywords, "|")))
	for i, c := range q.Connections {
		fmt.Fprintf(&b, "\"$1\" %d %s %s %s %s %d\n", i, quote(c.User), quote(c.Host), quote(c.Address), quote(c.LocalAddress), c.LocalPort)
	}
	b.WriteString("}\nsshd_gone='")
	for _, name := range q.Gone {
		b.WriteString(path.Base(name) + " ") // its letters are harmless
	}
	b.WriteString("'\nsshd_content() {\n")
	if len(q.Content) > 0 {
		b.WriteString(heredoc(q.Content))
	} else {
		b.WriteString(":\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// askSshd asks a node by itself. What the query asks for as well is looked at in the same session.
func (p *Pool) askSshd(ctx context.Context, l *link, q Query) (*Observation, error) {
	seen, failed, err := p.observe(ctx, l, q)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		seen, failed, err = p.observe(ctx, l, q)
	}
	if err != nil {
		return nil, err
	}
	for sub, err := range failed {
		if sub.call == "ask_sshd" {
			return nil, err
		}
	}
	picked, err := q.pick(seen, failed)
	if err != nil {
		return nil, err
	}
	picked.Sshd = seen.Sshd
	if picked.Sshd == nil {
		return nil, &ObserveError{Node: l.target.Name, Subject: "what sshd makes of connections", Output: errMalformed.Error()}
	}
	picked.Sshd.Own.User, picked.Sshd.ByPassword = p.login.user, p.login.credentials.password != ""
	for _, judged := range [][]SshdJudgement{picked.Sshd.AsIs, picked.Sshd.Without, picked.Sshd.With} {
		if len(judged) != 0 && len(judged) != len(q.Sshd.Connections) {
			return nil, &ObserveError{Node: l.target.Name, Subject: "what sshd makes of connections", Output: errMalformed.Error()}
		}
	}
	if n := len(q.Sshd.Connections); !picked.Sshd.Missing && n > 0 && (len(picked.Sshd.AsIs) != n && !q.Sshd.Bare || len(picked.Sshd.Without) != n || q.Sshd.Content != nil && !q.Sshd.Bare && len(picked.Sshd.With) != n) {
		return nil, &ObserveError{Node: l.target.Name, Subject: "what sshd makes of connections", Output: errMalformed.Error()}
	}
	return picked, nil
}

// ClientAlgorithms are what pvesec itself speaks as a client, by the names that [SshdAnswer.Algorithms] has.
func ClientAlgorithms() map[string][]string {
	ours := ssh.SupportedAlgorithms()
	return map[string][]string{"cipher": ours.Ciphers, "mac": ours.MACs, "kex": append(ours.KeyExchanges, "curve25519-sha256@libssh.org"), "HostKeyAlgorithms": ours.HostKeys}
}
