//go:build linux

package lab

import "fmt"

// Suite is a Debian release by its code name, as apt knows it.
type Suite string

// The suites nodes can run: the bases of Proxmox VE 8 and 9.
const (
	Bookworm Suite = "bookworm" // Debian 12: systemd 252, sudo 1.9.13
	Trixie   Suite = "trixie"   // Debian 13: systemd 257, sudo 1.9.16
)

// Suites lists every Suite the lab can boot, oldest first.
func Suites() []Suite { return []Suite{Bookworm, Trixie} }

// PVEVersion is the Proxmox VE release series that is built on the suite.
func (s Suite) PVEVersion() string {
	if s == Bookworm {
		return "8.4"
	}
	return "9.1"
}

// check reports a suite the lab does not know.
func (s Suite) check() error {
	for _, known := range Suites() {
		if s == known {
			return nil
		}
	}
	return fmt.Errorf("unknown suite %q: the lab knows %v", string(s), Suites())
}
