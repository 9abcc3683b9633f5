package policy

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// hostNames are the names and patterns in lists of hosts, and where each stands.
type hostNames struct {
	short, long []string // those with a dot are compared with the long name
	places      map[string][]int64
	lists       int64
}

// add takes a list up. In one of plain names all say the same, so its names stand at one place.
func (h *hostNames) add(list []sudoers.Member) {
	h.lists++
	plain := !slices.ContainsFunc(list, func(m sudoers.Member) bool {
		return m.Negated || m.Kind != sudoers.MemberWord || sudoers.HasMeta(m.Name)
	})
	for i := range list {
		if list[i].Kind != sudoers.MemberWord && list[i].Kind != sudoers.MemberAlias {
			continue
		}
		name, place := lower(list[i].Name), h.lists<<32
		if !plain {
			place += int64(i) + 1
		}
		if h.places == nil {
			h.places = map[string][]int64{}
		}
		places, known := h.places[name]
		switch {
		case known:
		case strings.Contains(name, "."):
			h.long = append(h.long, name)
		default:
			h.short = append(h.short, name)
		}
		h.places[name] = append(places, place)
	}
}

// about removes the names of all hosts but the one that the question is about.
func (h *hostNames) about(host string) {
	h.short = slices.DeleteFunc(h.short, func(name string) bool { return name != host && !sudoers.HasMeta(name) })
}

// maxNameMatches bounds the globs that names are matched with to see whether rules tell them apart.
const maxNameMatches = 1 << 20

// reduce keeps one of the names that no rule tells apart, where there are many. A pattern of long names can tell any
// two apart, by their domains.
func (h *hostNames) reduce(many int) {
	if len(h.short)+len(h.long) <= many || slices.ContainsFunc(h.long, sudoers.HasMeta) {
		return
	}
	var globs []*textPattern
	for _, name := range h.short {
		if sudoers.HasMeta(name) {
			globs = append(globs, &textPattern{source: regular.Glob{Pattern: name, Fold: true}})
		}
	}
	if len(globs)*(len(h.short)+len(h.long)) > maxNameMatches {
		return
	}
	seen := map[string]bool{}
	known := func(name string) bool {
		if sudoers.HasMeta(name) {
			return false
		}
		key := h.key(nil, name)
		label, _, dotted := strings.Cut(name, ".")
		if dotted {
			key = h.key(append(key, '.'), label)
		}
		for _, glob := range globs {
			key = append(key, byte(glob.matches(label)))
		}
		defer func() { seen[string(key)] = true }()
		return seen[string(key)]
	}
	h.short, h.long = slices.DeleteFunc(h.short, known), slices.DeleteFunc(h.long, known)
}

// key says where a name stands.
func (h *hostNames) key(key []byte, name string) []byte {
	for _, place := range h.places[name] {
		key = binary.LittleEndian.AppendUint64(key, uint64(place))
	}
	return key
}

// lists calls visit for each list of members that a list leads to by aliases, itself first.
func (p *policyClasses) lists(list []sudoers.Member, kind sudoers.AliasKind, visit func([]sudoers.Member)) {
	if len(list) == 0 || p.visited[&list[0]] {
		return
	}
	if p.visited == nil {
		p.visited = map[*sudoers.Member]bool{}
	}
	p.visited[&list[0]] = true
	visit(list)
	for i := range list {
		if list[i].Kind == sudoers.MemberAlias {
			p.lists(p.aliases[aliasKey{kind, list[i].Name}], kind, visit)
		}
	}
}
