package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Access is what a policy admits a subject in one class of requests: on one host, as one target, at one time. It is a
// set of command lines, each a path and arguments; the paths are split into classes that the same rules match.
//
// It errs on one side: what it does not admit, sudo does not allow. A rule that holds under a condition which no text
// shows (a digest, a time window if the request names no time) counts where it allows and does not where it denies.
type Access struct {
	Paths    []PathAccess
	Settings Settings // the Defaults in force, those bound to commands left out
	// Gaps are the rules whose command lines are not known. What they allow is not in Paths, so it must not be taken
	// for denied.
	Gaps []Gap
	// Unread are the denials whose command lines are not known. They are left out of Paths, so that these may show more
	// than is allowed.
	Unread      []Gap
	Assumptions []string
	// Denials is how many commands are denied, aliases resolved, those included that nothing is granted of.
	Denials int
}

// Complete tells whether nothing is allowed that Paths do not show.
func (a *Access) Complete() bool { return len(a.Gaps) == 0 }

// Gap is a rule that allows what is not known, or with a nil Grant the whole policy.
type Gap struct {
	Grant  *Grant
	Reason string
}

// PathAccess is what is admitted on the command paths of one class.
type PathAccess struct {
	// Path is the canonical path, "sudoedit" or "list". If the class has several paths it is a shortest one of them.
	Path   string
	Single bool // Path is the only path of the class
	// Rules are those that match the paths of the class, in the order of the policy. The last whose Args have the
	// arguments decides.
	Rules    []AccessRule
	Settings Settings // the Defaults in force, with those bound to the command

	index *ruleIndex
}

// AccessRule is one command of the policy, aliases resolved, that matches the paths of a class.
type AccessRule struct {
	Grant  *Grant
	Denied bool
	Args   regular.Expr // the arguments, in the form of regular.Arguments
	// Certain is false if the rule may not hold where it seems to.
	Certain bool
	// If lists what the rule holds under, where it is not certain: a time window, a digest, the version of sudo.
	If []string
	// Paths says how the command is named.
	Paths PathKind
	// AsTyped tells that sudo runs the path as the caller typed it, though it compared the resolved one.
	AsTyped bool

	respell respelling
	pattern *sudoers.Command
}

// PathKind says how a rule names its command.
type PathKind uint8

// The kinds of paths in rules.
const (
	LiteralPath PathKind = iota // one path, or a pseudo command
	PatternPath                 // a pattern or a directory
	AllPaths                    // ALL
)

func pathKind(c *sudoers.Command) PathKind {
	switch {
	case c.Kind == sudoers.CommandAll:
		return AllPaths
	case c.Kind == sudoers.CommandRegex || c.Kind == sudoers.CommandPath && (sudoers.HasMeta(c.Name) || c.Name[len(c.Name)-1] == '/'):
		return PatternPath
	}
	return LiteralPath
}

// counts tells whether a rule is looked at: a denial that may not hold is not.
func (r *AccessRule) counts() bool { return r.Certain || !r.Denied }

// Allowed are the arguments that are allowed.
func (p *PathAccess) Allowed() regular.Language {
	from := max(0, p.indexed().lastOfAll)
	rules := make([]regular.Rule, 0, len(p.Rules)-from)
	for i := from; i < len(p.Rules); i++ {
		if r := &p.Rules[i]; r.counts() {
			rules = append(rules, regular.Rule{Allow: !r.Denied, Match: r.Args})
		}
	}
	return regular.Prioritised(rules)
}

// AllowedBy are the arguments that one rule allows and no later one decides.
func (p *PathAccess) AllowedBy(rule int, budget regular.Budget) regular.Language {
	of := &p.Rules[rule]
	if of.Denied || p.indexed().lastOfAll > rule {
		return regular.Union()
	}
	rules := []regular.Rule{{Allow: true, Match: of.Args}}
	for _, i := range p.alike(rule) {
		// Rules about other arguments are left out, since every pattern costs.
		if r := &p.Rules[i]; regular.MayMeet(r.Args, of.Args, budget) {
			rules = append(rules, regular.Rule{Match: r.Args})
		}
	}
	if len(rules) == 1 {
		return of.Args
	}
	return regular.Prioritised(rules)
}

// Withheld are the arguments that rules allow and denials take away again. What only may be denied is not among them.
func (p *PathAccess) Withheld() regular.Language {
	var granted []regular.Language
	for i := range p.Rules {
		if r := &p.Rules[i]; !r.Denied {
			granted = append(granted, r.Args)
		}
	}
	return regular.Difference(regular.Union(granted...), p.Allowed())
}

// Deciding is the rule that decides about arguments, nil if there is none.
func (p *PathAccess) Deciding(args string) *AccessRule {
	if i := p.indexed().deciding(p.Rules, args); i >= 0 {
		return &p.Rules[i]
	}
	return nil
}

// Line is a command line of the class with these arguments, in the form of regular.Arguments, as it must be written for
// the rule that decides to match: a pattern of paths may ask for /bin/x where the canonical path is /usr/bin/x.
func (p *PathAccess) Line(args string) Line {
	path := p.Path
	if r := p.Deciding(args); r != nil {
		path = r.respell.of(path)
	}
	return NewLine(path, regular.SplitArguments(args)...)
}

