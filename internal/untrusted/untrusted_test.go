package untrusted_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"plain text":             "plain text",
		"Jörg 東京 \U0001F600":     "Jörg 東京 \U0001F600",
		"a\nb\r\n\tc":            `a\nb\r\n\tc`,
		"\x1b[2J\a\x7f":          `\x1b[2J\x07\x7f`,
		"\u009b2J":               `\u009b2J`,
		"\x9b2J":                 `\x9b2J`,
		"abc\u202etxt.exe":       `abc\u202etxt.exe`,
		"\u2066x\u2069\u200f":    `\u2066x\u2069\u200f`,
		"ro\u200bot":             `ro\u200bot`,
		"\ufeffroot":             `\ufeffroot`,
		"\u2028second\u2029":     `\u2028second\u2029`,
		"tag \U000E0041":         `tag \U000e0041`,
		"no\u00a0break":          `no\u00a0break`,
		"filler \u3164":          `filler \u3164`,
		"\xff\xfe half \xe2\x82": `\xff\xfe half \xe2\x82`,
		`already \x1b`:           `already \x1b`,
	} {
		if got := untrusted.Line(text); got != want {
			t.Errorf("Line(%q) is %q, want %q", text, got, want)
		}
		if untrusted.Safe(text) != (text == want) {
			t.Errorf("Safe(%q) is %v", text, untrusted.Safe(text))
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	if got, want := untrusted.Text("one\r\n\ttwo\r\x1b[1m\n\u202e"), "one\n\ttwo\\r\\x1b[1m\n\\u202e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := untrusted.Lines([]string{"a\n", "b"}); got[0] != `a\n` || got[1] != "b" || untrusted.Lines(nil) != nil {
		t.Errorf("got %q", got)
	}
}

// FuzzLine: nothing hidden is left of any text, what was visible stays, and a second time changes nothing.
func FuzzLine(f *testing.F) {
	f.Add("a\u202eb\x1b\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for name, made := range map[string]string{"Line": untrusted.Line(text), "Text": untrusted.Text(text)} {
			kept := ""
			if name == "Text" {
				kept = "\n\t"
			}
			if !utf8.ValidString(made) || strings.IndexFunc(made, func(r rune) bool { return !unicode.IsPrint(r) && !strings.ContainsRune(kept, r) }) >= 0 {
				t.Errorf("%s left something hidden in %q", name, made)
			}
		}
		if once := untrusted.Line(text); untrusted.Line(once) != once || !untrusted.Safe(once) {
			t.Errorf("%q is changed again", once)
		}
	})
}
