package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Logged is what sudo logs on a node of what the subjects of a policy run by it.
type Logged struct {
	// Events tells whether every command is logged as an event, Input and Output whether what every command reads from and writes to its terminal is recorded.
	Events, Input, Output bool
	// Syslog is the facility, LogFile the file of the events; empty for none.
	Syslog, LogFile string
	// Off are the lines that switch a log off, as "file:line: what".
	Off []string
	// Unlogged are command lines of which nothing is logged, one for each path and rule.
	Unlogged []string

	some bool // anything is logged of some command
}

// Nothing tells that nothing is logged of any command.
func (l *Logged) Nothing() bool { return !l.some }

// debianSyslog is the facility of sudo's log where no file sets one (sudoers(5) of Debian, syslog).
const debianSyslog = "authpriv"

// anyProgram stands for the commands of a pattern where no option is bound to commands.
const anyProgram = "/usr/bin/true"

// LoggedOn tells what a node logs, with the policy in its place.
func LoggedOn(p hardening.SudoersPolicy, around hardening.Surroundings) Logged {
	tree := around.With(p)
	logged := Logged{Events: true, Input: true, Output: true}
	granted := false
	for _, question := range around.Questions(tree) {
		for _, one := range commandsOf(tree, question, around.Host, p.Path()) {
			granted = true
			logged.take(tree, one)
		}
	}
	if !granted {
		return Logged{}
	}
	slices.Sort(logged.Off)
	logged.Off = slices.Compact(logged.Off)
	slices.Sort(logged.Unlogged)
	logged.Unlogged = slices.Compact(logged.Unlogged)
	return logged
}

// granted is a command line that a grant of the policy admits.
type granted struct {
	request policy.Request
	grant   policy.Grant
	text    string
}

// commandsOf are command lines that the policy's file admits a subject: those that its rules name, and of a pattern, where options are bound to commands, an example for each path,
// and each command that such an option names.
func commandsOf(tree *sudoers.Tree, q policy.Question, host, own string) []granted {
	var all []granted
	ask := func(grant policy.Grant, text, command string, args ...string) {
		request := policy.Request{Subject: q.Subject, Host: host, Command: command, Args: args, Env: q.Env}
		if text == "" {
			text = policy.ShellLine(request, policy.NewLine(command, args...))
		}
		all = append(all, granted{request, grant, text})
	}
	named, bound := namedInDefaults(tree)
	var examples []policy.Difference
	for _, grant := range policy.Grants(tree, q.Subject) {
		if grant.Negated || grant.Pos.File != own {
			continue
		}
		if name, args, literal := literalOf(&grant.Command); literal {
			ask(grant, "", name, args...)
			continue
		}
		before := len(all)
		if bound && examples == nil {
			examples = policy.Compare(&sudoers.Tree{}, tree, q.WithSharedBudget(tree)).NewlyAllowed
		}
		for _, example := range examples {
			if example.Rule != nil && example.Rule.Pos == grant.Pos {
				ask(grant, "", example.Line.Command, strings.Fields(example.Line.Args)...)
			}
		}
		if len(all) == before {
			ask(grant, grant.Text, anyProgram)
		}
	}
	for _, command := range named {
		name, args, literal := literalOf(command)
		if !literal {
			continue
		}
		d := policy.Decide(tree, policy.Request{Subject: q.Subject, Host: host, Command: name, Args: args, Env: q.Env})
		if d.Verdict == policy.Allowed && d.Rule != nil && d.Rule.Pos.File == own {
			ask(*d.Rule, "", name, args...)
		}
	}
	return all
}

// namedInDefaults are the commands that options are bound to, aliases among them resolved in one step, and whether there are any such options.
func namedInDefaults(tree *sudoers.Tree) (commands []*sudoers.Command, bound bool) {
	aliases := map[string][]sudoers.CommandMember{}
	for _, entry := range tree.Entries {
		if def, is := entry.(*sudoers.AliasDef); is && def.Kind == sudoers.CmndAlias {
			for _, alias := range def.Aliases {
				aliases[alias.Name] = alias.Commands
			}
		}
	}
	for _, entry := range tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is || d.Scope != sudoers.ScopeCommand {
			continue
		}
		bound = true
		for i := range d.Commands {
			commands = append(commands, &d.Commands[i].Command)
			for j := range aliases[d.Commands[i].Command.Name] {
				commands = append(commands, &aliases[d.Commands[i].Command.Name][j].Command)
			}
		}
	}
	return commands, bound
}

// literalOf is a command without patterns, with its arguments where it says them.
func literalOf(c *sudoers.Command) (name string, args []string, literal bool) {
	if c.Kind != sudoers.CommandPath || strings.ContainsAny(c.Name, "*?[\\") || strings.HasSuffix(c.Name, "/") {
		return "", nil, false
	}
	if c.HasArgs && c.Args != `""` {
		if strings.ContainsAny(c.Args, "*?[\\^") {
			return "", nil, false
		}
		args = strings.Fields(c.Args)
	}
	return c.Name, args, true
}

// take counts in one command: a log that one command escapes is not on.
func (l *Logged) take(tree *sudoers.Tree, one granted) {
	s := policy.Decide(tree, one.request).Settings
	off := func(option string) bool {
		if s[option] != "off" {
			return false
		}
		if pos, found := policy.SetBy(tree, one.request, option); found {
			l.Off = append(l.Off, fmt.Sprintf("%s:%d: !%s", pos.File, pos.Line, option))
		}
		return true
	}
	syslog := debianSyslog
	switch value := s["syslog"]; {
	case off("syslog"):
		syslog = ""
	case value != "" && value != "on":
		syslog = value
	}
	logFile := s["logfile"]
	if off("logfile") {
		logFile = ""
	}
	l.Syslog, l.LogFile = syslog, logFile
	denied := off("log_allowed")
	servers := s["log_servers"] != "" && s["log_servers"] != "off"
	events := !denied && (syslog != "" || logFile != "" || servers)
	l.Events = l.Events && events
	recorded := false
	for _, stream := range []struct {
		all    *bool
		option string
		parts  []string
		tag    sudoers.Tri
	}{
		{&l.Input, "log_input", []string{"log_stdin", "log_ttyin"}, one.grant.Effective.Tags.LogInput},
		{&l.Output, "log_output", []string{"log_stdout", "log_stderr", "log_ttyout"}, one.grant.Effective.Tags.LogOutput},
	} {
		whole, some := true, false
		switch stream.tag {
		case sudoers.Yes:
			some = true
		case sudoers.No:
			whole = false
			l.Off = append(l.Off, fmt.Sprintf("%s:%d: %s", one.grant.Pos.File, one.grant.Pos.Line, one.grant.Text))
		default:
			off(stream.option)
			for _, part := range stream.parts {
				on := s[part] == "on" || s[part] == "" && s[stream.option] == "on"
				whole, some = whole && on, some || on
				if s[stream.option] == "on" {
					off(part)
				}
			}
		}
		*stream.all = *stream.all && whole
		recorded = recorded || some
	}
	if events || recorded {
		l.some = true
	} else {
		l.Unlogged = append(l.Unlogged, one.text)
	}
}
