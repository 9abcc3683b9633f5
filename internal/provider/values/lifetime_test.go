package values

import (
	"testing"
	"time"
)

func TestParseLifetime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"5m": 5 * time.Minute, "12h": 12 * time.Hour, "90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour} {
		if got, err := ParseLifetime(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0d", "-1d", "1", "d", "1.5h", "1d12h", "1y", " 1d", "999999w", "01d"} {
		if got, err := ParseLifetime(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}
