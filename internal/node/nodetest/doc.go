// Package nodetest runs an SSH server inside a test process. It runs the commands it is given with a shell of this
// machine, in a temporary directory that stands for the root of a node, so that tests without root and without a node
// exercise the real remote programs. It is for tests only and knows nothing of package node.
package nodetest
