package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Statement is a set of command lines about which something is claimed.
type Statement struct {
	Text     string
	Patterns []StatementPattern
}

// StatementPattern is some of them.
type StatementPattern struct {
	Path string // canonical path, or "sudoedit"; "" for every command
	Args regular.Expr
	Note string // why it belongs to the statement, "" where that is plain
}

// Proof is whether a statement holds.
type Proof struct {
	Verdict regular.Verdict // Yes proven, No disproven; Unknown is neither
	// Counterexample is a command line that disproves it, for the host and target of Request; Rule is the rule that
	// allows or denies it, if any.
	Counterexample string
	Request        Request
	Rule           *Grant
	Note           string // of the pattern that is met
	If             string // an additional condition for the counterexample, "" for none
	Gaps           []Gap  // why it is unknown
}

// ParseStatement reads a command as in sudoers(5): a path, "sudoedit", or ALL, and a pattern of arguments. An
// expression that begins with ^ and does not end in $ is searched. Without arguments it stands for any.
func ParseStatement(text string, env *Environment) (Statement, error) {
	words, searched, _ := strings.Cut(text, " ^")
	spec := text
	if searched != "" && !strings.HasSuffix(searched, "$") {
		spec = words
	} else {
		searched = ""
	}
	rest, every := strings.CutPrefix(spec, "ALL ")
	if every {
		spec = "/every " + rest // sudoers(5) has no arguments behind ALL
	}
	file, problems := sudoers.Parse("statement", "ALL ALL=(root) "+spec+"\n", env.Version)
	if len(problems) > 0 {
		return Statement{}, fmt.Errorf("not a command as in sudoers(5): %s", problems[0].Msg)
	}
	grants := Grants(sudoers.TreeOf(file), Subject{Name: "root"})
	if len(grants) != 1 || grants[0].Negated {
		return Statement{}, fmt.Errorf("not one command, without negation")
	}
	command := grants[0].Command
	pattern := StatementPattern{Args: regular.AnyArguments()}
	switch kind := pathKind(&command); {
	case every:
	case kind == LiteralPath && command.Kind == sudoers.CommandPath:
		pattern.Path = env.Canonical(command.Name)
	case kind == LiteralPath && command.Kind == sudoers.CommandPseudo:
		pattern.Path = command.Name
	case kind != AllPaths:
		return Statement{}, fmt.Errorf("name the command by its path, or every command by ALL; patterns of paths and aliases are not taken")
	}
	var err error
	switch {
	case searched != "":
		var joined regular.Expr
		if joined, err = regular.Compile(regular.ERE{Pattern: "^" + searched}); err == nil {
			pattern.Args, err = regular.Arguments(joined)
		}
	case command.HasArgs && command.Args == `""`:
		pattern.Args = regular.NoArguments()
	case command.HasArgs:
		pattern.Args, err = argsLanguage(command.Args, command.Name == "sudoedit")
	}
	if err != nil {
		return Statement{}, fmt.Errorf("its pattern of arguments: %w", err)
	}
	return Statement{Text: text, Patterns: []StatementPattern{pattern}}, nil
}

// ProveNever proves that no command line of a statement is allowed as root.
func ProveNever(tree *sudoers.Tree, q Question, s Statement) Proof {
	return proveNever(tree, q, s, func(*Grant) bool { return true })
}

// ProveNeverIn proves it of the rules of one file, with the options, aliases and denials of all. What the other files
// themselves allow is left out.
func ProveNeverIn(tree *sudoers.Tree, q Question, s Statement, file string) Proof {
	return proveNever(tree, q, s, func(g *Grant) bool { return g.Pos.File == file })
}

// proveNever looks at what is allowed by the rules that count.
func proveNever(tree *sudoers.Tree, q Question, s Statement, counts func(*Grant) bool) Proof {
	var paths []string
	for _, pattern := range s.Patterns {
		if pattern.Path != "" && !slices.Contains(paths, pattern.Path) {
			paths = append(paths, pattern.Path)
		}
	}
	q = q.WithSharedBudget(tree)
	proof := Proof{Verdict: regular.Yes}
	requests, gaps := RootClasses(q, tree)
	note := func(gaps []Gap) {
		for _, gap := range gaps {
			if gap.Grant == nil || !gap.Grant.Negated && counts(gap.Grant) { // a denial that may not hold is not counted on
				proof.Gaps = append(proof.Gaps, gap)
			}
		}
	}
	note(gaps)
	told := map[sudoers.Pos]bool{}
	hosts := IndexHosts(tree)
	for _, request := range requests {
		access := Admits(hosts.On(request), request, paths, q.Budget)
		note(access.Gaps)
		for i := range access.Paths {
			p := &access.Paths[i]
			p.Rules = slices.DeleteFunc(p.Rules, func(r AccessRule) bool { return !r.Denied && !counts(r.Grant) })
		}
		note(asTyped(q, access.Paths, counts, told))
		for _, pattern := range s.Patterns {
			for i := range access.Paths {
				p := &access.Paths[i]
				if pattern.Path != "" && p.Path != pattern.Path {
					continue
				}
				switch verdict, witness, when := meets(q, p, pattern.Args); verdict {
				case regular.Yes:
					line := p.Line(witness)
					found := Proof{Verdict: regular.No, Counterexample: ShellLine(request, line), Request: request.Of(line), Note: pattern.Note, If: when.String()}
					if rule := p.under(when.holds).Deciding(witness); rule != nil {
						found.Rule = rule.Grant
					}
					return found
				case regular.Unknown:
					proof.Gaps = append(proof.Gaps, Gap{Reason: "what is allowed of " + p.Path + " takes more work to decide than the budget allows, or depends on too many conditions"})
				}
			}
		}
	}
	if len(proof.Gaps) > 0 {
		proof.Verdict = regular.Unknown
	}
	return proof
}

