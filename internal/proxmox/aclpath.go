package proxmox

import (
	"fmt"
	"regexp"
	"strings"
)

// NormalizeACLPath returns the form in which PVE stores an ACL path
// (PVE::AccessControl::normalize_path): slashes folded, none at the end, one at
// the beginning. The empty path stays empty, as PVE refuses it.
func NormalizeACLPath(p string) string {
	if p == "" {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return "/" + strings.Join(parts, "/")
}

// aclPathGrammar holds the shapes that PVE::AccessControl::check_path accepts,
// one pattern for each tree below the root. Existence is never checked by PVE.
var aclPathGrammar = func() []*regexp.Regexp {
	const name = `[A-Za-z0-9._-]+`
	shapes := []string{
		`/`,
		`/access`,
		`/access/groups(/` + name + `)?`,
		`/access/realm(/` + name + `)?`,
		`/nodes(/` + name + `)?`,
		`/pool(/` + name + `){0,3}`,
		`/sdn`,
		`/sdn/controllers(/[A-Za-z0-9_-]+)?`,
		`/sdn/dns(/[A-Za-z0-9]+)?`,
		`/sdn/fabrics(/[A-Za-z0-9]+)?`,
		`/sdn/ipams(/[A-Za-z0-9]+)?`,
		`/sdn/prefix-lists(/[A-Za-z0-9]+)?`,
		`/sdn/route-maps(/[A-Za-z0-9]+)?`,
		`/sdn/zones(/` + name + `(/` + name + `(/[1-9][0-9]{0,3})?)?)?`,
		`/storage(/` + name + `)?`,
		`/vms(/[1-9][0-9]{2,})?`,
		`/mapping(/` + name + `(/` + name + `)?)?`,
	}
	grammar := make([]*regexp.Regexp, len(shapes))
	for i, shape := range shapes {
		grammar[i] = regexp.MustCompile(`^` + shape + `$`)
	}
	return grammar
}()

// ValidateACLPath checks that p is an ACL path that some supported version of
// PVE knows, in the form that PVE stores. "vms/102/" is refused although PVE
// takes it, because it would read back as "/vms/102".
func ValidateACLPath(p string) error {
	if p == "" {
		return fmt.Errorf(`ACL path is empty; the root is "/"`)
	}
	if err := refuseCharacters("ACL path", p, ""); err != nil {
		return err
	}
	if normal := NormalizeACLPath(p); normal != p {
		return fmt.Errorf("ACL path %q is stored by PVE as %q; write it so", p, normal)
	}
	for _, shape := range aclPathGrammar {
		if shape.MatchString(p) {
			return nil
		}
	}
	return fmt.Errorf("ACL path %q: %s", p, aclPathHint(p))
}

// aclPathHint explains a refused path in terms of the tree it begins with.
func aclPathHint(p string) string {
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	switch parts[0] {
	case "vms":
		return "a guest is /vms/VMID with a number from 100 upwards"
	case "pools":
		return "pools are below /pool, for example /pool/build"
	case "pool":
		return "a pool is /pool/NAME, with at most three levels"
	case "node":
		return "nodes are below /nodes, for example /nodes/pve1"
	case "nodes":
		return "a node is /nodes/NAME"
	case "storages":
		return "storages are below /storage, for example /storage/local"
	case "storage":
		return "a storage is /storage/NAME"
	case "access":
		return "below /access PVE knows groups/GROUP and realm/REALM"
	case "mapping":
		return "a mapping is /mapping/TYPE/ID, for example /mapping/pci/gpu0"
	case "sdn":
		return "below /sdn PVE knows zones/ZONE/VNET/TAG, controllers, dns, fabrics, ipams, prefix-lists and route-maps"
	}
	return "PVE knows the trees / /access /mapping /nodes /pool /sdn /storage /vms"
}
