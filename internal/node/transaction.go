package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// keepBackups is how many backups of one path stay on a node.
const keepBackups = 10

// A transaction is the client's end of the remote process on one node.
type transaction struct {
	pool   *Pool
	link   *link
	change Change
	id     string
	report func(node, step string)

	// decided is the id of another transaction whose change all nodes had agreed to; settling lets it stand.
	decided string

	session *session
	answer  *answer
	frames  chan frame
	lostErr error // why frames was closed; read after that
	stop    context.CancelFunc

	writing sync.Mutex

	// what is known of the remote state
	speaks                          bool // the remote program has answered
	commitSent, sealSent, committed bool
	ended                           bool
	left                            bool     // a stage may be left that could not be cleared
	outcome                         State    // set by a final frame
	changed                         bool     // the node has files to change
	installed                       []string // packages
}

func newTransaction(p *Pool, c Change, report func(node, step string)) *transaction {
	b := make([]byte, 8)
	rand.Read(b) // never fails, crypto/rand
	return &transaction{pool: p, link: p.link(c.Target), change: c, id: hex.EncodeToString(b), report: report}
}

func (tx *transaction) name() string { return tx.link.target.Name }

// start connects, sends the program and waits until the node has taken the lock or says that somebody else has it.
func (tx *transaction) start(ctx context.Context, last string) (busy bool, err error) {
	s, err := tx.pool.open(ctx, tx.link)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		s, err = tx.pool.open(ctx, tx.link) // nothing was sent yet: safe to try again
	}
	if err != nil {
		return false, err
	}
	marker := newMarker()
	tx.session = s
	tx.answer = newAnswer(marker, s.channel)
	tx.frames = make(chan frame, 16)
	run, stop := context.WithCancel(context.Background())
	tx.stop = stop
	changesAccounts := "" // putting back knows accounts always: an earlier transaction may have left one half-way
	if len(tx.change.Accounts) > 0 {
		changesAccounts = accountChangeProgram
	}
	text := wrap(marker, commonProgram, usersProgram, recoveryProgram, accountsProgram, lookProgram, stagingProgram, validationProgram, changesAccounts, transactionProgram, tx.program(), last)
	tx.writing.Lock()
	go func() {
		defer tx.writing.Unlock()
		_ = s.write(text) // a failure shows as the end of the answer
	}()
	go tx.read()
	go tx.ping(run)

	greeting, cancel := tx.pool.greeting(ctx)
	defer cancel()
	f, err := tx.expect(greeting, "hello")
	if err != nil {
		return false, err
	}
	tx.speaks = true
	if f.arg(0) != "0" {
		return false, notRoot(tx.name(), tx.pool.login.user, f.arg(0))
	}
	locking, cancel := context.WithTimeoutCause(ctx, tx.pool.timing.Greeting, errLocking{tx.pool.timing.Greeting})
	defer cancel()
	f, err = tx.expect(locking, "locked", "busy")
	if err != nil {
		return false, err
	}
	return f.word == "busy", nil
}

func (tx *transaction) read() {
	defer close(tx.frames)
	for {
		f, err := tx.answer.next(nil)
		if err != nil {
			tx.lostErr = err
			return
		}
		tx.answer.limit = maxAnswer
		tx.frames <- f
	}
}

// ping keeps the node from taking us for dead.
func (tx *transaction) ping(ctx context.Context) {
	tick := time.NewTicker(tx.pool.timing.Silence / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if tx.send("wait") != nil {
				return
			}
		}
	}
}

func (tx *transaction) send(word string) error {
	tx.writing.Lock()
	defer tx.writing.Unlock()
	return tx.session.write([]byte(word + "\n"))
}

// ask sends a word and waits for one of the answers.
func (tx *transaction) ask(ctx context.Context, word string, answers ...string) (frame, error) {
	if tx.ended {
		return frame{}, errEnded
	}
	// A failed write shows as the end of the answer, which tells more.
	_ = tx.send(word)
	return tx.expect(ctx, answers...)
}

// errEnded is what a transaction answers after its end.
var errEnded = errors.New("the transaction has ended")

