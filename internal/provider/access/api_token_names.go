package access

import (
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

const (
	// ephemeralPrefix begins the ids of tokens that live for one run.
	ephemeralPrefix = "tf-run-"
	// ephemeralLimit is the longest life of such a token.
	ephemeralLimit = 24 * time.Hour
)

// ephemeralToken tells whether a token is one that an ephemeral resource made: by its name, and by what such a token always is, separated and soon
// dead, so that nobody can hide a lasting token behind the name.
func ephemeralToken(id string, token proxmox.Token, now time.Time) bool {
	return strings.HasPrefix(id, ephemeralPrefix) && token.PrivilegeSeparation && token.Expire != 0 &&
		time.Unix(token.Expire, 0).Before(now.Add(ephemeralLimit))
}
