// Package harness runs the real terraform program for acceptance tests, and searches everything that a run leaves
// behind for secrets.
package harness
