package check

import (
	"path"
	"strings"
)

// noPVE is the outcome where a node has no Proxmox VE, or its files could not be read.
func (n *Node) noPVE() (o Outcome, is bool) {
	switch {
	case n.modes.reason != "":
		return unknown(n.modes.reason), true
	case n.config.reason != "":
		return unknown(n.config.reason), true
	}
	if _, there := n.modes.files["/etc/pve"]; !there {
		return notApplicable("the node has no /etc/pve: Proxmox VE is not installed"), true
	}
	return Outcome{}, false
}

// ofPVE is a check of files of PVE.
func ofPVE(id string, family Family, severity Severity, level Level, title, why, expected, remedy string, references []Reference, judge func(*Node) Outcome) Check {
	return Check{ID: id, Title: title, Family: family, Severity: severity, Level: level, Why: why, Expected: expected, Remedy: remedy, References: references, node: func(n *Node) Outcome {
		if o, is := n.noPVE(); is {
			return o
		}
		return judge(n)
	}}
}

// options are the lines of the section [OPTIONS] of a file of the firewall.
func (n *Node) options(file string) (list []line) {
	part := ""
	for _, l := range n.config.in(file) {
		if strings.HasPrefix(l.text, "[") {
			part = strings.ToUpper(l.text)
		} else if strings.HasPrefix(part, "[OPTIONS]") {
			list = append(list, l)
		}
	}
	return list
}

// guest is a container or a virtual machine with the lines of its configuration that checks know.
type guest struct {
	file, id  string
	container bool
	lines     []line
}

func (n *Node) guests() (list []guest) {
	for _, file := range n.config.order {
		directory := path.Dir(file)
		if directory != "/etc/pve/lxc" && directory != "/etc/pve/qemu-server" {
			continue
		}
		g := guest{file: file, id: strings.TrimSuffix(path.Base(file), ".conf"), container: directory == "/etc/pve/lxc"}
		for _, l := range n.config.files[file] {
			if l.text != "guest: there" {
				g.lines = append(g.lines, l)
			}
		}
		list = append(list, g)
	}
	return list
}

// eachGuest judges the containers or the virtual machines of a node.
func (n *Node) eachGuest(container bool, right string, wrong func(guest) []string) Outcome {
	var bad []string
	count := 0
	for _, g := range n.guests() {
		if g.container == container {
			count++
			bad = append(bad, wrong(g)...)
		}
	}
	switch {
	case count == 0 && container:
		return notApplicable("the node has no containers")
	case count == 0:
		return notApplicable("the node has no virtual machines")
	}
	return judged(bad, "", right)
}
