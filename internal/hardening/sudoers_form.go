package hardening

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// SameForm tells that two sudoers texts differ in their form alone: spaces, empty lines, continuations, quoting.
// Comments count: they are what the next reader goes by. Texts that do not parse are the same only when they are equal.
func SameForm(a, b string) bool {
	if a == b {
		return true
	}
	first, ok := canonical(a)
	second, okToo := canonical(b)
	return ok && okToo && first == second
}

// canonical is a text's canonical form without empty lines.
func canonical(text string) (string, bool) {
	file, problems := sudoers.Parse("policy", text, sudoers.Version{})
	if len(problems) > 0 {
		return "", false
	}
	entries := file.Entries[:0:0]
	for _, entry := range file.Entries {
		if comment, ok := entry.(*sudoers.Comment); ok && comment.Blank {
			continue
		}
		entries = append(entries, entry)
	}
	return sudoers.Print(&sudoers.File{Name: file.Name, Entries: entries}), true
}
