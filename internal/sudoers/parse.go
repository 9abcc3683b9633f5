package sudoers

import (
	"strings"
)

// Parse reads one policy file. Includes are noted, not followed; see ParseTree.
//
// The file that comes back is what sudo would put in force: lines with a syntax
// error are dropped, as sudo drops them. No errors means that visudo -c accepts
// the text for that version.
//
// A NUL byte cuts its line short, as in sudo; File.Text is then the text so cut.
func Parse(name string, text string, v Version) (*File, Errors) {
	p := newParser(name, text, v, aliasTable{})
	p.parse(nil)
	p.errs.sortByPos()
	return p.file, p.errs
}

// aliasKey is a name in one of the four name spaces of aliases.
type aliasKey struct {
	kind AliasKind
	name string
}

// aliasTable knows where each alias of a whole tree was first defined.
type aliasTable map[aliasKey]Pos

type parser struct {
	file    *File
	lex     *lexer
	version Version
	errs    Errors
	aliases aliasTable

	tok    *token // lookahead
	hasTok bool
	start  int // offset at which the current logical line begins

	members    slab[Member]
	commands   slab[CommandSpec]
	privileges slab[Privilege]
	specs      slab[UserSpec]
	runAsLists slab[RunAs]
	tags       slab[Tag]
}

func newParser(name, text string, v Version, aliases aliasTable) *parser {
	text = cutAtNUL(text)
	// Every line has an entry at most.
	p := &parser{file: &File{Name: name, Text: text, Entries: make([]Entry, 0, strings.Count(text, "\n")+1)}, version: v, aliases: aliases}
	if text != "" && text[len(text)-1] != '\n' {
		// sudo adds the missing newline of the last line.
		text += "\n"
	}
	p.lex = newLexer(text, v)
	return p
}

// cutAtNUL shortens every line with a NUL byte to what stands before it
// (toke.l, sudoers_input).
func cutAtNUL(text string) string {
	if strings.IndexByte(text, 0) < 0 {
		return text
	}
	var b strings.Builder
	for text != "" {
		line, rest, more := strings.Cut(text, "\n")
		line, _, cut := strings.Cut(line, "\x00")
		b.WriteString(line)
		if more || cut {
			b.WriteByte('\n')
		}
		text = rest
	}
	return b.String()
}

func (p *parser) peek() *token {
	if !p.hasTok {
		p.tok = p.lex.next()
		p.hasTok = true
	}
	return p.tok
}

// next gives the lookahead and moves on.
func (p *parser) next() token {
	t := *p.peek()
	p.hasTok = false
	return t
}

// accept moves over the lookahead if it is of the kind.
func (p *parser) accept(k tokenKind) bool {
	if p.peek().kind != k {
		return false
	}
	p.hasTok = false
	return true
}

// comma moves over a comma.
func (p *parser) comma() bool {
	return !p.hasTok && p.lex.sign(',') || p.accept(tokComma)
}

func (p *parser) pos(t *token) Pos {
	return Pos{File: p.file.Name, Line: t.line, Col: t.col}
}

func (p *parser) report(at Pos, msg, hint string) {
	p.errs = append(p.errs, &Error{Pos: at, Msg: msg, Hint: hint})
}

// unexpected reports that the lookahead does not fit. It gives false so that a
// rule can end with it.
func (p *parser) unexpected(want, hint string) bool {
	t := p.peek()
	switch t.kind {
	case tokError:
		p.report(p.pos(t), t.text, scanHint(t.text))
	case tokNoMatch:
		msg, h := p.strayHint(t)
		p.report(p.pos(t), msg, h)
	default:
		p.report(p.pos(t), "syntax error: expected "+want+", found "+t.describe(p.lex.text), hint)
	}
	return false
}

// parse reads all lines. Each include that is met is handed to follow, which
// reads the file in its place.
func (p *parser) parse(follow func(*Include)) {
	for {
		p.start = p.lex.pos
		t := p.peek()
		switch t.kind {
		case tokEOF:
			return
		case tokNewline:
			p.comment()
			continue
		}
		entry, ok := p.entry()
		if !ok {
			p.recover()
			p.keep(entry)
			continue
		}
		p.keep(entry)
		if inc, isInc := entry.(*Include); isInc && follow != nil {
			follow(inc)
		}
	}
}

// keep adds an entry, of which after an error only a part may be left.
func (p *parser) keep(e Entry) {
	switch e := e.(type) {
	case nil:
		return
	case *AliasDef:
		if len(e.Aliases) == 0 {
			return
		}
	}
	p.file.Entries = append(p.file.Entries, e)
}

// comment keeps a line with a comment, or notes an empty line.
func (p *parser) comment() {
	t := p.next()
	c := &Comment{Text: t.text, Blank: !t.comment}
	c.At = p.pos(&t)
	c.Range = p.lineRange()
	if c.Blank {
		n := len(p.file.Entries)
		if n > 0 {
			if last, ok := p.file.Entries[n-1].(*Comment); ok && last.Blank && last.Range.End == c.Range.Start {
				last.Range.End = c.Range.End
				return
			}
		}
	}
	p.file.Entries = append(p.file.Entries, c)
}

