package posture

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// fileState is the state of a file or directory.
type fileState struct {
	mode     uint64 // of stat(2), with the type
	uid, gid int
	target   string // of a link
	absent   bool   // the node told that it is not there
	failed   string // why the node could not look at it
}

func (s fileState) kind() uint64    { return s.mode & 0o170000 }
func (s fileState) directory() bool { return s.kind() == 0o040000 }
func (s fileState) link() bool      { return s.kind() == 0o120000 }
func (s fileState) regular() bool   { return s.kind() == 0o100000 }

// readStates reads the records "MODE UID GID PATH", NUL, target or reason, NUL.
func (n *Node) readStates(text, about string) {
	parts := strings.Split(text, "\x00")
	for i := 0; i+1 < len(parts); i += 2 {
		fields := strings.SplitN(parts[i], " ", 4)
		uid, err1 := strconv.Atoi(field(fields, 1))
		gid, err2 := strconv.Atoi(field(fields, 2))
		if len(fields) != 4 || err1 != nil || err2 != nil {
			n.unknown(about, "the node told of a file in a way that makes no sense")
			continue
		}
		switch fields[0] {
		case "-":
			n.states[fields[3]] = fileState{absent: true}
		case "!":
			n.states[fields[3]] = fileState{failed: parts[i+1]}
		case "?":
			n.endless[fields[3]] = true
		default:
			mode, err := strconv.ParseUint(fields[0], 16, 32)
			if err != nil {
				n.unknown(about, "the node told of a file in a way that makes no sense")
				continue
			}
			n.states[fields[3]] = fileState{mode: mode, uid: uid, gid: gid, target: parts[i+1]}
		}
	}
}

// maxLost is how many paths of one part are named that could not be followed.
const maxLost = 5

// follow reads the states of all that paths lead through. A path that could not be followed to its end, or to where the node says that nothing is there, is a gap.
func (n *Node) follow(s *node.Survey) {
	n.states, n.endless = map[string]fileState{}, map[string]bool{}
	for _, part := range []struct {
		section, about string
		paths          []string
	}{
		{node.SectionStates, "what root runs and reads", n.ownPaths()},
		{node.SectionHomes, "homes of accounts", n.homePaths()},
		{node.SectionOthers, "programs with special rights and cron tables of accounts", n.otherPaths()},
	} {
		if len(part.paths) == 0 {
			continue
		}
		n.readStates(n.text(s, part.section, part.about), part.about)
		lost := 0
		for _, p := range part.paths {
			_, end := n.way(p)
			if end.lost == "" {
				continue
			}
			if lost++; lost <= maxLost {
				n.unknown(part.about, p+": "+end.lost)
			}
		}
		if lost > maxLost {
			n.unknown(part.about, fmt.Sprintf("%d more paths could not be followed", lost-maxLost))
		}
	}
}

// hop is a file, directory or link that a path leads through.
type hop struct {
	at    string
	state fileState
	// below is the entry of a directory through which the path goes on, there says whether that exists.
	below string
	there bool
}

// end is where a path ends.
type end struct {
	at    string
	state fileState // of the file or directory; the zero value where nothing is there
	lost  string    // why the path could not be followed, "" if it could
}

// maxSteps bounds a path that leads on and on, as the node does.
const maxSteps = 256

// way follows a path, link by link, as the kernel does. Who can change one of the hops, can change what stands at its end.
func (n *Node) way(file string) (hops []hop, last end) {
	if n.endless[file] {
		return nil, end{at: file, lost: "its links lead on and on"}
	}
	at, rest := "", strings.Split(file, "/")
	state := n.states["/"]
	for steps := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			if at = path.Dir(at); at == "/" || at == "." {
				at = ""
			}
			state = n.states["/"+strings.TrimPrefix(at, "/")]
			continue
		}
		if steps++; steps > maxSteps {
			return hops, end{at: file, lost: "its links lead on and on"}
		}
		directory, next := "/", at+"/"+name
		if at != "" {
			directory = at
		}
		found, known := n.states[next]
		hops = append(hops, hop{directory, state, next, known && !found.absent})
		switch {
		case !known:
			return hops, end{at: next, lost: "the node did not tell of " + next}
		case found.failed != "":
			return hops, end{at: next, lost: next + " could not be looked at: " + found.failed}
		case found.absent:
			return hops, end{at: next}
		case found.link():
			hops = append(hops, hop{at: next, state: found})
			if strings.HasPrefix(found.target, "/") {
				at, state = "", n.states["/"]
			}
			rest = append(strings.Split(found.target, "/"), rest...)
		default:
			at, state = next, found
		}
	}
	if at == "" {
		at = "/"
	}
	return append(hops, hop{at: at, state: state}), end{at: at, state: state}
}
