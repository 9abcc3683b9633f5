package policy

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// pathLanguage is a set of canonical command paths.
type pathLanguage struct {
	expr regular.Expr
	// certain tells that sudo matches the paths of the set in whatever spelling.
	certain bool
	// strayed tells that it does only where it has looked for the command below another root before.
	strayed bool
	respell respelling
}

// respelling leads from a canonical path to the one that a pattern matches, through the link of a directory.
type respelling struct{ canonical, link string }

func (r respelling) of(path string) string {
	if rest, ok := strings.CutPrefix(path, r.canonical+"/"); ok && r.canonical != "" {
		return r.link + "/" + rest
	}
	return path
}

// Parts of paths that are canonical, and spellings that are not.
var (
	pathSpace    = mustCompile(regular.ERE{Pattern: `^(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))+$`})
	belowRoot    = regular.After(pathSpace, "/")
	fileName     = mustCompile(regular.ERE{Pattern: `^([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)$`})
	visibleName  = mustCompile(regular.ERE{Pattern: `^[^./][^/]*$`})
	roundaboutly = mustCompile(regular.ERE{Pattern: `//|/\.\.?(/|$)`})
)

func mustCompile(s regular.Source) regular.Expr {
	e, err := regular.Compile(s)
	if err != nil {
		panic(err) // a pattern written here
	}
	return e
}

// pathLanguages are the canonical paths that a command stands for. Where they are not all known the reason says why.
func (m *matcher) pathLanguages(c *sudoers.Command) (languages []pathLanguage, reason string) {
	switch {
	case c.Kind == sudoers.CommandPath && throughProcess(c.Name):
		return nil, throughProcessReason
	case c.Kind == sudoers.CommandPath && m.env.detour(c.Name):
		return nil, detourReason
	case c.Kind == sudoers.CommandAll:
		return []pathLanguage{{expr: m.everything(), certain: true}}, ""
	case c.Kind == sudoers.CommandRegex:
		return m.typedLanguages(regular.ERE{Pattern: c.Name})
	case c.Kind == sudoers.CommandPseudo:
		return []pathLanguage{{expr: literal(c.Name), certain: true}}, ""
	case sudoers.HasMeta(c.Name) && m.fastGlob:
		return m.typedLanguages(regular.Glob{Pattern: c.Name, Pathname: true})
	case sudoers.HasMeta(c.Name):
		languages, reason = m.globLanguages(c.Name)
	case strings.HasSuffix(c.Name, "/"):
		languages = []pathLanguage{{expr: join(m.env.canonicalDir(c.Name), fileName), certain: true}}
	default:
		languages = []pathLanguage{{expr: literal(m.env.Canonical(c.Name)), certain: true}}
	}
	if !m.resolves() {
		languages = append(languages, m.linkedLanguages(languages, func(path string) match { return m.pathOf(c, m.patternsOf(c), path) })...)
	}
	return languages, reason
}

// canonicalPaths are the paths of a language that lead through no link of a directory.
func (m *matcher) canonicalPaths(language regular.Expr) (canonical regular.Expr, err error) {
	canonical, err = regular.Both(language, pathSpace, m.budget)
	for _, link := range slices.Sorted(maps.Keys(m.env.Links)) { // in order: witnesses must be the same in every plan
		if err == nil {
			canonical, err = regular.Both(canonical, regular.NotPrefixed(link+"/"), m.budget)
		}
	}
	return canonical, err
}

// everything is what ALL stands for.
func (m *matcher) everything() regular.Expr {
	if m.all == nil {
		paths, err := m.canonicalPaths(pathSpace)
		if err != nil {
			paths = pathSpace // some more, that stand for no file
		}
		all, _ := regular.Alternate(paths, literal("sudoedit"), literal("list"))
		m.all = &all
	}
	return *m.all
}

func literal(text string) regular.Expr { return mustCompile(regular.Literal(text)) }

// join has the paths of files in a directory.
func join(dir string, name regular.Expr) regular.Expr {
	e, err := regular.Concat(regular.Budget{}, literal(strings.TrimSuffix(dir, "/")+"/"), name)
	if err != nil {
		return regular.Empty() // two small patterns
	}
	return e
}

// strayedLanguages are the links of the same name that lead to a file of a command, and the files behind its own links,
// where the rule strays.
func (m *matcher) strayedLanguages(c *sudoers.Command, languages []pathLanguage) []pathLanguage {
	linked := m.linkedLanguages(languages, func(path string) match { return m.strayedPath(c, m.patternsOf(c), path, no) })
	for i := range linked {
		linked[i].strayed = true
	}
	return linked
}

// rootedLanguages are the links of the same name, and the files behind links, that a command looked for below another
// root may be. sudo compares files there.
func (m *matcher) rootedLanguages(c *sudoers.Command, languages []pathLanguage) []pathLanguage {
	return m.linkedLanguages(languages, func(path string) match {
		if mayBeBelow(c, path) {
			return maybe
		}
		return no
	})
}

