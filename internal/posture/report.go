package posture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Report is what is true on nodes and in PVE.
type Report struct {
	Subjects []Subject
	Paths    []paths.Path
	Cuts     []paths.Cut
	Gaps     []Gap
	Graph    *paths.Graph
	more     map[string]int // paths that are not listed, by the id of who has them
	// NodeCount is how many nodes were looked at.
	NodeCount int
}

// Subject is somebody with what he has.
type Subject struct {
	ID, Name, Node string
	Kind           paths.Kind
	// Root tells whether a path leads from here to root, Paths how many.
	Root  bool
	Paths int
	// Active is false for a user or token of PVE that is disabled or has expired.
	Active bool

	Groups      []string
	Shell       string // of a Linux account
	Password    string // of a Linux account
	Keys        []AuthorizedKey
	Sudo        []Grant
	Findings    []Finding
	Permissions []Permission
	// SecondFactors are the kinds of second factors that a PVE user has, such as totp.
	SecondFactors []string
	// Separated tells of a token whether it has rights of its own only.
	Separated bool
}

// Grant is what a sudoers file gives a subject.
type Grant struct {
	File, Text string
	Line       int
	NoPassword bool
	By         string // the word that names the subject
	// Emergency is the name of the emergency access that the grant is of, empty for another grant.
	Emergency string
	// Begins and Ends are from when and until when sudo heeds the grant (NOTBEFORE, NOTAFTER), in RFC 3339, empty for
	// no bound.
	Begins, Ends string
}

// Finding is what a grant of sudo or a set of PVE privileges leads to.
type Finding struct {
	ID, Severity, Effect, Does, Example, Condition, Fix, Evidence string
	Root                                                          bool
}

// Permission is an entry of PVE's access control list that a subject has.
type Permission struct {
	Path, Role, Holder string
	Propagate          bool
}

// NewReport brings together what was seen. cluster is nil where PVE was not asked; gaps are those of nodes that could
// not be looked at.
func NewReport(nodes []*Node, cluster *Cluster, gaps []Gap) *Report {
	r := &Report{Graph: paths.New(), NodeCount: len(nodes)}
	holders := map[string]string{}
	for _, n := range nodes {
		r.Graph.Add(paths.Principal{ID: rootID(n.Name), Kind: paths.Root, Name: "root", Node: n.Name})
		for _, fingerprint := range n.rootKeys {
			holders[fingerprint] = rootID(n.Name)
		}
	}
	for _, n := range nodes {
		n.addTo(r.Graph, holders)
	}
	if cluster != nil {
		cluster.AddTo(r.Graph, nodes)
	}
	closure := r.Graph.Close()
	r.Paths, r.Cuts = closure.Paths, closure.Cuts
	count := map[string]int{}
	for _, p := range r.Paths {
		count[p.From.ID]++
	}
	gaps = append(gaps, r.limit()...)
	add := func(s Subject) {
		s.Paths = count[s.ID]
		s.Root = s.Paths > 0 || r.Graph.Principal(s.ID).Kind == paths.Root
		r.Subjects = append(r.Subjects, s)
	}
	for _, n := range nodes {
		n.subjects(add)
		r.Gaps = append(r.Gaps, n.Gaps...)
	}
	if cluster != nil {
		cluster.subjects(add)
		r.Gaps = append(r.Gaps, cluster.Gaps...)
	}
	for _, p := range r.Graph.Principals() {
		if p.Kind == paths.Everyone || p.Kind == paths.Key {
			add(Subject{ID: p.ID, Kind: p.Kind, Name: p.Name, Node: p.Node, Active: true})
		}
	}
	if closure.Uncut > 0 {
		gaps = append(gaps, Gap{"", "the change that takes most away", fmt.Sprintf("%d changes were not tried: it would have taken too long", closure.Uncut)})
	}
	r.Gaps = sortGaps(append(r.Gaps, gaps...))
	slices.SortFunc(r.Subjects, func(a, b Subject) int { return cmp.Compare(a.ID, b.ID) })
	return r
}

// maxAlike is how many paths of one kind from one subject are listed. Users can make as many programs as they like, and
// each makes a path.
const maxAlike = 100

// limit leaves out paths that are like many others: from one subject, by one way, through one principal. Each kind of
// which some are left out is a gap.
func (r *Report) limit() (gaps []Gap) {
	type alike struct{ from, to, way, through string }
	seen, order := map[alike]int{}, []alike{}
	r.more = map[string]int{}
	names := map[alike]string{}
	r.Paths = slices.DeleteFunc(r.Paths, func(p paths.Path) bool {
		key := alike{p.From.ID, p.To.ID, p.Steps[0].Way, p.Steps[0].To}
		if seen[key]++; seen[key] <= maxAlike {
			return false
		}
		if seen[key] == maxAlike+1 {
			order = append(order, key)
			names[key] = p.From.String()
		}
		r.more[p.From.ID]++
		return true
	})
	for _, key := range order {
		gaps = append(gaps, Gap{r.Graph.Principal(key.from).Node, "paths that are not listed", fmt.Sprintf("%s has %d more paths of the way %s", names[key], seen[key]-maxAlike, key.way)})
	}
	return gaps
}

