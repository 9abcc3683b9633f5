// Package escalation is the knowledge of what leads to root on a Proxmox VE
// node, and the analyser that meets it with what somebody holds.
//
// The knowledge is data, one file for each kind of way, embedded and written to
// be reviewed: every entry has a stable id, the privileges and paths it takes, why
// that leads to root, a witness (a request that proves it), what to grant
// instead, and the place in PVE's own source that says so. Ids are never reused
// and never change their meaning, since configurations accept risks by id:
//
//   - PVESEC-P0001 and on: privileges of the PVE API ([Privileges]);
//   - PVESEC-E0001 to E0099: what is wrong with a grant of sudo whatever its command ([Analyse]);
//   - PVESEC-E0101 and on: commands and their arguments ([Commands]).
//
// The package is pure: it takes values and returns values.
package escalation