// linkedLanguages are the links, and the files behind links, that a command matches and that none of its languages has.
// Until 1.9.13 those of the same name do.
func (m *matcher) linkedLanguages(languages []pathLanguage, matchesPath func(string) match) []pathLanguage {
	others := map[string]bool{}
	for link, target := range m.env.Targets {
		others[link], others[target] = true, true
	}
	var linked []pathLanguage
	for _, other := range slices.Sorted(maps.Keys(others)) { // in order: witnesses must be the same in every plan
		known := slices.ContainsFunc(languages, func(l pathLanguage) bool { return l.expr.Contains(other) })
		if matches := matchesPath(other); !known && matches != no {
			linked = append(linked, pathLanguage{expr: literal(other), certain: matches == yes})
		}
	}
	return linked
}

// typedLanguages are the paths of a pattern that sudo compares with the path as it was typed, and since 1.9.14 with the
// canonical one too. Before, or where the version is not known, a denial is got around by another spelling.
func (m *matcher) typedLanguages(pattern regular.Source) (languages []pathLanguage, reason string) {
	if m.budget.Exhausted() {
		return nil, errBudget.Error()
	}
	compiled := compilePattern(pattern)
	typed, err := compiled.expr, compiled.err
	if errors.Is(err, regular.ErrSyntax) {
		return nil, "" // it matches nothing
	}
	if err != nil {
		return nil, "its pattern of paths: " + err.Error()
	}
	if !m.budget.Pay(pattern, typed) {
		return nil, errBudget.Error()
	}
	if around := regular.Disjoint(typed, roundaboutly, m.budget); around.Verdict != regular.Yes {
		reason = `its pattern of paths matches detours such as "/../", and so commands elsewhere`
	}
	if through := regular.Disjoint(typed, processPlaces, m.budget); reason == "" && through.Verdict != regular.Yes {
		reason = throughProcessReason
	}
	canonical, err := m.canonicalPaths(typed)
	if err != nil {
		return nil, "its pattern of paths: " + err.Error()
	}
	languages = append(languages, pathLanguage{expr: canonical, certain: m.resolves() && m.env.Version != sudoers.Version{}})
	for _, link := range slices.Sorted(maps.Keys(m.env.Links)) {
		target := m.env.Links[link]
		below, err := regular.Both(regular.After(typed, link+"/"), belowRoot, m.budget)
		if err != nil {
			return nil, "its pattern of paths: " + err.Error()
		}
		if regular.IsEmpty(below, m.budget).Verdict == regular.Yes {
			continue
		}
		languages = append(languages, pathLanguage{expr: join(target, below), respell: respelling{canonical: target, link: link}})
	}
	return languages, reason
}

// globLanguages are the paths that glob(3) finds, part by part. A part that matches a link stands for what it leads to.
func (m *matcher) globLanguages(pattern string) (languages []pathLanguage, reason string) {
	directory := strings.HasSuffix(pattern, "/")
	parts := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	base := fileName
	if !directory {
		e, err := globPart(parts[len(parts)-1])
		if err != nil {
			return nil, "its pattern of paths: " + err.Error()
		}
		base, parts = e, parts[:len(parts)-1]
	}
	dirs := []regular.Expr{regular.Epsilon()}
	literalDir := "" // the canonical directory so far, while it is one
	isLiteral := true
	var passed []string // links that a pattern matches: no canonical path is below one
	for _, part := range parts {
		switch {
		case isLiteral && !sudoers.HasMeta(part):
			literalDir = strings.TrimSuffix(m.env.canonicalDir(literalDir+"/"+part), "/")
			dirs = []regular.Expr{literal(literalDir)}
			continue
		case part == "." || part == ".." || strings.HasPrefix(part, ".") && sudoers.HasMeta(part):
			return nil, `its pattern of paths can lead through ".."`
		}
		name, err := globPart(part)
		if err != nil {
			return nil, "its pattern of paths: " + err.Error()
		}
		var next []regular.Expr
		for _, dir := range dirs {
			e, err := regular.Concat(m.budget, dir, literal("/"), name)
			if err != nil {
				return nil, "its pattern of paths: " + err.Error()
			}
			next = append(next, e)
			for _, link := range slices.Sorted(maps.Keys(m.env.Links)) {
				target := m.env.Links[link]
				if e.Contains(link) {
					next = append(next, literal(target))
					passed = append(passed, link)
				}
			}
		}
		dirs, isLiteral = next, false
	}
	for _, dir := range dirs {
		e, err := regular.Concat(m.budget, dir, literal("/"), base)
		for _, link := range passed {
			if err == nil {
				e, err = regular.Both(e, regular.NotPrefixed(link+"/"), m.budget)
			}
		}
		if err != nil {
			return nil, "its pattern of paths: " + err.Error()
		}
		languages = append(languages, pathLanguage{expr: e, certain: true})
	}
	return languages, ""
}

// globPart is a part of a pattern between slashes. No file has an empty name.
func globPart(part string) (regular.Expr, error) {
	switch {
	case !sudoers.HasMeta(part):
		return literal(part), nil
	case strings.Trim(part, "*") == "":
		return visibleName, nil
	}
	glob := compilePattern(regular.Glob{Pattern: part, Pathname: true, Period: true})
	return glob.expr, glob.err
}
