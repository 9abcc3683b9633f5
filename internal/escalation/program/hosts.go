package program

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// hostIn finds the host in arguments that name another one.
var hostIn = []*regexp.Regexp{regexp.MustCompile(`://(?:[^ /@]*@)?([^ /:@]+)`), regexp.MustCompile(`@([^ /:@]+)[:/]`), regexp.MustCompile(`(?:^| |=|:)([A-Za-z0-9_][A-Za-z0-9._-]*)[:/]`)}

// onlyTo tells whether all admitted arguments of a language name the host that these do.
func (j *judgement) onlyTo(args string, of regular.Expr) bool {
	host := ""
	for word := range strings.FieldsSeq(args) {
		found := hostOf(word)
		if found != "" && host != "" && found != host {
			return false // which of them is the other host, nobody can tell
		}
		host = cmp.Or(host, found)
	}
	if host == "" {
		return false
	}
	same, err := regular.Compile(regular.ERE{Pattern: "[ =@/:]" + strings.ReplaceAll(host, ".", "[.]") + "([:/]|$)"})
	return err == nil && regular.Subset(regular.Intersect(j.Allowed, of), same, j.Budget).Verdict == regular.Yes
}

// hostOf is the host that one argument names, empty for none. A path names none.
func hostOf(word string) string {
	if option, value, is := strings.Cut(word, "="); is && strings.HasPrefix(option, "-") {
		word = value
	}
	if strings.HasPrefix(word, "/") {
		return ""
	}
	for _, pattern := range hostIn {
		if found := pattern.FindStringSubmatch(word); found != nil {
			return found[1]
		}
	}
	return ""
}