// meets tells whether some of these arguments are allowed on a class of paths, under some outcome of its conditions.
func meets(q Question, p *PathAccess, args regular.Expr) (verdict regular.Verdict, witness string, when outcome) {
	if regular.Disjoint(p.Allowed(), args, q.Budget).Verdict == regular.Yes {
		return regular.No, "", outcome{} // whatever the outcome: a denial that may not hold was not counted on
	}
	all, tooMany := outcomes(q.environment(), p.Rules)
	if tooMany {
		return regular.Unknown, "", outcome{}
	}
	verdict = regular.No
	for _, o := range all {
		switch answer := regular.Disjoint(p.under(o.holds).Allowed(), args, q.Budget); answer.Verdict {
		case regular.No:
			return regular.Yes, answer.Witness, o
		case regular.Unknown:
			verdict = regular.Unknown
		}
	}
	return verdict, "", outcome{}
}

// ProveAlways proves that a command line, its words, is allowed as root on every host that the policy tells apart,
// whatever the time.
func ProveAlways(tree *sudoers.Tree, q Question, line []string) Proof {
	if len(line) == 0 {
		return Proof{Verdict: regular.No, Note: "it has no words"}
	}
	requests, gaps := RootClasses(q, tree)
	proof := Proof{Verdict: regular.Yes}
	for _, gap := range gaps {
		if gap.Grant == nil || gap.Grant.Negated { // an allowance that may not hold is not counted on
			proof.Gaps = append(proof.Gaps, gap)
		}
	}
	for _, request := range requests {
		if request.RunAsGroup != "" {
			continue // it is asked about root with its own groups
		}
		request.Command, request.Args = line[0], line[1:]
		d := Decide(tree, request)
		if d.Verdict == Unknown {
			proof.Gaps = append(proof.Gaps, Gap{Grant: d.Rule, Reason: "it holds only if " + strings.Join(d.If, ", and if ")})
			continue
		}
		if d.Verdict != Allowed {
			return Proof{Verdict: regular.No, Counterexample: ShellLine(request, NewLine(line[0], line[1:]...)), Request: request, Rule: d.Rule}
		}
		e := &d.Rule.Effective
		switch {
		case e.NotBefore != "" || e.NotAfter != "":
			proof.Gaps = append(proof.Gaps, Gap{Grant: d.Rule, Reason: "it holds for a time only"})
		case len(e.Digests) > 0 || e.Command.Kind == sudoers.CommandAlias && aliasHasDigests(tree, e.Command.Name):
			proof.Gaps = append(proof.Gaps, Gap{Grant: d.Rule, Reason: "it holds for a file with a certain digest only"})
		}
	}
	if len(proof.Gaps) > 0 {
		proof.Verdict = regular.Unknown
	}
	return proof
}

// aliasHasDigests tells whether a command of an alias, or of any other that it may name, has a digest.
func aliasHasDigests(tree *sudoers.Tree, name string) bool {
	return slices.ContainsFunc(tree.Entries, func(e sudoers.Entry) bool {
		def, ok := e.(*sudoers.AliasDef)
		return ok && def.Kind == sudoers.CmndAlias && slices.ContainsFunc(def.Aliases, func(a sudoers.Alias) bool {
			return slices.ContainsFunc(a.Commands, func(c sudoers.CommandMember) bool {
				return len(c.Digests) > 0 && (a.Name == name || nests(tree))
			})
		})
	})
}

// nests tells whether some alias of commands names another.
func nests(tree *sudoers.Tree) bool {
	return slices.ContainsFunc(tree.Entries, func(e sudoers.Entry) bool {
		def, ok := e.(*sudoers.AliasDef)
		return ok && slices.ContainsFunc(def.Aliases, func(a sudoers.Alias) bool {
			return slices.ContainsFunc(a.Commands, func(c sudoers.CommandMember) bool { return c.Command.Kind == sudoers.CommandAlias })
		})
	})
}
