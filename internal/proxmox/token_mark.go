package proxmox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// oneRun is the comment of a token that was made for one run: what it is for, and a
// code over its full id; making it needs the secret of the own API token. A person who
// reads it learns nothing about the secret, and cannot make one for another id.
func (c *Client) oneRun(user UserID, id string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte("pvesec one run\x00" + user.Token(id)))
	return "one run of Terraform, " + hex.EncodeToString(mac.Sum(nil))[:32]
}
