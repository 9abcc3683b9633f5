package posture

import (
	"regexp"
	"strings"
)

// harmlessName is a name that every shell takes as one word with nothing in it that it acts on, and no tool as an option. Others gave the names of files and accounts, and
// people paste remedies into a shell of root.
var harmlessName = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._@+-]*$`)

// harmlessPath is such a name of a file: it starts at the root, so that it is no option either.
var harmlessPath = regexp.MustCompile(`^/[A-Za-z0-9._/@%+-]*$`)

// onFile is the remedy that runs a command on a file. Where the name is not harmless, it is no command: it says in words what to do with the file that the evidence names.
func onFile(command, file, words string) string {
	if harmlessPath.MatchString(file) {
		return command + " " + file
	}
	return words + " Its name is in the evidence; it has characters that a shell acts on, so do not paste it."
}

// onNames is the remedy that runs a command on names which are no files, each in the place of a %s. Where one is not harmless, it is the words alone.
func onNames(command, words string, names ...string) string {
	for _, name := range names {
		if !harmlessName.MatchString(name) {
			return words
		}
		command = strings.Replace(command, "%s", name, 1)
	}
	return command
}

// The remedies of files. chown(1) does not follow a link that somebody puts there in between; the names begin with a slash, so that none is an option.
func takeFile(file string) string {
	return onFile("chown -h root --", file, "Give the file or directory to root.")
}

func closeToGroup(file string) string {
	return onFile("chmod g-w --", file, "Take the right to write from the group.")
}

func closeToOthers(file string) string {
	return onFile("chmod o-w --", file, "Take the right to write from all others.")
}

// takeSetID takes some set-id bits from a program, and leaves it those that a package gave it.
func takeSetID(bits uint64, file string) string {
	who := ""
	if bits&0o4000 != 0 {
		who = "u"
	}
	if bits&0o2000 != 0 {
		who += "g"
	}
	return onFile("chmod "+who+"-s --", file, "Take that set-id bit from the program, or remove it.")
}

func takeCapabilities(file string) string {
	return onFile("setcap -r", file, "Take the capabilities from the program, or remove it.")
}
