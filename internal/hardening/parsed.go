package hardening

import (
	"slices"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// mostParsed bounds how many trees are kept.
const mostParsed = 96

// parsedTrees are the trees of late: all policies of a node are about one tree, which their refresh and their plan ask
// for again and again.
var parsedTrees parsedCache

// parsedCache keeps trees with all that the source of each said, so that it is known by everything that it depends on.
// A tree is not to be changed.
type parsedCache struct {
	mu   sync.Mutex
	kept []*parsedTree // those used last come first
}

type parsedTree struct {
	root, host string
	version    sudoers.Version
	asked      []asked
	tree       *sudoers.Tree
	problems   sudoers.Errors
}

// asked is a file or a directory that a source was asked for, and what it said.
type asked struct {
	path  string
	dir   bool
	text  string
	names []string
	ok    bool
}

func (a *asked) by(source sudoers.Source) asked {
	now := asked{path: a.path, dir: a.dir}
	if a.dir {
		now.names, now.ok = source.ReadDir(a.path)
		slices.Sort(now.names)
	} else {
		now.text, now.ok = source.ReadFile(a.path)
	}
	return now
}

func (a *asked) same(b *asked) bool {
	return a.ok == b.ok && a.text == b.text && slices.Equal(a.names, b.names)
}

// parseTree is [sudoers.ParseTree] of a source that says the same each time.
func parseTree(root string, source sudoers.Source, host string, version sudoers.Version) (*sudoers.Tree, sudoers.Errors) {
	return parsedTrees.parse(root, source, host, version)
}

func (c *parsedCache) parse(root string, source sudoers.Source, host string, version sudoers.Version) (*sudoers.Tree, sudoers.Errors) {
	c.mu.Lock()
	at := slices.IndexFunc(c.kept, func(p *parsedTree) bool {
		return p.root == root && p.host == host && p.version == version && !slices.ContainsFunc(p.asked, func(a asked) bool {
			now := a.by(source)
			return !a.same(&now)
		})
	})
	if at >= 0 {
		known := c.kept[at]
		c.kept = slices.Insert(slices.Delete(c.kept, at, at+1), 0, known)
		c.mu.Unlock()
		return known.tree, known.problems
	}
	c.mu.Unlock()
	p := &parsedTree{root: root, host: host, version: version}
	recorder := recordingSource{source, p}
	p.tree, p.problems = sudoers.ParseTree(root, recorder, host, version)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = slices.Insert(c.kept[:min(len(c.kept), mostParsed-1)], 0, p)
	return p.tree, p.problems
}

// recordingSource notes what a source says.
type recordingSource struct {
	sudoers.Source
	into *parsedTree
}

// ReadFile gives a file.
func (r recordingSource) ReadFile(path string) (string, bool) {
	said := (&asked{path: path}).by(r.Source)
	r.into.asked = append(r.into.asked, said)
	return said.text, said.ok
}

// ReadDir gives the names of the files in a directory.
func (r recordingSource) ReadDir(dir string) ([]string, bool) {
	said := (&asked{path: dir, dir: true}).by(r.Source)
	r.into.asked = append(r.into.asked, said)
	return slices.Clone(said.names), said.ok
}
