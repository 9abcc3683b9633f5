package escalation

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// AnalyseReleases is Analyse for a policy that the sudo of any of these versions may read: a way to root on one of them is one.
func AnalyseReleases(tree *sudoers.Tree, q policy.Question, versions ...sudoers.Version) (Analysis, error) {
	return onReleases(tree, q, false, versions)
}

// AnalyseWhole is AnalyseReleases for all the sudoers files that a node reads, from /etc/sudoers on. What stands nowhere in them is what sudo has built
// in, so that an option which protects the node and is missing is a finding too. A fragment is no such tree: the main file of the node sets it.
func AnalyseWhole(tree *sudoers.Tree, q policy.Question, versions ...sudoers.Version) (Analysis, error) {
	return onReleases(tree, q, true, versions)
}

func onReleases(tree *sudoers.Tree, q policy.Question, whole bool, versions []sudoers.Version) (Analysis, error) {
	var all Analysis
	seen := map[findingKey]bool{}
	take := func(into *[]CommandFinding, from []CommandFinding) {
		for _, f := range from {
			if key := (findingKey{f.ID, f.Pos, f.Command}); !seen[key] {
				seen[key] = true
				*into = append(*into, f)
			}
		}
	}
	env := policy.Debian(sudoers.Version{})
	if q.Env != nil {
		env = q.Env
	}
	for _, version := range versions {
		on := *env
		on.Version = version
		q.Env = &on
		a, err := newAnalyser(q)
		if err != nil {
			return Analysis{}, err
		}
		a.whole = whole
		if err := a.analyse(tree); err != nil {
			return Analysis{}, err
		}
		one := a.result
		take(&all.Findings, one.Findings)
		take(&all.Disruptive, one.Disruptive)
		for _, assumption := range one.Assumptions {
			if !slices.Contains(all.Assumptions, assumption) {
				all.Assumptions = append(all.Assumptions, assumption)
			}
		}
		// The denials are told of the version on which they do most: what they do not do there they do nowhere.
		if len(one.Denials.Effective) >= len(all.Denials.Effective) {
			all.Denials = one.Denials
		}
	}
	inOrder(all.Findings)
	inOrder(all.Disruptive)
	return all, nil
}

// ptyByDefault is the version since which use_pty is on where nothing is said (sudo's NEWS, 1.9.14).
var ptyByDefault = sudoers.Version{Major: 1, Minor: 9, Patch: 14}

// missing looks for options that protect the node and that neither the files nor sudo itself set. env_reset and the log to syslog are on by
// default (sudoers(5), "SUDOERS OPTIONS"); secure_path is not, and use_pty only in newer versions. Each is told once, at the first command it concerns.
func (a *analyser) missing(p *policy.PathAccess, line string) {
	s := p.Settings
	if s["use_pty"] == "" && !a.version().AtLeast(ptyByDefault) {
		a.addGrant(noPTY, nil, "", line, "No file of the node sets use_pty, and sudo "+a.version().String()+" has it off by default. "+noPTY.Why)
	}
	if s["secure_path"] == "" {
		a.addGrant(noSecurePath, nil, "", line, "No file of the node sets secure_path, and sudo has none by default. "+noSecurePath.Why)
	}
}

// version is that of the sudo that is asked about.
func (a *analyser) version() sudoers.Version {
	if a.question.Env == nil {
		return sudoers.Version{}
	}
	return a.question.Env.Version
}
