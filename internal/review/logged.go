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
}

// Nothing tells that nothing is logged at all.
func (l *Logged) Nothing() bool { return !l.Events && !l.Input && !l.Output }

// debianSyslog is the facility of sudo's log where no file sets one (sudoers(5) of Debian, syslog).
const debianSyslog = "authpriv"

// anyProgram stands for a command that no literal path names.
const anyProgram = "/usr/bin/true"

// LoggedOn tells what a node logs, with the policy in its place.
func LoggedOn(p hardening.SudoersPolicy, around hardening.Surroundings) Logged {
	tree := around.With(p)
	logged := Logged{Events: true, Input: true, Output: true}
	granted := false
	for _, question := range around.Questions(tree) {
		for _, grant := range policy.Grants(tree, question.Subject) {
			if grant.Negated || grant.Pos.File != p.Path() {
				continue
			}
			granted = true
			command := anyProgram
			if grant.Command.Kind == sudoers.CommandPath && !strings.ContainsAny(grant.Command.Name, "*?[\\") && !strings.HasSuffix(grant.Command.Name, "/") {
				command = grant.Command.Name
			}
			logged.take(tree, policy.Request{Subject: question.Subject, Host: around.Host, Command: command, Env: question.Env}, grant)
		}
	}
	if !granted {
		return Logged{}
	}
	slices.Sort(logged.Off)
	logged.Off = slices.Compact(logged.Off)
	return logged
}

// take counts in one grant: a log that one command escapes is not on.
func (l *Logged) take(tree *sudoers.Tree, request policy.Request, grant policy.Grant) {
	s := policy.Decide(tree, request).Settings
	off := func(option string) bool {
		if s[option] != "off" {
			return false
		}
		if pos, found := policy.SetBy(tree, request, option); found {
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
	l.Events = l.Events && !denied && (syslog != "" || logFile != "" || servers)
	for _, stream := range []struct {
		on     *bool
		option string
		tag    sudoers.Tri
	}{{&l.Input, "log_input", grant.Effective.Tags.LogInput}, {&l.Output, "log_output", grant.Effective.Tags.LogOutput}} {
		switch stream.tag {
		case sudoers.Yes:
		case sudoers.No:
			*stream.on = false
			l.Off = append(l.Off, fmt.Sprintf("%s:%d: %s", grant.Pos.File, grant.Pos.Line, grant.Text))
		default:
			*stream.on = *stream.on && s[stream.option] == "on" && !off(stream.option)
			off(stream.option)
		}
	}
}
