package regular

import (
	"errors"
	"strings"
	"testing"
)

// The expectations are those of glibc and sudo, see libctest.
func TestERE(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		pattern         string
		matches, misses []string
	}{
		"found anywhere":                         {"b", []string{"b", "abc"}, []string{"", "a"}},
		"anchored":                               {"^ab$", []string{"ab"}, []string{"xab", "abx", "ab\n"}},
		"alternation is looser than anchors":     {"^a|b$", []string{"a", "ax", "b", "xb"}, []string{"xa", "bx", ""}},
		"an anchor inside of a group":            {"(^|x)a", []string{"a", "xa", "bxa"}, []string{"ba"}},
		"an end inside of a group":               {"a($|,)", []string{"a", "a,b", "ba"}, []string{"ab"}},
		"an anchor that cannot hold":             {"a^b", nil, []string{"ab", "a^b", ""}},
		"both anchors on nothing":                {"$^", []string{""}, []string{"a"}},
		"^ behind a newline of the match":        {"\n^a", []string{"\na"}, []string{"a"}},
		"but not behind one before it":           {"^a", []string{"a"}, []string{"\na"}},
		"$ before a newline of the match":        {"a$\n", []string{"a\n"}, []string{"a"}},
		"a dot is any byte":                      {"^.$", []string{"a", "\n", "\xff"}, []string{"", "ab"}},
		"star, plus, question mark":              {"^a*b+c?$", []string{"b", "aabbc"}, []string{"", "a", "bcc"}},
		"an exact bound":                         {"^a{2}$", []string{"aa"}, []string{"a", "aaa"}},
		"bounds":                                 {"^a{1,3}$", []string{"a", "aaa"}, []string{"", "aaaa"}},
		"an open bound":                          {"^a{2,}$", []string{"aa", "aaaaa"}, []string{"a"}},
		"a bound from nothing":                   {"^a{,2}$", []string{"", "aa"}, []string{"aaa"}},
		"an escaped comma in a bound":            {`^a{1\,2}$`, []string{"a", "aa"}, []string{"", "aaa"}},
		"an escaped zero in a bound":             {`^a{\0,2}$`, []string{"", "aa"}, []string{"aaa"}},
		"braces in a bracket":                    {"^[{255}]+$", []string{"{25}"}, []string{"6"}},
		"braces too large to be one":             {"^[{99999999999}]$", []string{"9"}, []string{"8"}},
		"a bound of zero":                        {"^a{0}b$", []string{"b"}, []string{"ab"}},
		"the largest bound":                      {"^[a-z]{1,255}$", []string{"a", strings.Repeat("z", 255)}, []string{"", strings.Repeat("z", 256)}},
		"an empty alternative":                   {"^(|a)b$", []string{"b", "ab"}, []string{"a"}},
		"an empty group":                         {"^()a$", []string{"a"}, nil},
		"a closing parenthesis alone":            {"^a)$", []string{"a)"}, nil},
		"closing brackets and braces alone":      {"^a]}$", []string{"a]}"}, nil},
		"escapes":                                {`^\.\*\(\[\\$`, []string{`.*([\`}, nil},
		"no escapes in a bracket":                {`^[\]$`, []string{`\`}, []string{"]"}},
		"a bracket":                              {"^[]a-c-]$", []string{"]", "b", "-"}, []string{"d"}},
		"a negated bracket takes a newline":      {"^[^a]$", []string{"\n", "b"}, []string{"a"}},
		"a class":                                {"^[[:alpha:]_]+$", []string{"aZ_"}, []string{"1"}},
		"a collating element and an equivalence": {"^[[.-.][=a=]]$", []string{"-", "a"}, []string{"."}},
		"word bytes":                             {`^\w\W\s\S$`, []string{"_- x"}, []string{"--  "}},
		"a word edge":                            {`\bab\b`, []string{"ab", "x ab-"}, []string{"xab", "ab_"}},
		"inside of a word":                       {`\Bb`, []string{"ab"}, []string{"b", " b"}},
		"starts and ends of words":               {`\<a.*b\>`, []string{"a b", "-ab-"}, []string{"xab", "abx"}},
		"start and end of the text":              {"\\`a\\'", []string{"a"}, []string{"a\n", "\na"}},
		"ignoring case":                          {"^(?i)ab$", []string{"ab", "AB", "aB"}, []string{"abc"}},
		"ignoring case without an anchor":        {"(?i)ab", []string{"xAb"}, []string{"a"}},
		"ignoring case in brackets":              {"^(?i)[a-c][[:upper:]][^x]$", []string{"Bbb", "cZA"}, []string{"dbb", "abX", "abx"}},
		"an escaped letter never ignores case":   {`(?i)\a`, nil, []string{"a", "A", `\a`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e := ere(t, test.pattern)
			for _, text := range test.matches {
				if !e.Contains(text) {
					t.Errorf("%q does not match %q", test.pattern, text)
				}
			}
			for _, text := range test.misses {
				if e.Contains(text) {
					t.Errorf("%q matches %q", test.pattern, text)
				}
			}
		})
	}
}

func TestWholeERE(t *testing.T) {
	t.Parallel()

	e := mustCompile(t, ERE{Pattern: "a|bc", Whole: true})
	for text, want := range map[string]bool{"a": true, "bc": true, "ab": false, "xa": false, "": false} {
		if got := e.Contains(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRefusedERE has what sudo refuses, of which it follows that it matches nothing, and what is not known.
func TestRefusedERE(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		pattern string
		want    error
	}{
		"too long":                        {strings.Repeat("a", 1025), ErrSyntax},
		"a star at the start":             {"*a", ErrSyntax},
		"a star in a group":               {"(*a)", ErrSyntax},
		"a star behind an alternative":    {"a|*b", ErrSyntax},
		"a star behind an anchor":         {"^*", ErrSyntax},
		"a plus behind an end":            {"a$+", ErrSyntax},
		"a repeated star":                 {"a**", ErrSyntax},
		"a repeated bound":                {"a{2}{3}", ErrSyntax},
		"a star behind a bound":           {"a{2}*", ErrSyntax},
		"repetitions in a bracket":        {"[*+]", ErrSyntax},
		"an open group":                   {"(a", ErrSyntax},
		"an open bracket":                 {"[a", ErrSyntax},
		"a class that is not closed":      {"[[:alpha:", ErrSyntax},
		"a class that does not exist":     {"[[:foo:]]", ErrSyntax},
		"a collating element of two":      {"[[.ch.]]", ErrSyntax},
		"a range from high to low":        {"[c-a]", ErrSyntax},
		"a range that ignores case":       {"(?i)[Z-a]", ErrSyntax},
		"a range of a class":              {"[a-[:digit:]]", ErrSyntax},
		"a third end of a range":          {"[a-c-e]", ErrSyntax},
		"a trailing backslash":            {`a\`, ErrSyntax},
		"an open bound":                   {"a{2", ErrSyntax},
		"an empty bound":                  {"a{}", ErrSyntax},
		"a bound without numbers":         {"a{x}", ErrSyntax},
		"a bound from high to low":        {"a{2,1}", ErrSyntax},
		"a bound above RE_DUP_MAX":        {"a{32768}", ErrSyntax},
		"a bound above 255":               {"a{256}", ErrSyntax},
		"one in a bracket":                {"[{256}]", ErrSyntax},
		"one in the middle of a bracket":  {"[a{300}b]", ErrSyntax},
		"an escaped digit of one":         {`[{\300}]`, ErrSyntax},
		"a count that is remembered":      {"[{1,300x]a{5}", ErrSyntax},
		"a bound behind a bound":          {"a{1,2}{,2}", ErrSyntax},
		"a bound from nothing behind one": {"a{,2}{,2}", ErrSyntax},
		"a range behind a range":          {"^start [a-z-0-9]+$", ErrSyntax},
		"a dot behind a range":            {"[0-9-.]", ErrSyntax},
		"a reference without a group":     {`a\1`, ErrSyntax},
		"one to a group that is open":     {`(a\1)`, ErrSyntax},
		"one to a later group":            {`(a)\2(b)`, ErrSyntax},
		"a reference to another branch":   {`(a)|\1`, ErrSyntax},
		"one behind both branches":        {`((a)|b)\2`, ErrUnsupported},
		"malformed behind a reference":    {`(a)\1[`, ErrSyntax},
		"malformed behind a copied one":   {"x(^a){,2}**", ErrSyntax},
		"a reference in a bound":          {`(a)b{\1}`, ErrSyntax},
		"a back-reference":                {`(a)\1`, ErrUnsupported},
		"an anchor that is copied":        {"x(^a){,2}", ErrUnsupported},
		"NUL":                             {"a\x00b", ErrUnsupported},
		"bounds that multiply":            {"((a{255}){255}){255}", ErrTooLarge},
		"bounds with too many transition": {"(a?b?c?d?e?f?g?h?){255}", ErrTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if _, err := Compile(ERE{Pattern: test.pattern}); !errors.Is(err, test.want) {
				t.Errorf("%q: %v, want %v", test.pattern, err, test.want)
			}
		})
	}
}

// TestSyntaxError: the place is where a person has to look.
func TestSyntaxError(t *testing.T) {
	t.Parallel()

	for pattern, want := range map[string]int{
		"^a**$": 3, "^[a-z-0-9]$": 5, "^(?i)[a-z-0-9]$": 9, "^a[b$": 2, "^(a$": 1, `^a\1$`: 2, "^ab{300}$": 3, "(?i)a{}": 5, "^[[:nope:]]$": 2, "^x[c-a]$": 3, "(a|*b)": 3,
		strings.Repeat("a", 1025): 1024,
	} {
		var problem *SyntaxError
		if err := CheckERE(pattern); !errors.As(err, &problem) || problem.At != want || problem.Reason == "" {
			t.Errorf("%q: %#v, want byte %d", pattern, err, want)
		}
	}
	for _, pattern := range []string{"", "^a$", `(a)\1`, "x(^a){,2}", "((a{255}){255}){255}"} {
		if err := CheckERE(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// TestLargeERE compiles expressions as large as sudo takes them.
func TestLargeERE(t *testing.T) {
	t.Parallel()

	for name, pattern := range map[string]string{
		"bounds in a row":     "^" + strings.Repeat("[a]{255}", 120),
		"loops in a row":      strings.Repeat("a*b*", 250),
		"optional groups":     strings.Repeat("(a*", 200) + strings.Repeat(")?", 200),
		"optional all over":   "^((a|b)?(c|d)?(e|f)?){80}$",
		"words":               strings.Repeat(`(\<a|\b|b\>)*x`, 60),
		"empty groups nested": strings.Repeat("(", 500) + strings.Repeat(")", 500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e := ere(t, pattern)
			if in := IsEmpty(e, Budget{}); in.Verdict != No || !e.Contains(in.Witness) {
				t.Errorf("%v with %q", in.Verdict, in.Witness)
			}
		})
	}
}
