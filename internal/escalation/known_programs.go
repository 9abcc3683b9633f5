package escalation

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed known_programs.json
var knownProgramsData embed.FS

// knownUse is what a program without rules of its own is known for.
type knownUse struct {
	class Class
	// interactive programs start a shell, or run what is typed, whatever their arguments.
	interactive bool
}

var programName = regexp.MustCompile(`^[A-Za-z0-9+._-]+$`)

// loadKnownPrograms decodes and checks the list of programs that are known by name.
func (k *knowledge) loadKnownPrograms(data fs.FS) error {
	var list struct {
		Evidence    string             `json:"evidence"`
		Programs    map[Class][]string `json:"programs"`
		Interactive []string           `json:"interactive"`
	}
	if err := decodeFile(data, "known_programs.json", &list); err != nil {
		return err
	}
	k.known = map[string]knownUse{}
	ruled := map[string]bool{}
	for command := range k.byPath {
		ruled[path.Base(command)] = true
	}
	for class, names := range list.Programs {
		if !slices.Contains(classes, class) {
			return fmt.Errorf("known programs: class %q is none", class)
		}
		for _, name := range names {
			if _, twice := k.known[name]; twice || !programName.MatchString(name) || ruled[name] {
				return fmt.Errorf("known program %q is no name, has rules, or comes twice", name)
			}
			k.known[name] = knownUse{class: class, interactive: slices.Contains(list.Interactive, name)}
		}
	}
	for _, name := range list.Interactive {
		if _, known := k.known[name]; !known {
			return fmt.Errorf("interactive program %q is not among the known ones", name)
		}
	}
	return nil
}

// systemDirectories are those in which a name is that of the program that everybody means.
var systemDirectories = []string{"/usr/bin", "/usr/sbin", "/usr/games"}

// variant is the ending of one of several programs of a name, as Debian installs them side by side: python3.11, vim.basic.
var variant = regexp.MustCompile(`(\.(basic|tiny|nox|athena|gtk3?)|[.-]?[0-9]+(\.[0-9]+)*)$`)

// variantsOf are a name, and those of which it may be a variant.
func variantsOf(name string) []string {
	names := []string{name}
	for {
		plain := variant.ReplaceAllString(name, "")
		if plain == name || plain == "" {
			return names
		}
		name = plain
		names = append(names, name)
	}
}

// rulesOf are the rules about a command, or about the program of which it is a variant.
func (k *knowledge) rulesOf(command string) []*CommandRule {
	dir, name := path.Split(command)
	if !slices.Contains(systemDirectories, path.Clean(dir)) || k.harmless[command] {
		return k.byPath[command]
	}
	for _, name := range variantsOf(name) {
		if rules := k.byPath[dir+name]; len(rules) > 0 {
			return rules
		}
	}
	return nil
}

// useOf is what a command is known for by its name.
func (k *knowledge) useOf(command string) (knownUse, bool) {
	dir, name := path.Split(command)
	if !slices.Contains(systemDirectories, path.Clean(dir)) {
		return knownUse{}, false
	}
	for _, name := range variantsOf(name) {
		if use, known := k.known[name]; known {
			return use, true
		}
	}
	return knownUse{}, false
}

// KnownPrograms are the programs without rules of their own of which it is known what they can be made to do, by name. The error can only come from
// broken embedded data.
func KnownPrograms() (map[Class][]string, error) {
	k, err := commandKnowledge()
	if err != nil {
		return nil, err
	}
	programs := map[Class][]string{}
	for _, name := range slices.Sorted(maps.Keys(k.known)) {
		class := k.known[name].class
		programs[class] = append(programs[class], name)
	}
	return programs, nil
}

// uses says what a class of known programs does.
var uses = map[Class]string{
	Shell: "start a shell or run code of the caller's", Command: "run a program of the caller's choice", LibraryLoad: "load code of the caller's choice",
	FileWrite: "write any file", FileRead: "read any file, the keys of root among them",
}

// because says why a known program is a way to root.
func (u knownUse) because() string {
	text := "It is known to " + uses[u.class] + "."
	if u.interactive {
		text = strings.TrimSuffix(text, ".") + ", from within and so with any arguments."
	}
	return text
}
