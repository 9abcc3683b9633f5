package libctest

import (
	"math/rand/v2"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// The patterns are random, from pieces that matter to the two languages and with a seed, so that a run can be repeated.

var globPieces = []string{
	"a", "b", "c", "a", "b", "/", ".", "-", "*", "*", "**", "?", "[ab]", "[!a]", "[^b/]", "[a-c]", "[]a]", "[!]]", "[[:alpha:]]", "[![:digit:]_]", "[[:upper:]", "[", "]", "[a", "[a-", "[b-",
	`\*`, `\a`, `\[`, `\`, `[\]]`, `[a\-c]`, "[[.a.]]", "[[.-.]-c]", "[[=b=]]", "[[=bb=]]", "[a-[.c.]]", "[[:nope:]a]", "[a[:nope:]]", "[z-a]", "[--/]", "/.", "*/", "/*", "[.]", "[/]", "[!/]", " ", "\xe9", "[\xe0-\xff]", "[.a", "[:", ":]", "=]", ".]", "1", "A",
	"[a/b]", "[a-z-0-9]", "[0-9-.]", "[A-C]", "[B-b]", "[[:upper:]]", "[![:lower:]]", "[[=A=]]", "[[.A.]-C]", "B", `\B`, `[\A]`, `[\A-\C]`, `[a-\C]`, "[!A-C]", "[Z-a]", "[_-a]", "[^", "[!", "[!]", "[]", "[[", "[]-a]", "[a-]",
}

var erePieces = []string{
	"a", "b", "c", "a", "b", "_", "1", " ", ".", "-", "A", "B", "^", "$", "(", ")", "(", ")", "|", "*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}", "{0}", "{,}", "{", "}", "{3,1}", "{x}", "[ab]", "[^a]", "[a-c]", "[]a]", "[^]]", "[[:alpha:]]",
	"[^[:digit:]_]", "[[:upper:]]", "[[:nope:]]", "[[.a.]]", "[[=b=]]", "[[.-.]-c]", "[[=a=]-c]", "[a-]", "[a-b-c]", "[c-a]", "[", "]", "[a", `\.`, `\a`, `\A`, `\(`, `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\<`, `\>`, "\\`", `\'`, `\`, "[A-C]", "[Z-a]", "[+-B]",
	"\xe9", "[\xe0-\xff]", "(a|b)", "(^a|b$)", "()", "(|a)", "[\\]", "(ab)*", "(a*)+",
	"[a-z-0-9]", "[0-9-.]", "[*+]", "[+*a]", "[a?b]", "[{256}]", "[a{300}b]", "[{1,2}{3}]", "[{1,300x]", "[{99999999999}]", "{256}", "{1,256}", "{0,255}", `{1\,2}`, `{\0,2}`, `{\1}`, `{1,\2}`, `{1,2\}`, `{1\}`, "{1,300x", "{1,2,3}", "{,2}{,2}", "{1,2}{,2}", "{}", `{\`, "{1", "{1,",
	`\1`, `\2`, "(a)", `(b)\1`, `((a)|b)\2`, `(a)|\1`, "[[:alpha:]-z]", "[a-[:alpha:]]", "[--a]", "[a--]", "[%--]", "[^-a]", "[-a]", "[a-c-]", "[]-a]", "[^]-a]", "[[.", "[[=", "[[:", "[[.space.]]", "[[.ab.]]", "[[=", "[a\\]", "[\\-a]", "[/]", "[^/]", "/", `\/`, `\n`, "(?i)", "(?i", "^(?i)", "\n", "[\n]", "[^\n]",
}

// textBytes are what texts are made of, the likely ones more often.
const textBytes = "aaaabbbbccAB1_ .-/*[]\\:=\xe9\n"

func join(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range r.IntN(most) + 1 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// spelled is a pattern of single bytes that mean something, which no piece hides.
func spelled(r *rand.Rand, bytes string, most int) string {
	b := make([]byte, r.IntN(most)+1)
	for i := range b {
		b[i] = bytes[r.IntN(len(bytes))]
	}
	return string(b)
}

func randomGlob(r *rand.Rand) string {
	switch r.IntN(4) {
	case 0:
		return derived(r, 'g')
	case 1:
		return spelled(r, `ab[]!^-*?\.:=/A`, 10)
	}
	return join(r, globPieces, 8)
}

func randomERE(r *rand.Rand) string {
	var pattern string
	switch r.IntN(7) {
	case 6:
		return derived(r, 'e')
	case 0:
		pattern = spelled(r, `ab[]^-*+?\.:=(){},|$12A`, 10)
	case 1:
		pattern = "[" + spelled(r, `ab[]^-*+{}2\.:=A`, 8) + "]"
	default:
		pattern = join(r, erePieces, 8)
	}
	switch r.IntN(4) {
	case 0:
		return "(?i)" + pattern
	case 1:
		return "^" + pattern + "$"
	}
	return pattern
}

const textsPerQuery = 32

// texts are random ones, and variations of the pattern and of its first matches.
func texts(r *rand.Rand, pattern string, near []string) []string {
	result := []string{"", pattern}
	for len(result) < textsPerQuery {
		if len(near) > 0 && r.IntN(3) > 0 {
			result = append(result, vary(r, near[r.IntN(len(near))]))
			continue
		}
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = textBytes[r.IntN(len(textBytes))]
		}
		result = append(result, string(b))
	}
	return result
}

// vary changes a text by one byte, at most.
func vary(r *rand.Rand, text string) string {
	i, b := r.IntN(len(text)+1), string(textBytes[r.IntN(len(textBytes))])
	switch r.IntN(4) {
	case 0:
		return text[:i] + b + text[i:]
	case 1:
		return text[:i] + b + text[min(i+1, len(text)):]
	case 2:
		return text[:i] + text[min(i+1, len(text)):]
	default:
		return text
	}
}

// witnesses gives shortest texts in a language and outside of it, which random texts would hardly hit.
func witnesses(e regular.Expr) []string {
	var found []string
	for _, l := range []regular.Language{
		e, regular.Complement(e),
		regular.Difference(e, regular.Epsilon()),
		regular.Intersect(e, twoBytes),
		regular.Intersect(e, otherThanA),
		regular.Difference(withB, e),
	} {
		if answer := regular.IsEmpty(l, regular.Budget{States: 2000}); answer.Verdict == regular.No {
			found = append(found, answer.Witness)
		}
	}
	return found
}

var (
	twoBytes   = must(regular.Compile(regular.Glob{Pattern: "??*"}))
	otherThanA = must(regular.Compile(regular.Glob{Pattern: "*[^a]*b*"}))
	withB      = must(regular.Compile(regular.Glob{Pattern: "*b?*"}))
)

func must(e regular.Expr, err error) regular.Expr {
	if err != nil {
		panic(err)
	}
	return e
}
