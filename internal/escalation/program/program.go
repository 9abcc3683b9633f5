package program

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Family is programs that belong together, one file of the data.
type Family struct {
	Title string `json:"title"`
	// Fix says how a grant of these programs is written safely. An operation can say it better.
	Fix      string     `json:"fix"`
	Programs []*Program `json:"programs"`
}

// Program is what is known of one program.
type Program struct {
	// Paths are all its canonical paths on Debian 12 and 13, links and alternatives included; or a pseudo command of
	// sudoers.
	Paths []string `json:"paths"`
	// Source says where the knowledge comes from.
	Source string `json:"source"`
	// Sets are parts of synopses by name.
	Sets       map[string]string `json:"sets"`
	Operations []*Operation      `json:"operations"`
	// Otherwise says what is known of all command lines that no operation covers. Without it they are undescribed.
	Otherwise *Operation `json:"otherwise"`

	family *Family
}

// Operation is a language of arguments with the effects that they have.
type Operation struct {
	// ID is the id of the finding if the finding is older than its effect. Otherwise the finding has the effect's id.
	ID   string `json:"id"`
	Args string `json:"args"`
	// Does says what it does, as a clause in the third person.
	Does    string   `json:"does"`
	Effects []Effect `json:"effects"`
	// Condition is an additional condition for the effect, "" for none.
	Condition string `json:"condition"`
	// NoExec tells that the tag NOEXEC stops the effects.
	NoExec bool   `json:"noexec"`
	Fix    string `json:"fix"`
	Source string `json:"source"`
	// Joined is an expression for the words, among the arguments, that the caller gives as one argument, with which the
	// operation has its effects. sudo compares arguments joined by blanks: where a rule has "-f /etc/x", the caller may
	// give both words as one argument, whose value begins with a blank and is a relative name.
	Joined string `json:"joined"`
	// Examples are arguments that the operation covers, Not some that come near and are not.
	Examples []string `json:"examples"`
	Not      []string `json:"not"`
	// Example is one of Otherwise: arguments that really have the effect.
	Example string `json:"example"`
	// Signs are words of Otherwise that have the effect wherever they stand among the arguments, after a "^" only at
	// their start. More may follow the last word of one that ends in "...".
	Signs []string `json:"signs"`
	// Reviewed says why nothing that Otherwise has is a way to root, where no effect of it is one. Nothing is harmless
	// because nobody looked.
	Reviewed string `json:"reviewed"`

	program  *Program
	joined   func() *regexp.Regexp
	parsed   func() (synopsis, error)
	wraps    func() bool
	starts   func() []string
	all      func() (regular.Expr, error)
	compiled func() (compiled, error)
	inner    func() (wrapper, error)
}

// FixText says how to grant the command safely; "" leaves it to the effect.
func (o *Operation) FixText() string {
	if o.Fix != "" {
		return o.Fix
	}
	return o.program.family.Fix
}

// SourceText says where the knowledge comes from.
func (o *Operation) SourceText() string {
	if o.Source != "" {
		return o.Source
	}
	return o.program.Source
}

// OneArgument gives the part of arguments that the caller gives as one argument; "" where each word is one.
func (o *Operation) OneArgument(args string) string {
	if o.Joined == "" {
		return ""
	}
	return o.joined().FindString(args)
}

// prepare makes the languages ready to be compiled when they are asked for.
func (o *Operation) prepare(c *compiler) {
	o.joined = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(o.Joined) })
	o.parsed = sync.OnceValues(func() (synopsis, error) {
		parsed, err := parseSynopsis(o.Args, o.program.Sets)
		if err == nil {
			err = c.check(parsed)
		}
		return parsed, err
	})
	o.wraps = sync.OnceValue(func() bool {
		parsed, err := o.parsed()
		line, ok := parsed.(sequence)
		return err == nil && ok && slices.ContainsFunc(line, func(i item) bool { _, is := i.of.(inner); return is })
	})
	o.starts = sync.OnceValue(func() []string {
		parsed, err := o.parsed()
		if err != nil {
			return []string{""}
		}
		return startsOf(parsed)
	})
	o.all = sync.OnceValues(func() (regular.Expr, error) {
		parsed, err := o.parsed()
		if err != nil {
			return regular.Expr{}, err
		}
		of, err := c.compile(parsed)
		return of.all, err
	})
	o.compiled = sync.OnceValues(func() (compiled, error) {
		parsed, err := o.parsed()
		if err != nil {
			return compiled{}, err
		}
		if !c.operands.marked(parsed) {
			all, err := o.all()
			return compiled{all: all}, err
		}
		return (&compiler{operands: c.operands, marks: true}).compile(parsed)
	})
	o.inner = sync.OnceValues(func() (wrapper, error) {
		parsed, err := o.parsed()
		if err != nil {
			return wrapper{}, err
		}
		w, _, err := c.splitInner(parsed)
		return w, err
	})
}

