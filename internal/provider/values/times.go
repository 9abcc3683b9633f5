package values

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TimeValue writes a point in time as the provider does: RFC 3339 in UTC, null for the zero time.
func TimeValue(seconds int64) types.String { return TimeString(types.StringNull(), seconds) }

// UnixTime is a point in time in Unix seconds, 0 for none. The text was validated before.
func UnixTime(text types.String) int64 {
	at, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return 0
	}
	return at.Unix()
}

// TimeString writes Unix seconds as RFC 3339 in UTC, or the nearest moment that it can write, keeping the recorded text
// where it means the same moment, and null for 0.
func TimeString(recorded types.String, seconds int64) types.String {
	if seconds == 0 {
		return types.StringNull()
	}
	if !recorded.IsNull() && !recorded.IsUnknown() && UnixTime(recorded) == seconds {
		return recorded
	}
	// RFC 3339 writes years of four digits: what lies beyond is written as the first or last moment that it has.
	last := time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC).Unix()
	return types.StringValue(time.Unix(min(max(seconds, 1), last), 0).UTC().Format(time.RFC3339))
}

// CheckTime says why a text is no point in time that PVE can keep, or returns nil.
func CheckTime(text string) error {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%q is not a point in time: write it as RFC 3339, for example 2027-01-31T00:00:00Z", text)
	}
	if at.Unix() <= 0 {
		return fmt.Errorf("%q is not after 1970-01-01; PVE counts expiry in seconds since then and takes 0 for never", text)
	}
	return nil
}
