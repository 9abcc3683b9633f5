package proxmox

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// suggest returns a sentence with the known name nearest to wrong, or with all
// of them when they are few, "" when nothing helps.
func suggest(wrong string, known []string) string {
	best, bestDistance := "", 1+max(2, len(wrong)/3)
	for _, name := range known {
		d := levenshtein.Distance(strings.ToLower(wrong), strings.ToLower(name), nil)
		if d < bestDistance {
			best, bestDistance = name, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("Did you mean %q?", best)
	case len(known) == 0:
		return "There is none."
	case len(known) <= 8:
		return "There are: " + strings.Join(known, ", ") + "."
	}
	return ""
}
