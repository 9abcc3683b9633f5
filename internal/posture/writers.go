package posture

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// writer is a principal that can change a file, or put another one in its place.
type writer struct{ id, evidence, remedy string }

// writers are who can change a file: by its own mode, by the mode of its target, or by a directory above either, in which they can put another one.
func (v view) writers(file string) []writer {
	var list []writer
	add := func(p string) {
		below := ""
		for at := range above(p) {
			state, known := v.states[at]
			if known {
				list = append(list, v.writersOf(at, state, below)...)
			}
			below = at
		}
	}
	add(file)
	if end := v.real[file]; end != "" && end != file {
		add(end)
	}
	return list
}

// writersOf are who can change one file or directory. Of a directory below is the entry that they would replace: the sticky bit keeps others from that, where the
// entry is there. A link has no mode of its own.
func (v view) writersOf(at string, s fileState, below string) []writer {
	if s.link() {
		s.mode &^= 0o022
	}
	if s.directory() && s.mode&0o1000 != 0 && below != "" {
		if _, there := v.states[below]; there {
			s.mode &^= 0o022
		}
	}
	return v.changers(at, s.mode, s.uid, s.gid)
}

// changers are who can write by an owner and a mode.
func (v view) changers(at string, mode uint64, uid, gid int) []writer {
	var list []writer
	text := untrusted.Line(at)
	evidence := fmt.Sprintf("%s: mode %04o, owner %s, group %s", text, mode&0o7777, v.userName(uid), v.groupName(gid))
	if uid != 0 {
		if id := v.ofUID(uid); id != rootID(v.Name) {
			list = append(list, writer{id, evidence, takeFile(at)})
		} else {
			list = append(list, writer{everyoneID(v.Name), evidence + "; no account has that id, and the next one may get it", takeFile(at)})
		}
	}
	if group := v.groups[gid]; mode&0o020 != 0 && group != nil && (gid != 0 || v.hasOthers(group)) {
		list = append(list, writer{groupID(v.Name, group.name), evidence, closeToGroup(at)})
	}
	if mode&0o002 != 0 {
		list = append(list, writer{everyoneID(v.Name), evidence, closeToOthers(at)})
	}
	return list
}

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

// addFiles adds who can change what root runs, or reads as configuration, and what other accounts run by cron and services.
func (v view) addFiles() {
	for _, p := range v.places {
		if p.kind == "l" {
			for _, w := range v.writers(p.path) {
				v.g.Link(paths.Step{From: w.id, To: rootID(v.Name), Way: "file", Does: "may change what " + untrusted.Line(p.path) + " leads to, which root runs or reads", Evidence: w.evidence, Remedy: w.remedy})
			}
			continue
		}
		does := "may change " + untrusted.Line(p.path) + ", which root runs or reads"
		if p.kind == "d" {
			does = "may put files into " + untrusted.Line(p.path) + ", which root runs or reads"
		}
		for _, w := range v.changers(p.path, p.mode, p.uid, p.gid) {
			v.g.Link(paths.Step{From: w.id, To: rootID(v.Name), Way: "file", Does: does, Evidence: w.evidence, Remedy: w.remedy})
		}
	}
	for _, place := range places { // what is above the places
		for _, w := range v.writers(place) {
			v.g.Link(paths.Step{From: w.id, To: rootID(v.Name), Way: "file", Does: "may change or replace " + place + ", which root runs or reads", Evidence: w.evidence, Remedy: w.remedy})
		}
	}
	for _, r := range v.runs {
		if !v.executed(r) {
			continue
		}
		who := v.runBy(r)
		way, what := "cron", "a cron table of "+untrusted.Line(who)+" runs"
		switch r.kind {
		case "unit":
			way, what = "unit", "the service "+untrusted.Line(r.who)+" runs as "+untrusted.Line(who)
		case "path":
			what = "a cron table of " + untrusted.Line(who) + " searches for commands"
		}
		writers := v.writers(r.path)
		if len(writers) > 0 && who != "root" && v.account(who) == nil {
			v.unknown("cron tables and services", fmt.Sprintf("%s:%d runs what others can change, as %s, an account that the node does not have", r.file, r.line, who))
			continue
		}
		for _, w := range writers {
			v.g.Link(paths.Step{From: w.id, To: v.who(who), Way: way, Does: "may change " + untrusted.Line(r.path) + ", which " + what,
				Evidence: untrusted.Line(fmt.Sprintf("%s:%d; ", r.file, r.line)) + w.evidence, Remedy: w.remedy})
		}
	}
}
