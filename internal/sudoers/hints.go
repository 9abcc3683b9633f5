package sudoers

import (
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// quoteForMessage shows text of the policy in a message, on one line.
func quoteForMessage(s string) string { return strconv.Quote(s) }

// scanHint says what to write instead of a malformed word.
func scanHint(msg string) string {
	switch msg {
	case "empty string":
		return `write a value between the quotes, or leave the option out; for no arguments at all write "" only behind a command`
	case "empty group":
		return "write the name of the group behind the '%', for example %admins"
	case "empty netgroup":
		return "write the name of the netgroup behind the '+', for example +operators"
	case "unexpected line break in string":
		return "close the string with '\"' on the same line, or end the line with a backslash"
	case "unterminated regular expression":
		return `end the regular expression with '$'; write '#' and '$' inside it as \# and \$`
	case "invalid line continuation":
		return "begin this entry on a line of its own: remove the backslash at the end of the line before"
	case "invalid IPv6 address":
		return `write "::" at most once in an address`
	case "invalid sudoedit file name":
		return "write the full path of the file that may be edited"
	}
	return "write a comment as '# text', with a space behind the '#'"
}

// strayHint explains a character that fits nowhere.
func (p *parser) strayHint(t *token) (msg, hint string) {
	raw := p.lex.text[t.start:t.end]
	msg = "syntax error: unexpected " + quoteForMessage(raw)
	switch {
	case raw == "":
		return "syntax error: unexpected end of file", specHint
	case raw[0] == '\\':
		return msg, `in arguments a backslash may stand only before , : = \ # * ? [ ] ! ^ and spaces; write a backslash itself as \\`
	case raw[0] == '\r':
		return "syntax error: unexpected carriage return", "save the file with Unix line ends"
	case raw[0] == '"':
		return msg, "quotes may enclose a whole name or value only"
	case raw[0] == '#':
		return msg, `write '#' as \#`
	case raw[0] == '>':
		return msg, `write '>' as \>; sudo runs no shell, so nothing can be redirected`
	}
	return msg, "write a special character with a backslash before it, or put the whole value in double quotes"
}

// wordHint explains why a word is no command.
func wordHint(w string) string {
	switch {
	case strings.HasPrefix(w, "^"):
		return `a regular expression ends with '$'; write '#' and '$' inside it as \# and \$`
	case strings.HasPrefix(w, "/"):
		return `in a path a backslash may stand only before , : = # and spaces`
	case strings.EqualFold(w, "all"):
		return "write ALL in capitals"
	}
	if strings.Contains(w, "/") {
		return "a path begins with a slash: write /" + strings.Map(printable, w)
	}
	return "write the full path, for example /usr/bin/" + strings.Map(printable, w)
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// commandHint explains what may stand in the place of a command.
func commandHint(t *token) string {
	switch t.kind {
	case tokTag:
		return "write tags behind the run-as list and options, and directly before the command"
	case tokOption:
		return t.text + " is an option and takes a value: write " + t.text + "=value before the tags"
	case tokOpen:
		return "write the run-as list first, before options and tags"
	case tokNewline:
		return "write a command, for example /usr/bin/id, or remove the sign before it"
	case tokGroup, tokNetgroup, tokAddress:
		return "write the full path of a command"
	}
	return "write the full path of a command, ALL, a Cmnd_Alias, sudoedit or list"
}

// memberHint explains what may stand in a list of users, hosts or groups.
func memberHint(t *token, want string) string {
	switch {
	case t.kind == tokCommand:
		return "a path stands behind '=' only; " + specHint
	case t.kind == tokAddress:
		return "addresses stand in host lists only; write a name"
	case t.kind == tokOption:
		return t.text + ` is a reserved word; write a name of all capitals in double quotes`
	case t.kind == tokGroup && want == "a host name":
		return "groups of users stand before the host; " + specHint
	case t.kind == tokGroup || t.kind == tokNetgroup:
		return "in the group part of a run-as list write names without '%'"
	case t.kind == tokDigestName:
		return "write " + t.text + " in double quotes to use it as a name"
	}
	return specHint
}
