package hardening

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// checkLines tells why the lines of a sudoers text that pvesec built do not say together what each of them says alone,
// or returns nil. A value that ends in a backslash would take in the next line.
func checkLines(path, text string) error {
	whole, problems := sudoers.Parse(path, text, sudoers.Version{})
	if len(problems) > 0 {
		return problems
	}
	var each []sudoers.Entry
	for line := range strings.Lines(text) {
		alone, problems := sudoers.Parse(path, line, sudoers.Version{})
		if len(problems) > 0 {
			return problems
		}
		each = append(each, alone.Entries...)
	}
	if !sudoers.SameEntries(whole.Entries, each) {
		return fmt.Errorf("%s: a value reaches into the next line: it must not end in a backslash", path)
	}
	return nil
}
