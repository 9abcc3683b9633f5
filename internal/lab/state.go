//go:build linux

package lab

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// stateRoot is the directory that holds one directory per running lab: PVESEC_LAB_STATE, else /run/pvesec-lab. It
// carries only what is needed to find and clear up a lab; disks are mounted on it in a private mount namespace.
func stateRoot() string {
	if dir := os.Getenv("PVESEC_LAB_STATE"); dir != "" {
		return dir
	}
	return "/run/pvesec-lab"
}

// Names inside a lab's state directory.
const (
	ownerLockFile = "lock"         // held by flock(2) while the lab's process lives; contains its process id
	clusterFile   = "cluster.json" // written by the command's supervisor only
)

// inotifyFile keeps the value of fs.inotify.max_user_instances from before the first lab.
const inotifyFile = "inotify.orig"

// inotifySysctl limits how many inotify instances one user has; each systemd takes six to ten, the default is 128.
const inotifySysctl = "/proc/sys/fs/inotify/max_user_instances"

// inotifyWanted is enough for more than 80 nodes.
const inotifyWanted = 1024

// state is the directory of one lab, together with the lock that proves its owner is alive.
type state struct {
	id   string
	dir  string
	lock *os.File
}

// newState makes the directory of a new lab, after clearing up what dead labs left behind.
func newState() (*state, error) {
	var st *state
	err := withStateRoot(func(root string) error {
		if err := sweep(root); err != nil {
			return err
		}
		random := make([]byte, 4)
		rand.Read(random)
		family, err := labFamily(root)
		if err != nil {
			return err
		}
		st = &state{id: family + hex.EncodeToString(random)}
		st.dir = filepath.Join(root, st.id)
		if err := os.Mkdir(st.dir, 0o700); err != nil {
			return err
		}
		lock, err := os.OpenFile(filepath.Join(st.dir, ownerLockFile), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
			return err
		}
		st.lock = lock
		if _, err := fmt.Fprintln(lock, os.Getpid()); err != nil {
			return err
		}
		return raiseInotify(root)
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the lab's state directory: %w", err)
	}
	return st, nil
}

// labFamily is how the ids of all labs under one state root begin. Control groups are known to the whole machine, state
// roots need not be: one must not take the other's groups for leftovers.
func labFamily(root string) (string, error) {
	path, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	var info unix.Stat_t
	if err := unix.Stat(path, &info); err != nil { // containers have the same paths on different devices
		return "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return recipeHash(path, strconv.FormatUint(info.Dev, 16))[:4], nil
}

// remove gives the lab's directory and control groups up, and with the last lab also the state root and the raised
// limit.
func (st *state) remove() error {
	return withStateRoot(func(root string) error {
		st.lock.Close()
		return sweep(root)
	})
}

// withStateRoot runs do while no other process works on the state root, and removes the root afterwards when it is
// empty.
func withStateRoot(do func(root string) error) error {
	root := stateRoot()
	lock, err := lockDirectory(root)
	if err != nil {
		return err
	}
	defer lock.Close()
	err = do(root)
	os.Remove(root) // only an empty directory goes
	return err
}

// lockDirectory creates the directory where needed and locks it. Another process may remove it between creating and
// locking; then what was locked is no longer what the path names.
func lockDirectory(dir string) (*os.File, error) {
	for {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		lock, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
			return nil, fmt.Errorf("locking %s: %w", dir, err)
		}
		held, err := lock.Stat()
		if err != nil {
			return nil, err
		}
		if named, err := os.Stat(dir); err == nil && os.SameFile(held, named) {
			return lock, nil
		}
		lock.Close()
	}
}

// sweep removes every trace of labs whose process is gone. The caller holds the lock on root.
func sweep(root string) error {
	alive, dead, err := labs(root)
	if err != nil {
		return err
	}
	var problems []error
	for _, id := range dead {
		problems = append(problems, os.RemoveAll(filepath.Join(root, id)))
	}
	family, err := labFamily(root)
	if err != nil {
		return err
	}
	groups, err := labCgroups(family)
	problems = append(problems, err)
	for _, dir := range groups {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), cgroupPrefix), ".")
		if !alive[id] {
			problems = append(problems, removeCgroup(dir))
		}
	}
	if len(alive) == 0 {
		problems = append(problems, restoreInotify(root))
	}
	return errors.Join(problems...)
}

// labs tells which lab directories belong to a living process (their lock is held) and which are left over.
func labs(root string) (alive map[string]bool, dead []string, err error) {
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	alive = map[string]bool{}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		held, err := lockHeld(filepath.Join(root, entry.Name(), ownerLockFile))
		if err != nil {
			return nil, nil, err
		}
		if held {
			alive[entry.Name()] = true
		} else {
			dead = append(dead, entry.Name())
		}
	}
	return alive, dead, nil
}

// lockHeld reports whether a living process holds the lock file; a missing file is not held.
func lockHeld(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// raiseInotify lifts the limit on inotify instances for the time of the labs and remembers the old value.
func raiseInotify(root string) error {
	old, err := readInt(inotifySysctl)
	if err != nil || old >= inotifyWanted {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, inotifyFile), []byte(strconv.Itoa(old)), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(inotifySysctl, []byte(strconv.Itoa(inotifyWanted)), 0); err != nil {
		return fmt.Errorf("raising fs.inotify.max_user_instances from %d to %d, which systemd in several nodes needs: %w", old, inotifyWanted, err)
	}
	return nil
}

// restoreInotify puts the remembered limit back.
func restoreInotify(root string) error {
	file := filepath.Join(root, inotifyFile)
	old, err := readInt(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(inotifySysctl, []byte(strconv.Itoa(old)), 0); err != nil {
		return err
	}
	return os.Remove(file)
}

// readInt reads a file that holds one decimal number.
func readInt(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
