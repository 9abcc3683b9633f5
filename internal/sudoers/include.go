package sudoers

import (
	"sort"
	"strings"
)

// maxIncludeDepth is how deep includes nest. sudo looks at its own limit of 128 only when its stack has to grow, by 16
// files at a time (toke.l, push_include_int): the sudo of Debian 12 and 13 reads 144.
const maxIncludeDepth = 144

// DefaultRoot is where sudo begins to read.
const DefaultRoot = "/etc/sudoers"

// Source gives the files of a node, without a file system.
type Source interface {
	// ReadFile gives the text of a regular file.
	ReadFile(path string) (text string, ok bool)
	// ReadDir gives the names of the regular files in a directory, in any order.
	ReadDir(dir string) (names []string, ok bool)
}

// Tree is a policy with all that it includes.
type Tree struct {
	Root string
	// Files in the order in which they were begun. A file included twice is here
	// twice.
	Files []*File
	// Entries of all files in the order in which sudo reads them. An include
	// stands before what it brings in.
	Entries []Entry
	// Missing are the files and directories that the source did not have. A
	// caller may fetch them and parse again; a missing directory is no error.
	Missing []string
	// Unread is set where files include each other so often that not all of it was read. What the rest says is not
	// known.
	Unread bool
}

// File gives the first file with the name, nil if there is none.
func (t *Tree) File(name string) *File {
	for _, f := range t.Files {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// TreeOf makes a tree of files that were parsed one by one and stand in this order.
// Their includes are not followed. An alias that two of them define is there twice.
func TreeOf(files ...*File) *Tree {
	t := &Tree{Files: files}
	for i, f := range files {
		if i == 0 {
			t.Root = f.Name
		}
		t.Entries = append(t.Entries, f.Entries...)
	}
	return t
}

// ParseTree reads root and everything that it includes. Host is the short name
// of the node, which replaces %h in includes. Aliases are known in the whole tree,
// wherever they are defined. The errors are in the order of reading.
func ParseTree(root string, src Source, host string, v Version) (*Tree, Errors) {
	r := &treeReader{seen: map[string]bool{}, src: src, host: host, version: v, aliases: aliasTable{}, tree: &Tree{Root: root}}
	if !r.read(root, 0) {
		r.tree.Missing = append(r.tree.Missing, root)
		r.errs = append(r.errs, &Error{Pos: Pos{File: root, Line: 1, Col: 1}, Msg: "no such file", Hint: "create " + root})
	}
	return r.tree, r.errs
}

// What is read of files that were read already. sudo has no such bound: two files that include each other twice are
// 2^128 files to it, and none of its answers ever comes.
const (
	maxAgain  = 4 << 20 // bytes
	fileAgain = 1 << 10 // bytes that each counts for at least
)

type treeReader struct {
	seen    map[string]bool
	again   int
	src     Source
	host    string
	version Version
	aliases aliasTable
	tree    *Tree
	errs    Errors
}

// read parses one file in its place. It gives false if the source lacks it.
func (r *treeReader) read(name string, depth int) bool {
	text, ok := r.src.ReadFile(name)
	if !ok {
		return false
	}
	if r.seen[name] {
		r.again += fileAgain + len(text)
	}
	r.seen[name] = true
	p := newParser(name, text, r.version, r.aliases)
	r.tree.Files = append(r.tree.Files, p.file)
	entries, errs := 0, 0
	flush := func() {
		r.tree.Entries = append(r.tree.Entries, p.file.Entries[entries:]...)
		entries = len(p.file.Entries)
		own := append(Errors(nil), p.errs[errs:]...)
		own.sortByPos()
		r.errs = append(r.errs, own...)
		errs = len(p.errs)
	}
	p.parse(func(inc *Include) {
		flush()
		r.include(name, inc, depth)
	})
	flush()
	return true
}

func (r *treeReader) include(from string, inc *Include, depth int) {
	if depth >= maxIncludeDepth {
		r.errs = append(r.errs, &Error{Pos: inc.At, Msg: inc.Path + ": too many levels of includes", Hint: "remove the include that leads back to this file"})
		return
	}
	if r.full(inc) {
		return
	}
	target := ResolveInclude(from, inc.Path, r.host, r.version)
	if !inc.Dir {
		if target == "" || !r.read(target, depth+1) {
			r.tree.Missing = appendOnce(r.tree.Missing, target)
			r.errs = append(r.errs, &Error{Pos: inc.At, Msg: "unable to open " + target, Hint: "create the file, or remove the @include"})
		}
		return
	}
	names, ok := r.src.ReadDir(target)
	if !ok {
		r.tree.Missing = appendOnce(r.tree.Missing, target)
		return
	}
	names = append([]string(nil), names...)
	sort.Strings(names)
	for _, n := range names {
		if !IncludedName(n) {
			continue
		}
		if r.full(inc) {
			return
		}
		file := strings.TrimSuffix(target, "/") + "/" + n
		if !r.read(file, depth+1) {
			r.tree.Missing = appendOnce(r.tree.Missing, file)
		}
	}
}

// full tells whether as much has been read as may be. The first include that is not followed is an error.
func (r *treeReader) full(inc *Include) bool {
	if r.again < maxAgain {
		return false
	}
	if !r.tree.Unread {
		r.tree.Unread = true
		r.errs = append(r.errs, &Error{Pos: inc.At, Msg: inc.Path + ": too many files are included", Hint: "remove includes that lead back to a file that was read already"})
	}
	return true
}

func appendOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// IncludedName tells whether @includedir reads a file of this name: names with a
// '.' and names that end in '~' are passed over (toke.l, read_dir_files).
func IncludedName(name string) bool {
	return name != "" && !strings.Contains(name, ".") && !strings.HasSuffix(name, "~") && !strings.Contains(name, "/")
}

// ResolveInclude gives the path that an include in a file means: %h is the short
// host name, a relative name is beside the including file (toke.l,
// expand_include).
func ResolveInclude(from, name, host string, v Version) string {
	if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
		name = name[1 : len(name)-1]
	}
	if name == "" {
		return ""
	}
	if v.has(1, 9, 15) {
		host = strings.ReplaceAll(host, "/", "_")
	}
	expanded := strings.ReplaceAll(name, "%h", host)
	if name[0] == '/' {
		return expanded
	}
	return from[:strings.LastIndexByte(from, '/')+1] + expanded
}

// Includes lists the paths that a file includes, in order, for a caller that
// fetches them one by one.
func Includes(f *File, host string, v Version) (files, dirs []string) {
	for _, e := range f.Entries {
		inc, ok := e.(*Include)
		if !ok {
			continue
		}
		target := ResolveInclude(f.Name, inc.Path, host, v)
		if inc.Dir {
			dirs = append(dirs, target)
		} else {
			files = append(files, target)
		}
	}
	return files, dirs
}
