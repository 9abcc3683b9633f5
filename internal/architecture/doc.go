// Package architecture holds the rules of the house, and a test that the source keeps them.
//
// The provider is built from rooms, one directory under internal/ each, and arrows between them run downwards only:
//
//	main
//	provider
//	provider/access   provider/sudo   provider/auditlog   provider/nodeaccount   provider/sshd     one for each family of resources
//	provider/memo
//	provider/session
//	provider/values
//	            review
//	hardening   escalation   proxmox
//	            policy
//	node        sudoers/document   sudoers   regular
//
// The table [House] is the exact statement of who may import whom; a package that stands in no room is an error, so
// that a new one is placed on purpose. Three further rules follow from what the rooms are for:
//
//   - The pure rooms (sudoers, sudoers/document, regular, policy, escalation) take values and return values. They import a fixed part of the
//     standard library and each other, nothing else: no Terraform, SSH, HTTP, files, environment. They may compute with
//     times, not ask for the time. That is why they can be fuzzed, benchmarked, and run at plan time with no node at all.
//   - Terraform's plugin framework is known to provider and the rooms below its directory (and what serves it) only.
//   - The lab is linked into tests, commands and the demo, never into what is released, and knows nothing of the house.
//
// Test files may use the lab in addition to what their room may use; the rest holds for them too, except purity.
package architecture