// systemDirectories are those in which a name is the program that everyone means.
var systemDirectories = []string{"/usr/bin", "/usr/sbin", "/usr/games"}

// variant is the ending of one of several programs of a name, as Debian installs them side by side: python3.11,
// vim.basic, perl5.40-x86_64-linux-gnu.
var variant = regexp.MustCompile(`(\.(basic|tiny|nox|athena|gtk3?|traditional|openbsd)|-x86_64-linux-gnu|-static|[.-]?[0-9]+(\.[0-9]+)*)$`)

// namesOf are a name, and those of which it may be a variant.
func namesOf(name string) []string {
	names := []string{name}
	for {
		plain := variant.ReplaceAllString(name, "")
		if plain == name || plain == "" {
			return names
		}
		name = plain
		names = append(names, name)
	}
}

// ordinaryWords are names of programs of the distribution that a site gives to scripts of its own as well. In a
// directory of the site's they are those.
var ordinaryWords = []string{"convert", "copy", "dump", "import", "install", "mirror", "open", "restore", "service", "snap", "split", "watch"}

// Find gives the program at a canonical path, or the one that a program of this name is taken for: a variant of it, or
// one in another directory. It is nil where nobody has described it.
func Find(command string) *Program {
	k := knowledge()
	if p := k.at(command); p != nil {
		return p
	}
	if path.Dir(command) == "." {
		return nil
	}
	if slices.Contains(ordinaryWords, path.Base(command)) && !SystemPath(command) {
		return nil
	}
	for _, name := range namesOf(path.Base(command)) {
		if p := k.at(k.byName[name]); p != nil {
			return p
		}
	}
	return nil
}

// At gives the program that is described at just this path, nil if there is none.
func At(command string) *Program { return knowledge().at(Merged(command)) }

// Merged is a path as it is since /bin, /sbin and /lib are links below /usr.
func Merged(path string) string {
	for _, directory := range []string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/"} {
		if strings.HasPrefix(path, directory) {
			return "/usr" + path
		}
	}
	return path
}

// SystemPath tells whether a program comes from the distribution, by its path: it is what its name says.
func SystemPath(command string) bool { return slices.Contains(systemDirectories, path.Dir(command)) }

// covers tells whether an operation covers arguments; for wrappers only what stands before the command line inside is
// asked.
func (o *Operation) covers(args string) (bool, error) {
	if !o.starting(args) {
		return false, nil
	}
	if o.wraps() {
		w, err := o.inner()
		return err == nil && len(w.splits(args)) > 0, err
	}
	all, err := o.all()
	return err == nil && all.Contains(args), err
}

// splits gives the command lines inside of arguments that a wrapper takes, each without the space in front.
func (w *wrapper) splits(args string) (lines []string) {
	rest, ok := cutSuffix(args, w.after)
	if !ok {
		return nil
	}
	for i := range len(rest) {
		if rest[i] == ' ' && startOfInner[w.kind].Contains(rest[i:]) && w.before.Contains(rest[:i]) {
			lines = append(lines, rest[i+1:])
		}
	}
	return lines
}

func cutSuffix(s, suffix string) (string, bool) {
	if len(s) < len(suffix) || s[len(s)-len(suffix):] != suffix {
		return "", false
	}
	return s[:len(s)-len(suffix)], true
}