// lineRange is the logical line whose newline was just read.
func (p *parser) lineRange() Span {
	return Span{Start: p.start, End: min(p.lex.pos, len(p.file.Text))}
}

// endOfLine takes the newline that must end an entry and completes its place.
func (p *parser) endOfLine(pl *Place, want, hint string) bool {
	t := p.peek()
	if t.kind != tokNewline {
		return p.unexpected(want, hint)
	}
	pl.Trailing, pl.HasTrailing = t.text, t.comment
	p.hasTok = false
	pl.Range = p.lineRange()
	return true
}

// recover drops the rest of a line after an error.
func (p *parser) recover() {
	for {
		switch p.next().kind {
		case tokNewline, tokEOF:
			return
		}
	}
}

// entry reads one line. With false, the entry is what is in force of a line that
// has an error, or nil.
func (p *parser) entry() (Entry, bool) {
	t := *p.peek()
	place := Place{At: p.pos(&t)}
	switch t.kind {
	case tokInclude, tokIncludeDir:
		return p.include(place)
	case tokDefaults, tokDefaultsHost, tokDefaultsUser, tokDefaultsRunas, tokDefaultsCmnd:
		return p.defaults(place)
	case tokUserAlias:
		return p.aliasLine(place, UserAlias)
	case tokHostAlias:
		return p.aliasLine(place, HostAlias)
	case tokRunasAlias:
		return p.aliasLine(place, RunasAlias)
	case tokCmndAlias:
		return p.aliasLine(place, CmndAlias)
	}
	return p.userSpec(place)
}

func (p *parser) include(place Place) (Entry, bool) {
	kw := p.next()
	if p.peek().kind != tokWord {
		return nil, p.unexpected("a file name", "write @include /path/to/file; put a name that contains spaces in double quotes, or a backslash before each space")
	}
	name := p.next()
	inc := &Include{Place: place, Dir: kw.kind == tokIncludeDir, Path: name.text}
	if !p.endOfLine(&inc.Place, "end of line behind the name", "an include takes one name; put a name that contains spaces in double quotes") {
		// The include counts although the line is wrong.
		p.recover()
		inc.Range = p.lineRange()
	}
	return inc, true
}

func (p *parser) aliasLine(place Place, kind AliasKind) (Entry, bool) {
	p.next()
	def := &AliasDef{Place: place, Kind: kind}
	example := kind.String() + " NAME = " + aliasExample[kind]
	for {
		t := *p.peek()
		switch t.kind {
		case tokAlias:
		case tokAll, tokOption:
			p.report(p.pos(&t), "syntax error, reserved word "+t.text+" used as an alias name", "choose another name, for example "+t.text+"_GROUP")
			return p.partAlias(def), false
		default:
			return p.partAlias(def), p.unexpected("an alias name", "write "+example+"; a name begins with A-Z and continues with A-Z, 0-9 and _")
		}
		p.next()
		a := Alias{Name: t.text, Pos: p.pos(&t)}
		if !p.accept(tokEqual) {
			return p.partAlias(def), p.unexpected("'=' behind the alias name", "write "+example)
		}
		var ok bool
		switch kind {
		case HostAlias:
			a.Members, ok = p.list(p.host)
		case CmndAlias:
			a.Commands, ok = p.commandList()
		default:
			a.Members, ok = p.list(p.user)
		}
		if !ok {
			return p.partAlias(def), false
		}
		p.peek()
		key := aliasKey{kind, a.Name}
		if first, dup := p.aliases[key]; dup {
			p.report(a.Pos, "duplicate "+kind.String()+" "+quoteForMessage(a.Name)+", previously defined at "+first.String(),
				"give one of them another name, or put the members of both into one definition")
			return p.partAlias(def), false
		}
		p.aliases[key] = a.Pos
		def.Aliases = append(def.Aliases, a)
		if !p.accept(tokColon) {
			break
		}
	}
	if !p.endOfLine(&def.Place, "',', ':' or end of line", "separate members by ',' and further aliases by ':'") {
		return p.partAlias(def), false
	}
	return def, true
}

// partAlias is what remains in force of an alias line with an error: the aliases
// before it. Its range is the line as far as it was read.
func (p *parser) partAlias(def *AliasDef) Entry {
	if len(def.Aliases) == 0 {
		return nil
	}
	def.Range = Span{Start: p.start, End: min(p.lex.pos, len(p.file.Text))}
	return def
}

var aliasExample = [...]string{
	UserAlias:  "alice, %admins",
	HostAlias:  "pve1, 10.0.0.0/24",
	RunasAlias: "root, www-data",
	CmndAlias:  "/usr/bin/systemctl status *",
}
