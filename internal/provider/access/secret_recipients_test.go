package access

import "testing"

// TestRecipientOfAFile: file() gives a public key with the end of its line, which is no second key.
func TestRecipientOfAFile(t *testing.T) {
	t.Parallel()
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdz1b0s75MOwwqGBlaOgm3AqhYSUZm8wZgBzZMeNE0Y operator@example.com"
	for text, fine := range map[string]bool{key: true, key + "\n": true, key + "\r\n": true, key + "\n" + key: false, "\n" + key: false, "": false} {
		if err := checkRecipient(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
	}
}
