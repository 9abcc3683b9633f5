package provider

import (
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func TestSuccessor(t *testing.T) {
	t.Parallel()
	for current, want := range map[string]string{"ci": "ci-2", "ci-2": "ci-3", "ci-9": "ci-10", "ci-02": "ci-1", "ci-1": "ci-1", "other": "ci-1"} {
		if got := successor("ci", current); got != want {
			t.Errorf("after %q comes %q, want %q", current, got, want)
		}
	}
}

func TestParseLifetime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"5m": 5 * time.Minute, "12h": 12 * time.Hour, "90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour} {
		if got, err := parseLifetime(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0d", "-1d", "1", "d", "1.5h", "1d12h", "1y", " 1d", "999999w", "01d"} {
		if got, err := parseLifetime(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

// TestEphemeralToken sees that nobody hides a lasting or unseparated token behind the name of one that lives for a run.
func TestEphemeralToken(t *testing.T) {
	t.Parallel()
	now := time.Unix(2000000000, 0)
	soon := now.Add(time.Hour).Unix()
	for name, test := range map[string]struct {
		id    string
		token proxmox.Token
		want  bool
	}{
		"of a run":     {"tf-run-abc", proxmox.Token{Expire: soon, PrivilegeSeparation: true}, true},
		"expired":      {"tf-run-abc", proxmox.Token{Expire: now.Unix() - 1, PrivilegeSeparation: true}, true},
		"another name": {"ci", proxmox.Token{Expire: soon, PrivilegeSeparation: true}, false},
		"unseparated":  {"tf-run-abc", proxmox.Token{Expire: soon}, false},
		"for ever":     {"tf-run-abc", proxmox.Token{PrivilegeSeparation: true}, false},
		"lasting":      {"tf-run-abc", proxmox.Token{Expire: now.Add(48 * time.Hour).Unix(), PrivilegeSeparation: true}, false},
	} {
		if got := ephemeralToken(test.id, test.token, now); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
