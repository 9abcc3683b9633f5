// Package check judges what package posture saw: each check has a stable id, says what it expects, and tells of each
// node, or of the cluster, what was observed and whether that passes. What could not be read is [Unknown], never a
// pass.
package check
