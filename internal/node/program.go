package node

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// The programs that run on the node, POSIX sh for dash, busybox and bash alike.
var (
	//go:embed program/common.sh
	commonProgram string
	//go:embed program/observe.sh
	observeProgram string
	//go:embed program/section.sh
	sectionProgram string
	//go:embed program/users.sh
	usersProgram string
	//go:embed program/recovery.sh
	recoveryProgram string
	//go:embed program/accounts.sh
	accountsProgram string
	//go:embed program/account_change.sh
	accountChangeProgram string
	//go:embed program/sshd.sh
	sshdProgram string
	//go:embed program/sshd_service.sh
	sshdServiceProgram string
	//go:embed program/audit_rules.sh
	auditRulesProgram string
	//go:embed program/restore.sh
	restoreProgram string
	//go:embed program/confirm.sh
	confirmProgram string
	//go:embed program/look.sh
	lookProgram string
	//go:embed program/staging.sh
	stagingProgram string
	//go:embed program/validation.sh
	validationProgram string
	//go:embed program/transaction.sh
	transactionProgram string
)

func init() {
	for _, p := range []*string{&commonProgram, &observeProgram, &usersProgram, &recoveryProgram, &accountsProgram, &accountChangeProgram, &restoreProgram, &confirmProgram, &lookProgram, &stagingProgram, &validationProgram, &transactionProgram, &sshdProgram, &sshdServiceProgram, &sectionProgram, &auditRulesProgram} {
		*p = compact(*p)
	}
	recoveryProgram += sshdServiceProgram + auditRulesProgram // whatever puts a configuration back has it read
}

// compact leaves out comments and indentation: what travels should fit into the first flight of a TCP connection. No
// quoted text and no here-document of the programs has a line that begins with either.
func compact(program string) string {
	var b strings.Builder
	for line := range strings.Lines(program) {
		line = strings.TrimLeft(line, "\t")
		if line != "\n" && !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// maxLine bounds one line of an answer, maxAnswer the whole answer to a query.
const (
	maxLine   = 1 << 20
	maxAnswer = 64 << 20
)

// newMarker returns the random word that begins every line of an answer, so that whatever a login shell prints is told
// apart.
func newMarker() string {
	b := make([]byte, 12)
	rand.Read(b) // never fails, crypto/rand
	return "pvesec-" + hex.EncodeToString(b)
}

// wrap makes one compound command of a program. The shell runs nothing of it before the last line has arrived, so a
// connection that breaks while the program travels changes nothing; and it reads nothing more as a program afterwards.
func wrap(marker string, parts ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\nmarker=%s\n", marker)
	for _, p := range parts {
		b.WriteString(p)
		if !strings.HasSuffix(p, "\n") {
			b.WriteByte('\n')
		}
	}
	b.WriteString("exit 0\n}\n")
	return b.Bytes()
}

// quote makes one shell word of any string without NUL.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// A frame is one line of an answer: a word and what follows.
type frame struct {
	word string
	args []string
}

// answer reads marked lines and sets everything else aside.
type answer struct {
	marker string
	lines  *bufio.Scanner
	noise  tail
	limit  int
}

func newAnswer(marker string, r io.Reader) *answer {
	a := &answer{marker: marker + " ", lines: bufio.NewScanner(r), limit: maxAnswer}
	a.lines.Buffer(make([]byte, 0, 16<<10), maxLine)
	return a
}

// next returns the next marked line. Lines without the mark go to body when it is not nil, and count as noise
// otherwise.
func (a *answer) next(body func(line []byte)) (frame, error) {
	for a.lines.Scan() {
		line := a.lines.Bytes()
		if a.limit -= len(line) + 1; a.limit < 0 {
			return frame{}, fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)
		}
		rest, ok := bytes.CutPrefix(line, []byte(a.marker))
		if !ok {
			if body != nil {
				body(line)
			} else if len(bytes.TrimSpace(line)) > 0 {
				_, _ = a.noise.Write(append(line, '\n')) // never fails
			}
			continue
		}
		words := strings.Split(string(rest), " ")
		return frame{word: words[0], args: words[1:]}, nil
	}
	if err := a.lines.Err(); err != nil {
		return frame{}, err
	}
	return frame{}, io.EOF
}

// text decodes argument i of a frame; the remote program encodes all free text, in base64 or, after a colon, with %XX
// for what is not harmless.
func (f frame) text(i int) string {
	if i >= len(f.args) {
		return ""
	}
	if escaped, ok := strings.CutPrefix(f.args[i], ":"); ok {
		plain, err := url.PathUnescape(escaped)
		if err != nil {
			return ""
		}
		return plain
	}
	b, err := base64.StdEncoding.DecodeString(f.args[i])
	if err != nil {
		return ""
	}
	return string(b)
}

// arg returns argument i, or "".
func (f frame) arg(i int) string {
	if i >= len(f.args) {
		return ""
	}
	return f.args[i]
}

// ended explains why an answer stopped before its end, preferring the privilege that is missing over the bare status.
func (p *Pool) ended(ctx context.Context, l *link, s *session, a *answer, doing string, cause error) error {
	if ctx.Err() != nil {
		return &RemoteError{Node: l.target.Name, Doing: doing, Err: context.Cause(ctx)}
	}
	if !errors.Is(cause, io.EOF) {
		return &RemoteError{Node: l.target.Name, Doing: doing, Err: fmt.Errorf("%w: %w", errBroken, cause)}
	}
	select {
	case <-s.ended:
	case <-ctx.Done():
		return &RemoteError{Node: l.target.Name, Doing: doing, Err: context.Cause(ctx)}
	}
	said := strings.TrimSpace(s.stderr.String())
	if s.exit == nil {
		return &RemoteError{Node: l.target.Name, Doing: doing, Output: said, Err: fmt.Errorf("%w before the answer was complete", errBroken)}
	}
	if perr := p.denied(l, s, said); perr != nil {
		return perr
	}
	if said == "" {
		said = strings.TrimSpace(a.noise.String())
	}
	err := fmt.Errorf("/bin/sh of user %q ended with status %d before it was done", p.login.user, s.exit.status)
	if s.exit.signal != "" {
		err = fmt.Errorf("/bin/sh of user %q was killed by signal %s", p.login.user, s.exit.signal)
	}
	return &RemoteError{Node: l.target.Name, Doing: doing, Output: said, Err: err}
}

// denied says whether a session ended because sudo did not let us through.
func (p *Pool) denied(l *link, s *session, said string) error {
	if p.root() || s.exit == nil {
		return nil
	}
	if s.stderr.asked() > 1 {
		return &PrivilegeError{Node: l.target.Name, User: p.login.user, Kind: WrongPassword}
	}
	if e := privilege(l.target.Name, p.login.user, s.exit.status, said); e != nil {
		return e
	}
	return nil
}
