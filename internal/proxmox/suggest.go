package proxmox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// suggest returns a sentence with the known name nearest to wrong, or with all
// of them when they are few, "" when nothing helps.
func suggest(wrong string, known []string) string {
	best, bestDistance := "", 1+max(2, len(wrong)/3)
	for _, name := range known {
		d := distance(strings.ToLower(wrong), strings.ToLower(name))
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

// distance is the number of edits, where letters in another order count as one,
// since that is how names are mistyped.
func distance(a, b string) int {
	d := levenshtein.Distance(a, b, nil)
	if d == 2 && slices.Equal(letters(a), letters(b)) {
		return 1
	}
	return d
}

func letters(s string) []rune {
	sorted := []rune(s)
	slices.Sort(sorted)
	return sorted
}
