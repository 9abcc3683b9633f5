//go:build linux

package lab

import "context"

// filler is the file that fills a node's disk.
const filler = "/var/tmp/.pvesec-lab-filler"

// FillDisk takes all free space of the node's disk: writing gives ENOSPC. FreeDisk ends it.
func (n *Node) FillDisk(ctx context.Context) error {
	// dd is meant to fail. The second run takes what is less than one large block.
	_, err := n.Shell(ctx, `
		dd if=/dev/zero of=`+filler+` bs=1M 2>/dev/null || true
		dd if=/dev/zero of=`+filler+` bs=1k oflag=append conv=notrunc 2>/dev/null || true
		if echo probe 2>/dev/null >`+filler+`.probe; then echo "the disk is not full" >&2; exit 1; fi
		rm -f `+filler+`.probe`)
	return err
}

// FreeDisk gives the space back that FillDisk took.
func (n *Node) FreeDisk(ctx context.Context) error { return n.Remove(ctx, filler) }

// rootDirectories is shell that runs "each" for every directory below / that lies on the root file system.
const rootDirectories = `
	device=$(stat -c %d /)
	for dir in /*; do
		if [ -d "$dir" ] && [ ! -L "$dir" ] && [ "$(stat -c %d "$dir")" = "$device" ]; then each "$dir"; fi
	done`

// ReadOnly makes every directory below / of the node's root file system read-only: every later write there gets EROFS,
// as after a file system error. Files that are already open for writing, such as logs, can still be written, which is
// why no service has to be stopped for it. ReadWrite ends it.
func (n *Node) ReadOnly(ctx context.Context) error {
	_, err := n.Shell(ctx, `each() { mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; }`+rootDirectories)
	return err
}

// ReadWrite makes the node's root file system writable again.
func (n *Node) ReadWrite(ctx context.Context) error {
	_, err := n.Shell(ctx, `each() { while mountpoint -q "$1"; do umount -l "$1"; done; }`+rootDirectories)
	return err
}

// Immutable sets the immutable attribute (chattr(1), +i) of a file: changing, replacing or removing it gives EPERM,
// even to root. Mutable ends it.
func (n *Node) Immutable(ctx context.Context, path string) error {
	// The mode is set, to what it is, to have the file in the overlay's upper layer first: chattr keeps the other
	// attributes, and those of the lower layer's file system mean nothing to the upper one's.
	_, err := n.Exec(ctx, "", "sh", "-euc", `chmod -- "$(stat -c %a -- "$1")" "$1"; chattr +i -- "$1"`, "sh", path)
	return err
}

// Mutable removes the immutable attribute of a file.
func (n *Node) Mutable(ctx context.Context, path string) error {
	_, err := n.Exec(ctx, "", "chattr", "-i", "--", path)
	return err
}
