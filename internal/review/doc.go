// Package review judges sudoers policies for an administrator: which ways to root are accepted and which are refused,
// what other files of the nodes add to a policy, whether statements about it hold, and how two policies differ, on
// every release of PVE. It knows nothing of Terraform.
package review
