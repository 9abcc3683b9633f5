package lint

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// bareDirectory looks for directories without the slash at the end that makes them
// stand for their files (match_command.c, command_matches_dir).
var bareDirectory = Rule{
	ID: "PVESEC-S0008", Name: "bare-directory", Severity: Error,
	Summary: "A command is a directory written without a slash at the end.",
	Why:     "A directory cannot be run, so the rule never matches.",
	Bad:     "alice ALL = /usr/local/bin",
	Good:    "alice ALL = /usr/local/bin/",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			if c.Command.Kind == sudoers.CommandPath && !strings.HasSuffix(c.Command.Name, "/") && slices.Contains(directories, l.directory(c.Command.Name)) {
				l.report(r, c.Pos, c.Command.Name+" is a directory, so the command never matches",
					"write "+c.Command.Name+"/ for every command directly in it, or name the commands")
			}
		})
	},
}

// directories are well-known ones, by canonical path.
var directories = []string{
	"/boot", "/dev", "/etc", "/etc/init.d", "/etc/pve", "/home", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/srv",
	"/sys", "/tmp", "/usr", "/usr/bin", "/usr/games", "/usr/lib", "/usr/libexec", "/usr/local", "/usr/local/bin", "/usr/local/sbin",
	"/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/lib/vz", "/var/lib/vz/snippets", "/var/log", "/var/tmp",
}

// directory resolves all of a path, its last element too.
func (l *linter) directory(path string) string {
	return strings.TrimSuffix(l.options.Env.Canonical(path+"/."), "/.")
}
