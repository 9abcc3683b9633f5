package posture

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// wheel is a line of PAM that lets people become root with no password, pam_wheel(8) with the option trust.
type wheel struct {
	place, text string
	group       string // whose members it lets through, "" for the default
	others      bool   // it lets through all who are not in the group (deny)
	condition   string
}

// elevation reads the lines of PAM that have pam_wheel(8). What doas.conf(5) gives is a gap.
func (n *Node) elevation(s *node.Survey) {
	const about = "ways to become root with su and doas"
	for line := range strings.Lines(n.text(s, node.SectionElevation, about)) {
		if line = strings.TrimSpace(line); line == "/etc/doas.conf" {
			n.unknown(about, "/etc/doas.conf lets accounts run commands as others, and is not read")
			continue
		}
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			n.unknown(about, "the node told of a line in a way that makes no sense")
			continue
		}
		words := strings.Fields(parts[2])
		module := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, "pam_wheel.so") })
		if module < 2 || strings.HasSuffix(line, "\\") {
			n.unknown(about, line+" has pam_wheel in a way that pvesec does not understand")
			continue
		}
		options := words[module+1:]
		control := strings.ToLower(strings.Join(words[1:module], " "))
		// What is required, and what is optional, leaves the password to the lines after it, pam.conf(5).
		ends := control != "required" && control != "requisite" && control != "optional"
		if !strings.EqualFold(strings.TrimPrefix(words[0], "-"), "auth") || !slices.Contains(options, "trust") || !ends {
			continue
		}
		w := wheel{place: parts[0] + ":" + parts[1], text: strings.Join(words, " "), others: slices.Contains(options, "deny")}
		if control != "sufficient" {
			w.condition = "the line ends the check of who asks (" + control + ")"
		}
		for _, option := range options {
			if name, is := strings.CutPrefix(option, "group="); is {
				w.group = name
			}
		}
		n.wheels = append(n.wheels, w)
	}
}

// addElevation adds who becomes root with su or pkexec.
func (v view) addElevation() {
	for _, w := range v.wheels {
		var from string
		group := v.groupNamed(w.group)
		if w.group == "" {
			if group = v.groupNamed("wheel"); group == nil && len(v.groups) > 0 {
				group = v.groups[0] // the default of pam_wheel(8) where no group has that name
			}
		}
		switch {
		case w.others:
			from = everyoneID(v.Name)
		case group != nil:
			from = groupID(v.Name, group.name)
		default:
			continue // a group that is not there has no members
		}
		v.link(paths.Step{From: from, To: rootID(v.Name), Way: "password", Does: "may become root without a password (su)", Evidence: untrusted.Line(w.place + ": " + w.text), Condition: untrusted.Line(w.condition),
			Remedy: "Take the option trust out of the line.", Change: v.change("pam", w.place)})
	}
	pkexec := slices.ContainsFunc(v.setID, func(f setIDFile) bool {
		return f.uid == 0 && f.mode&0o4000 != 0 && strings.HasSuffix(f.path, "/bin/pkexec")
	})
	if group := v.groupNamed("sudo"); pkexec && group != nil {
		v.link(paths.Step{From: groupID(v.Name, group.name), To: rootID(v.Name), Way: "group", Does: "may run every command as root with pkexec and its own password", Evidence: "group sudo, and pkexec is there (polkit(8))",
			Condition: "polkit has the rules of Debian, which make the members of that group administrators", Remedy: "Take the members out of group sudo, or remove the package pkexec."})
	}
}
