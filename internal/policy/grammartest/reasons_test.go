package grammartest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoEnds are what a policy must have for sudo to run nothing, by the way in which it ends: it gives up on a target
// that no account is, or falls over itself.
var sudoEnds = map[byte]*regexp.Regexp{'E': regexp.MustCompile(`runas_default=nosuch`), 'X': regexp.MustCompile(`Defaults!.*runchroot`)}

// reasons are what a policy must have for an answer to depend on a condition, by what the condition says.
var reasons = []struct{ condition, text *regexp.Regexp }{
	{regexp.MustCompile(`\(CHROOT\)|with -R`), regexp.MustCompile(`CHROOT|runchroot`)},
	{regexp.MustCompile(`means the same in the locale (C\.UTF-8|nosuch) as in C`), regexp.MustCompile(`sudoers_locale=(C\.UTF-8|nosuch)`)},
	{regexp.MustCompile(`bound to it, have changed runchroot`), regexp.MustCompile(`Defaults!.*runchroot`)},
	{regexp.MustCompile(`the Defaults in line \d+ are bound to the command`), regexp.MustCompile(`Defaults!`)},
	{regexp.MustCompile(`matches, which cannot be decided`), regexp.MustCompile(`\\1`)},
}

// hasReasons tells whether each condition of an answer has a reason in what sudo reads.
func hasReasons(d *policy.Decision, tree *sudoers.Tree) bool {
	text := read(tree)
	return len(d.If) > 0 && !slices.ContainsFunc(d.If, func(condition string) bool {
		return !slices.ContainsFunc(reasons, func(r struct{ condition, text *regexp.Regexp }) bool {
			return r.condition.MatchString(condition) && r.text.MatchString(text)
		})
	})
}

// read is a policy with the files that it includes.
func read(tree *sudoers.Tree) string {
	var b strings.Builder
	for _, file := range tree.Files {
		b.WriteString(file.Text + "\n")
	}
	return b.String()
}

// TestReasonsAreOfWhatIsRead: a file that no policy includes is no reason, nor is one condition the reason of another.
func TestReasonsAreOfWhatIsRead(t *testing.T) {
	t.Parallel()
	files := included{"/run/grammar/one": "Defaults sudoers_locale=C.UTF-8\n"}
	locale := &policy.Decision{Verdict: policy.Unknown, If: []string{"^.$ means the same in the locale C.UTF-8 as in C"}}
	root := &policy.Decision{Verdict: policy.Unknown, If: append([]string{"below /x (CHROOT), /bin/a is what it is on the node"}, locale.If...)}
	for text, want := range map[string]struct{ locale, both bool }{
		"ann ALL = ALL\n": {false, false},
		"@include one\n":  {true, false},
		"@include one\nann ALL = CHROOT=/x /bin/a\n": {true, true},
		"ann ALL = CHROOT=/x /bin/a\n":               {false, false},
	} {
		files[mainPolicy] = text
		tree, _ := sudoers.ParseTree(mainPolicy, files, "box", sudoers.PVE9)
		if got := hasReasons(locale, tree); got != want.locale {
			t.Errorf("%q is a reason: %v", text, got)
		}
		if got := hasReasons(root, tree); got != want.both {
			t.Errorf("%q is a reason for both: %v", text, got)
		}
		if hasReasons(&policy.Decision{Verdict: policy.Unknown}, tree) {
			t.Errorf("%q is a reason for what has no condition", text)
		}
	}
}