// Admits returns the command lines that a policy admits for one user, host, target and time. It uses all of the request
// but Command and Args. Each of the given canonical paths that a rule matches gets its own class. The budget limits the
// work of splitting the paths.
func Admits(tree *sudoers.Tree, r Request, paths []string, budget regular.Budget) *Access {
	b := newAccessBuilder(tree, r, budget)
	b.collect()
	for _, class := range splitPaths([]*accessBuilder{b}, paths, budget) {
		if p := class[0]; p.allows() {
			b.access.Paths = append(b.access.Paths, p)
		}
	}
	return b.access
}

// accessBuilder collects the rules of a policy as patterns of paths and of arguments.
type accessBuilder struct {
	tree    *sudoers.Tree
	request Request
	c       *Compiled
	m       *matcher
	access  *Access
	paths   []regular.Expr
	rules   []AccessRule
	all     bool // some rule matches every command
	chosen  *bool
	// Patterns of arguments and grants are shared: policies repeat them.
	arguments map[string]compiledArgs
	budget    regular.Budget
	grants    map[*sudoers.UserSpec][]Grant
}

type compiledArgs struct {
	expr regular.Expr
	err  error
}

func newAccessBuilder(tree *sudoers.Tree, r Request, budget regular.Budget) *accessBuilder {
	b := &accessBuilder{
		tree: tree, request: r, c: Compile(tree, r), access: &Access{},
		arguments: map[string]compiledArgs{}, grants: map[*sudoers.UserSpec][]Grant{}, budget: budget,
	}
	b.request.Command, b.request.Args = "", nil
	b.m = newMatcher(tree, r.Env)
	b.m.budget = budget
	b.m.prepare(&b.request)
	b.access.Settings = b.m.settings(tree, &b.request)
	b.access.Assumptions = b.m.assumptions(tree, &b.request)
	return b
}

// collect adds the rules of the policy.
func (b *accessBuilder) collect() {
	if b.c.walk {
		b.gap(nil, "Defaults bound to commands change how its rules match, or its aliases are nested too deep")
		return
	}
	b.rules, b.paths = make([]AccessRule, 0, len(b.c.patterns)), make([]regular.Expr, 0, len(b.c.patterns))
	for i := range b.c.patterns {
		b.add(&b.c.patterns[i])
	}
}

func (b *accessBuilder) gap(g *Grant, reason string) {
	b.access.Gaps = append(b.access.Gaps, Gap{Grant: g, Reason: reason})
}

// grant is the grant that a pattern comes from.
func (b *accessBuilder) grant(p *pattern) *Grant {
	list, known := b.grants[p.spec]
	if !known {
		list = b.m.grants(p.spec, b.c.request.Subject)
		b.grants[p.spec] = list
	}
	return &list[grantIndex(p.spec, p.privilege, p.ordinal)]
}

// add adds one command. One whose language is not known is a gap if it allows; if it denies it is left out, and noted.
func (b *accessBuilder) add(p *pattern) {
	if p.denied {
		b.access.Denials++
	}
	grant := b.grant(p)
	missing := func(reason string, all bool) {
		switch {
		case !p.denied:
			b.gap(grant, reason)
		case all:
			b.access.Unread = append(b.access.Unread, Gap{Grant: grant, Reason: reason})
		}
	}
	if p.doubtful {
		missing("its pattern of hosts cannot be decided", true)
		return
	}
	args, err := b.args(p.command)
	if errors.Is(err, regular.ErrSyntax) {
		return // sudo refuses to compile it, and it matches nothing
	}
	if err != nil {
		missing("its pattern of arguments: "+err.Error(), true)
		return
	}
	paths, reason := b.m.pathLanguages(p.command)
	if reason != "" {
		missing(reason, len(paths) == 0)
	}
	var conditions []string
	if window := windowCondition(&grant.Effective); b.c.request.Time.IsZero() && window != "" {
		conditions = append(conditions, window)
	}
	if len(p.digests) > 0 {
		conditions = append(conditions, fmt.Sprintf("the file has the digest %v", p.digests))
	}
	if p.root != "" {
		conditions = append(conditions, b.m.condition(p.root, p.command))
	}
	if p.denied && p.root == "" && p.strayed {
		conditions = append(conditions, strayedCondition(textOf(p.command)))
	}
	if p.denied && b.callersRoot() {
		conditions = appendNew(slices.Clone(conditions), b.m.condition("*", p.command))
	}
	if b.m.locale != "" && mayReadOtherwise(p.command, b.m.locale) {
		missing("its pattern is read in the locale "+b.m.locale+", in which one character may be several bytes, and a byte none", false)
		conditions = append(conditions, b.m.condition("", p.command))
	}
	switch {
	case p.root != "":
		paths = append(paths, b.m.rootedLanguages(p.command, paths)...)
	case p.strayed:
		paths = append(paths, b.m.strayedLanguages(p.command, paths)...)
	}
	for _, path := range paths {
		b.paths = append(b.paths, path.expr)
		conditions := conditions
		if path.strayed {
			conditions = appendNew(slices.Clone(conditions), strayedCondition(textOf(p.command)))
		}
		if p.denied && !path.certain {
			// Before sudo 1.9.14 another spelling gets around it.
			conditions = append(slices.Clone(conditions), "sudo compares resolved paths")
		}
		b.rules = append(b.rules, AccessRule{
			Grant: grant, Denied: p.denied, Args: args, respell: path.respell, If: conditions,
			Certain: path.certain && len(conditions) == 0,
			Paths:   pathKind(p.command), pattern: p.command, AsTyped: !p.denied && b.runsAsTyped(p),
		})
	}
	b.all = b.all || p.command.Kind == sudoers.CommandAll
}