// Only keeps the subjects of some names, and their paths. missing are the names that nobody has.
func (r *Report) Only(names []string) (missing []string) {
	named := func(p paths.Principal) bool { return slices.Contains(names, p.Name) || slices.Contains(names, p.ID) }
	for _, name := range names {
		if !slices.ContainsFunc(r.Subjects, func(s Subject) bool { return s.Name == name || s.ID == name }) {
			missing = append(missing, name)
		}
	}
	r.Subjects = slices.DeleteFunc(r.Subjects, func(s Subject) bool { return !slices.Contains(names, s.Name) && !slices.Contains(names, s.ID) })
	r.Paths = slices.DeleteFunc(r.Paths, func(p paths.Path) bool { return !named(p.From) })
	for i := range r.Cuts {
		r.Cuts[i].Frees = slices.DeleteFunc(slices.Clone(r.Cuts[i].Frees), func(id string) bool { return !named(r.Graph.Principal(id)) })
	}
	r.Cuts = slices.DeleteFunc(r.Cuts, func(c paths.Cut) bool { return len(c.Frees) == 0 })
	slices.SortStableFunc(r.Cuts, func(a, b paths.Cut) int { return cmp.Compare(len(b.Frees), len(a.Frees)) })
	return missing
}

func (n *Node) subjects(add func(Subject)) {
	for _, a := range n.Accounts {
		s := Subject{ID: view{Node: n}.principal(a), Kind: paths.Account, Name: untrusted.Line(a.Name), Node: n.Name, Active: true,
			Groups: untrusted.Lines(a.Groups), Shell: untrusted.Line(a.Shell), Password: a.Password, Keys: a.Keys}
		if answer := n.sudo[a.Name]; answer != nil {
			for i := range answer.grants {
				g := &answer.grants[i]
				s.Sudo = append(s.Sudo, Grant{
					File: untrusted.Line(g.Pos.File), Text: untrusted.Line(g.Text), Line: g.Pos.Line, NoPassword: g.NoPasswd(), By: untrusted.Line(g.By),
					Emergency: n.Sudoers.Emergencies[g.Pos.File], Begins: moment(g.Effective.NotBefore), Ends: moment(g.Effective.NotAfter),
				})
			}
			for i := range answer.findings {
				f := &answer.findings[i]
				s.Findings = append(s.Findings, Finding{ID: f.ID, Severity: string(f.Severity), Effect: string(f.Effect), Does: untrusted.Line(f.Does), Example: untrusted.Line(f.Example),
					Condition: f.Condition, Fix: f.Fix, Evidence: untrusted.Line(fmt.Sprintf("%s:%d: %s", f.Pos.File, f.Pos.Line, f.Grant)), Root: f.Root()})
			}
		}
		add(s)
	}
}

func (c *Cluster) subjects(add func(Subject)) {
	entries := map[string][]Permission{}
	for _, e := range c.ACL {
		key := e.Type + " " + e.Holder
		entries[key] = append(entries[key], Permission{untrusted.Line(e.Path), untrusted.Line(e.Role), untrusted.Line(e.Type + " " + e.Holder), e.Propagate})
	}
	findings := func(of string) (list []Finding) {
		for _, w := range c.ways[of] {
			list = append(list, Finding{ID: w.finding.ID, Severity: string(w.finding.Severity), Does: w.finding.Why, Example: untrusted.Line(w.finding.Witness), Fix: w.finding.Fix, Evidence: w.holds, Root: w.group == ""})
		}
		return list
	}
	for _, user := range c.Users {
		s := Subject{ID: userID(string(user.ID)), Kind: paths.PVEUser, Name: untrusted.Line(string(user.ID)), Active: c.inactive(user.Enabled, user.Expire, "") == "",
			Groups: untrusted.Lines(user.Groups), SecondFactors: untrusted.Lines(c.factors[user.ID]), Permissions: slices.Clone(entries["user "+string(user.ID)]), Findings: findings(string(user.ID))}
		for _, group := range user.Groups {
			s.Permissions = append(s.Permissions, entries["group "+group]...)
		}
		add(s)
		for _, token := range user.Tokens {
			full := user.ID.Token(token.ID)
			add(Subject{ID: tokenID(full), Kind: paths.PVEToken, Name: untrusted.Line(full), Active: s.Active && c.inactive(true, token.Expire, "") == "", Separated: token.PrivilegeSeparation,
				Permissions: entries["token "+full], Findings: findings(full)})
		}
	}
	for _, group := range c.Groups {
		add(Subject{ID: pveGroupID(group.ID), Kind: paths.PVEGroup, Name: untrusted.Line(group.ID), Active: true, Permissions: entries["group "+group.ID], Findings: findings("@" + group.ID)})
	}
}

// Counts are numbers for checks.
type Counts struct{ Nodes, Subjects, Root, Paths, Findings, Unknown int }

// Counts counts the subjects that lead to root without root itself.
func (r *Report) Counts() Counts {
	c := Counts{Nodes: r.NodeCount, Subjects: len(r.Subjects), Paths: len(r.Paths), Unknown: len(r.Gaps)}
	for i := range r.Subjects {
		if r.Subjects[i].Root && r.Graph.Principal(r.Subjects[i].ID).Kind != paths.Root {
			c.Root++
		}
		c.Findings += len(r.Subjects[i].Findings)
		c.Paths += r.more[r.Subjects[i].ID]
	}
	return c
}

// Describe is a path on one line: who, and each step with its evidence.
func Describe(p paths.Path) string {
	parts := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		parts[i] = s.Does
		if s.Evidence != "" {
			parts[i] += " [" + s.Evidence + "]"
		}
		if s.Condition != "" {
			parts[i] += " (if " + s.Condition + ")"
		}
	}
	return p.From.String() + ": " + strings.Join(parts, " → ") + " → " + p.To.String()
}
