package lint

// Rule is one thing that is looked for.
type Rule struct {
	// ID is stable; an id is never given to another rule.
	ID string
	// Name is a short name in words joined by '-'.
	Name     string
	Severity Severity
	// Summary says what is found, Why what sudo does with it, in one sentence each.
	Summary string
	Why     string
	// Bad and Good are an example of a finding and of its fix.
	Bad, Good string

	check func(*linter, *Rule)
}

// Catalogue lists all rules in the order of their ids.
func Catalogue() []Rule {
	return append([]Rule(nil), rules...)
}

var rules []Rule

// The checks reach the rules through the linter; setting the table in init keeps
// the compiler from seeing a circle.
func init() {
	rules = []Rule{
		undefinedAlias, unusedAlias, aliasCycle, duplicateAlias,
		hashInArguments, literalQuotes, shellSyntax,
		bareDirectory, relativeCommand, movedProgram, malformedRegex,
		shadowedRule, loneDeny, cancelledDefaults,
		noAuthentication, setenvDefault, setenvTag,
		sudoeditPath, lostNotBefore, unsupportedOption,
		lostPattern, doubleDenial, impossibleTime, unclosedBracket,
		notLookedAt, // last: it says what the others have left out
	}
}
