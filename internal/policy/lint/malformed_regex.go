package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// malformedRegex is an error of visudo -s, and for expressions of arguments of none (lib/util/regex.c).
var malformedRegex = Rule{
	ID: "PVESEC-S0011", Name: "malformed-regex", Severity: Error,
	Summary: "A regular expression is malformed.",
	Why:     "sudo takes it for one that matches nothing, in allow and in deny rules alike.",
	Bad:     "alice ALL = /usr/bin/systemctl ^status (nginx$",
	Good:    "alice ALL = /usr/bin/systemctl ^status (nginx|haproxy)$",
	check:   patternCheck(sudoers.MalformedPattern),
}

// lostPattern looks for other patterns that nothing matches.
var lostPattern = Rule{
	ID: "PVESEC-S0021", Name: "lost-pattern", Severity: Error,
	Summary: "A pattern of paths or arguments never matches.",
	Why:     "What it should allow is not allowed, and what it should deny is not denied.",
	Bad:     "alice ALL = /usr/bin/x, !/usr/bin/x ^start ^now$",
	Good:    "alice ALL = /usr/bin/x, !/usr/bin/x ^start now$",
	check:   patternCheck(sudoers.LostPattern),
}

// patternCheck reports the patterns that never match for one reason.
func patternCheck(kind sudoers.PatternProblemKind) func(*linter, *Rule) {
	return func(l *linter, r *Rule) {
		for _, problem := range l.patternProblems() {
			if problem.Kind == kind {
				l.report(r, problem.Pos, problem.Msg, problem.Hint)
			}
		}
	}
}

// patternProblems are those of all files, found once.
func (l *linter) patternProblems() []sudoers.PatternProblem {
	if l.patterns == nil {
		l.patterns = []sudoers.PatternProblem{}
		seen := map[*sudoers.File]bool{}
		for _, f := range l.tree.Files {
			if !seen[f] {
				seen[f] = true
				l.patterns = append(l.patterns, sudoers.CheckPatterns(f)...)
			}
		}
	}
	return l.patterns
}
