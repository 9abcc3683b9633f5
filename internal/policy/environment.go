package policy

import (
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
	// Exists tells whether an absolute canonical path exists. Nil assumes that
	// every path does.
	Exists func(path string) bool
	// Accounts are the users of the node that a rule may name as target. Of others
	// only the name is known, so that "#uid" and "%group" do not match them.
	Accounts []Subject
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

// Debian is the environment of Debian 12 and 13 and so of Proxmox VE 8 and 9: the
// directories of / and /usr are merged, and every path named is taken to exist.
func Debian(v sudoers.Version) *Environment {
	return &Environment{Version: v, Links: map[string]string{
		"/bin":   "/usr/bin",
		"/sbin":  "/usr/sbin",
		"/lib":   "/usr/lib",
		"/lib32": "/usr/lib32",
		"/lib64": "/usr/lib64",
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
	dir = e.canonicalDir(dir)
	if dir == "/" {
		return "/" + base
	}
	return dir + "/" + base
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

// spellings are the paths under which a command is reached: as given, canonical,
// and through each link that leads to its directory.
func (e *Environment) spellings(path string) []string {
	canonical := e.Canonical(path)
	list := []string{path}
	if canonical != path {
		list = append(list, canonical)
	}
	for link, target := range e.Links {
		if rest, ok := strings.CutPrefix(canonical, target+"/"); ok && link+"/"+rest != path {
			list = append(list, link+"/"+rest)
		}
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
