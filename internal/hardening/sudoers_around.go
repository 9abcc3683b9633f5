package hardening

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Surroundings hold the parts of one node's other sudoers files that concern the subjects of a policy, so that the
// policy can be judged together with them at any later time. They contain no lines about others except for aliases,
// which the subject's own lines may need, and rules of which the policy's next text, a directory or a group plug-in can
// make lines about him.
type Surroundings struct {
	// Host is the node's short name. SudoVersion is the version of its sudo, empty for none.
	Host        string           `json:"host"`
	SudoVersion string           `json:"sudo_version"`
	Subjects    []policy.Subject `json:"subjects"`
	// Ends are when the accounts of subjects end, of those that do.
	Ends map[string]time.Time `json:"ends,omitempty"`
	// Files are the texts by path, with the lines of the files in their places.
	Files map[string]string `json:"files"`
	// Policies are the files that were written for other policies: an exclusive policy leaves them alone.
	Policies []string `json:"policies,omitempty"`
	// Undefined are the aliases that lines of the files use and none of the files defines.
	Undefined []UndefinedAlias `json:"undefined,omitempty"`
}

// surroundings takes the policy's own file out of a tree, and what is about others.
func (t *sudoersTree) surroundings(own string, subjects []policy.Subject) Surroundings {
	host, _, _ := strings.Cut(t.seen.Facts.Hostname, ".")
	s := Surroundings{Host: host, SudoVersion: t.seen.Facts.SudoVersion, Subjects: subjects, Files: map[string]string{}, Undefined: t.undefinedAliases(own)}
	for _, subject := range subjects {
		if end := t.account(subject.Name).Ends; !end.IsZero() {
			if s.Ends == nil {
				s.Ends = map[string]time.Time{}
			}
			s.Ends[subject.Name] = end
		}
	}
	concerning := map[*sudoers.UserSpec]bool{}
	for _, spec := range openRules(t.tree, own) {
		concerning[spec] = true
	}
	for _, subject := range subjects {
		for _, spec := range policy.MayConcern(t.tree, subject) {
			concerning[spec] = true
		}
	}
	limits := t.limits()
	for _, file := range t.tree.Files {
		if file.Name == own {
			continue
		}
		emergency := emergencyFor(file.Name, file.Text, limits) != ""
		if emergency || writtenFor(file.Name, file.Text) != "" {
			s.Policies = append(s.Policies, file.Name)
		}
		var kept []sudoers.Span
		for _, entry := range file.Entries {
			switch entry := entry.(type) {
			case *sudoers.Defaults, *sudoers.AliasDef, *sudoers.Include:
				kept = append(kept, entry.Span())
			case *sudoers.UserSpec:
				// An emergency access has a reason and an end of its own: no policy is judged by it.
				if concerning[entry] && !emergency {
					kept = append(kept, entry.Span())
				}
			}
		}
		s.Files[file.Name] = onlySpans(file.Text, kept)
	}
	return s
}

// openRules are the rules of other files for a User_Alias which only the policy can define, also by way of other
// aliases: whom they are about is decided by the policy's next text.
func openRules(tree *sudoers.Tree, own string) (open []*sudoers.UserSpec) {
	names := func(members []sudoers.Member) (aliases []string) {
		for _, member := range members {
			if member.Kind == sudoers.MemberAlias {
				aliases = append(aliases, member.Name)
			}
		}
		return aliases
	}
	defined, within := map[string]bool{}, map[string][]string{} // within has for each alias those that have it as a member
	var asked []string
	for _, entry := range tree.Entries {
		switch entry := entry.(type) {
		case *sudoers.AliasDef:
			if entry.Kind != sudoers.UserAlias || entry.At.File == own {
				continue
			}
			for _, alias := range entry.Aliases {
				defined[alias.Name] = true
				for _, name := range names(alias.Members) {
					within[name], asked = append(within[name], alias.Name), append(asked, name)
				}
			}
		case *sudoers.UserSpec:
			asked = append(asked, names(entry.Users)...)
		}
	}
	undefined := map[string]bool{} // in whole or in part
	next := slices.DeleteFunc(asked, func(name string) bool { return defined[name] })
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if !undefined[name] {
			undefined[name] = true
			next = append(next, within[name]...)
		}
	}
	for _, entry := range tree.Entries {
		if spec, is := entry.(*sudoers.UserSpec); is && slices.ContainsFunc(names(spec.Users), func(name string) bool { return undefined[name] }) {
			open = append(open, spec)
		}
	}
	return open
}

