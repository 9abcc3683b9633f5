package access

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
		"of a run":     {"tf-run-abc", proxmox.Token{Expire: soon, PrivilegeSeparation: true, OneRun: true}, true},
		"expired":      {"tf-run-abc", proxmox.Token{Expire: now.Unix() - 1, PrivilegeSeparation: true, OneRun: true}, true},
		"unmarked":     {"tf-run-abc", proxmox.Token{Expire: soon, PrivilegeSeparation: true}, false},
		"another name": {"ci", proxmox.Token{Expire: soon, PrivilegeSeparation: true, OneRun: true}, false},
		"unseparated":  {"tf-run-abc", proxmox.Token{Expire: soon, OneRun: true}, false},
		"without end":  {"tf-run-abc", proxmox.Token{PrivilegeSeparation: true, OneRun: true}, false},
		"lasting":      {"tf-run-abc", proxmox.Token{Expire: now.Add(48 * time.Hour).Unix(), PrivilegeSeparation: true, OneRun: true}, false},
	} {
		if got := ephemeralToken(test.id, test.token, now); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
