// Package untrusted escapes text from Proxmox VE, from nodes and from their files before people read it. The author of
// such a text must not be able to add lines to a plan, to move the cursor of a terminal, or to show a reader another
// order of letters than the machine sees.
//
// It is used at the borders, in package proxmox for every answer of the API and in package node for every answer of a
// node, and by whatever shows parts of a file whose bytes have to stay as they are.
package untrusted

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text as one line of visible characters. Line ends, control characters (C0, DEL and C1), characters that
// turn the direction of writing around, those without a width or a glyph, and bytes that are no UTF-8 are written as Go
// and JSON write them, for example \n, \x1b or \u202e. Everything else, letters of every script included, stays.
func Line(text string) string { return replace(text, false) }

// Text is like [Line] and keeps line ends, for what tools print. A carriage return before a line end goes with it, and
// a tab is kept.
func Text(text string) string { return replace(text, true) }

// Lines is [Line] of each.
func Lines(texts []string) []string {
	if texts == nil {
		return nil
	}
	lines := make([]string, len(texts))
	for i, text := range texts {
		lines[i] = Line(text)
	}
	return lines
}

// Safe reports whether [Line] would leave text as it is.
func Safe(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= 0x7f {
			return utf8.ValidString(text) && strings.IndexFunc(text, hidden) < 0
		}
	}
	return true
}

func replace(text string, multiline bool) string {
	if Safe(text) {
		return text
	}
	if multiline {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case multiline && (r == '\n' || r == '\t') || !hidden(r):
			b.WriteString(text[i : i+size])
		default:
			b.WriteString(escape(r))
		}
		i += size
	}
	return b.String()
}

// hidden says that a character is not one that a reader sees. unicode.IsPrint knows letters, marks, numbers,
// punctuation, symbols and the space of ASCII; characters of category Cf, where the controls of direction are, and C1
// are none of these. Marks that fill a whole line are for the terminal to stack.
func hidden(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u17b4', '\u17b5', '\u034f': // letters and marks without a glyph, Unicode's Default_Ignorable_Code_Point
		return true
	}
	return !unicode.IsPrint(r)
}

// escape writes a character as a string of Go has it.
func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
