// Package proxmox is pvesec's view of Proxmox VE access control: users, API
// tokens, groups, roles, access control lists (ACL) and permissions.
//
// Transport and authentication are those of github.com/luthermonson/go-proxmox,
// wrapped so that its defects cannot bite:
//
//   - every answer other than 2xx, the 595, 596 and 599 of pveproxy included, is
//     a typed [*Error] that keeps PVE's own text, bounded, without control
//     characters and without the secret; go-proxmox has typed errors since
//     v0.9.0, but passes on what a server sends as it comes, and takes a login
//     page with status 200 for an answer;
//   - ids are validated against PVE's grammar and escaped before they become
//     part of a path, where go-proxmox lets "#" or "?" address another object;
//   - requests are own structs with pointers, so that false, zero and the empty
//     string can be sent, and privilege separation is sent with every change of
//     a token;
//   - a POST whose answer was lost is never blindly repeated;
//   - nothing is logged, and no error carries the token's secret.
//
// # Lists
//
// Users with their tokens, groups, roles, ACL, realms and the own permissions
// are fetched as lists, once per [Client], and shared by all callers. A write
// that succeeds gives them what it changed: grants and roles as they were sent, and
// a user that was written is asked for by itself. A write that fails, a removal,
// and every change of the configured token's own user drop them all. PVE filters
// lists silently for tokens that may not see everything, so
// [Client.RequireVisibility] is asked before an absence is believed.
//
// # Principal
//
// A [Principal] is a user with everything that makes it useful: a managed role,
// ACL entries, group memberships and API tokens with their own ACL entries.
// [Client.ReadPrincipal], [Client.CreatePrincipal], [Client.UpdatePrincipal]
// and [Client.DeletePrincipal] move PVE from one such state to another, adding
// before removing. root@pam is refused in every one of them.
//
// [Client.CreateToken], [Client.UpdateToken], [Client.RegenerateToken] and
// [Client.DeleteToken] do the same for one token of a user that is managed
// elsewhere.
//
// # Rights
//
// [Rights] resolves what users and tokens may really do, with the ACL entry that
// each privilege comes from, from the lists alone and by PVE's own rules; also for
// a principal that is yet to be written ([Rights.With]). [Client.VerifyRights]
// compares with PVE's own word.
//
// # Plan time
//
// What can be known at plan time is told by [Client.CheckPrincipal],
// [Client.CheckCreate] and [Client.CheckUpdate], with the field and the fix, and
// by [Client.MissingPrivileges] for the token's own rights.
//
// A [Client] is safe for use by several goroutines.
package proxmox
