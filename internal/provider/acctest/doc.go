// Package acctest holds the acceptance tests that need no node: the real terraform program, or what it says to the
// provider, against the simulated PVE API, and everything about sudoers text. Any user can run them who has terraform
// in PATH. Those on nodes are in acctest/onnodes.
package acctest
