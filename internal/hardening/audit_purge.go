package hardening

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// purged are the logs of the settings: with what was rotated, recordings, and where a collector is. Recordings lie in a
// directory for each user, and other settings may have theirs beside them: those of the subjects go, and where a group
// or everyone is a subject the whole directory.
func (a AuditLogging) purged() []node.File {
	var files []node.File
	for _, name := range sortedKeys(a.logFiles()) {
		files = append(files, node.File{Path: name, Kind: node.Erased})
	}
	erase := func(name string) { files = append(files, node.File{Path: name, Kind: node.ErasedTree}) }
	if a.collects(Journald) {
		erase(stateDir + "/" + a.securityName())
	}
	if a.Forward != nil {
		erase(stateDir + "/private/" + a.forwardName())
		files = append(files, node.File{Path: stateDir + "/" + a.forwardName(), Kind: node.Erased})
	}
	if a.IOLogs == nil {
		return files
	}
	if len(a.Subjects) == 0 || slices.ContainsFunc(a.Subjects, func(name string) bool { return strings.HasPrefix(name, "%") }) {
		erase(a.IOLogs.Directory)
		return files
	}
	for _, subject := range a.Subjects {
		erase(path.Join(a.IOLogs.Directory, subject))
	}
	return append(files, node.File{Path: a.IOLogs.Directory, Kind: node.Absent})
}

// stateDir is where services keep what they must remember (systemd.exec(5), StateDirectory).
const stateDir = "/var/lib"

// Unlogged lists the policies of pvesec on a node that are about a subject of the settings, sorted: once the settings
// are gone, what these allow is logged as the node does it by itself.
func (a AuditLogging) Unlogged(ctx context.Context, nodes Nodes, target node.Target) ([]string, error) {
	if !a.ConfiguresSudo() {
		return nil, nil
	}
	seen, err := nodes.Observe(ctx, target, node.Query{Trees: []string{sudoersDir}})
	if err != nil {
		return nil, err
	}
	var left []string
	for _, name := range seen.Entries(sudoersDir) {
		text := string(seen.Files[name].Content)
		if writtenFor(name, text) != "" && (len(a.Subjects) == 0 || slices.ContainsFunc(a.Subjects, grantsIn(name, text))) {
			left = append(left, name)
		}
	}
	return left, nil
}

// grantsIn tells whether a file has a rule of a user or %group.
func grantsIn(name, text string) func(subject string) bool {
	file, _ := sudoers.Parse(name, text, sudoers.Version{})
	return func(subject string) bool {
		return slices.ContainsFunc(file.Entries, func(entry sudoers.Entry) bool {
			spec, is := entry.(*sudoers.UserSpec)
			return is && slices.ContainsFunc(spec.Users, func(member sudoers.Member) bool { return member.Name == subject })
		})
	}
}
