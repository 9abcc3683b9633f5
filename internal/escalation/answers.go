package escalation

import (
	"encoding/binary"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// answers are kept while a policy is looked at: as each account, on each host, and with each version of sudo a rule
// admits the same arguments of a program, mostly. They depend on nothing but those patterns, which are compiled once.
type answers struct {
	numbers map[regular.Expr]uint32
	judged  map[string]judged
	example map[string]string
}

type judged struct {
	outcomes []program.Outcome
	insides  []program.Inside
}

func newAnswers() *answers {
	return &answers{numbers: map[regular.Expr]uint32{}, judged: map[string]judged{}, example: map[string]string{}}
}

// key names a language by its patterns. Those of [policy.PathAccess.AllowedBy] are what a rule admits and then what
// other rules take of it, and say all.
func (a *answers) key(command string, languages ...regular.Language) string {
	key := append([]byte(command), 0)
	for _, l := range languages {
		for e := range regular.Patterns(l) {
			number, known := a.numbers[e]
			if !known {
				number = uint32(len(a.numbers))
				a.numbers[e] = number
			}
			key = binary.LittleEndian.AppendUint32(key, number+1)
		}
		key = binary.LittleEndian.AppendUint32(key, 0)
	}
	return string(key)
}

// judge is what a program does with arguments. What the budget left open is asked again, and so is what has no key.
func (a *answers) judge(key string, p *program.Program, q program.Question) ([]program.Outcome, []program.Inside) {
	if known, is := a.judged[key]; is && key != "" {
		return known.outcomes, known.insides
	}
	outcomes, insides := p.Judge(q)
	decided := key != "" && !q.Budget.Spent()
	for _, o := range outcomes {
		decided = decided && !o.Undecided
	}
	if decided {
		a.judged[key] = judged{outcomes, insides}
	}
	return outcomes, insides
}
