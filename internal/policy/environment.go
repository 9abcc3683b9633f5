package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Environment is what sudo would ask the node about.
type Environment struct {
	// Version of sudo, zero for the newest.
	Version sudoers.Version
	// Links are the symbolic links between directories, as absolute paths without
	// a slash at the end: "/bin" to "/usr/bin".
	Links map[string]string
	// Directories are known to be no links, beside those of Debian. Where ".." behind another one leads is not known.
	Directories []string
	// Targets are symbolic links to files: their canonical path to the canonical path
	// of the file they lead to. Until 1.9.13 sudo compares the files behind links.
	Targets map[string]string
	// Exists tells whether an absolute canonical path exists. Nil assumes that
	// every path does.
	Exists func(path string) bool
	// Accounts are the users of the node that a rule may name as target. Of others
	// only the name is known, so that "#uid" and "%group" do not match them.
	Accounts []Subject
}

// forgetsNotBefore tells versions in which NOTAFTER makes sudo forget NOTBEFORE
// (lookup.c of 1.9.15 to 1.9.17). sudo -l of the same versions does not.
func (e *Environment) forgetsNotBefore() bool {
	return e.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 15}) &&
		!e.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 18})
}

// account finds a user by name; root is known everywhere.
func (e *Environment) account(name string) Subject {
	for _, a := range e.Accounts {
		if a.Name == name {
			return a
		}
	}
	s := Subject{Name: name}
	if name == "root" {
		uid := 0
		s.UID, s.Groups, s.GIDs = &uid, []string{"root"}, []int{0}
	}
	return s
}

// groupID is the id of a group, nil if it is not known. Accounts list the names and ids of their groups in the same
// order.
func (e *Environment) groupID(name string) *int {
	for _, a := range e.Accounts {
		if i := slices.Index(a.Groups, name); i >= 0 && len(a.Groups) == len(a.GIDs) {
			return &a.GIDs[i]
		}
	}
	if name == "root" {
		return new(int)
	}
	return nil
}

// mayHave tells whether an account may exist: where none is known every one may.
func (e *Environment) mayHave(name string) bool {
	return len(e.Accounts) == 0 || name == "root" || strings.HasPrefix(name, "#") || slices.ContainsFunc(e.Accounts, func(a Subject) bool { return a.Name == name })
}

// Debian is the environment of Debian 12 and 13 and so of Proxmox VE 8 and 9: the
// directories of / and /usr are merged, packages ship some links of commands, and every path named is taken to exist.
func Debian(v sudoers.Version) *Environment {
	return &Environment{Version: v, Targets: debianTargets(), Links: map[string]string{
		"/bin":   "/usr/bin",
		"/sbin":  "/usr/sbin",
		"/lib":   "/usr/lib",
		"/lib32": "/usr/lib32",
		"/lib64": "/usr/lib64",
		// base-files ships these two.
		"/var/run":  "/run",
		"/var/lock": "/run/lock",
	}}
}

// exists asks about a path in any spelling.
func (e *Environment) exists(path string) bool {
	return e.Exists == nil || e.Exists(e.Canonical(path))
}

// Canonical resolves ".", "..", doubled slashes and the links of directories in an
// absolute path. The last element is not resolved: sudo compares base names.
func (e *Environment) Canonical(path string) string {
	dir, base := split(path)
	if e.isCanonical(dir) && (dir != "/" || len(path) == len(base)+1) {
		return path
	}
	dir = e.canonicalDir(dir)
	if dir == "/" {
		return "/" + base
	}
	return dir + "/" + base
}

// isCanonical tells directories that Canonical would not change, without building
// anything.
func (e *Environment) isCanonical(dir string) bool {
	if dir == "/" {
		return true
	}
	if dir == "" || dir[0] != '/' {
		return false
	}
	for i := 0; i < len(dir); i++ {
		if dir[i] != '/' {
			continue
		}
		name := dir[i+1:]
		if j := strings.IndexByte(name, '/'); j >= 0 {
			name = name[:j]
		}
		if name == "" || name == "." || name == ".." {
			return false
		}
		if _, link := e.Links[dir[:i+1+len(name)]]; link {
			return false
		}
	}
	return true
}

// same tells whether two paths are one command to sudo (match_command.c,
// command_matches_normal): the base names are equal, and so are since 1.9.14 the
// resolved directories, before that the files themselves.
func (e *Environment) same(a, b string) bool {
	a, b = e.Canonical(a), e.Canonical(b)
	if a == b {
		return true
	}
	if len(e.Targets) == 0 || e.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14}) {
		return false
	}
	_, baseA := split(a)
	_, baseB := split(b)
	return baseA == baseB && e.target(a) == e.target(b)
}

// target follows the links of a file.
func (e *Environment) target(path string) string {
	const maxLinks = 40
	for range maxLinks {
		next, ok := e.Targets[path]
		if !ok {
			break
		}
		path = next
	}
	return path
}

// canonicalDir resolves a directory as realpath(3) would with these links. Links
// that lead in a circle are followed only so often.
func (e *Environment) canonicalDir(dir string) string {
	const maxLinks = 40
	links := 0
	var out string
	rest := dir
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		switch name {
		case "", ".":
			continue
		case "..":
			out = out[:max(0, strings.LastIndexByte(out, '/'))]
			continue
		}
		out += "/" + name
		if target, ok := e.Links[out]; ok && links < maxLinks {
			links++
			out, rest = "", target+"/"+rest
		}
	}
	if out == "" {
		return "/"
	}
	return out
}

// places are the resolved directories in which a command is to be looked for under
// its base name: its own, and until 1.9.13 those in which a link of the same name
// leads to the same file, or the file itself has the name.
func (e *Environment) places(path string) []string {
	dir, _ := split(e.Canonical(path))
	list := []string{dir}
	if e.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14}) {
		return list
	}
	for _, other := range e.linked(path) {
		dir, _ := split(other)
		list = append(list, dir)
	}
	return list
}

// linked are the other canonical paths of the same base name that lead to the same file.
func (e *Environment) linked(path string) []string {
	if len(e.Targets) == 0 {
		return nil
	}
	var list []string
	canonical := e.Canonical(path)
	_, base := split(canonical)
	file := e.target(canonical)
	for link := range e.Targets {
		if strings.HasSuffix(link, "/"+base) && link != canonical && e.target(link) == file {
			list = append(list, link)
		}
	}
	if strings.HasSuffix(file, "/"+base) && file != canonical {
		list = append(list, file)
	}
	return list
}

// split cuts a path at its last slash.
func split(path string) (dir, base string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	if i == 0 {
		return "/", path[1:]
	}
	return path[:i], path[i+1:]
}
