package policy

import (
	"slices"
	"strings"
)

// plainDirectories are no links on Debian 12 and 13 (base-files ships them as directories).
var plainDirectories = []string{"/", "/etc", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/var", "/var/lib", "/var/log"}

const detourReason = "its path has \"..\" behind a directory that may be a link, which leads somewhere else then"

// detour tells whether a path, or a pattern of one, has ".." behind a directory that may be a link: the kernel goes up
// from where the link leads (path_resolution(7)), and not from where it stands.
func (e *Environment) detour(path string) bool {
	if !strings.Contains(path, "/..") {
		return false
	}
	at := ""
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "", ".":
		case "..":
			at = e.canonicalDir(at)
			if !slices.Contains(plainDirectories, at) && !slices.Contains(e.Directories, at) {
				return true
			}
			at = at[:max(0, strings.LastIndexByte(at, '/'))]
		default:
			at += "/" + part
		}
	}
	return false
}
