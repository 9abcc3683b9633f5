package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
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

// A SshdAnswer is what sshd said.
type SshdAnswer struct {
	// Missing says that the node has no sshd on root's path, so that nothing was judged.
	Missing bool
	// Own is the connection over which the question came. Its addresses are empty where the node does not tell them.
	// ByPassword says that it logs in with a password, and not with a key.
	Own        SshdConnection
	ByPassword bool
	// Algorithms are what OpenSSH of the node has, by the names of `ssh -Q`: cipher, mac, kex, HostKeyAlgorithms. They
	// are empty where it does not tell.
	Algorithms map[string][]string
	// Addresses are those of the node, empty where it does not tell them.
	Addresses []string
	// Unread says that sshd may not have read its files as they are: they changed since, or it is not known when it
	// read them.
	Unread bool
	// AsIs, Without and With are the judgements of the connections by the configuration in use, the one without the
	// drop-in, and the one with its other text.
	AsIs, Without, With []SshdJudgement
	// Conditional are the settings in Match blocks of all files, for all users, the lines of the drop-in included.
	// ConditionalProblem is why they are not known.
	Conditional        []SshdLine
	ConditionalProblem string
}

// A SshdJudgement is what sshd makes of one connection.
type SshdJudgement struct {
	// Problem is what sshd said instead; nothing else is known then.
	Problem string
	// Settings are the values by keyword, one for each line that sshd prints.
	Settings map[string][]string
	// Lines are the settings that sshd took, in its order: of the main part of the files first.
	Lines []SshdLine
	// Keys says that a key file of the user is there and not empty, Password that he has a password that is not locked.
	// What is not known is not so.
	Keys, Password bool
}

// A SshdLine is a setting in a file.
type SshdLine struct {
	File           string
	Line           int
	Keyword, Value string // Keyword in small letters
	// InMatch says that it is in a Match block.
	InMatch bool
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

func (r *reader) sshdAnswer() *SshdAnswer {
	if r.o.Sshd == nil {
		r.o.Sshd = &SshdAnswer{Algorithms: map[string][]string{}, Unread: true}
	}
	return r.o.Sshd
}

// sshd reads a frame of the answer about sshd.
func (r *reader) sshd(f frame) error {
	a := r.sshdAnswer()
	switch f.word {
	case "own":
		remote, err1 := netip.ParseAddr(f.text(1))
		local, err2 := netip.ParseAddr(f.text(2))
		port, err3 := strconv.Atoi(f.arg(3))
		if err := errors.Join(err1, err2, err3); err == nil {
			a.Own = SshdConnection{User: a.Own.User, Host: plainAddress(remote), Address: plainAddress(remote), LocalAddress: plainAddress(local), LocalPort: port}
		}
		return nil
	case "addresses":
		for text := range strings.FieldsSeq(f.text(1)) {
			if address, err := netip.ParseAddr(text); err == nil {
				a.Addresses = append(a.Addresses, plainAddress(address))
			}
		}
		return nil
	case "read":
		a.Unread = f.arg(1) != "yes"
		return nil
	case "algorithms":
		a.Algorithms[f.arg(1)] = strings.Fields(untrusted.Line(strings.ReplaceAll(f.text(2), "\n", " ")))
		return nil
	}
	j := SshdJudgement{Settings: map[string][]string{}, Keys: f.arg(6) == "yes", Password: f.arg(7) == "yes"}
	if f.arg(3) != "0" {
		j.Problem = strings.TrimSpace(untrusted.Text(f.text(5)))
		if j.Problem == "" {
			j.Problem = "sshd ended with status " + untrusted.Line(f.arg(3))
		}
	} else {
		for line := range strings.Lines(f.text(4)) {
			keyword, value, _ := strings.Cut(untrusted.Line(strings.TrimSuffix(line, "\n")), " ")
			j.Settings[keyword] = append(j.Settings[keyword], value)
		}
		j.Lines = sshdLines(f.text(5))
	}
	switch f.arg(1) {
	case "asis":
		a.AsIs = append(a.AsIs, j)
	case "without":
		a.Without = append(a.Without, j)
	case "with":
		a.With = append(a.With, j)
	case "conditional":
		a.ConditionalProblem = j.Problem
		for _, line := range j.Lines {
			if line.InMatch {
				a.Conditional = append(a.Conditional, line)
			}
		}
	default:
		return fmt.Errorf("%w: %q", errMalformed, f.arg(1))
	}
	return nil
}

// plainAddress is an address without a zone, which sshd -C does not take.
func plainAddress(address netip.Addr) string { return address.Unmap().WithZone("").String() }

var sshdSetting = regexp.MustCompile(`^debug3: (.+):([0-9]+) setting ([A-Za-z0-9]+)[ \t]*(.*)$`)

// sshdLines reads what sshd says with -ddd: once for the main part of the files, and once more for the Match blocks
// that hold for the connection.
func sshdLines(text string) []SshdLine {
	var lines []SshdLine
	inMatch := false
	for line := range strings.Lines(text) {
		line = untrusted.Line(strings.TrimRight(line, "\r\n"))
		if m := sshdSetting.FindStringSubmatch(line); m != nil {
			number, err := strconv.Atoi(m[2])
			if err == nil {
				lines = append(lines, SshdLine{File: m[1], Line: number, Keyword: strings.ToLower(m[3]), Value: m[4], InMatch: inMatch})
			}
		} else if strings.Contains(line, "config reprocess config") {
			inMatch = true
		}
	}
	return lines
}

// ClientAlgorithms are what pvesec itself speaks as a client, by the names that [SshdAnswer.Algorithms] has.
func ClientAlgorithms() map[string][]string {
	ours := ssh.SupportedAlgorithms()
	return map[string][]string{"cipher": ours.Ciphers, "mac": ours.MACs, "kex": append(ours.KeyExchanges, "curve25519-sha256@libssh.org"), "HostKeyAlgorithms": ours.HostKeys}
}
