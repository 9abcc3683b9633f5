package review

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// ForeignFinding is one of them, with the nodes on which it is so.
type ForeignFinding struct {
	escalation.CommandFinding
	Nodes []string
}

// foreignKey is what findings on several nodes have in common that are one.
type foreignKey struct {
	key, file, command, grant string
	line                      int
	root                      bool
}

func foreignKeyOf(f escalation.CommandFinding) foreignKey {
	return foreignKey{f.Key(), f.Pos.File, f.Command, f.Grant, f.Pos.Line, f.Root()}
}

// ForeignFindings judges a policy together with what the other files of each node say about its subject. What is found
// of the policy alone is left out: it is in the policy's own findings.
func ForeignFindings(p hardening.SudoersPolicy, own *Policy, around map[string]hardening.Surroundings) []ForeignFinding {
	mine := func(f escalation.CommandFinding) bool {
		return f.Pos.File == p.Path() && slices.ContainsFunc(own.Analysis().Findings, func(known escalation.CommandFinding) bool {
			return known.Key() == f.Key() && known.Pos.Line == f.Pos.Line && known.Command == f.Command && (known.Root() || !f.Root())
		})
	}
	var all []ForeignFinding
	at := map[foreignKey]int{}
	known := map[string][]escalation.CommandFinding{} // nodes of a cluster are mostly alike
	for _, name := range slices.Sorted(maps.Keys(around)) {
		tree := around[name].With(p)
		questions := around[name].Questions(tree)
		asked := []any{around[name].Files, around[name].Policies} // the text of a file tells what an exclusive policy cuts, its header whether it does
		for _, question := range questions {
			asked = append(asked, question.Host, question.Env.Version, question.Subject)
		}
		key, err := json.Marshal(asked)
		if err != nil {
			panic(err) // only texts and numbers: nothing that JSON can't hold
		}
		findings, is := known[string(key)]
		if !is {
			findings = slices.DeleteFunc(judged(tree, questions, own.vouched()), mine)
			known[string(key)] = findings
		}
		for _, f := range findings {
			if i, is := at[foreignKeyOf(f)]; is {
				if nodes := all[i].Nodes; nodes[len(nodes)-1] != name {
					all[i].Nodes = append(nodes, name)
				}
				continue
			}
			at[foreignKeyOf(f)] = len(all)
			all = append(all, ForeignFinding{f, []string{name}})
		}
	}
	return all
}
