package values

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

var lifetimePattern = regexp.MustCompile(`^([1-9][0-9]{0,5})([mhdw])$`)

var lifetimeUnits = map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}

// maxLifetime keeps what is called an expiry from being none.
const maxLifetime = 10 * 366 * 24 * time.Hour

// ParseLifetime reads "90d": a whole number and a unit, m (minutes), h (hours), d (days of 24 hours) or w (weeks).
func ParseLifetime(text string) (time.Duration, error) {
	m := lifetimePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is not a length of time: write a number and m, h, d or w, for example 90d", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, fmt.Errorf("%q is not a length of time: %w", text, err)
	}
	if n > int(maxLifetime/lifetimeUnits[m[2]]) {
		return 0, fmt.Errorf("%q is more than ten years", text)
	}
	return time.Duration(n) * lifetimeUnits[m[2]], nil
}

// CheckLifetime says why a text is no length of time, or returns nil.
func CheckLifetime(text string) error {
	_, err := ParseLifetime(text)
	return err
}

// Lifetime is a length of time that was validated before, 0 for none.
func Lifetime(text types.String) time.Duration {
	d, err := ParseLifetime(text.ValueString())
	if err != nil {
		return 0
	}
	return d
}

// ExpiryAfter is the point in time at which a lifetime that begins now ends.
func ExpiryAfter(text types.String) time.Time {
	return time.Now().Add(Lifetime(text)).Truncate(time.Second)
}
