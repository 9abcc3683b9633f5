package sudoers

import (
	"slices"
	"strings"
)

// EscapeName writes a user, host or group name so that sudo reads it as this
// very name: not as a keyword, an alias, an address or a group. A name with
// spaces is put in double quotes. "#uid" stays an id.
func EscapeName(s string) string {
	if id(s) == len(s) && s != "" {
		return s
	}
	return escapeName(s)
}

// EscapeWord writes the value of an option as one word.
func EscapeWord(s string) string { return escapeName(s) }

// EscapeGroup writes the name of a Unix group as it stands in a user list, with
// '%' before it.
func EscapeGroup(name string) string { return escapeGroup("%" + name) }

// escapeGroup writes a group or netgroup with its sign.
func escapeGroup(s string) string {
	if strings.ContainsAny(s, " ") && quotable(s) {
		return `"` + s + `"`
	}
	head := 1
	if strings.HasPrefix(s, "%:") {
		head = 2
	}
	if s[0] == '%' && id(s[head:]) == len(s)-head {
		return s
	}
	return s[:head] + escapeBytes(s[head:])
}

func escapeName(s string) string {
	if strings.Contains(s, " ") && quotable(s) && s[0] != '%' && s[0] != '+' {
		return `"` + s + `"`
	}
	if s == "" {
		// Only a NUL byte makes an empty name.
		return `\x00`
	}
	out := escapeBytes(s)
	if readsAsOther(s, out) {
		return `\` + out
	}
	return out
}

// readsAsOther tells whether a word would be taken for something else than a name.
func readsAsOther(s, out string) bool {
	if out[0] == '\\' {
		return false
	}
	switch s[0] {
	case '%', '+', '/', '^', '@':
		return true
	}
	if isUpper(s[0]) {
		return aliasName(s) == len(s) || s == "Defaults" || slices.ContainsFunc(aliasWords[:], func(w aliasWord) bool { return w.word == s })
	}
	switch s {
	case "sudoedit", "sha224", "sha256", "sha384", "sha512":
		return true
	}
	n := ipv4(s)
	return n > 0
}

// quotable tells whether text can stand in double quotes as it is.
func quotable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' && c != '\t' {
			return false
		}
	}
	return s != ""
}

// escapeBytes puts a backslash before everything that ends a word; control
// characters become \xHH.
func escapeBytes(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f:
			writeHex(&b, c)
			continue
		case is(c, wordStop):
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func writeHex(b *strings.Builder, c byte) {
	const digits = "0123456789abcdef"
	b.WriteString(`\x`)
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

// EscapePath writes a command path: a backslash before , : = # and spaces. A
// path must not contain a backslash or a line break; ParseCommand finds these.
func EscapePath(s string) string { return escapeSet(s, pathEsc) }

func escapeSet(s string, set uint8) string {
	n := 0
	for i := range len(s) {
		if is(s[i], set) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + n)
	for i := range len(s) {
		if is(s[i], set) {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// EscapeArguments writes an argument pattern as sudo compares it: a glob, in
// which a backslash escapes the next character, or a regular expression ^...$,
// which is written as it is.
func EscapeArguments(s string) string { return escapeArguments(s, false) }

// escapeArguments also writes the files of sudoedit: a space that is not followed by a slash is part of a name, and
// sudo 1.9.18 refuses what follows it as a relative file unless it is escaped.
func escapeArguments(s string, files bool) string {
	if s != "" && s[0] == '^' {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && is(s[i+1], globEsc):
			b.WriteByte(c)
			i++
			b.WriteByte(s[i])
			continue
		case c == ' ' && i > 0 && i+1 < len(s) && !isBlank(s[i+1]) && (!files || s[i+1] == '/'):
			// A single space between words.
		case is(c, argEsc):
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// EscapeArgument writes one literal argument: no character of it matches
// anything but itself.
func EscapeArgument(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			// A backslash is escaped for the pattern, and each of the two for the file.
			b.WriteString(`\\\`)
		case is(c, argEsc|globEsc):
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// QuoteValue writes the value of a Defaults option, in double quotes if it holds
// spaces or signs.
func QuoteValue(s string) string {
	plain := s != "" && s[0] != '!'
	for i := range len(s) {
		if c := s[i]; is(c, envStop) || c < ' ' {
			plain = false
		}
	}
	if plain {
		return s
	}
	if quotable(s) {
		return `"` + s + `"`
	}
	if s == "" {
		return `\x00`
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c < ' ':
			writeHex(&b, c)
			continue
		case is(c, envStop) || c == '!' && i == 0:
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// EscapeIncludePath writes the name of an include. It is never put in quotes,
// because a quoted name that begins with "%h" is read as a group.
func EscapeIncludePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ' || c == '\\' || c == '"' && i == 0:
			b.WriteByte('\\')
		case isSpace(c) || c < ' ':
			writeHex(&b, c)
			continue
		}
		b.WriteByte(c)
	}
	if b.Len() == 0 {
		return `\x00`
	}
	return b.String()
}
