package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SetBy is the place that sets an option last, of those that bind to a request.
func SetBy(tree *sudoers.Tree, request Request, option string) (pos sudoers.Pos, found bool) {
	others := slices.DeleteFunc(slices.Clone(tree.Entries), func(e sudoers.Entry) bool { _, is := e.(*sudoers.Defaults); return is })
	for _, entry := range slices.Backward(tree.Entries) {
		defaults, is := entry.(*sudoers.Defaults)
		if !is {
			continue
		}
		at := slices.IndexFunc(defaults.Settings, func(s sudoers.Setting) bool { return s.Name == option })
		if at < 0 {
			continue
		}
		alone := *tree
		alone.Entries = append(slices.Clone(others), entry)
		if Decide(&alone, request).Settings[option] != "" {
			return defaults.Settings[at].Pos, true
		}
	}
	return sudoers.Pos{}, false
}
