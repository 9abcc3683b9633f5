package escalation

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// meeting is a rule on its way to being met: what its needs rest on, and what the words in capitals stand for.
type meeting struct {
	held  Held
	rule  *PrivilegeRule
	given bool // what the holder can give itself counts

	met   []choice
	names map[string]string
}

// choice is what a need rests on.
type choice struct {
	need    *Need
	pattern string
	hold    Hold
	given   bool // the holder gives itself the privilege from there
}

// meet reports whether the holder has everything that a rule needs, or can give it to itself if given is set. Words in
// capitals have to stand for the same name in all needs.
func (h Held) meet(rule PrivilegeRule, given bool) (Finding, bool) {
	m := meeting{held: h, rule: &rule, given: given, names: map[string]string{}}
	if !m.from(0) {
		return Finding{}, false
	}
	return m.finding(), true
}

// from tries to meet the needs from one on, the ways that take no step first.
func (m *meeting) from(at int) bool {
	if at == len(m.rule.Needs) {
		return true
	}
	need := &m.rule.Needs[at]
	ways := []bool{false}
	if m.given {
		ways = append(ways, true)
	}
	for _, given := range ways {
		for _, pattern := range need.On {
			for _, place := range m.held.places(pattern) {
				hold, found := m.held.rests(need, place.path, given)
				if found && m.meets(choice{need, pattern, hold, given}, place, at) {
					return true
				}
			}
		}
	}
	return false
}

// meets takes a choice if its names and its group are right and the further needs can be met with it.
func (m *meeting) meets(c choice, p place, at int) bool {
	names := maps.Clone(m.names)
	if p.word != "" && p.name != "" {
		if other, bound := names[p.word]; bound && other != p.name {
			return false
		}
		names[p.word] = p.name
	}
	member, met := m.held.asks(*c.need, p.name)
	if !met || c.need.ofGroup() && p.name == "" {
		return false
	}
	if member != "" {
		names["MEMBER"] = member
	}
	before := m.names
	m.names, m.met = names, append(m.met, c)
	if m.from(at + 1) {
		return true
	}
	m.names, m.met = before, m.met[:len(m.met)-1]
	return false
}

// place is a path that a pattern stands for: one with entries of the holder and its name, or "*" for any other.
type place struct{ path, word, name string }

// places are the paths that a pattern stands for.
func (h Held) places(pattern string) []place {
	end := strings.LastIndexByte(pattern, '/') + 1
	word := pattern[end:]
	if word == "" || strings.ToUpper(word) != word {
		return []place{{path: pattern}}
	}
	all := []place{{pattern[:end] + "*", word, ""}}
	for _, path := range slices.Sorted(slices.Values(h.Paths)) {
		name, below := strings.CutPrefix(path, pattern[:end])
		if below && name != "" && (!strings.Contains(name, "/") || pattern[:end] == "/pool/") { // a pool may contain pools
			all = append(all, place{path, word, name})
		}
	}
	return all
}

// rests is where a need is met on a path: the privilege is held there, or, with given, the one to give it is held
// there or above.
func (h Held) rests(need *Need, path string, given bool) (Hold, bool) {
	privilege, has := need.Privilege, h.Has
	if given {
		privilege = modifies
	} else if need.Apart && h.Apart != nil {
		has = h.Apart
	}
	if has(path, privilege) {
		// What is held on any name is told of the path above, where the entry is.
		for strings.HasSuffix(path, "/*") && has(parent(path), privilege) {
			path = parent(path)
		}
		return Hold{privilege, path}, true
	}
	if above := h.above(path, privilege); given && above != "" {
		return Hold{privilege, above}, true
	}
	return Hold{}, false
}

// above is the nearest path above another one on which a privilege is held, "" for none. A role that the holder gives
// itself there holds below it, whether its own right to give roles does or not.
func (h Held) above(path, privilege string) string {
	for above := parent(path); above != ""; above = parent(above) {
		if h.Has(above, privilege) {
			return above
		}
	}
	return ""
}

// parent is the path above another one, "" above the root.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	} else if path != "/" {
		return "/"
	}
	return ""
}

// finding tells what was met.
func (m *meeting) finding() Finding {
	f := Finding{ID: m.rule.ID, Severity: m.rule.Severity, Why: m.rule.Why, Witness: m.rule.Witness, Fix: m.rule.Fix}
	m.names["PATH"] = m.met[0].hold.Path
	for _, c := range m.met {
		if instead := m.rule.Instead[c.need.Privilege+" on "+c.pattern]; instead != "" {
			f.Witness = instead
		}
	}
	for _, c := range m.met {
		known := slices.Contains(f.Holds, c.hold)
		if !known {
			f.Holds = append(f.Holds, c.hold)
		}
		if c.given && !known {
			f.Why = "With " + c.hold.String() + ", a user can give itself " + c.need.Privilege + " there. " + f.Why
			f.Witness = "pvesh set /access/acl --path " + c.hold.Path + " --roles Administrator --users SELF; " + f.Witness
			f.Fix = "Do not grant " + c.hold.String() + ". " + f.Fix
		}
	}
	if user, _, token := strings.Cut(m.held.Token, "!"); token { // both have to have a right
		f.Witness = strings.ReplaceAll(f.Witness, "--users SELF", "--users "+user+" --tokens "+m.held.Token)
	}
	f.Witness = inCapitals.ReplaceAllStringFunc(f.Witness, func(word string) string {
		if name := m.names[word]; name != "" {
			return name
		}
		return word
	})
	return f
}

var inCapitals = regexp.MustCompile(`\b[A-Z]{2,}\b`)
