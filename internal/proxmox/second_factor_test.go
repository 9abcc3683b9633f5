package proxmox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSecondFactors: the kinds that are on, each once, of the users that have some.
func TestSecondFactors(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(answer{200, "OK", `{"data":[
		{"userid":"b@pve","entries":[{"type":"totp","id":"1","description":"","created":1},{"type":"recovery","id":"2","enable":1},{"type":"totp","id":"3","enable":"1"}],"totp-locked":1},
		{"userid":"a@pve","entries":[{"type":"webauthn","id":"1","enable":0},{"type":"u2f","id":"2","enable":false}]},
		{"userid":"c@pve","entries":[]}]}`}))
	factors, err := f.client(t).SecondFactors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[UserID][]string{"b@pve": {"recovery", "totp"}}, factors); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
