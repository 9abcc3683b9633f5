// Package onnodes holds the acceptance tests on nodes: the real terraform program against real Debian nodes and the
// simulated PVE API of internal/lab. They need root and terraform in PATH, and fail where either is missing. Each test
// has a cluster of its own, so that all of them run in parallel.
package onnodes
