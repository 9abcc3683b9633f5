package values

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestTimesKeepTheirForm(t *testing.T) {
	t.Parallel()
	written := types.StringValue("2040-01-01T01:00:00+01:00")
	if got := TimeString(written, 2208988800); !got.Equal(written) {
		t.Errorf("the same moment was rewritten as %s", got)
	}
	if got := TimeString(written, 2208988801); got.ValueString() != "2040-01-01T00:00:01Z" {
		t.Errorf("another moment is %s", got)
	}
	for seconds, want := range map[int64]string{1 << 40: "9999-12-31T23:59:59Z", 1<<63 - 1: "9999-12-31T23:59:59Z", -1: "1970-01-01T00:00:01Z", -1 << 63: "1970-01-01T00:00:01Z"} {
		if got := TimeValue(seconds); got.ValueString() != want || CheckTime(got.ValueString()) != nil {
			t.Errorf("%d is %s, want %s", seconds, got, want)
		}
	}
	if got := TimeString(written, 0); !got.IsNull() {
		t.Errorf("never is %s", got)
	}
	for text, usable := range map[string]bool{"2027-01-31T00:00:00Z": true, "2027-01-31": false, "": false, "1960-01-01T00:00:00Z": false, "1970-01-01T00:00:00Z": false} {
		if err := CheckTime(text); (err == nil) != usable {
			t.Errorf("checkTime(%q) = %v", text, err)
		}
	}
}
