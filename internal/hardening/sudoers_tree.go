package hardening

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Locations that Debian's sudo is built with (sudo -V: "Sudoers path").
const (
	sudoersMain = "/etc/sudoers"
	sudoersDir  = "/etc/sudoers.d"
)

// maxIncludeRounds bounds how often a node is asked for files that the sudoers read so far include. sudo itself stops
// at an include depth of 128 (sudoers(5), "Including other files from within sudoers"); trees that need more than a few
// rounds do not occur.
const maxIncludeRounds = 8

// sudoersTree is the whole sudoers configuration of one node, read file by file and parsed, with the accounts of the
// subjects asked for.
type sudoersTree struct {
	tree     *sudoers.Tree
	problems sudoers.Errors
	files    map[string]node.FileState
	// listed are the directories whose entries are all in files.
	listed map[string]bool
	seen   *node.Observation
	// version is the node's sudo.
	version sudoers.Version
	// longest is how long an emergency access may be open.
	longest time.Duration
}

// readSudoersTree reads /etc/sudoers, /etc/sudoers.d and every file that they include. extra is observed in the same
// round trip. A file that cannot be read is an error: what it grants is unknown, and unknown is not safe.
func readSudoersTree(ctx context.Context, nodes Nodes, target node.Target, extra node.Query) (*sudoersTree, error) {
	query := extra
	query.Files = append([]string{sudoersMain}, extra.Files...)
	query.Trees = append([]string{sudoersDir}, extra.Trees...)
	listed := map[string]bool{}
	result := &sudoersTree{files: map[string]node.FileState{}, listed: listed, longest: longestOf(nodes)}
	for range maxIncludeRounds {
		seen, err := nodes.Observe(ctx, target, query)
		if err != nil {
			return nil, err
		}
		if result.seen == nil {
			result.seen = seen
		}
		for name, state := range seen.Files {
			if !slices.Contains(memberFiles, name) {
				result.files[name] = state
			}
		}
		for _, dir := range query.Trees {
			listed[dir] = true
		}
		if err := result.parse(target.Name, listed); err != nil {
			return nil, err
		}
		query = result.missing(listed)
		if len(query.Files)+len(query.Trees) == 0 {
			return result, nil
		}
	}
	return nil, fmt.Errorf("the sudoers files of node %q include further files more than %d levels deep; what they grant is unknown", target.Name, maxIncludeRounds)
}

func (t *sudoersTree) parse(nodeName string, listed map[string]bool) error {
	for name, state := range t.files {
		if followed(state).TooLarge {
			return fmt.Errorf("%s on node %q is too large to be read (%d bytes); what it grants is unknown", name, nodeName, state.Size)
		}
	}
	host := t.seen.Facts.Hostname
	version, err := sudoers.ParseVersion(t.seen.Facts.SudoVersion)
	if err != nil {
		// sudo is not installed or tells no version: judge the files as the newest sudo would, which accepts the most.
		version = sudoers.Version{}
	}
	t.version = version
	t.tree, t.problems = parseTree(sudoersMain, observedSource{files: t.files, listed: listed}, host, version)
	if t.tree.Unread {
		return fmt.Errorf("the sudoers files on node %q include each other too often to be read; what they grant is unknown. Remove an include that leads back to a file that was read already", nodeName)
	}
	return nil
}

// missing is the query for included paths that have not been asked for yet. Whether a path names a file or a directory
// is known only to the node, so both are asked; an answer of either kind settles it.
func (t *sudoersTree) missing(listed map[string]bool) node.Query {
	var query node.Query
	for _, name := range t.tree.Missing {
		if _, asked := t.files[name]; !asked {
			query.Files = append(query.Files, name)
		}
		if !listed[name] {
			query.Trees = append(query.Trees, name)
		}
	}
	return query
}

// observedSource presents files observed on a node as the file system that parseTree reads.
type observedSource struct {
	files  map[string]node.FileState
	listed map[string]bool
}

func (s observedSource) ReadFile(name string) (string, bool) {
	state := followed(s.files[name])
	if !state.Exists || state.Type != node.TypeRegular {
		return "", false
	}
	return string(state.Content), true
}

// followed is the file that sudo reads under a name: it follows symbolic links.
func followed(state node.FileState) node.FileState {
	if state.Type == node.TypeSymlink && state.Resolved != nil {
		return *state.Resolved
	}
	return state
}

func (s observedSource) ReadDir(dir string) ([]string, bool) {
	if !s.listed[dir] {
		return nil, false
	}
	var names []string
	for name, state := range s.files {
		if state.Exists && path.Dir(name) == dir && state.Type != node.TypeDirectory {
			names = append(names, path.Base(name))
		}
	}
	return names, true
}

// subjects describes the subjects of a policy with the accounts that were observed.
func (t *sudoersTree) subjects(names []string) []policy.Subject {
	subjects := make([]policy.Subject, len(names))
	for i, name := range names {
		subjects[i] = subjectOf(name, t.account(name))
	}
	return subjects
}

// subjectOf describes a subject as policy decisions need it: a group stands for itself, a user brings the groups that
// the node gives it.
func subjectOf(name string, account node.Account) policy.Subject {
	subject := policy.Subject{Name: name}
	if strings.HasPrefix(name, "%") || !account.Exists {
		return subject
	}
	uid := account.UID
	subject.UID = &uid
	subject.Groups = account.Groups
	subject.GIDs = account.GIDs
	return subject
}
