package posture

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Nodes is the access to nodes that a collection needs. *node.Pool is the implementation.
type Nodes interface {
	hardening.Nodes
	Survey(ctx context.Context, target node.Target, query node.SurveyQuery) (*node.Survey, error)
}

var _ Nodes = (*node.Pool)(nil)

// Node is what was seen on one node.
type Node struct {
	Name     string
	Facts    node.Facts
	Accounts []*Account
	Sudoers  *hardening.WholeSudoers // nil where it could not be read
	Gaps     []Gap

	groups       map[int]*linuxGroup
	sshd         map[string][]string
	setID        []setIDFile
	capabilities []capability
	places       []placed
	runs         []run
	runsAs       map[string][]string    // who runs a service, by its name
	real         map[string]string      // where paths lead
	states       map[string]fileState   // of paths and all that is above them
	packaged     map[string]bool        // files that a package has
	sudo         map[string]*sudoAnswer // what our engine says, by account
}

// unknown notes what could not be found out.
func (n *Node) unknown(about, reason string) {
	n.Gaps = append(n.Gaps, Gap{n.Name, about, untrusted.Line(reason)})
}

// maxCrossChecked is how many accounts the node's own sudo is asked about: each takes a process there.
const maxCrossChecked = 20

// Collect looks at one node over one connection, in two surveys and the reading of its sudoers files. It changes nothing. The error tells that the node
// cannot be looked at at all; what else is not known is among the gaps.
func Collect(ctx context.Context, nodes Nodes, target node.Target) (*Node, error) {
	n := &Node{Name: target.Name}
	first, err := nodes.Survey(ctx, target, node.SurveyQuery{Accounts: true, Programs: true, Commands: true, Places: places})
	if err != nil {
		return nil, fmt.Errorf("asking node %q who can do what there: %w", target.Name, err)
	}
	n.Facts = first.Facts
	n.accounts(first)
	n.sshdSettings(first)
	n.setIDs(first)
	n.fileCapabilities(first)
	n.placesOf(first)
	n.commands(first)
	if n.Sudoers, err = hardening.ReadWholeSudoers(ctx, nodes, target); err != nil {
		n.unknown("sudo", err.Error())
	}
	n.judgeSudo()

	query := node.SurveyQuery{Keys: clean(slices.Collect(maps.Keys(n.keyFiles()))), Paths: n.followed(), Owned: n.setIDNames()}
	for _, a := range n.Accounts {
		if answer := n.sudo[a.Name]; answer != nil && len(answer.grants) > 0 && accountName.MatchString(a.Name) {
			query.Allowed = append(query.Allowed, a.Name)
		}
	}
	if left := len(query.Allowed) - maxCrossChecked; left > 0 {
		n.unknown("what sudo itself says", fmt.Sprintf("%d accounts with grants were not compared with sudo -l: more than %d would take too long", left, maxCrossChecked))
		query.Allowed = query.Allowed[:maxCrossChecked]
	}
	second, err := nodes.Survey(ctx, target, query)
	if err != nil {
		return nil, fmt.Errorf("asking node %q for its keys and files: %w", target.Name, err)
	}
	n.keys(second)
	n.follow(second)
	n.packages(second)
	n.crossCheck(second)
	return n, nil
}

// text is a section as text. What went wrong is noted as unknown.
func (n *Node) text(s *node.Survey, section, about string, expected ...string) string {
	part, told := s.Sections[section]
	switch {
	case !told:
		n.unknown(about, "the node did not tell")
	case part.Lacks != "":
		n.unknown(about, "the node does not have "+part.Lacks)
	case part.Status == 124 || part.Status == 137:
		n.unknown(about, "the node took too long and was stopped; what it told until then is here")
	case part.Status != 0:
		n.complaints(about, part, expected)
	}
	return string(part.Data)
}

// complaints notes what a command complained about, without what is expected: that a file is not there.
func (n *Node) complaints(about string, part node.Section, expected []string) {
	told := false
	for line := range strings.Lines(part.Complaint) {
		line = strings.TrimSpace(line)
		if line == "" || slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(line, e) }) {
			continue
		}
		n.unknown(about, line)
		told = true
	}
	if !told && len(expected) == 0 {
		n.unknown(about, fmt.Sprintf("the command ended with status %d", part.Status))
	}
}

// absent are the complaints about what is not there.
var absent = []string{"No such file or directory", "Not a directory"}

// clean leaves out paths that cannot be asked about, sorts the others, and names each once.
func clean(paths []string) []string {
	kept := slices.DeleteFunc(paths, func(p string) bool {
		return !strings.HasPrefix(p, "/") || path.Clean(p) != p || strings.ContainsAny(p, "\n\x00")
	})
	slices.Sort(kept)
	return slices.Compact(kept)
}

// followed are the paths that are to be followed to their ends.
func (n *Node) followed() []string {
	var list []string
	for _, r := range n.runs {
		list = append(list, r.path)
	}
	for _, p := range n.places {
		if p.target != "" {
			list = append(list, p.path)
		}
	}
	list = append(list, n.setIDPaths()...)
	for _, c := range n.capabilities {
		list = append(list, c.path)
	}
	return clean(append(list, places...))
}
