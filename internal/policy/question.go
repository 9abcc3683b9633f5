package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Question is what analyses of a whole policy are about. The zero values of its fields stand for what a reviewer would
// take for given.
type Question struct {
	Subject Subject
	// Host is the short name of a node. Empty, every host is asked about that the policy tells apart.
	Host string
	// Env is the node's file system, nil for Debian's with the newest sudo.
	Env    *Environment
	Budget regular.Budget

	many int // see manyClasses, which it is if 0
}

// manyClasses is how many hosts, or targets on one host, are each asked about. Of more, those that no rule tells apart
// are asked about once.
const manyClasses = 64

func (q *Question) manyClasses() int { return cmp.Or(q.many, manyClasses) }

// WithSharedBudget gives the question a budget for all that is asked about some policies, unless it has one. It grows
// with them, since every command takes some.
func (q Question) WithSharedBudget(trees ...*sudoers.Tree) Question {
	if q.Budget.Shared != nil {
		return q
	}
	commands := 0
	for _, tree := range trees {
		for _, entry := range tree.Entries {
			switch e := entry.(type) {
			case *sudoers.UserSpec:
				for i := range e.Privileges {
					commands += len(e.Privileges[i].Commands)
				}
			case *sudoers.AliasDef:
				for i := range e.Aliases {
					commands += len(e.Aliases[i].Commands)
				}
			}
		}
	}
	q.Budget.Shared = regular.NewSharedBudget(sharedStates + statesPerCommand*commands)
	return q
}

// What the questions about a policy may cost together, in states: see regular.SharedBudget.
const (
	sharedStates     = 50_000
	statesPerCommand = 200
)

func (q *Question) environment() *Environment {
	if q.Env != nil {
		return q.Env
	}
	return Debian(sudoers.Version{})
}

// ShellLine renders a command line as a person would type it into a POSIX shell.
func ShellLine(r Request, line Line) string {
	words := []string{"sudo"}
	if line.Command == "list" {
		// sudoers(5), "list": it stands for asking what the target may do.
		target := "root"
		if r.RunAsUser != nil {
			target = r.RunAsUser.Name
		}
		return "sudo -l -U " + shellWord(target)
	}
	if r.RunAsUser != nil && (r.RunAsUser.Name != "root" || r.RunAsGroup != "") {
		words = append(words, "-u", shellWord(r.RunAsUser.Name))
	}
	if r.RunAsGroup != "" {
		words = append(words, "-g", shellWord(r.RunAsGroup))
	}
	if line.Command == "sudoedit" {
		words = append(words, "-e")
	} else {
		words = append(words, shellWord(line.Command))
	}
	if line.HasArgs {
		for _, argument := range line.arguments() {
			words = append(words, shellWord(argument))
		}
	}
	return strings.Join(words, " ")
}

// arguments are the arguments of a command line.
func (l Line) arguments() []string {
	before, after, found := strings.Cut(" "+l.Args+" ", " "+l.One+" ")
	if l.One == "" || !found {
		return strings.Split(l.Args, " ")
	}
	return slices.Concat(wordsOf(before), []string{l.One}, wordsOf(after))
}

// wordsOf gives words that stand between or around others: none where there is no text.
func wordsOf(text string) []string {
	text = strings.Trim(text, " ")
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

// shellWord quotes a word where a shell would read it otherwise (POSIX, Shell Command Language, 2.2).
func shellWord(word string) string {
	plain := strings.IndexFunc(word, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("|&;<>()$`\\\"'*?[]#~!{}^", r)
	}) < 0
	if word != "" && plain {
		return word
	}
	if strings.ContainsFunc(word, unprintable) {
		return dollarQuoted(word)
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// unprintable tells whether a terminal does not show a character as it is. A byte that is no UTF-8 is utf8.RuneError.
func unprintable(r rune) bool {
	return r < ' ' || r >= 0x7f && !unicode.IsPrint(r) || r == utf8.RuneError
}

// dollarQuoted writes a word with every byte that is not printable ASCII as \xNN (POSIX.1-2024, Shell Command Language,
// 2.2.4).
func dollarQuoted(word string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(word) {
		switch c := word[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// Of is the request for a command line.
func (r Request) Of(line Line) Request {
	r.Command, r.Args = line.Command, nil
	if line.HasArgs {
		r.Args = strings.Split(line.Args, " ")
	}
	return r
}

// HostName is the host that a request is about, as fully as it is known; "" for any that no policy names.
func (r Request) HostName() string { return cmp.Or(r.LongHost, r.Host) }
