package preset

import (
	"fmt"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// kind is a sort of name that a parameter stands for.
type kind struct {
	// what it is, for errors.
	what string
	// pattern has all names of the kind, and no text that could be anything but one word in its place: no space, no
	// leading dash, no separator of a property string, no "..".
	pattern string
	// without, if given, has names that the kind leaves out, and why.
	without, why string
	// example is one that people write.
	example string
}

// kinds are the sorts of names, narrower than what PVE accepts where that makes them safe to put into a pattern.
var kinds = map[string]kind{
	// PVE/JSONSchema.pm, pve-vmid: 100 … 999999999.
	"vmid": {what: "ids of guests, from 100 to 999999999", pattern: `[1-9][0-9]{2,8}`, example: "2[0-9]{3}"},
	// PVE/JSONSchema.pm, parse_storage_id.
	"storage": {what: "ids of storages", pattern: `[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]`, example: "local-zfs"},
	// IFNAMSIZ is 16 with the final NUL.
	"bridge": {what: "names of bridges or virtual networks", pattern: `[A-Za-z][A-Za-z0-9_]{0,14}`, example: "vmbr[0-9]"},
	"vlan":   {what: "VLAN tags, from 1 to 4094", pattern: `[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4]`, example: "2[0-9]"},
	// RFC 1123: labels of host names.
	"node": {what: "names of nodes", pattern: `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`, example: "pve[1-3]"},
	// zfs(8): components; zpool-create(8): names of pools.
	"dataset": {
		what: "ZFS datasets below a pool", pattern: `[A-Za-z][A-Za-z0-9_-]{0,31}(/[A-Za-z0-9][A-Za-z0-9_-]{0,63}){1,5}`,
		without: `[^/]*/ROOT(/.*)?`, why: "POOL/ROOT is the node's own file system", example: "rpool/data",
	},
	"pool":         {what: "names of ZFS pools", pattern: `[A-Za-z][A-Za-z0-9_-]{0,31}`, example: "rpool"},
	"volume_group": {what: "names of LVM volume groups", pattern: `[A-Za-z0-9_][A-Za-z0-9_+.]{0,30}`, example: "pve"},
	// PVE/AccessControl.pm, verify_username. The end shows where the prefix ends, and keeps it from being a whole name
	// such as root.
	"user_prefix": {what: "prefixes of user names: lower case letters and digits, then '-' or '_'", pattern: `[a-z][a-z0-9]{0,15}[-_]`, example: "op-"},
	// ifreload(8): --all or --currently-up.
	"interfaces":    {what: "what ifreload works on, all or currently-up", pattern: `all|currently-up`, example: "all"},
	"guest_dataset": {what: "ZFS datasets of guests, POOL/data, POOL/vmdata or POOL/guests, and below them", pattern: `[A-Za-z][A-Za-z0-9_-]{0,31}/(data|vmdata|guests)(/[A-Za-z0-9][A-Za-z0-9_-]{0,63}){0,4}`, example: "rpool/data"},
	"host":          {what: "names of hosts", pattern: `[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?`, example: "pve2"},
	// proxmox-backup-client(1) and ups.conf(5).
	"login": {what: "names of users of a backup server", pattern: `[a-z][a-z0-9]{0,30}`, example: "pve1"},
	"ups":   {what: "names of power supplies", pattern: `[a-z][a-z0-9_-]{0,30}`, example: "rack"},
	// The daemons of PVE's API, which only lose requests in flight when they start again.
	"api_service": {what: "daemons of the PVE API", pattern: `pveproxy|pvedaemon|pvestatd|pvescheduler|spiceproxy`, example: "pveproxy|pvestatd"},
}

// language has the names of a kind.
func (k kind) language() (regular.Language, error) {
	names, err := regular.Compile(regular.ERE{Pattern: k.pattern, Whole: true})
	if err != nil {
		return nil, fmt.Errorf("pattern %q of a kind: %w", k.pattern, err)
	}
	if k.without == "" {
		return names, nil
	}
	without, err := regular.Compile(regular.ERE{Pattern: k.without, Whole: true})
	if err != nil {
		return nil, fmt.Errorf("pattern %q of a kind: %w", k.without, err)
	}
	return regular.Difference(names, without), nil
}

// languages are those of all kinds.
var languages = sync.OnceValue(func() map[string]regular.Language {
	compiled := map[string]regular.Language{}
	for name, k := range kinds {
		language, err := k.language()
		if err != nil {
			panic("the kinds of parameters: " + err.Error()) // a test reads them
		}
		compiled[name] = language
	}
	return compiled
})
