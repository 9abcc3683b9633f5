//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// makeLayers makes the directories of an overlay below dir: upper (what is written), work (the kernel's own) and root
// (where it is mounted).
func makeLayers(dir string) error {
	for _, name := range []string{"upper", "work", "root"} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil { // "/" gets the mode of upper
			return err
		}
	}
	return nil
}

// mountLayers mounts the overlay of lower and what is below dir.
func mountLayers(lower, dir string) error {
	at := func(name string) string { return filepath.Join(dir, name) }
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, at("upper"), at("work"))
	if err := unix.Mount("overlay", at("root"), "overlay", 0, options); err != nil {
		return fmt.Errorf("mounting an overlay of %s: %w", lower, err)
	}
	return nil
}

// remakeLayers makes the directories anew and empty.
func remakeLayers(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return makeLayers(dir)
}
