package hardening

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// FileStatus is what a reviewer needs to know of one file on one node. Its zero value means that the file is not there.
type FileStatus struct {
	Present bool
	// Type is "file", "directory", "symlink" or "other".
	Type string
	// Mode is octal with a leading zero, as sudo's messages and chmod(1) write it: "0440".
	Mode string
	// Owner is "user:group".
	Owner string
	// SHA256 is the lower-case hex digest of a regular file's content, empty for everything else.
	SHA256 string
}

// String puts the status on one line: "0440 root:root sha256:9f86d081884c" or "absent". The digest is cut to twelve
// digits, which is what a person compares; decisions are made on the whole digest.
func (s FileStatus) String() string {
	if !s.Present {
		return "absent"
	}
	parts := []string{s.Mode, s.Owner}
	if s.Type != "file" {
		parts = append(parts, s.Type)
	}
	if s.SHA256 != "" {
		parts = append(parts, "sha256:"+s.SHA256[:min(12, len(s.SHA256))])
	}
	return strings.Join(parts, " ")
}

// expectAt has a transaction insist on the status of the file at name: its presence and, of a regular file, its
// content.
func (s FileStatus) expectAt(name string) node.Expect {
	return node.Expect{Path: name, Exists: s.Present, SHA256: s.SHA256}
}

func statusOf(state node.FileState) FileStatus {
	if !state.Exists {
		return FileStatus{}
	}
	status := FileStatus{
		Present: true,
		Type:    "other",
		Mode:    formatMode(state.Mode),
		Owner:   state.Owner + ":" + state.Group,
		SHA256:  state.SHA256,
	}
	switch state.Type {
	case node.TypeRegular:
		status.Type = "file"
	case node.TypeDirectory:
		status.Type = "directory"
	case node.TypeSymlink:
		status.Type = "symlink"
	}
	return status
}

// formatMode writes permission and special bits in octal with a leading zero.
func formatMode(mode fs.FileMode) string {
	bits := uint32(mode.Perm())
	for flag, bit := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return fmt.Sprintf("0%03o", bits)
}
