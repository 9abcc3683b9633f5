package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// HostIndex finds the rules of a policy that can be about one host, so that a policy with many hosts need not be read
// anew for each of them.
type HostIndex struct {
	tree *sudoers.Tree
	// always are the places of entries that count on every host, named those of rules whose hosts are all plain names.
	always []int
	named  map[string][]int
}

// IndexHosts looks through a policy once.
func IndexHosts(tree *sudoers.Tree) *HostIndex {
	x := &HostIndex{tree: tree, named: map[string][]int{}}
	for i, entry := range tree.Entries {
		names, plain := plainHosts(entry)
		if !plain {
			x.always = append(x.always, i)
			continue
		}
		for _, name := range names {
			x.named[name] = append(x.named[name], i)
		}
	}
	return x
}

// plainHosts are the names of the hosts of a rule, if all of them are plain and none is negated.
func plainHosts(entry sudoers.Entry) (names []string, plain bool) {
	spec, ok := entry.(*sudoers.UserSpec)
	if !ok {
		return nil, false
	}
	known := map[string]bool{}
	for i := range spec.Privileges {
		for _, m := range spec.Privileges[i].Hosts {
			if m.Kind != sudoers.MemberWord || m.Negated || slices.ContainsFunc([]byte(m.Name), func(c byte) bool { return c == '*' || c == '?' || c == '[' || c == '\\' }) {
				return nil, false
			}
			if name := lower(m.Name); !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	return names, true
}

// On returns the policy without the rules for other hosts than the request's.
func (x *HostIndex) On(r Request) *sudoers.Tree {
	if len(x.always) == len(x.tree.Entries) {
		return x.tree
	}
	places := slices.Clone(x.always)
	names := []string{lower(r.Host)}
	if r.LongHost != "" {
		names = appendNew(names, lower(r.LongHost))
	}
	for _, name := range names {
		places = append(places, x.named[name]...)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	filtered := *x.tree
	filtered.Entries = make([]sudoers.Entry, len(places))
	for i, place := range places {
		filtered.Entries[i] = x.tree.Entries[place]
	}
	return &filtered
}
