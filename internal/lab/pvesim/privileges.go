package pvesim

import (
	"maps"
	"slices"
	"strings"
)

// privSet is a set of privileges, the value of a role.
type privSet map[string]bool

// privileges is what a PVE release knows: all privileges and the built-in roles.
type privileges struct {
	all   privSet
	roles map[string]privSet
}

// roleNoAccess takes all privileges away where it applies.
const roleNoAccess = "NoAccess"

// Privileges of every supported release, and what came and went with PVE 9.0.
const (
	commonPrivs = "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit " +
		"Group.Allocate Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate Pool.Audit " +
		"Realm.Allocate Realm.AllocateUser SDN.Allocate SDN.Audit SDN.Use " +
		"Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog User.Modify " +
		"VM.Allocate VM.Audit VM.Backup VM.Clone VM.Console VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback " +
		"VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType VM.Config.Memory " +
		"VM.Config.Network VM.Config.Options"
	privsUntil8 = "VM.Monitor"
	privsSince9 = "VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt " +
		"VM.GuestAgent.FileWrite VM.GuestAgent.Unrestricted VM.Replicate"
	vmUserPrivs   = "VM.Audit VM.Backup VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.PowerMgmt"
	vmUserSince9  = "VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite"
	notForAdmin   = "Permissions.Modify Realm.Allocate Mapping.Modify Sys.AccessNetwork Sys.Incoming Sys.Modify Sys.PowerMgmt"
	auditorPrivs  = "Datastore.Audit Mapping.Audit Pool.Audit SDN.Audit Sys.Audit VM.Audit"
	auditorSince9 = "VM.GuestAgent.Audit"
)

// privilegesOf returns privileges and built-in roles of a release.
func privilegesOf(version string) *privileges {
	nine := version != Version84
	all, vmUser, auditor := privsOf(commonPrivs), privsOf(vmUserPrivs), privsOf(auditorPrivs)
	if nine {
		maps.Copy(all, privsOf(privsSince9))
		maps.Copy(vmUser, privsOf(vmUserSince9))
		maps.Copy(auditor, privsOf(auditorSince9))
	} else {
		maps.Copy(all, privsOf(privsUntil8))
	}
	except := privsOf(notForAdmin)
	admin := all.filter(func(p string) bool { return !except[p] })
	prefixed := func(prefix string) privSet {
		return all.filter(func(p string) bool { return strings.HasPrefix(p, prefix) })
	}
	return &privileges{all: all, roles: map[string]privSet{
		"Administrator":     all,
		roleNoAccess:        {},
		"PVEAdmin":          admin,
		"PVEAuditor":        auditor,
		"PVEDatastoreAdmin": prefixed("Datastore."),
		"PVEDatastoreUser":  privsOf("Datastore.AllocateSpace Datastore.Audit"),
		"PVEMappingAdmin":   prefixed("Mapping."),
		"PVEMappingUser":    privsOf("Mapping.Audit Mapping.Use"),
		"PVEPoolAdmin":      prefixed("Pool."),
		"PVEPoolUser":       privsOf("Pool.Audit"),
		"PVESDNAdmin":       prefixed("SDN."),
		"PVESDNUser":        privsOf("SDN.Audit SDN.Use"),
		"PVESysAdmin":       privsOf("Sys.Audit Sys.Console Sys.Syslog"),
		"PVETemplateUser":   privsOf("VM.Audit VM.Clone"),
		"PVEUserAdmin":      privsOf("Group.Allocate Realm.AllocateUser User.Modify"),
		"PVEVMAdmin":        prefixed("VM."),
		"PVEVMUser":         vmUser,
	}}
}

func privsOf(names string) privSet {
	set := privSet{}
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

func (p privSet) filter(keep func(string) bool) privSet {
	set := privSet{}
	for name := range p {
		if keep(name) {
			set[name] = true
		}
	}
	return set
}

// sorted lists the names bytewise.
func (p privSet) sorted() []string { return slices.Sorted(maps.Keys(p)) }

// builtinRoles are the names of the roles that PVE generates; they are the same in
// every supported release and are never written to user.cfg.
var builtinRoles = privilegesOf(Version91).roles
