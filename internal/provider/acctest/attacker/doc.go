// Package attacker plays an operator who wants more than a policy gives. It makes attempts from data and a seed, runs
// them on a node in a real login of the operator, and judges them by what the node is before and after: files,
// accounts, services, packages, network, objects of Proxmox VE, processes and secrets. Exit codes say nothing here.
// Each attempt runs in a directory of its own, so that sudo's event log names it.
package attacker
