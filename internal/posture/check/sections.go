package check

import (
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// sshdSettings are those that sshd -T prints, in lower case. A keyword that comes several times has its values parted
// by spaces.
func sshdSettings(n *posture.Node) settings {
	text, reason := n.Told(node.SectionSSHD)
	s := settings{map[string]string{}, reason}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.values[name] = strings.TrimSpace(s.values[name] + " " + value)
	}
	if len(s.values) == 0 && s.reason == "" {
		s.reason = "sshd told no settings"
	}
	return s
}

// kernelSettings are the files of the kernel with their contents.
func kernelSettings(n *posture.Node) settings {
	text, reason := n.Told(node.SectionKernel)
	s := settings{map[string]string{}, reason}
	for line := range strings.Lines(text) {
		if file, value, found := strings.Cut(strings.TrimRight(line, "\n"), ":"); found {
			s.values[file] = strings.TrimSpace(value)
		}
	}
	if len(s.values) == 0 && s.reason == "" {
		s.reason = "the node told no settings of its kernel"
	}
	return s
}

// unit is the state of a service.
type unit struct{ load, active, enabled string }

type units struct {
	byName map[string]unit
	reason string
}

// unitsOf reads what systemctl show prints: properties, and an empty line after each unit.
func unitsOf(n *posture.Node) units {
	text, reason := n.Told(node.SectionUnits)
	u := units{map[string]unit{}, reason}
	for block := range strings.SplitSeq(text, "\n\n") {
		var one unit
		name := ""
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch key {
			case "Id":
				name = value
			case "LoadState":
				one.load = value
			case "ActiveState":
				one.active = value
			case "UnitFileState":
				one.enabled = value
			}
		}
		if name != "" {
			u.byName[name] = one
		}
	}
	if len(u.byName) == 0 && u.reason == "" {
		u.reason = "the node told of no services"
	}
	return u
}

// running tells whether one of the units runs. The reason says why that is not known.
func (u units) running(names ...string) (running []string, reason string) {
	for _, name := range names {
		one, told := u.byName[name]
		switch {
		case !told:
			reason = "the node did not tell of " + name
		case one.active == "active" || one.active == "activating" || one.active == "reloading":
			running = append(running, name)
		}
	}
	if u.reason != "" {
		reason = u.reason
	}
	return running, reason
}

// socket is something that listens.
type socket struct {
	protocol, address, process string
	port                       int
}

// public tells whether others than the node itself reach it.
func (s socket) public() bool {
	return !strings.HasPrefix(s.address, "127.") && s.address != "[::1]" && !strings.HasPrefix(s.address, "[::ffff:127.") && !strings.HasSuffix(s.address, "%lo")
}

func (s socket) String() string {
	return s.protocol + " " + s.address + ":" + strconv.Itoa(s.port) + " " + s.process
}

type sockets struct {
	list   []socket
	reason string
}

// socketsOf reads what ss -H -tulpn prints: protocol, state, two numbers, the local address, the address of the other
// side, and the process.
func socketsOf(n *posture.Node) sockets {
	text, reason := n.Told(node.SectionListeners)
	s := sockets{reason: reason}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 6 {
			continue
		}
		at := strings.LastIndexByte(words[4], ':')
		if at < 0 {
			continue
		}
		port, err := strconv.Atoi(words[4][at+1:])
		if err != nil {
			s.reason = "a port is no number: " + words[4]
			continue
		}
		one := socket{protocol: words[0], address: words[4][:at], port: port}
		if len(words) > 6 {
			_, name, _ := strings.Cut(words[6], "((\"")
			one.process, _, _ = strings.Cut(name, "\"")
		}
		s.list = append(s.list, one)
	}
	return s
}

// stepsOf are the steps of paths to root on one node, by their way, each once. What root itself has is not among them.
func stepsOf(n *posture.Node, report *posture.Report) map[string][]paths.Step {
	steps, seen := map[string][]paths.Step{}, map[paths.Step]bool{}
	for i := range report.Paths {
		p := &report.Paths[i]
		for _, step := range p.Steps {
			if to := report.Graph.Principal(step.To); to.Node != n.Name || seen[step] {
				continue
			}
			seen[step] = true
			steps[step.Way] = append(steps[step.Way], step)
		}
	}
	return steps
}
