package values

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// WarnOfEnd warns of what a configuration asks for and that has ended already. A zero end is none.
func WarnOfEnd(what string, end, now time.Time, at path.Path, diags *diag.Diagnostics) {
	if !end.IsZero() && !now.Before(end) {
		diags.AddAttributeWarning(at, fmt.Sprintf("%s ended on %s", UpperFirst(what), end.UTC().Format(time.RFC3339)),
			"Nobody gets in with it since then. Write a later end, or remove it.")
	}
}

// UnixEnd is an end in Unix seconds as a time, zero for 0.
func UnixEnd(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
