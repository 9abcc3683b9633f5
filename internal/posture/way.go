package posture

import (
	"fmt"
	"path"
	"slices"
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

// follow reads the states of all that paths lead through. A path that could not be followed to its end, or to where the
// node says that nothing is there, is a gap.
func (n *Node) follow(s *node.Survey) {
	n.states, n.endless, n.walks = map[string]fileState{}, map[string]bool{}, map[string]walk{}
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
		clear(n.walks)
		lost := 0
		for _, p := range part.paths {
			end := n.endOf(p)
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

// walk is how far a path was followed.
type walk struct {
	hops  []hop
	at    string // "" is the root directory
	state fileState
	steps int
	bare  bool // the hops are of no interest
	over  bool // it leads no further, or pvesec lost it
	last  end  // where it is over
}

// way follows a path, link by link, as the kernel does. Who can change one of the hops, can change what stands at its
// end.
func (n *Node) way(file string) (hops []hop, last end) {
	above, hops, last := n.lastWay(file, false)
	return slices.Concat(above.hops, hops), last
}

// endOf is the end of the way of a path.
func (n *Node) endOf(file string) end {
	_, _, last := n.lastWay(file, true)
	return last
}

// lastWay is a way in two parts: the one of the directory that a path names, and the hops from there on, which a bare
// way leaves out.
func (n *Node) lastWay(file string, bare bool) (above walk, hops []hop, last end) {
	const endless = "its links lead on and on"
	if n.endless[file] {
		return walk{}, nil, end{at: file, lost: endless}
	}
	above, name := walk{state: n.states["/"]}, file
	if at := strings.LastIndexByte(file, '/'); at >= 0 {
		above, name = n.walked(file[:at]), file[at+1:]
	}
	on := above
	on.hops, on.bare = nil, bare
	on = n.walk(on, name)
	switch {
	case on.over && on.steps > maxSteps:
		return above, on.hops, end{at: file, lost: endless}
	case on.over:
		return above, on.hops, on.last
	case on.at == "":
		on.at = "/"
	}
	if bare {
		return above, nil, end{at: on.at, state: on.state}
	}
	return above, append(on.hops, hop{at: on.at, state: on.state}), end{at: on.at, state: on.state}
}

// walked is the walk along the path of a directory. Many paths lead through one.
func (n *Node) walked(directory string) walk {
	if directory == "" {
		return walk{state: n.states["/"]}
	}
	if known, is := n.walks[directory]; is {
		return known
	}
	above, name := walk{state: n.states["/"]}, directory
	if at := strings.LastIndexByte(directory, '/'); at >= 0 {
		above, name = n.walked(directory[:at]), directory[at+1:]
	}
	above.hops = slices.Clip(above.hops)
	on := n.walk(above, name)
	n.walks[directory] = on
	return on
}

// walk goes on by one name, and by what a link of that name leads to.
func (n *Node) walk(w walk, name string) walk {
	switch {
	case w.over, name == "", name == ".":
		return w
	case name == "..":
		if w.at = path.Dir(w.at); w.at == "/" || w.at == "." {
			w.at = ""
		}
		w.state = n.states["/"+strings.TrimPrefix(w.at, "/")]
		return w
	}
	if w.steps++; w.steps > maxSteps {
		w.over = true
		return w
	}
	directory, next := "/", w.at+"/"+name
	if w.at != "" {
		directory = w.at
	}
	found, known := n.states[next]
	if !w.bare {
		w.hops = append(w.hops, hop{directory, w.state, next, known && !found.absent})
	}
	switch {
	case !known:
		w.over, w.last = true, end{at: next, lost: "the node did not tell of " + next}
	case found.failed != "":
		w.over, w.last = true, end{at: next, lost: next + " could not be looked at: " + found.failed}
	case found.absent:
		w.over, w.last = true, end{at: next}
	case found.link():
		if !w.bare {
			w.hops = append(w.hops, hop{at: next, state: found})
		}
		if strings.HasPrefix(found.target, "/") {
			w.at, w.state = "", n.states["/"]
		}
		for part := range strings.SplitSeq(found.target, "/") {
			w = n.walk(w, part)
		}
	default:
		w.at, w.state = next, found
	}
	return w
}
