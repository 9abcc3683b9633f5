// Package posturetest has a node that only tells what a test has it tell, for tests of what is judged.
package posturetest

import (
	"context"
	"path"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Node answers as a node would: with the sections of a test over those of a clean node.
type Node struct {
	// Sections are what the node tells in place of what a clean one does.
	Sections map[string]node.Section
	// Files are its sudoers files, by name.
	Files map[string]string
	// Asked are the queries of its surveys, in their order.
	Asked []node.SurveyQuery
	// Clock is what its clock shows, in Unix seconds.
	Clock int64
}

// Passwd and Group are the accounts and groups of a clean node.
const (
	Passwd = "root:x:0:0::/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/bash\neve:x:1001:1001::/home/eve:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n"
	Group  = "root:x:0:\nbob:x:1000:\neve:x:1001:\ndaemon:x:1:\ndocker:x:110:\nops:x:111:eve\n"
)

// Data is a section with a text.
func Data(text string) node.Section { return node.Section{Data: []byte(text)} }

// Survey answers with the sections.
func (f *Node) Survey(_ context.Context, target node.Target, q node.SurveyQuery) (*node.Survey, error) {
	f.Asked = append(f.Asked, q)
	s := &node.Survey{Node: target.Name, Facts: facts(target), Sections: map[string]node.Section{}}
	for name, section := range map[string]node.Section{
		node.SectionPasswd: Data(Passwd), node.SectionGroup: Data(Group), node.SectionPasswords: Data("root P\nbob P\neve L\ndaemon L\n"),
		node.SectionSSHD: Data("permitrootlogin yes\npubkeyauthentication yes\nauthorizedkeysfile .ssh/authorized_keys\n"), node.SectionMatch: Data(""), node.SectionSwitch: Data("passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\n"),
		node.SectionSetID: Data(""), node.SectionCapabilities: Data(""), node.SectionPlaces: Data(""), node.SectionCommands: Data(""), node.SectionKeys: Data(""),
		node.SectionElevation: Data(""), node.SectionJobs: Data(""), node.SectionPlugins: Data(""), node.SectionPackages: Data("login: /usr/bin/su\n"), node.SectionAllowed: Data(""),
	} {
		s.Sections[name] = section
	}
	for name, section := range f.Sections {
		s.Sections[name] = section
	}
	for name, paths := range map[string][]string{node.SectionStates: q.Paths, node.SectionHomes: q.Homes, node.SectionOthers: q.Others} {
		if _, prepared := f.Sections[name]; !prepared || name == node.SectionStates && f.Sections[name].Status == 0 {
			s.Sections[name] = Data(walked(f.Sections[node.SectionStates].Data, paths))
		}
	}
	allowed := s.Sections[node.SectionAllowed]
	if allowed.Lacks == "" && allowed.Status == 0 {
		for _, name := range q.Allowed {
			if !strings.Contains(string(allowed.Data), "\x01"+name+"\n") {
				allowed.Data = append(allowed.Data, "\x01"+name+"\nUser "+name+" is not allowed to run sudo on pve1.\n"...)
			}
		}
		s.Sections[node.SectionAllowed] = allowed
	}
	return s, nil
}

// facts are those of a node of PVE 9.
func facts(target node.Target) node.Facts {
	return node.Facts{Hostname: target.Name, SudoVersion: "1.9.16p2", OSID: "debian", OSVersionID: "13", OSCodename: "trixie"}
}

// walked are the states that a test prepares, and those of all else on the way of paths: directories of root above, and
// nothing at their ends.
func walked(prepared []byte, paths []string) string {
	text := string(prepared)
	known := map[string]bool{}
	parts := strings.Split(text, "\x00")
	for i := 0; i+1 < len(parts); i += 2 {
		if fields := strings.SplitN(parts[i], " ", 4); len(fields) == 4 {
			known[fields[3]] = true
		}
	}
	add := func(state, p string) {
		if !known[p] {
			known[p] = true
			text += state + " 0 0 " + p + "\x00\x00"
		}
	}
	for _, p := range paths {
		for p = path.Dir(p); p != "/"; p = path.Dir(p) {
			add("41ed", p)
		}
	}
	add("41ed", "/")
	for _, p := range paths {
		add("-", p)
	}
	return text
}

// States are records of files, "MODE UID GID PATH" or "MODE UID GID PATH>TARGET".
func States(lines ...string) node.Section {
	var text string
	for _, line := range lines {
		file, target, _ := strings.Cut(line, ">")
		text += file + "\x00" + target + "\x00"
	}
	return Data(text)
}

// Observe answers with the files.
func (f *Node) Observe(_ context.Context, target node.Target, q node.Query) (*node.Observation, error) {
	o := &node.Observation{Node: target.Name, Facts: facts(target), Files: map[string]node.FileState{}, Clock: f.Clock}
	for _, name := range q.Files {
		if text, there := f.Files[name]; there {
			o.Files[name] = node.FileState{Exists: true, Type: node.TypeRegular, Content: []byte(text)}
		} else {
			o.Files[name] = node.FileState{}
		}
	}
	return o, nil
}

// Apply panics: a reader changes nothing.
func (f *Node) Apply(context.Context, []node.Change, func(string, string)) error {
	panic("a reader changes nothing")
}
