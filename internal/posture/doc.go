// Package posture tells what is true on nodes and in PVE now: who can do what, and which paths lead to root. It
// collects by reading only, makes a graph of package paths of what it saw, and reports. It knows nothing of Terraform.
//
// What could not be read is never left out: it is a [Gap], with the node and the reason.
package posture
