package sudoers

import "strings"

// ParseCommand reads exactly one command in sudoers syntax: a path or regular
// expression with or without arguments, ALL, an alias name, sudoedit or list, with
// digests and '!' before it. Text that would begin anything else in a policy (a
// second command, a tag, a comment, another line) is an error, so that the
// command can stand in a rule that someone else composes. So is a pattern
// that sudo accepts without an error and that never matches.
//
// Positions are within text: line 1, and no file name.
func ParseCommand(text string, v Version) (CommandMember, Errors) {
	return parseCommandAt("", text, v)
}

func parseCommandAt(file, text string, v Version) (CommandMember, Errors) {
	p := &parser{file: &File{Name: file, Text: text}, version: v, aliases: aliasTable{}, lex: newLexer(text+"\n", v)}
	if i := strings.IndexAny(text, "\x00\r\n"); i >= 0 {
		p.report(Pos{File: file, Line: 1, Col: i + 1}, "a command must stand on one line", "remove the line break")
		return CommandMember{}, p.errs
	}
	if strings.TrimLeft(text, " \t") == "" {
		p.report(Pos{File: file, Line: 1, Col: 1}, "empty command", "write the full path of a command, for example /usr/bin/id")
		return CommandMember{}, p.errs
	}
	// The command never stands at the start of a line, where Defaults or #include
	// would have a meaning.
	p.lex.lineStart = -1
	defer func() {
		for _, e := range p.errs {
			e.Pos.Col--
			if e.Pos.Line > 1 {
				// A backslash at the end goes on in the next line.
				e.Pos.Line, e.Pos.Col = 1, len(text)
			}
		}
	}()
	m, ok := p.commandMember()
	m.Pos.Col--
	if !ok {
		return CommandMember{}, p.errs
	}
	end := p.peek()
	at := p.pos(end)
	switch {
	case end.kind == tokEOF:
		p.report(at, "the command ends in a backslash", `write a backslash as \\`)
	case end.kind == tokNewline && end.comment:
		p.report(at, "'#' begins a comment, the rest would be lost", `write '#' in arguments as \#`)
	case end.kind == tokNewline:
	case end.kind == tokComma:
		p.report(at, "',' would begin another command", `write ',' in arguments as \,; make two commands two elements of the list`)
	case end.kind == tokColon:
		p.report(at, "':' would begin another rule", `write ':' in arguments as \:`)
	case end.kind == tokEqual:
		p.report(at, "'=' stands alone", `write '=' in arguments as \=`)
	default:
		p.unexpected("the end of the command", `nothing can follow the command; behind a path that ends in '/' and behind a regular expression no further arguments are allowed`)
	}
	if m.Command.Kind == CommandRegex && !m.Command.HasArgs && escapedEnd(m.Command.Name) {
		p.report(Pos{File: file, Line: 1, Col: len(strings.TrimRight(text, " \t")) + 1}, "the $ at the end of the expression is escaped: what follows in the policy would belong to the expression",
			"end the expression with a $ that has no backslash before it")
	}
	for _, problem := range checkPatterns(&m, text) {
		problem.Pos.Col++ // as those of the parser have it
		p.errs = append(p.errs, &problem.Error)
	}
	if len(p.errs) > 0 {
		return CommandMember{}, p.errs
	}
	return m, nil
}

// escapedEnd tells whether an odd number of backslashes stands before the last byte.
func escapedEnd(expression string) bool {
	before := expression[:max(0, len(expression)-1)]
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
}
