// Package hardening knows what a hardened Proxmox VE node looks like: which files with which content, mode and owner,
// and which services make up a sudoers policy or audit logging; how to observe them on a node; and how to say what
// differs.
//
// It stands between Terraform's face (package provider), which knows attributes and plans, and package node, which
// knows SSH and the transaction. Everything here is a value or a short sequence of calls to a [Nodes]; rendering is
// pure, so that the text which a plan shows is exactly the text that a node receives.
package hardening
