package posture

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// harmlessName is a name that every shell takes as one word with nothing in it that it acts on, and no tool as an
// option. Others gave the names of files and accounts, and people paste remedies into a shell of root.
var harmlessName = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._@+-]*$`)

// harmlessPath is such a name of a file: it starts at the root, so that it is no option either.
var harmlessPath = regexp.MustCompile(`^/[A-Za-z0-9._/@%+-]*$`)

// onFile is the remedy that runs a command on a file. Where the name is not harmless, or somebody else than root can
// put a link in place of the file or of a directory above it, it is no command: it says in words what to do with the
// file that the evidence names.
func (v view) onFile(command, file, words string) string {
	switch {
	case !harmlessPath.MatchString(file):
		return words + " Its name is in the evidence; it has characters that a shell acts on, so do not paste it."
	case v.replaceable(file):
		return words + " Look at it first: others can change a directory on its way, and it can be a link by now."
	}
	return command + " " + file
}

// replaceable tells whether somebody else than root can put something else in the place of a file, or of what is above
// it. A directory that everyone may write lets the owner of a file do so, whether it is sticky or not.
func (v view) replaceable(file string) bool {
	others := func(mode uint64, uid int) bool { return uid != 0 || mode&0o022 != 0 }
	hops, _ := v.way(file)
	for _, h := range hops {
		if h.at != file && h.state.mode != 0 && !h.state.link() && others(h.state.mode, h.state.uid) {
			return true
		}
	}
	for directory := range above(path.Dir(file)) {
		if slices.ContainsFunc(v.places, func(p placed) bool { return p.kind == "d" && p.path == directory && others(p.mode, p.uid) }) {
			return true
		}
	}
	return false
}

// onNames is the remedy that runs a command on names which are no files, each in the place of a %s. Where one is not
// harmless, it is the words alone.
func onNames(command, words string, names ...string) string {
	for _, name := range names {
		if !harmlessName.MatchString(name) {
			return words
		}
		command = strings.Replace(command, "%s", name, 1)
	}
	return command
}

// The remedies of files. chown(1) does not follow a link that somebody puts there in between; the names begin with a
// slash, so that none is an option.
func (v view) takeFile(file string) string {
	return v.onFile("chown -h root --", file, "Give the file or directory to root.")
}

func (v view) closeToGroup(file string) string {
	return v.onFile("chmod g-w --", file, "Take the right to write from the group.")
}

func (v view) closeToOthers(file string) string {
	return v.onFile("chmod o-w --", file, "Take the right to write from all others.")
}

// takeSetID takes some set-id bits from a program, and leaves it those that a package gave it.
func (v view) takeSetID(bits uint64, file string) string {
	who := ""
	if bits&0o4000 != 0 {
		who = "u"
	}
	if bits&0o2000 != 0 {
		who += "g"
	}
	return v.onFile("chmod "+who+"-s --", file, "Take that set-id bit from the program, or remove it.")
}

func (v view) takeCapabilities(file string) string {
	return v.onFile("setcap -r", file, "Take the capabilities from the program, or remove it.")
}
