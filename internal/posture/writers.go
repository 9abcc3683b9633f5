package posture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// writer is a principal that can change a file, or put another one in its place.
type writer struct {
	id, evidence, remedy string
	change               string // what the remedy changes
	object               string // the file or directory
}

// known is what was found out about who can change what, so that it is found out once.
type known struct {
	above   map[string]sofar     // by the path of a directory
	changes map[changed][]writer // by what is changed
}

// sofar are the writers on a part of a way, and the directory that it ends in.
type sofar struct {
	list      []writer
	directory fileState
}

// changed is a file or directory with what decides who can change it.
type changed struct {
	at       string
	mode     uint64
	uid, gid int
}

// writers are who can change what a path leads to: a file, directory or link on its way, in which, or in place of
// which, they can put another one.
func (v view) writers(file string) []writer {
	above, hops, _ := v.lastWay(file, false)
	directory := file[:max(0, strings.LastIndexByte(file, '/'))]
	before, is := v.known.above[directory]
	if !is {
		before = v.writersOf(sofar{}, above.hops)
		v.known.above[directory] = before
	}
	return v.writersOf(before, hops).list
}

// writersAbove are the writers without those of the file itself.
func (v view) writersAbove(file string) []writer {
	hops, _ := v.way(file)
	return v.writersOf(sofar{}, slices.DeleteFunc(hops, func(h hop) bool { return h.at == file })).list
}

// writersOf are who can change one of the hops as well. The sticky bit of a directory keeps others from the entry that
// they would replace, where it is there. A link has no mode of its own, and its owner can only change where it leads
// where the directory lets him put another one in its place; and nobody changes a device by its mode.
func (v view) writersOf(before sofar, hops []hop) sofar {
	list, directory := slices.Clip(before.list), before.directory
	for _, h := range hops {
		s := h.state
		within := directory
		if s.directory() {
			directory = s
		}
		switch {
		case s.absent, s.failed != "", s.mode == 0, s.link() && within.mode&0o1002 != 0o1002:
			continue
		case s.link(), s.directory() && s.mode&0o1000 != 0 && h.below != "" && h.there, !s.directory() && !s.regular() && !s.link():
			s.mode &^= 0o022
		}
		for _, w := range v.changers(h.at, s.mode, s.uid, s.gid) {
			if !slices.ContainsFunc(list, func(other writer) bool { return other == w }) {
				list = append(list, w)
			}
		}
	}
	return sofar{list, directory}
}

// changers are who can write by an owner and a mode. A group that may write and in which nobody is but root may stand
// for an access control list: acl(5) shows its mask there.
func (v view) changers(at string, mode uint64, uid, gid int) []writer {
	if uid == 0 && mode&0o022 == 0 {
		return nil
	}
	what := changed{at, mode, uid, gid}
	list, is := v.known.changes[what]
	if !is {
		list = v.newChangers(at, mode, uid, gid)
		v.known.changes[what] = list
	}
	return list
}

func (v view) newChangers(at string, mode uint64, uid, gid int) []writer {
	var list []writer
	text := untrusted.Line(at)
	evidence := fmt.Sprintf("%s: mode %04o, owner %s, group %s", text, mode&0o7777, v.userName(uid), v.groupName(gid))
	add := func(id, evidence, remedy, what string) {
		list = append(list, writer{id, evidence, remedy, v.change(what, at), at})
	}
	switch {
	case uid == 0:
	case v.ofUID(uid) == "":
		add(everyoneID(v.Name), evidence+"; no account has that id, and the next one may get it", v.takeFile(at), "owner")
	case v.ofUID(uid) != rootID(v.Name):
		add(v.ofUID(uid), evidence, v.takeFile(at), "owner")
	}
	if mode&0o020 != 0 {
		if group := v.groups[gid]; group != nil && v.hasOthers(group) {
			add(groupID(v.Name, group.name), evidence, v.closeToGroup(at), "group")
		} else if mode&0o002 == 0 && (group == nil || gid == 0) {
			v.unknown("access control lists", fmt.Sprintf("%s has the mode %04o and the group %s: an access control list may stand behind it, see getfacl", at, mode&0o7777, v.groupName(gid)))
		}
	}
	if mode&0o002 != 0 {
		add(everyoneID(v.Name), evidence, v.closeToOthers(at), "others")
	}
	return list
}

// change names a change on this node.
func (v view) change(what, where string) string { return v.Name + "\x00" + what + "\x00" + where }

// hasOthers tells whether a group has members other than root.
func (v view) hasOthers(group *linuxGroup) bool {
	for _, a := range v.Accounts {
		if a.UID == 0 {
			continue
		}
		for _, gid := range a.GIDs {
			if gid == group.gid {
				return true
			}
		}
	}
	return false
}

// fileSteps collects the steps that one change of a file takes away: of those with one start, one end and one change,
// the first one is told, with how many more there are.
type fileSteps struct {
	order []*fileStep
	known map[[3]string]*fileStep
}

type fileStep struct {
	step paths.Step
	more map[string]bool // what else depends on it
	what string
}

