package posture

import (
	"context"
	"fmt"
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

	rootKeys     []string // fingerprints of the key pairs of root itself
	groups       map[int]*linuxGroup
	byName       map[string]*Account // the first of each name
	byUID        map[int]*Account    // the first of each id
	sshd         map[string][]string
	setID        []setIDFile
	capabilities []capability
	wheels       []wheel
	places       []placed
	runs         []run
	runsAs       map[string][]userLine  // who runs a service, by its name
	mainFiles    map[string][]string    // that describe a service, by its name
	states       map[string]fileState   // of all that paths lead through
	endless      map[string]bool        // paths that lead on and on
	walks        map[string]walk        // the ways of directories
	packaged     map[string]bool        // files that a package has
	sudo         map[string]*sudoAnswer // what our engine says, by account
	settings     map[string]node.Section
	asked        map[node.SudoQuestion]SudoSays
}

// unknown notes what could not be found out.
func (n *Node) unknown(about, reason string) {
	n.Gaps = append(n.Gaps, Gap{n.Name, about, untrusted.Line(reason)})
}

// Collect looks at one node over one connection, in two surveys and the reading of its sudoers files. It changes
// nothing. The error tells that the node cannot be looked at at all; what else is not known is among the gaps.
func Collect(ctx context.Context, nodes Nodes, target node.Target) (*Node, error) {
	return new(Collector).Collect(ctx, nodes, target)
}

// Collect is [Collect] for one of several nodes.
func (c *Collector) Collect(ctx context.Context, nodes Nodes, target node.Target) (*Node, error) {
	return collect(ctx, nodes, target, false, c)
}

// CollectSettings looks at how the node is set up as well, in the same surveys.
func CollectSettings(ctx context.Context, nodes Nodes, target node.Target) (*Node, error) {
	return collect(ctx, nodes, target, true, new(Collector))
}

func collect(ctx context.Context, nodes Nodes, target node.Target, settings bool, c *Collector) (*Node, error) {
	n := &Node{Name: target.Name}
	first, err := nodes.Survey(ctx, target, node.SurveyQuery{Accounts: true, Programs: true, Commands: true, Places: places})
	if err != nil {
		return nil, fmt.Errorf("asking node %q who can do what there: %w", target.Name, err)
	}
	n.Facts = first.Facts
	n.accounts(first)
	n.sshdSettings(first)
	n.elevation(first)
	n.setIDs(first)
	n.fileCapabilities(first)
	n.placesOf(first)
	n.commands(first)
	if n.Sudoers, err = hardening.ReadWholeSudoers(ctx, nodes, target); err != nil {
		n.unknown("sudo", err.Error())
	}
	n.judgeSudo(c)

	query := node.SurveyQuery{Keys: n.authorizedFiles(), Paths: n.ownPaths(), Homes: n.homePaths(), Others: n.otherPaths(), Owned: n.setIDNames(), Allowed: n.crossChecked(), Settings: settings}
	if settings {
		query.Asked = n.examples()
	}
	second, err := nodes.Survey(ctx, target, query)
	if err != nil {
		return nil, fmt.Errorf("asking node %q for its keys and files: %w", target.Name, err)
	}
	n.follow(second)
	n.keys(second)
	n.packages(second)
	n.crossCheck(second, query.Allowed)
	if settings {
		n.settings = map[string]node.Section{}
		for _, name := range append(node.SettingsSections(), own...) {
			part, told := second.Sections[name]
			if !told {
				part, told = first.Sections[name]
			}
			if told {
				n.settings[name] = part
			}
		}
		n.answers(second, query.Asked)
	}
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
	case part.Cut:
		n.unknown(about, "the node told of too much; what came after the first part is not here")
	case part.Status == 124 || part.Status == 137:
		n.unknown(about, "the node took too long and was stopped; what it told until then is here")
	case part.Status != 0, section == node.SectionKeys, section == node.SectionJobs, section == node.SectionCommands: // those go on after a file that they cannot read
		n.complaints(about, part, expected)
	}
	return string(part.Data)
}

// maxComplaints is how many complaints of one command are told, cutComplaints from how many bytes on the node does not
// send more of them.
const (
	maxComplaints = 20
	cutComplaints = 100000
)

// complaints notes what a command complained about, without what is expected: that a file is not there.
func (n *Node) complaints(about string, part node.Section, expected []string) {
	told := 0
	for line := range strings.Lines(part.Complaint) {
		line = strings.TrimSpace(line)
		if line == "" || slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(line, e) }) {
			continue
		}
		if told++; told <= maxComplaints {
			n.unknown(about, line)
		}
	}
	switch {
	case told > maxComplaints:
		n.unknown(about, fmt.Sprintf("%d more complaints like these", told-maxComplaints))
	case told == 0 && len(part.Complaint) >= cutComplaints:
		n.unknown(about, "there are more complaints than the node sent")
	case told == 0 && part.Status != 0 && len(expected) == 0:
		n.unknown(about, fmt.Sprintf("the command ended with status %d", part.Status))
	}
}

// absent are the complaints about what is not there.
var absent = []string{"No such file or directory", "Not a directory"}

// clean leaves out paths that cannot be asked about, which it notes, sorts the others, and names each once.
func (n *Node) clean(about string, paths []string) []string {
	kept := slices.DeleteFunc(paths, func(p string) bool {
		bad := !strings.HasPrefix(p, "/") || path.Clean(p) != p || strings.ContainsAny(p, "\n\x00")
		if bad {
			n.unknown("names of "+about, "the node cannot be asked about "+p+": it is no plain absolute path")
		}
		return bad
	})
	slices.Sort(kept)
	return slices.Compact(kept)
}

// ownPaths are what root names: places, links in them, and what cron tables of root and services run.
func (n *Node) ownPaths() []string {
	list := append(slices.Clone(places), ownPrivateKeys...)
	for _, r := range n.runs {
		if !r.ofAccount() {
			list = append(list, r.path)
		}
	}
	for _, p := range n.places {
		if p.kind == "l" {
			list = append(list, p.path)
		}
	}
	return n.clean("what root runs and reads", list)
}

// otherPaths are what users can make: programs with special rights, and what their cron tables run.
func (n *Node) otherPaths() []string {
	list := n.setIDPaths()
	for _, c := range n.capabilities {
		list = append(list, c.path)
	}
	for _, r := range n.runs {
		if r.ofAccount() {
			list = append(list, r.path)
		}
	}
	return n.clean("programs with special rights and cron tables of accounts", list)
}

// ofAccount tells whether it stands in a cron table that an account writes itself.
func (r run) ofAccount() bool {
	name, is := strings.CutPrefix(r.file, "/var/spool/cron/crontabs/")
	return is && name != "root"
}
