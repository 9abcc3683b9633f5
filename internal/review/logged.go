package review

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Logged is what sudo logs on a node of what the subjects of a policy run by it.
type Logged struct {
	// Events tells whether every command is logged as an event, Input and Output whether what every command reads from
	// and writes to its terminal is recorded.
	Events, Input, Output bool
	// Syslog is the facility, LogFile the file of the events; empty for none.
	Syslog, LogFile string
	// Off are the lines that switch a log off, as "file:line: what".
	Off []string
	// Unlogged are command lines of which nothing is logged, one for each path and rule, and rules of which that is not
	// known.
	Unlogged []string

	some bool // anything is logged of some command
}

// Nothing tells that nothing is logged of any command.
func (l *Logged) Nothing() bool { return !l.some }

// debianSyslog is the facility of sudo's log where no file sets one (sudoers(5) of Debian, syslog).
const debianSyslog = "authpriv"

// anyProgram stands for the commands of a pattern where no option is bound to commands.
const anyProgram = "/usr/bin/true"

// LoggedOn tells what a node logs, with the policy in its place. Options may be bound to some of what a rule grants:
// then each combination of them is asked. What cannot be decided is not logged: Unlogged has the rule, with the words
// that it is not known.
func LoggedOn(p hardening.SudoersPolicy, around hardening.Surroundings) Logged {
	tree := around.With(p)
	logged := Logged{Events: true, Input: true, Output: true}
	granted := false
	for _, question := range around.Questions(tree) {
		bound := boundIn(tree, question, around.Host)
		for _, grant := range policy.Grants(tree, question.Subject) {
			if !grant.Negated && grant.Pos.File == p.Path() {
				granted = true
				logged.takeGrant(bound, grant)
			}
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

// StaysLogged tells that a node logs all that a policy allows, by what its files say before the policy is there,
// whatever else the same run brings to the node: audit logging adds logs, and accounts join groups. A line that
// switches a log off for a group, an alias or a number may be about a subject then.
func StaysLogged(p hardening.SudoersPolicy, around hardening.Surroundings, l *Logged) bool {
	return l.Events && !slices.ContainsFunc(around.With(p).Entries, func(entry sudoers.Entry) bool {
		d, is := entry.(*sudoers.Defaults)
		return is && d.Scope == sudoers.ScopeUser && slices.ContainsFunc(d.Settings, switchesOff) && slices.ContainsFunc(d.Members, mayBeAnybody)
	})
}

// switchesOff tells that a setting may switch events off.
func switchesOff(s sudoers.Setting) bool {
	switch s.Name {
	case "syslog", "logfile", "log_allowed", "log_servers", "syslog_goodpri":
		return s.Operator == sudoers.OpFalse || s.Name == "syslog_goodpri" && s.Value == "none"
	}
	return false
}

// mayBeAnybody tells that a member of a user list is not one account by its name.
func mayBeAnybody(m sudoers.Member) bool {
	return m.Kind != sudoers.MemberWord && m.Kind != sudoers.MemberAll || strings.HasPrefix(m.Name, "#")
}

// granted is a command line that a grant of the policy admits.
type granted struct {
	request policy.Request
	grant   policy.Grant
	text    string
}

// takeGrant counts in all that one grant admits.
func (l *Logged) takeGrant(bound *boundLines, grant policy.Grant) {
	cells, tooMany := bound.cells(&grant)
	targets, known := bound.targets(&grant)
	if tooMany || !known {
		l.Events, l.Input, l.Output, l.some = false, false, false, true
		l.Off = append(l.Off, bound.switchedOff()...)
		l.Unlogged = append(l.Unlogged, unknownLine(&grant))
	}
	if tooMany {
		return
	}
	for _, target := range targets {
		target.Command = anyProgram
		l.takeCells(cells, target, grant)
	}
}

// takeCells counts in what one grant admits as one target.
func (l *Logged) takeCells(cells []cell, request policy.Request, grant policy.Grant) {
	name, args, literal := literalOf(&grant.Command)
	for _, c := range cells {
		one := granted{request, grant, grant.Text}
		switch {
		case len(cells) > 1 && len(c.lines) == 0:
			one.text = unknownLine(&grant)
		case len(cells) == 1 && literal:
			one.request.Command, one.request.Args = name, args
			one.text = policy.ShellLine(one.request, policy.NewLine(name, args...))
		}
		if len(cells) == 1 || len(c.lines) == 0 {
			l.take(c.tree, one)
			continue
		}
		for _, line := range c.lines {
			one.request.Command, one.request.Args = line.Command, nil
			if line.HasArgs {
				one.request.Args = []string{line.Args}
			}
			one.text = policy.ShellLine(request, line)
			l.take(c.tree, one)
		}
	}
}

// keepsLog tells whether a file can be a log that stays: a device keeps nothing, and in a place where others write they
// replace it.
func keepsLog(name string) bool {
	name = path.Clean(name)
	return strings.HasPrefix(name, "/var/log/") || policy.RootsPlace(name) && !strings.HasPrefix(name, "/etc/")
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
	switch {
	case off("logfile"):
		logFile = ""
	case logFile != "" && !keepsLog(logFile):
		if pos, found := policy.SetBy(tree, one.request, "logfile"); found {
			l.Off = append(l.Off, fmt.Sprintf("%s:%d: logfile=%s", pos.File, pos.Line, logFile))
		}
		logFile = ""
	}
	switch {
	case off("syslog_goodpri"):
		syslog = ""
	case s["syslog_goodpri"] == "none":
		syslog = ""
		if pos, found := policy.SetBy(tree, one.request, "syslog_goodpri"); found {
			l.Off = append(l.Off, fmt.Sprintf("%s:%d: syslog_goodpri=none", pos.File, pos.Line))
		}
	}
	l.Syslog, l.LogFile = syslog, logFile
	denied := off("log_allowed")
	// Where the server does not answer sudo runs the command, unless it may not (sudoers(5), "ignore_logfile_errors").
	servers := s["log_servers"] != "" && s["log_servers"] != "off" && s["ignore_logfile_errors"] == "off"
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
