package policy

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// textPattern is a glob or an expression that decisions match texts with. What it means is decided by package regular,
// as it is for proofs. It is compiled when the first text is matched, and goroutines may share it.
type textPattern struct {
	source   regular.Source
	compiled atomic.Pointer[compiledPattern]
}

type compiledPattern struct {
	expr regular.Expr
	err  error
	// arguments are those that the pattern matches when they are joined, made once.
	arguments func() (regular.Expr, error)
}

// matches tells whether a text matches: maybe where the pattern is one that nobody here can decide.
func (p *textPattern) matches(text string) match {
	c := p.compiled.Load()
	if c == nil {
		c = compilePattern(p.source)
		p.compiled.Store(c)
	}
	switch {
	case c.err == nil:
		return matched(c.expr.Contains(text))
	case errors.Is(c.err, regular.ErrSyntax):
		return no
	}
	return maybe
}

// compilePattern compiles a pattern, or finds it where it was compiled for another policy or another question.
func compilePattern(source regular.Source) *compiledPattern {
	if known := sharedPatterns.find(source); known != nil {
		return known
	}
	c := &compiledPattern{}
	c.expr, c.err = regular.Compile(source)
	c.arguments = sync.OnceValues(func() (regular.Expr, error) { return regular.Arguments(c.expr) })
	sharedPatterns.keep(source, c)
	return c
}

// sharedPatterns are the patterns of late: a policy is asked about again and again, on one host after the other and in
// one question after the other.
var sharedPatterns patternCache

// patternCache keeps what was compiled in two generations: once the young one is large, the old one goes.
type patternCache struct {
	lock       sync.Mutex
	young, old map[regular.Source]*compiledPattern
	states     int // of the young
}

// maxSharedStates bounds the states of the patterns of a generation, those of small ones counted higher.
const (
	maxSharedStates = 1 << 16
	statesPerShared = 32
)

func (c *patternCache) find(source regular.Source) *compiledPattern {
	c.lock.Lock()
	defer c.lock.Unlock()
	if known := c.young[source]; known != nil {
		return known
	}
	known := c.old[source]
	if known != nil {
		c.add(source, known)
	}
	return known
}

func (c *patternCache) keep(source regular.Source, p *compiledPattern) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.add(source, p)
}

func (c *patternCache) add(source regular.Source, p *compiledPattern) {
	if c.young == nil || c.states > maxSharedStates {
		c.young, c.old, c.states = map[regular.Source]*compiledPattern{}, c.young, 0
	}
	c.young[source] = p
	c.states += statesPerShared + p.expr.States()
}

// commandPattern is what decisions match a command and its arguments with, where it is not written out.
type commandPattern struct {
	path  *textPattern // an expression, or a glob as fast_glob takes it
	parts []pathPart   // of a glob: what glob(3) compares with names, one after the other
	args  *textPattern
	// through tells that the path may lead through the links of a process.
	through bool
}

// pathPart is a part of a path between slashes.
type pathPart struct {
	text string
	glob *textPattern // nil if the part is written out
	more bool         // a slash follows
	last bool         // nothing but slashes does
}

// patternsOf prepares the patterns of a command; nil if it has none.
func patternsOf(c *sudoers.Command) *commandPattern {
	var p commandPattern
	switch {
	case c.Kind == sudoers.CommandRegex:
		p.path = &textPattern{source: regular.ERE{Pattern: c.Name}}
	case c.Kind == sudoers.CommandPath && sudoers.HasMeta(c.Name):
		p.path = &textPattern{source: regular.Glob{Pattern: c.Name, Pathname: true}}
		p.parts = pathParts(c.Name)
	}
	if c.HasArgs && c.Args != `""` {
		p.args = &textPattern{source: argsSource(c.Args, c.Name == "sudoedit")}
	}
	if p.path == nil && p.args == nil {
		return nil
	}
	p.through = c.Kind == sudoers.CommandPath && throughProcess(c.Name)
	return &p
}

// argsSource is a pattern of joined arguments (match_command.c, command_args_match).
func argsSource(args string, sudoedit bool) regular.Source {
	if isRegex(args) {
		return regular.ERE{Pattern: args}
	}
	return regular.Glob{Pattern: args, Pathname: sudoedit}
}

func pathParts(glob string) []pathPart {
	var parts []pathPart
	for rest := strings.TrimLeft(glob, "/"); ; {
		text, behind, more := strings.Cut(rest, "/")
		part := pathPart{text: text, more: more, last: strings.Trim(behind, "/") == ""}
		if !more || sudoers.HasMeta(text) {
			part.glob = &textPattern{source: regular.Glob{Pattern: text, Pathname: true, Period: true}}
		}
		parts = append(parts, part)
		if part.last {
			return parts
		}
		rest = strings.TrimLeft(behind, "/")
	}
}
