package escalation

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Statement is a claim about a policy that people make in words: that nobody does something by it. It is a question
// about effects.
type Statement struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Effects are those that disprove it. Ways to root do so as well: root does anything.
	Effects []program.Effect `json:"effects"`
}

// Proof is the answer to a statement.
type Proof struct {
	Statement *Statement
	// Verdict is Yes if no command line does it, No if one does, and Unknown if that could not be told.
	Verdict regular.Verdict
	// Example is a command line that does it, for No; for Unknown the one that stands in the way, "" if there is none
	// to show.
	Example string
	Pos     sudoers.Pos
	Grant   string // the grant that lets it through
	Note    string // what makes it so
}

//go:embed statements.json
var statementsData embed.FS

// Statements are those that are known by name.
var Statements = sync.OnceValue(func() []*Statement {
	list, err := loadStatements()
	if err != nil {
		panic("the embedded statements: " + err.Error())
	}
	return list
})

// FindStatement gives the statement of a name, or an error that says which names there are.
func FindStatement(name string) (*Statement, error) {
	list := Statements()
	names := make([]string, len(list))
	for i, s := range list {
		if s.Name == name {
			return s, nil
		}
		names[i] = fmt.Sprintf("%q", s.Name)
	}
	return nil, fmt.Errorf("there is no statement %q; there are %s", name, strings.Join(names, ", "))
}

func loadStatements() ([]*Statement, error) {
	var list []*Statement
	if err := decodeFile(statementsData, "statements.json", &list); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range list {
		if s.Name == "" || s.Description == "" || seen[s.Name] || len(s.Effects) == 0 {
			return nil, fmt.Errorf("statement %q says too little, or comes twice", s.Name)
		}
		seen[s.Name] = true
		for _, e := range s.Effects {
			if e.Info() == nil {
				return nil, fmt.Errorf("statement %q: there is no effect %q", s.Name, e)
			}
		}
	}
	return list, nil
}

// Never proves of a statement that no command line does what it says, or shows one that does, or says what stands in
// the way of knowing. The worst answer on any of the versions counts. All statements about a policy take this one
// analysis, however many there are.
//
// It is about what runs as root. What runs as another account is taken to do nothing of it, unless that account may
// lead to root.
func (a *Analysis) Never(s *Statement) Proof {
	return a.never(s, func(Place) bool { return true })
}

// NeverIn proves it of what the rules of one file let through. What other files of the policy grant is left out.
func (a *Analysis) NeverIn(s *Statement, file string) Proof {
	return a.never(s, func(p Place) bool { return p.Pos.File == file })
}

func (a *Analysis) never(s *Statement, counts func(Place) bool) Proof {
	worst := Proof{Statement: s, Verdict: regular.Yes}
	for _, o := range a.outcomes {
		proof := prove(o.effects, s, counts)
		if o.doubt != "" && proof.Verdict == regular.No {
			proof.Verdict, proof.Note = regular.Unknown, proof.Note+" This is so if "+o.doubt+"."
		}
		if proof.Verdict == regular.No {
			return proof
		}
		if proof.Verdict == regular.Unknown {
			worst = proof
		}
	}
	return worst
}

// prove looks for the effect that answers best: one that disproves the statement itself, then a way to root, then what
// is not known.
func prove(outcomes []effectAt, s *Statement, counts func(Place) bool) Proof {
	best, rank := Proof{Statement: s, Verdict: regular.Yes}, 0
	for i := range outcomes {
		if !counts(outcomes[i].place) {
			continue
		}
		p, r := outcomes[i].answers(s)
		if r > rank || r == rank && r > 0 && cmp.Compare(len(p.Note), len(best.Note)) < 0 {
			best, rank = p, r
		}
	}
	return best
}

// answers says what one effect means for a statement; the rank says how well it answers, 0 for not at all.
func (o *effectAt) answers(s *Statement) (Proof, int) {
	w := &o.way
	p := Proof{Statement: s, Verdict: regular.No, Example: w.Example, Pos: o.place.Pos, Grant: o.place.Grant}
	unknown := o.undecided || w.Effect == program.Undescribed || w.ID == undecided.ID || w.ID == unknownProgram.ID || w.ID == mightyAccount.ID
	switch {
	case unknown:
		p.Verdict = regular.Unknown
		p.Note = upperFirst(w.Does) + " (" + w.ID + ")."
		if w.ID == unknownProgram.ID {
			p.Note += " If it is your own and somebody has reviewed it, name it in vouched."
		}
		return p, 1
	case slices.Contains(s.Effects, w.Effect) && !w.Made:
		p.Note = upperFirst(w.Does) + "."
		return p, 5
	case slices.Contains(s.Effects, w.Effect):
		p.Note = upperFirst(w.Does) + "."
		return p, 4
	case w.Root() && !w.Made && w.Example != "":
		p.Note = "It leads to root, who can do anything: it " + w.Does + " (" + w.ID + ")."
		return p, 3
	case w.Root():
		p.Note = "It leads to root, who can do anything: it " + w.Does + " (" + w.ID + ")."
		return p, 2
	}
	return Proof{}, 0
}

func upperFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
