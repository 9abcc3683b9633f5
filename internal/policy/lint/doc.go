// Package lint finds problems in a valid sudoers policy: problems that
// sudo accepts without an error but that make the policy behave differently than intended.
//
// [Lint] looks at a parsed policy, [Catalogue] lists what it looks for. Every
// finding has a stable id, a place and a fix. A correct policy has no findings.
//
// The package is pure. Facts about the node (which directories are links,
// where a program is installed) come with the [Options], with a default for
// Proxmox VE.
package lint
