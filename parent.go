package main

import (
	"os"
	"time"
)

// endWithParent ends this process once the one that started it is gone. Terraform asks its providers to end, but a
// Terraform that is killed asks nobody, and what is left would keep tokens and keys in its environment. Changes under
// way on nodes are taken back by the nodes, as after any lost connection. Where the parent was gone before the first
// look, nobody reads what this process writes to told, its standard error. Windows does not give an orphan another
// parent and has no such pipe, so there this finds nothing.
func endWithParent(told *os.File, every time.Duration) {
	parent := os.Getppid()
	for os.Getppid() == parent && !unread(told) {
		time.Sleep(every)
	}
	os.Exit(1)
}