// onlySpans keeps parts of a text, which are whole lines, and empties all other lines.
func onlySpans(text string, spans []sudoers.Span) string {
	var b strings.Builder
	at := 0
	for _, span := range spans {
		b.WriteString(strings.Repeat("\n", strings.Count(text[at:span.Start], "\n")))
		b.WriteString(text[span.Start:span.End])
		at = span.End
	}
	return b.String()
}

// With is the tree as it is with the policy in its place. An exclusive policy cuts its subjects out of the other files.
func (s Surroundings) With(p SudoersPolicy) *sudoers.Tree {
	source := textSource{p.Path(): p.Content}
	for name, text := range s.Files {
		if p.Exclusive && !p.shares(name) && !slices.Contains(s.Policies, name) {
			for _, subject := range s.Subjects {
				file, _ := sudoers.Parse(name, text, s.version())
				text, _, _ = policy.Remove(file, text, subject)
			}
		}
		source[name] = text
	}
	tree, _ := parseTree(sudoersMain, source, s.Host, s.version()) // sudo skips lines that it cannot parse
	return tree
}

// Key tells surroundings apart in which a policy means something else. Nodes that are alike have one, unless the policy
// or the other files tell hosts apart.
func (s Surroundings) Key(p SudoersPolicy) string {
	if !slices.ContainsFunc(s.Questions(s.With(p)), func(q policy.Question) bool { return q.Host != "" }) {
		s.Host = ""
	}
	s.Ends = nil // a policy means the same until then
	key, err := json.Marshal([]any{p.Content, s})
	if err != nil {
		panic(err) // only texts and numbers: nothing that JSON can't hold
	}
	return string(key)
}

// version returns the version of the node's sudo. Without one it returns the newest, which accepts the most.
func (s Surroundings) version() sudoers.Version {
	version, err := sudoers.ParseVersion(s.SudoVersion)
	if err != nil {
		return sudoers.Version{}
	}
	return version
}

// Questions are what is asked about each subject of a tree on this node. Where a tree tells no hosts apart it is asked
// about any, so that nodes which are alike are one question.
func (s Surroundings) Questions(trees ...*sudoers.Tree) []policy.Question {
	questions := make([]policy.Question, len(s.Subjects))
	for i, subject := range s.Subjects {
		questions[i] = policy.Question{Subject: subject, Env: policy.Debian(s.version())}
		if slices.ContainsFunc(trees, func(tree *sudoers.Tree) bool { return tellsHostsApart(tree, subject) }) {
			questions[i].Host = s.Host
		}
	}
	return questions
}

// About tells whether the surroundings have what the files say about all of these subjects.
func (s Surroundings) About(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(s.Subjects, func(known policy.Subject) bool { return known.Name == name })
	})
}

func tellsHostsApart(tree *sudoers.Tree, subject policy.Subject) bool {
	isAll := func(m sudoers.Member) bool { return m.Kind == sudoers.MemberAll && !m.Negated }
	for _, entry := range tree.Entries {
		if d, ok := entry.(*sudoers.Defaults); ok && d.Scope == sudoers.ScopeHost {
			return true
		}
	}
	return slices.ContainsFunc(policy.Grants(tree, subject), func(g policy.Grant) bool {
		return slices.ContainsFunc(g.Hosts, func(m sudoers.Member) bool { return !isAll(m) })
	})
}

// textSource are files by path.
type textSource map[string]string

// ReadFile gives a file.
func (s textSource) ReadFile(name string) (string, bool) {
	text, ok := s[name]
	return text, ok
}

// ReadDir gives the names of the files in a directory.
func (s textSource) ReadDir(dir string) ([]string, bool) {
	var names []string
	for name := range s {
		if base, below := strings.CutPrefix(name, dir+"/"); below && !strings.Contains(base, "/") {
			names = append(names, base)
		}
	}
	return names, len(names) > 0
}
