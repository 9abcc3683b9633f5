package escalation

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Statement is a claim about a policy that people make in words: that nobody does something by it.
type Statement struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Classes are those of command rules that do it.
	Classes  []Class             `json:"classes"`
	Patterns []*StatementPattern `json:"patterns"`
}

// StatementPattern is command lines that do it directly.
type StatementPattern struct {
	Commands []string `json:"commands"` // canonical paths
	ERE      string   `json:"ere"`      // searched in the arguments joined by blanks; "" for any arguments

	// language compiles ERE when it is first asked for: most runs ask for the names of the statements only.
	language func() (regular.Expr, error)
}

// Proof is the answer to a statement.
type Proof struct {
	Statement *Statement
	// Verdict is Yes if no command line does it, No if one does, and Unknown if that could not be told.
	Verdict regular.Verdict
	Witness string // a command line that does it, for No
	Pos     sudoers.Pos
	Grant   string // the grant that lets it through
	Note    string // what makes it so, where the command line does not show it
}

//go:embed statements.json
var statementsData embed.FS

var statements = sync.OnceValues(func() ([]*Statement, error) { return loadStatements(statementsData) })

// Statements are those that are known by name. The error can only come from broken embedded data.
func Statements() ([]*Statement, error) { return statements() }

// FindStatement gives the statement of a name, or says which names there are.
func FindStatement(name string) (*Statement, error) {
	list, err := statements()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, s := range list {
		if s.Name == name {
			return s, nil
		}
		names[i] = fmt.Sprintf("%q", s.Name)
	}
	return nil, fmt.Errorf("there is no statement %q; there are %s", name, strings.Join(names, ", "))
}

func loadStatements(data fs.FS) ([]*Statement, error) {
	var list []*Statement
	if err := decodeFile(data, "statements.json", &list); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range list {
		if s.Name == "" || s.Description == "" || seen[s.Name] || len(s.Patterns) == 0 {
			return nil, fmt.Errorf("statement %q says too little, or comes twice", s.Name)
		}
		seen[s.Name] = true
		for _, class := range s.Classes {
			if !slices.Contains(classes, class) {
				return nil, fmt.Errorf("statement %q: class %q is none", s.Name, class)
			}
		}
		for _, p := range s.Patterns {
			if err := p.check(); err != nil {
				return nil, fmt.Errorf("statement %q: %w", s.Name, err)
			}
		}
	}
	return list, nil
}

func (p *StatementPattern) check() error {
	for _, command := range p.Commands {
		if !commandPath.MatchString(command) {
			return fmt.Errorf("%q is no canonical path", command)
		}
	}
	p.language = sync.OnceValues(p.compile)
	return nil
}

// compile gives the arguments of the pattern.
func (p *StatementPattern) compile() (regular.Expr, error) {
	if p.ERE == "" {
		return regular.AnyArguments(), nil
	}
	joined, err := regular.Compile(regular.ERE{Pattern: p.ERE})
	if err != nil {
		return regular.Expr{}, fmt.Errorf("%q: %w", p.ERE, err)
	}
	return regular.Arguments(joined)
}

// Never proves of statements that no command line does what they say, or shows one that does. Whoever is as good as root does
// all of it: a way to root disproves every statement, and what may be one leaves them unknown.
//
// It is about what runs as root. What runs as another account is held to do nothing of it, unless that account may be mighty.
func Never(tree *sudoers.Tree, q policy.Question, of ...*Statement) ([]Proof, error) {
	a, err := newAnalyser(q)
	if err != nil {
		return nil, err
	}
	for _, s := range of {
		for _, p := range s.Patterns {
			if _, err := p.language(); err != nil {
				return nil, fmt.Errorf("statement %q: %w", s.Name, err)
			}
			a.paths = append(a.paths, p.Commands...)
		}
	}
	slices.Sort(a.paths)
	a.paths = slices.Compact(a.paths)
	if err := a.analyse(tree); err != nil {
		return nil, err
	}
	proofs := make([]Proof, len(of))
	for i, s := range of {
		proofs[i] = a.prove(s)
	}
	return proofs, nil
}

func (a *analyser) prove(s *Statement) Proof {
	proof := a.directly(s)
	if proof.Verdict == regular.No {
		return proof
	}
	for _, f := range slices.Concat(a.result.Findings, a.result.Disruptive) {
		if slices.Contains(s.Classes, f.Class) {
			return disproved(s, &f, f.About)
		}
	}
	// The ways that take no circumstance come first.
	ways := slices.DeleteFunc(slices.Clone(a.result.Findings), func(f CommandFinding) bool { return !f.Root })
	slices.SortStableFunc(ways, func(x, y CommandFinding) int { return cmp.Compare(len(x.Needs), len(y.Needs)) })
	for i := range ways {
		if f := &ways[i]; !doubtful(f.ID) {
			return disproved(s, f, "It leads to root, who does anything: "+f.About+" ("+f.ID+").")
		}
	}
	if len(ways) > 0 {
		f := &ways[0]
		return Proof{Statement: s, Verdict: regular.Unknown, Pos: f.Pos, Grant: f.Grant, Note: "It may lead to root: " + f.About + " (" + f.ID + ")."}
	}
	return proof
}

func disproved(s *Statement, f *CommandFinding, note string) Proof {
	return Proof{Statement: s, Verdict: regular.No, Witness: f.Witness, Pos: f.Pos, Grant: f.Grant, Note: note}
}

// doubtful tells whether a finding is about what is not known, and not a way to root that is.
func doubtful(id string) bool {
	return id == unknownProgram.ID || id == undecided.ID || id == mightyTarget.ID || id == openEdit.ID
}

// directly looks for a command line of the patterns themselves.
func (a *analyser) directly(s *Statement) Proof {
	proof := Proof{Statement: s, Verdict: regular.Yes}
	for _, h := range a.hostsSeen {
		for i := range h.access.Paths {
			p := &h.access.Paths[i]
			for _, pattern := range s.Patterns {
				if !slices.Contains(pattern.Commands, p.Path) {
					continue
				}
				arguments, _ := pattern.language() // Never has seen that it compiles
				for j := range p.Rules {
					rule := &p.Rules[j]
					if rule.Denied || !regular.MayMeet(rule.Args, arguments) {
						continue
					}
					switch answer := regular.Disjoint(p.AllowedBy(j), arguments, a.question.Budget); answer.Verdict {
					case regular.No:
						return Proof{
							Statement: s, Verdict: regular.No, Witness: a.shell(h.request, p, answer.Witness), Pos: rule.Grant.Pos, Grant: rule.Grant.Text,
						}
					case regular.Unknown:
						proof = Proof{
							Statement: s, Verdict: regular.Unknown, Pos: rule.Grant.Pos, Grant: rule.Grant.Text,
							Note: "It takes more work to decide than the budget allows.",
						}
					}
				}
			}
		}
	}
	return proof
}