// callersRoot tells whether the caller may choose a root directory with -R, in which sudo then looks for the files of
// every rule.
func (b *accessBuilder) callersRoot() bool {
	if b.chosen == nil {
		chosen := b.m.runchroot == "*" || slices.ContainsFunc(b.c.patterns, func(p pattern) bool { return p.root == "*" && !p.denied })
		b.chosen = &chosen
	}
	return *b.chosen
}

// args is the language of a command's arguments (match_command.c, command_args_match).
func (b *accessBuilder) args(c *sudoers.Command) (regular.Expr, error) {
	if !c.HasArgs {
		return regular.AnyArguments(), nil
	}
	if c.Args == `""` {
		return regular.NoArguments(), nil
	}
	pathname := c.Name == "sudoedit"
	key := c.Args
	if pathname {
		key = "sudoedit " + key
	}
	known, ok := b.arguments[key]
	if ok {
		return known.expr, known.err
	}
	source := joined{argsSource(c.Args, pathname)}
	if e, paid := b.budget.Paid(source); paid {
		known.expr = e
	} else {
		if b.budget.Exhausted() {
			return regular.Expr{}, errBudget
		}
		if known.expr, known.err = argsLanguage(c.Args, pathname); known.err == nil && !b.budget.Pay(source, known.expr) {
			known.err = errBudget
		}
	}
	b.arguments[key] = known
	return known.expr, known.err
}

// joined is a pattern of arguments as it is paid for: in the form of regular.Arguments.
type joined struct{ regular.Source }

var errBudget = errors.New("the policy has more patterns than the budget allows")

func argsLanguage(pattern string, pathname bool) (regular.Expr, error) {
	joined := compilePattern(argsSource(pattern, pathname))
	if joined.err != nil {
		return regular.Expr{}, joined.err
	}
	return joined.arguments()
}

// splitPaths makes the classes of paths that the rules of several policies tell apart. For each class it gives what
// each policy admits there, in their order.
func splitPaths(builders []*accessBuilder, literals []string, budget regular.Budget) [][]PathAccess {
	var patterns []regular.Expr
	var of []int // the policy of each rule
	var rules []AccessRule
	all := false
	for i, b := range builders {
		patterns = append(patterns, b.paths...)
		rules = append(rules, b.rules...)
		for range b.rules {
			of = append(of, i)
		}
		all = all || b.all
	}
	if all {
		literals = append(slices.Clone(literals), "sudoedit", "list")
	}
	for _, path := range literals {
		if e, err := regular.Compile(regular.Literal(path)); err == nil {
			patterns = append(patterns, e)
		}
	}
	classes, complete := regular.Partition(patterns, budget)
	split := make([][]PathAccess, len(classes))
	for i, class := range classes {
		split[i] = make([]PathAccess, len(builders))
		for j, b := range builders {
			split[i][j] = PathAccess{Path: class.Witness, Single: class.Single, Settings: b.access.Settings, index: &ruleIndex{}}
		}
		for _, member := range class.Members {
			if member < len(rules) {
				p := &split[i][of[member]]
				p.Rules = append(p.Rules, rules[member])
			}
		}
	}
	for j, b := range builders {
		if !complete {
			b.gap(nil, "it has too many patterns of command paths")
		}
		if b.bindsToCommands() {
			for i := range split {
				if !b.budget.Spend(2 * len(b.tree.Entries)) { // a step for each entry, and a map of what holds
					b.gap(nil, "which options hold for its commands takes more work than the budget allows")
					break
				}
				split[i][j].Settings = b.settings(split[i][j].Path)
			}
		}
	}
	return split
}

// bindsToCommands tells whether options depend on the command.
func (b *accessBuilder) bindsToCommands() bool {
	return slices.ContainsFunc(b.tree.Entries, func(e sudoers.Entry) bool {
		d, ok := e.(*sudoers.Defaults)
		return ok && d.Scope == sudoers.ScopeCommand
	})
}

// settings are the Defaults in force for a command.
func (b *accessBuilder) settings(path string) Settings {
	b.m.prepare(&b.request)
	b.m.line = commandLine{path: path}
	return b.m.settings(b.tree, &b.request)
}

// allows tells whether any rule allows something.
func (p *PathAccess) allows() bool {
	return slices.ContainsFunc(p.Rules, func(r AccessRule) bool { return !r.Denied })
}
