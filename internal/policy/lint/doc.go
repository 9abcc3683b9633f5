// Package lint finds what is legal in a sudoers policy and still wrong: what
// sudo accepts in silence and then does not do as it was meant.
//
// [Lint] looks at a parsed policy, [Catalogue] lists what it looks for. Every
// finding has a stable id, a place and a fix. A correct policy has no findings.
//
// The package is pure. What it knows of the node (which directories are links,
// where a program is installed) comes with the [Options], with a default for
// Proxmox VE.
package lint