// add notes that a writer of what, who reaches to that way, may do something.
func (f *fileSteps) add(w writer, to, way, what, does, evidence string, conditions ...string) {
	if w.id == to {
		return
	}
	key := [3]string{w.id, to, w.change}
	if found := f.known[key]; found != nil {
		if what != found.what {
			found.more[what] = true
		}
		return
	}
	if evidence != "" {
		evidence = untrusted.Line(evidence) + "; "
	}
	one := &fileStep{paths.Step{From: w.id, To: to, Way: way, Does: does, Evidence: evidence + w.evidence, Remedy: w.remedy, Change: w.change, Condition: strings.Join(conditions, "; ")}, map[string]bool{}, what}
	f.known[key] = one
	f.order = append(f.order, one)
}

// link adds the steps to the graph.
func (f *fileSteps) link(v view) {
	for _, one := range f.order {
		switch n := len(one.more); n {
		case 0:
		case 1:
			one.step.Does += ", and one more thing"
		default:
			one.step.Does += fmt.Sprintf(", and %d more things", n)
		}
		v.link(one.step)
	}
}

// addFiles adds who can change what root runs, or reads as configuration, what other accounts run by cron and services,
// and what they read when they log in.
func (v view) addFiles() {
	f := &fileSteps{known: map[[3]string]*fileStep{}}
	root := rootID(v.Name)
	keyFiles := v.keyFiles()
	for _, p := range v.places {
		if accounts := keyFiles[p.path]; len(accounts) > 0 && !slices.ContainsFunc(accounts, func(a *Account) bool { return a.UID == 0 }) {
			continue // their keys are theirs: see addHomes
		}
		if p.kind == "f" && p.mode&0o022 == 0 && v.ofDistribution(p.path, p.uid, p.gid) {
			continue
		}
		text := untrusted.Line(p.path)
		switch p.kind {
		case "l":
			for _, w := range v.writers(p.path) {
				f.add(w, root, "file", p.path, "may change what "+text+" leads to, which root runs or reads", "")
			}
			if _, last := v.way(p.path); last.state.directory() && !inPlaces(last.at) {
				v.unknown("what root runs and reads", p.path+" leads to the directory "+last.at+", in which pvesec does not look at each file")
			}
		case "d":
			for _, w := range v.changers(p.path, p.mode, p.uid, p.gid) {
				f.add(w, root, "file", p.path, "may put files into "+text+", which root runs or reads", "")
			}
		default:
			for _, w := range v.changers(p.path, p.mode, p.uid, p.gid) {
				f.add(w, root, "file", p.path, "may change "+text+", which root runs or reads", "")
			}
		}
	}
	for _, place := range places { // what is above the places
		for _, w := range v.writersAbove(place) {
			f.add(w, root, "file", place, "may change or replace "+place+", which root runs or reads", "")
		}
	}
	for _, r := range v.runs {
		if v.executed(r) {
			v.addRun(f, r)
		} else {
			v.mayBelieve(r)
		}
	}
	v.addHomes(f)
	f.link(v)
}

// inPlaces tells whether a directory is one of the places, or below one.
func inPlaces(directory string) bool {
	for at := range above(directory) {
		if slices.Contains(places, at) {
			return true
		}
	}
	return false
}

// addRun adds who can change what cron or a service runs.
func (v view) addRun(f *fileSteps, r run) {
	who := v.runBy(r)
	way, what := "cron", "a cron table of "+untrusted.Line(who)+" runs"
	if r.ofService() {
		way = "unit"
	}
	switch r.kind {
	case "unit", "root", "unitas":
		what = "the service " + untrusted.Line(r.service()) + " runs as " + untrusted.Line(who)
	case "as":
		what = "is run as " + untrusted.Line(who)
	case "path":
		what = "a cron table of " + untrusted.Line(who) + " searches for commands"
	}
	writers := v.writers(r.path)
	if len(writers) > 0 && who != "root" && v.account(who) == nil {
		v.unknown("cron tables and services", fmt.Sprintf("%s:%d runs what others can change, as %s, an account that the node does not have", r.file, r.line, who))
		return
	}
	var conditions []string
	does := "may change " + untrusted.Line(r.path) + ", which " + what
	if r.role == "directory" {
		does = "may put files into " + untrusted.Line(r.path) + ", in which a command runs as " + untrusted.Line(who)
		conditions = []string{"the command runs or reads a file of the directory"}
	}
	for _, w := range writers {
		f.add(w, v.who(who), way, r.path, does, fmt.Sprintf("%s:%d", r.file, r.line), conditions...)
	}
}

// mayBelieve notes what a command is given that is no program, where somebody else than who runs it can change it: what
// the command does with it, is not known. Of what it writes, that is so where somebody can put a link in its place.
func (v view) mayBelieve(r run) {
	who := v.who(v.runBy(r))
	writers := v.writers(r.path)
	if r.role == "output" {
		writers = v.writersAbove(r.path)
	}
	for _, w := range writers {
		if w.id == who || w.id == rootID(v.Name) {
			continue
		}
		about := "cron tables and services"
		if r.ofAccount() {
			about = "cron tables of accounts"
		}
		does := "gives " + r.path + " to a command"
		if r.role == "output" {
			does = "writes " + r.path
		}
		v.unknown(about, fmt.Sprintf("%s:%d %s, which others than %s can change (%s); whether the command runs or believes what is there is not known", r.file, r.line, does, v.runBy(r), w.evidence))
		return
	}
}
