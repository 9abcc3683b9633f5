package program

import (
	"strings"
	"testing"
)

// TestDescribedProgramsAreShipped makes sure that what is described is there: a path that no package of Debian or
// Proxmox VE has is a mistake of the data, and the program that is meant stays undescribed. Links of alternatives and
// programs of other makers are listed with a reason.
func TestDescribedProgramsAreShipped(t *testing.T) {
	t.Parallel()
	for _, p := range Programs() {
		for _, path := range p.Paths {
			if !strings.HasPrefix(path, "/") {
				continue // a pseudo command of sudoers
			}
			if _, ok := ShippedAs(path); !ok {
				t.Errorf("%s: no package ships it; the data has the wrong directory or name, or names/other.tsv lacks it", path)
			}
		}
	}
}

func TestShippedAs(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/usr/bin/cat":                "coreutils 12,13",
		"/usr/sbin/qm":                "qemu-server 12,13",
		"/usr/bin/pager":              "alternative 12,13",
		"/usr/bin/python3.13":         "python3.13-minimal,python3.13-nopie 13",
		"/lib64/ld-linux-x86-64.so.2": "libc6 12,13",
	} {
		s, ok := ShippedAs(path)
		if got := strings.Join(s.Packages, ",") + " " + strings.Join(s.Releases, ","); !ok || got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if s, ok := ShippedAs("/usr/sbin/cat"); ok {
		t.Errorf("/usr/sbin/cat is shipped by %v", s)
	}
}

// TestInstalledProgramsAreKnown counts what of a node's programs is described. Each of the others is left out for a
// reason that somebody gave.
func TestInstalledProgramsAreKnown(t *testing.T) {
	t.Parallel()
	reasons, err := LeftOut()
	if err != nil {
		t.Fatal(err)
	}
	installed := Installed()
	described, leftOut := 0, 0
	for path, pkg := range installed {
		known := Find(path) != nil
		switch {
		case known && reasons[path] != "":
			t.Errorf("%s is described, and undescribed.json has it too", path)
		case known:
			described++
		case reasons[path] != "":
			leftOut++
		default:
			t.Errorf("%s of %s is neither described nor named in undescribed.json", path, pkg)
		}
	}
	for path := range reasons {
		if _, ok := installed[path]; !ok {
			t.Errorf("undescribed.json has %s, which no node installs by default", path)
		}
	}
	t.Logf("%d of %d programs that a node installs by default are described, %d are left out for a reason", described, len(installed), leftOut)
}
