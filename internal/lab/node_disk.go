//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// isPristine reports whether nothing has booted from the node's disk yet.
func (n *Node) isPristine() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pristine
}

// disk is the directory that the node's disk is mounted on, in the spawner's mount namespace.
func (n *Node) disk() string { return filepath.Join(n.lab.state.dir, n.Name) }

// makeDisk mounts a new disk with the node's identity on it.
func (n *Node) makeDisk() error {
	err := n.lab.spawner.do(func() error {
		disk := n.disk()
		if err := os.Mkdir(disk, 0o700); err != nil {
			return err
		}
		size := n.spec.DiskMiB
		if size == 0 {
			size = defaultDiskMiB
		}
		if n.Kernel {
			size = imageMiB + 64 // the whole image may be written anew
		}
		if err := unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("mode=700,size=%dm", size)); err != nil {
			return err
		}
		if err := makeLayers(disk); err != nil {
			return err
		}
		masked := containerMasked
		if n.Kernel {
			masked = nil // the image has them, for they matter before the identity is there
		}
		return writeSeed(filepath.Join(disk, "upper"), n.identity.seed(n.Suite, n.Address, masked))
	})
	if err != nil {
		return fmt.Errorf("making the disk of %s: %w", n.Name, err)
	}
	n.mu.Lock()
	n.pristine = true
	n.mu.Unlock()
	return nil
}

// removeDisk gives the disk up.
func (n *Node) removeDisk() error {
	err := n.lab.spawner.do(func() error {
		if err := unix.Unmount(n.disk(), unix.MNT_DETACH); err != nil {
			return err
		}
		return os.Remove(n.disk())
	})
	if err != nil {
		return fmt.Errorf("removing the disk of %s: %w", n.Name, err)
	}
	return nil
}
