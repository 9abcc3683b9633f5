package difftest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// noticedLater are the errors for which visudo reports a column behind the mistake: the column that its scanner had
// reached when the parser noticed. The place of the mistake helps people more, so these differ on purpose.
// Each is the beginning of a message with the reason.
var noticedLater = []struct{ message, reason string }{
	{"unknown defaults entry ", "settings are looked at when the line is read (gram.y, defaults_entry; defaults.c)"},
	{"value ", "settings are looked at when the line is read"},
	{"values for ", "settings and options are looked at behind their value"},
	{"no value specified for ", "settings are looked at when the line is read"},
	{"invalid operator ", "settings are looked at when the line is read"},
	{"option ", "settings are looked at when the line is read"},
	{"expected a fully-qualified path name", "a word is refused as command when the token behind it is known (gram.y, cmnd)"},
	{"empty ", "the place is the closing quote (toke.l, INSTR)"},
	{"unexpected line break in string", "the place is the end of the line (toke.l, INSTR)"},
	{"unterminated regular expression", "the place is the end of what was read (toke.l, GOTREGEX)"},
	{"duplicate ", "an alias is entered when the token behind it is known (gram.y, cmndalias and its like)"},
}

// foundLater are the first characters of the tokens that visudo places at their last piece: a command with its
// arguments, a quoted string (toke.l, sudolinebuf.toke_start).
const foundLater = `/^"`

// reasonForLater gives why visudo's column may be behind, "" if it must be the same.
func reasonForLater(message string) string {
	for _, e := range noticedLater {
		if strings.HasPrefix(message, e.message) {
			return e.reason
		}
	}
	if strings.HasSuffix(message, "found end of file") {
		return "the place is behind the last newline"
	}
	_, found, ok := strings.Cut(message, ", found \"")
	found = strings.TrimPrefix(found, `\`)
	if ok && found != "" && (strings.IndexByte(foundLater, found[0]) >= 0 || strings.HasPrefix(found, "sudoedit")) {
		return "the place of a token of several pieces is its last one"
	}
	return ""
}

// columns compares the columns of errors: the first that visudo tells in a logical line must be one of ours, or behind
// one of ours in that line with a reason. What it tells later of the same line follows from the first mistake: it goes
// on behind it, where this parser drops the line. It gives the first column that is neither.
func columns(text string, errs sudoers.Errors, own, theirs []string) string {
	message := map[string]string{}
	for _, e := range errs {
		message[fmt.Sprintf("%d:%d", e.Pos.Line, e.Pos.Col)] = e.Msg
	}
	line := func(place string) int { return logicalLines(text, []string{place})[0] }
	told := map[int]bool{}
	theirs = slices.SortedFunc(slices.Values(theirs), func(a, b string) int { return cmp.Compare(offset(text, a), offset(text, b)) })
	for _, their := range theirs {
		if told[line(their)] {
			continue
		}
		told[line(their)] = true
		if !strings.HasSuffix(text, "\n") && offset(text, their) >= len(text) {
			continue // sudo adds the newline that the last line lacks, and places errors behind it
		}
		if continuedString(text, their) {
			continue
		}
		explained := slices.ContainsFunc(own, func(o string) bool {
			return o == their || line(o) == line(their) && offset(text, o) <= offset(text, their) && reasonForLater(message[o]) != ""
		})
		if !explained {
			return their + " is not among " + strings.Join(own, " ")
		}
	}
	return ""
}

// continuedString tells whether a place is behind a line that goes on inside a quoted string: sudo 1.9.16 then counts
// columns from elsewhere than the start of the line (two characters more in "\"\\\n=\"\n", where nothing but the
// newline is left).
func continuedString(text, place string) bool {
	before := text[:min(max(offset(text, place), 0), len(text))]
	for strings.Contains(before, "\n") {
		i := strings.LastIndexByte(before, '\n')
		line := strings.TrimRight(before[:i], " \t\r")
		if !strings.HasSuffix(line, `\`) {
			return false
		}
		if strings.Contains(line[strings.LastIndexByte(line, '\n')+1:], `"`) {
			return true
		}
		before = line
	}
	return false
}

// offset is where in the text a line:column is.
func offset(text, place string) int {
	var line, column int
	if _, err := fmt.Sscanf(place, "%d:%d", &line, &column); err != nil {
		return -1
	}
	at := 0
	for ; line > 1; line-- {
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			return len(text)
		}
		at += next + 1
	}
	return at + column - 1
}