// expect reads until one of the words comes, or the transaction fails, or the connection ends.
func (tx *transaction) expect(ctx context.Context, words ...string) (frame, error) {
	for {
		var f frame
		var ok bool
		select {
		case f, ok = <-tx.frames:
		case <-ctx.Done():
			return frame{}, &RemoteError{Node: tx.name(), Doing: "changing files", Err: context.Cause(ctx)}
		}
		if !ok {
			tx.ended = true
			short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return frame{}, tx.pool.ended(short, tx.link, tx.session, tx.answer, "changing files", tx.lostErr)
		}
		switch f.word {
		case "note":
			text := untrusted.Text(f.text(0))
			tx.report(tx.name(), text)
			if tx.change.Noted != nil {
				tx.change.Noted(text)
			}
		case "packages":
			tx.report(tx.name(), "installing "+untrusted.Line(f.text(0)))
		case "step":
			tx.report(tx.name(), untrusted.Line(f.arg(0)))
		case "installed":
			tx.installed = slices.DeleteFunc(strings.Fields(untrusted.Line(strings.Join(f.args, " "))), func(name string) bool { return !commandName.MatchString(name) })
			tx.report(tx.name(), "installed "+strings.Join(tx.installed, ", "))
			if tx.change.Installed != nil {
				tx.change.Installed(tx.installed)
			}
		case "lists":
			tx.report(tx.name(), "apt-get update: "+explainLists(f.text(0)))
		case "recovered":
			tx.report(tx.name(), "undid what an interrupted run had left half-way")
		case "lacking":
			tx.ended, tx.outcome = true, Unchanged
			return frame{}, missing(tx.name(), f.arg(0))
		case "failed":
			return frame{}, tx.failed(f)
		}
		for _, w := range words {
			if f.word == w {
				return f, nil
			}
		}
	}
}

// failed turns the last word of a node into an error: KIND PATH TEXT OUTCOME BROKEN WORD. It is nil for a rollback that
// was asked for.
func (tx *transaction) failed(f frame) error {
	tx.ended = true
	kind, path, text, word := f.arg(0), untrusted.Line(f.text(1)), tx.tidy(f.text(2)), untrusted.Line(f.text(5))
	switch f.arg(3) {
	case "restored":
		tx.outcome = RolledBack
	case "broken":
		tx.outcome = NotRestored
	default:
		tx.outcome = Unchanged
	}
	var err error
	switch kind {
	case "rollback":
		err = errRolledBack
	case "conflict":
		if word == "any" {
			word = "a file"
		}
		err = &ConflictError{Node: tx.name(), Path: path, Expected: word, Found: text}
	case "account":
		err = &AccountError{Node: tx.name(), Account: path, Output: text}
	case "account-changed":
		err = &AccountChangedError{Node: tx.name(), Account: path, Expected: word, Found: text}
	case "missing":
		err = missing(tx.name(), word)
	case "packages":
		err = packagesError(tx.name(), word, f.text(1), f.text(2))
	case "slow":
		err = slow(tx.name(), word)
	case "open":
		err = &OpenDirectoryError{Node: tx.name(), Path: path, Directory: word, Why: text}
	case "invalid", "invalid-tree":
		err = &ValidationError{Node: tx.name(), Path: path, Tool: word, Output: text, Whole: kind == "invalid-tree"}
	case "unlisted":
		user, command, _ := strings.Cut(word, " ")
		err = &NotInForceError{Node: tx.name(), Path: path, User: user, Command: command, Output: text}
	case "service":
		err = &ServiceError{Node: tx.name(), Service: path, Output: text}
	case "recovery":
		err = &InstallError{Node: tx.name(), Path: path, Step: "recovering", Output: text}
	case "interrupted":
		err = &RemoteError{Node: tx.name(), Doing: "changing files", Err: errors.New(text)}
	default:
		err = &InstallError{Node: tx.name(), Path: path, Step: word, Output: text}
	}
	if broken := tx.tidy(f.text(4)); broken != "" {
		err = fmt.Errorf("%w\nnot restored: %s", err, strings.ReplaceAll(broken, "\n", "; "))
	}
	return err
}

// errRolledBack is the answer to a rollback.
var errRolledBack = errors.New("rolled back as asked")

var stagedFile = regexp.MustCompile(`[^\s"':]*/(?:stage/|\.pvesec-)([0-9a-f]{16})/new\.(\d+)`)

// tidy makes a tool's words fit to print: staged paths become real ones, control characters go.
func (tx *transaction) tidy(s string) string {
	s = stagedFile.ReplaceAllStringFunc(s, func(m string) string {
		var i int
		sub := stagedFile.FindStringSubmatch(m)
		if _, err := fmt.Sscanf(sub[2], "%d", &i); err != nil || i >= len(tx.change.Files) {
			return m
		}
		return tx.change.Files[i].Path
	})
	return strings.TrimSpace(untrusted.Text(s))
}

// slow reads "COMMAND SECONDS".
func slow(node, word string) error {
	command, limit, _ := strings.Cut(word, " ")
	return &SlowError{Node: node, Command: command, Seconds: limit}
}

