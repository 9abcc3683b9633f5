package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// movedProgram looks for programs of the node under a path where they are not.
var movedProgram = Rule{
	ID: "PVESEC-S0010", Name: "moved-program", Severity: Warning,
	Summary: "A command names a program in a directory where Proxmox VE does not have it.",
	Why:     "sudo compares directories: the rule does not match the program that is really there, and a deny rule does not stop it.",
	Bad:     "alice ALL = /usr/sbin/pvesh get *",
	Good:    "alice ALL = /usr/bin/pvesh get *",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			if c.Command.Kind != sudoers.CommandPath || strings.HasSuffix(c.Command.Name, "/") {
				return
			}
			path := l.options.Env.Canonical(c.Command.Name)
			dir, base := path[:strings.LastIndexByte(path, '/')], path[strings.LastIndexByte(path, '/')+1:]
			installed, known := l.options.Programs[base]
			if !known || installed == path || dir != "/usr/bin" && dir != "/usr/sbin" {
				return
			}
			l.report(r, c.Pos, c.Command.Name+" does not exist on Proxmox VE: "+base+" is "+installed, "write "+installed)
		})
	},
}
