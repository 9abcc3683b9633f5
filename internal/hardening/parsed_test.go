package hardening

import (
	"maps"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestParsedCache: a tree is parsed once, and again once anything differs that it was made of.
func TestParsedCache(t *testing.T) {
	t.Parallel()
	source := textSource{
		"/etc/sudoers":        "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n@include /etc/extra.%h\n",
		"/etc/sudoers.d/a":    "op ALL=(root) /usr/bin/id\n",
		"/etc/extra.pve1":     "op ALL=(root) /usr/bin/w\n",
		"/etc/elsewhere":      "op ALL=(root) ALL\n",
		"/etc/sudoers.d/sub/": "",
	}
	var cache parsedCache
	parse := func(source textSource, host string, version sudoers.Version) *sudoers.Tree {
		tree, _ := cache.parse("/etc/sudoers", source, host, version)
		return tree
	}
	with := func(name, text string) textSource {
		other := maps.Clone(source)
		other[name] = text
		return other
	}
	first := parse(source, "pve1", sudoers.PVE9)
	if parse(maps.Clone(source), "pve1", sudoers.PVE9) != first || parse(with("/etc/elsewhere", ""), "pve1", sudoers.PVE9) != first {
		t.Error("the same files were parsed again")
	}
	gone := maps.Clone(source)
	delete(gone, "/etc/sudoers.d/a")
	seen := map[*sudoers.Tree]bool{first: true}
	for name, tree := range map[string]*sudoers.Tree{
		"another text": parse(with("/etc/sudoers.d/a", "op ALL=(root) /usr/bin/ls\n"), "pve1", sudoers.PVE9), "another main file": parse(with("/etc/sudoers", "@includedir /etc/sudoers.d\n"), "pve1", sudoers.PVE9),
		"another file": parse(with("/etc/sudoers.d/b", ""), "pve1", sudoers.PVE9), "a file less": parse(gone, "pve1", sudoers.PVE9),
		"another host": parse(source, "pve2", sudoers.PVE9), "another version": parse(source, "pve1", sudoers.PVE8),
	} {
		if seen[tree] {
			t.Errorf("%s: the tree of others", name)
		}
		seen[tree] = true
	}
	for range 2 * mostParsed {
		parse(with("/etc/sudoers.d/a", "# "+string(rune('a'+len(seen)))), "pve1", sudoers.PVE9)
		seen[nil] = true
	}
	if len(cache.kept) > mostParsed {
		t.Errorf("%d trees are kept", len(cache.kept))
	}
}
