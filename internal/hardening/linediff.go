package hardening

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// LineChanges lists the lines by which found differs from recorded, in file order: "-" before a line that is missing on
// the node and "+" before a line that the node has and the record has not. Control characters are shown escaped, since
// the text comes from a node that somebody may have tampered with. It returns nil when both texts are equal.
func LineChanges(recorded, found string) []string {
	var changes []string
	unified, err := udiff.ToUnifiedDiff("recorded", "found", recorded, udiff.Lines(recorded, found), 0)
	if err != nil {
		// The edits come from the same text, so they always fit it; were that to change, saying "differs" beats saying
		// nothing.
		return []string{"content differs"}
	}
	for _, hunk := range unified.Hunks {
		for _, line := range hunk.Lines {
			text := printable(strings.TrimSuffix(line.Content, "\n"))
			switch line.Kind {
			case udiff.Delete:
				changes = append(changes, "- "+text)
			case udiff.Insert:
				changes = append(changes, "+ "+text)
			}
		}
	}
	if changes == nil && recorded != found {
		changes = []string{"content differs in its last line ending"}
	}
	return changes
}

// printable is text found on a node on one line, see [untrusted.Line]; the tabs of sudoers files stay.
func printable(text string) string { return strings.ReplaceAll(untrusted.Text(text), "\n", `\n`) }