// program writes the calls that make this change, for transaction.sh.
func (tx *transaction) program() string {
	c := tx.change
	var b strings.Builder
	fmt.Fprintf(&b, "txn=%s\nlabel=%s\npatience=%d\nkeep=%d\nconfirm=%d\n", tx.id, quote(c.Label), seconds(tx.pool.timing.Silence), keepBackups, tx.deadline())
	fmt.Fprintf(&b, "provides=%s\n", quote(c.provides()))
	fmt.Fprintf(&b, "required=%s\nrestart=%s\nactive=%s\n",
		quote(strings.Join(slices.Concat(c.RequireCommands, requiredForAccounts(c.Accounts)), " ")), quote(strings.Join(c.RestartServices, " ")), quote(strings.Join(c.RequireActive, " ")))
	fmt.Fprintf(&b, "quick=%d\npatient=%d\ndecided=%s\nreload_rules=%t\n", seconds(tx.pool.timing.Quick), seconds(tx.pool.timing.Patient), tx.decided, c.ReloadAuditRules)
	b.WriteString(wordList("walls", c.walls()) + "mended=" + quote(c.mended()) + "\n")
	b.WriteString(wordList("looks", c.looks()) + wordList("sought", c.sought()) + "expects() {\n:\n")
	for _, e := range c.Expect {
		what := "absent"
		if e.Exists {
			what = "any"
			if e.SHA256 != "" {
				what = strings.ToLower(e.SHA256)
			}
		}
		fmt.Fprintf(&b, "expect %s %s\n", quote(e.Path), what)
	}
	b.WriteString("}\nlistings() {\n:\n")
	for _, l := range c.Listed {
		fmt.Fprintf(&b, "listed %s %s %s\n", quote(l.User), quote(l.Command), quote(l.Path))
	}
	b.WriteString("}\neach() {\n:\n")
	for i, f := range c.Files {
		sum := "-"
		if f.Kind == Regular || f.Kind == EnsureFile {
			h := sha256.Sum256(f.staged())
			sum = hex.EncodeToString(h[:])
		}
		fmt.Fprintf(&b, "\"$@\" %d %s %s %s %s %s %s %s %s %s\n", i, kindWords[f.Kind], octal(f.Mode),
			quote(orRoot(f.Owner)), quote(orRoot(f.Group)), validatorWords[f.Validate], sum, quote(f.Path), quote(f.copies()), orNone(f.Applied))
	}
	b.WriteString("}\n" + accountCalls(c.Accounts) + "content() {\ncase $1 in\n")
	for i, f := range c.Files {
		if data := f.staged(); len(data) > 0 {
			fmt.Fprintf(&b, "%d) %s;;\n", i, heredoc(data))
		}
	}
	for i, a := range c.Accounts {
		a.contents(&b, i)
	}
	b.WriteString("esac\n}\n")
	if tx.deadline() > 0 {
		b.WriteString("restorer() {\ncat <<'end of restorer'\n" + commonProgram + usersProgram + recoveryProgram + accountsProgram + restoreProgram + "end of restorer\n}\n")
	}
	return b.String()
}

// wordList defines a function that calls what it is given with words.
func wordList(name string, words []string) string {
	var b strings.Builder
	b.WriteString(name + "() {\n\"$@\"")
	for _, word := range words {
		b.WriteString(" " + quote(word))
	}
	b.WriteString("\n}\n")
	return b.String()
}

// heredoc is a command that prints data: one of the shell for a text, and otherwise base64.
func heredoc(data []byte) string {
	if !bytes.ContainsFunc(data, func(r rune) bool { return r != '\n' && r != '\t' && (r < ' ' || r > '~') }) {
		return "printf %s " + quote(string(data)) + "\n"
	}
	var b strings.Builder
	b.WriteString("base64 -d <<'.'\n")
	enc := base64.StdEncoding.EncodeToString(data)
	for len(enc) > 76 {
		b.WriteString(enc[:76] + "\n")
		enc = enc[76:]
	}
	b.WriteString(enc + "\n.\n")
	return b.String()
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// staged is what is written before the file goes into place.
func (f File) staged() []byte {
	if f.Kind == Regular {
		return f.Content
	}
	return nil
}

// orNone is a digest as transaction.sh takes it.
func orNone(sum string) string {
	if sum == "" {
		return "-"
	}
	return strings.ToLower(sum)
}

func orRoot(name string) string {
	if name == "" {
		return "root"
	}
	return name
}

// Words of transaction.sh.
var (
	kindWords      = map[Kind]string{Regular: "regular", Directory: "directory", EnsureFile: "ensure", Absent: "absent", Erased: "erased", ErasedTree: "erased-tree"}
	validatorWords = map[Validator]string{NoValidation: "none", Sudoers: "sudoers", Rsyslog: "rsyslog", Logrotate: "logrotate", Sshd: "sshd", AuditRules: "audit"}
)

// copies is the name of the directory for copies of the file, "-" for none.
func (f File) copies() string {
	if f.Secret {
		return "-"
	}
	return backupName(f.Path)
}

// backupName makes one directory name of a path, readable and without collisions: slashes become dashes, dashes %2D.
func backupName(path string) string {
	var b strings.Builder
	for _, c := range []byte(strings.TrimPrefix(path, "/")) {
		switch {
		case c == '/':
			b.WriteByte('-')
		case c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// close ends the session. A node that has not finished restores.
func (tx *transaction) close() {
	if tx.session == nil {
		return
	}
	tx.stop()
	tx.session.close()
	go func() {
		for range tx.frames { // let the reader end
		}
	}()
}
