package sudoers

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a release of sudo. The zero value stands for the newest known.
// Patch levels ("p2") never changed the language and are not kept.
type Version struct {
	Major int
	Minor int
	Patch int
}

// The versions that Proxmox VE ships on.
var (
	// PVE8 is the sudo of Debian 12, the base of Proxmox VE 8.
	PVE8 = Version{1, 9, 13}
	// PVE9 is the sudo of Debian 13, the base of Proxmox VE 9.
	PVE9 = Version{1, 9, 16}
)

// ParseVersion reads "1.9.16", "1.9.16p2" or the "1.9.16p2-3" of a package.
func ParseVersion(s string) (Version, error) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return v, fmt.Errorf("sudo version %q: want three numbers, as in 1.9.16 or 1.9.16p2", s)
	}
	if i := strings.IndexFunc(parts[2], func(r rune) bool { return r < '0' || r > '9' }); i > 0 {
		parts[2] = parts[2][:i]
	}
	for i, dst := range []*int{&v.Major, &v.Minor, &v.Patch} {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 {
			return Version{}, fmt.Errorf("sudo version %q: %q is not a number; write it as in 1.9.16 or 1.9.16p2", s, parts[i])
		}
		*dst = n
	}
	return v, nil
}

// IsZero tells whether v stands for the newest version.
func (v Version) IsZero() bool { return v == Version{} }

// String gives "1.9.16", or "newest" for the zero value.
func (v Version) String() string {
	if v.IsZero() {
		return "newest"
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// AtLeast tells whether v is w or newer. The zero Version is newer than all.
func (v Version) AtLeast(w Version) bool {
	if v.IsZero() || w.IsZero() {
		return v.IsZero()
	}
	if v.Major != w.Major {
		return v.Major > w.Major
	}
	if v.Minor != w.Minor {
		return v.Minor > w.Minor
	}
	return v.Patch >= w.Patch
}

// has tells whether v is at least major.minor.patch.
func (v Version) has(major, minor, patch int) bool {
	return v.AtLeast(Version{major, minor, patch})
}
