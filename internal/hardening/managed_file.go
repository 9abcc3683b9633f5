package hardening

import (
	"io/fs"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// managedFile is a configuration file that pvesec keeps on nodes. One entry in a list of them says everything that
// installing, observing and removing the file takes.
type managedFile struct {
	path string
	// text is what the file holds, "" where the settings want none.
	text         string
	mode         fs.FileMode
	owner, group string
	// validate is the tool of the node that judges the file before it is in force.
	validate node.Validator
	// command is the program that reads the file. A node without it is refused.
	command string
	// also are further programs that what the file says makes use of.
	also []string
	// service reads the file when it starts, so it is restarted with it and must run while the file is there. Empty for
	// none.
	service string
	// retries tells that the service starts over and over again as long as another machine is not reached. A change
	// does not fail with it.
	retries bool
	// applied is the digest of what was applied to the path last, "" for nothing.
	applied string
}

// sudoersFile is a file in /etc/sudoers.d with the mode and owner that sudo demands.
func sudoersFile(path, text string) managedFile {
	return managedFile{path: path, text: text, mode: 0o440, owner: "root", group: "root", validate: node.Sudoers, command: "visudo"}
}

func (m managedFile) wanted() bool { return m.text != "" }

// status is the status of the file after an apply.
func (m managedFile) status() FileStatus {
	if !m.wanted() {
		return FileStatus{}
	}
	return FileStatus{Present: true, Type: "file", Mode: formatMode(m.mode), Owner: m.owner + ":" + m.group, SHA256: Digest(m.text)}
}

// installOn adds the file to a change, or its removal where it is not wanted. There tells that the file was on the node
// when the change was planned: then its service must learn that it is gone.
func (m managedFile) installOn(change *node.Change, there bool) {
	if !m.wanted() {
		m.removeFrom(change, there)
		return
	}
	change.Files = append(change.Files, node.File{
		Path: m.path, Kind: node.Regular, Content: []byte(m.text), Mode: m.mode, Owner: m.owner, Group: m.group, Validate: m.validate, Applied: m.applied,
	})
	change.RequireCommands = append(append(change.RequireCommands, m.command), m.also...)
	if m.service != "" {
		m.restartIn(change)
		if !m.retries && !slices.Contains(change.RequireActive, m.service) {
			change.RequireActive = append(change.RequireActive, m.service)
		}
	}
}

// removeFrom adds the removal of the file to a change. It needs no command: taking a file away must not require that
// the program is installed.
func (m managedFile) removeFrom(change *node.Change, restart bool) {
	change.Files = append(change.Files, node.File{Path: m.path, Kind: node.Absent, Validate: m.validate, Applied: m.applied})
	if restart && m.service != "" {
		m.restartIn(change)
	}
}

func (m managedFile) restartIn(change *node.Change) {
	if !slices.Contains(change.RestartServices, m.service) {
		change.RestartServices = append(change.RestartServices, m.service)
	}
}
