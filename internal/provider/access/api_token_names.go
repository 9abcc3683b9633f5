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

// ephemeralToken tells whether a token is one that an ephemeral resource of the same API token made: by its name, by
// the mark that nobody else can make, and by what such a token always is, separated and soon dead. So nobody can hide a
// token behind the name.
func ephemeralToken(id string, token proxmox.Token, now time.Time) bool {
	return token.OneRun && shortLived(id, token, now)
}

// shortLived reports whether a token looks like one of an ephemeral resource, regardless of who created it.
func shortLived(id string, token proxmox.Token, now time.Time) bool {
	return strings.HasPrefix(id, ephemeralPrefix) && token.PrivilegeSeparation && token.Expire != 0 &&
		time.Unix(token.Expire, 0).Before(now.Add(ephemeralLimit))
}
