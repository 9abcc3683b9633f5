package hardening

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// look reads a node, with its sudoers files where some of the settings are in one, and lists what other files overrule.
func (a AuditLogging) look(ctx context.Context, nodes Nodes, target node.Target, query node.Query) (*node.Observation, []string, error) {
	if !a.ConfiguresSudo() {
		seen, err := nodes.Observe(ctx, target, query)
		return seen, nil, err
	}
	asked := query
	asked.Clock = true
	for _, subject := range a.Subjects {
		if !strings.HasPrefix(subject, "%") {
			asked.Accounts = append(asked.Accounts, subject)
		} else if !slices.Contains(asked.Files, groupFile) {
			asked.Files = append(slices.Clone(asked.Files), memberFiles...)
		}
	}
	tree, err := readSudoersTree(ctx, nodes, target, asked)
	if err != nil {
		return nil, nil, err
	}
	return tree.seen, a.overruled(tree), nil
}

// overruled lists the lines of a node's other sudoers files that switch off or change what audit logging sets, as
// "file:line: what". A tree without the settings is judged as if it had them.
func (a AuditLogging) overruled(t *sudoersTree) []string {
	own := a.DropInPath()
	if !a.ConfiguresSudo() {
		return nil
	}
	ours := textSource{sudoersMain: "@include " + own + "\n", own: a.renderSudoers()}
	all := textSource{}
	for name, state := range t.files {
		if file := followed(state); file.Exists {
			all[name] = string(file.Content)
		}
	}
	all[own] = ours[own]
	host, _, _ := strings.Cut(t.seen.Facts.Hostname, ".")
	alone, _ := parseTree(sudoersMain, ours, host, t.version)
	tree, _ := parseTree(sudoersMain, all, host, t.version)
	if !slices.ContainsFunc(tree.Files, func(f *sudoers.File) bool { return f.Name == own }) {
		return []string{sudoersMain + " does not include " + own}
	}
	o := overruling{own: own, alone: alone, tree: tree, host: host, emergency: func(file string) bool { return emergencyFor(file, all[file], t.limits()) != "" }}
	for _, subject := range a.Subjects {
		o.subject(subjectOf(subject, t.account(subject)))
		if group, is := strings.CutPrefix(subject, "%"); is {
			for _, member := range membersOf(group, t.seen) {
				o.subject(policy.Subject{Name: member, Groups: []string{group}})
			}
		}
	}
	if len(a.Subjects) == 0 {
		o.everyone()
	}
	slices.Sort(o.lines)
	return slices.Compact(o.lines)
}

// OverruledKind is the kind of files to which a line of [AuditState.Overruled] belongs.
func OverruledKind(line string) string {
	for _, kind := range []struct{ prefix, name string }{{sudoersMain, "sudoers"}, {auditRulesDir, "audit rules"}, {"/etc/logrotate", "logrotate"}} {
		if strings.HasPrefix(line, kind.prefix) {
			return kind.name
		}
	}
	return "journald"
}

// overruling compares the settings of one file alone with what the tree makes of them.
type overruling struct {
	own         string
	alone, tree *sudoers.Tree
	host        string
	// emergency tells whether a file is one of an emergency access.
	emergency func(file string) bool
	lines     []string
}

func (o *overruling) add(pos sudoers.Pos, what string) {
	// An emergency access in which sudo refuses what it cannot record is stricter than the settings, and ends by
	// itself.
	stricter := strings.Contains(what, "!ignore_") && o.emergency(pos.File)
	if pos.File != o.own && !stricter {
		o.lines = append(o.lines, printable(fmt.Sprintf("%s:%d: %s", pos.File, pos.Line, strings.TrimSpace(what))))
	}
}

// subject looks at what holds for one subject.
func (o *overruling) subject(subject policy.Subject) {
	request := policy.Request{Subject: subject, Host: o.host, Command: "/usr/bin/true"}
	want := policy.Decide(o.alone, request).Settings
	o.compare(request, want)
	// Options bound to a command or to a target user are applied last, for the subject too.
	o.options(want, func(d *sudoers.Defaults) bool {
		return d.Scope == sudoers.ScopeCommand || d.Scope == sudoers.ScopeRunAs
	})
	for _, grant := range policy.Grants(o.tree, subject) {
		if !grant.Negated && o.unlogged(grant.Effective.Tags, want) {
			o.add(grant.Pos, grant.Text)
		}
	}
}

// everyone looks at what holds for all users: options that are bound to some of them are applied for them.
func (o *overruling) everyone() {
	request := policy.Request{Subject: policy.Subject{Name: "any-other-user"}, Host: o.host, Command: "/usr/bin/true"}
	want := policy.Decide(o.alone, request).Settings
	o.compare(request, want)
	o.options(want, func(d *sudoers.Defaults) bool {
		return d.Scope == sudoers.ScopeUser || d.Scope == sudoers.ScopeRunAs || d.Scope == sudoers.ScopeCommand
	})
	for _, entry := range o.tree.Entries {
		spec, is := entry.(*sudoers.UserSpec)
		if !is {
			continue
		}
		for _, privilege := range spec.Privileges {
			for _, command := range privilege.Commands {
				input, output := slices.Contains(command.Tags, sudoers.TagNoLogInput), slices.Contains(command.Tags, sudoers.TagNoLogOutput)
				if input && want["log_input"] == "on" || output && want["log_output"] == "on" {
					o.add(command.Pos, sudoers.PrintEntry(spec))
				}
			}
		}
	}
}

// compare adds what decides about an option that is not as it was set.
func (o *overruling) compare(request policy.Request, want policy.Settings) {
	have := policy.Decide(o.tree, request).Settings
	for _, option := range slices.Sorted(maps.Keys(want)) {
		if sameValue(option, have[option], want[option]) {
			continue
		}
		if pos, found := policy.SetBy(o.tree, request, option); found {
			o.add(pos, settingText(option, have[option]))
		}
	}
	for option, parts := range map[string][]string{"log_input": {"log_stdin", "log_ttyin"}, "log_output": {"log_stdout", "log_stderr", "log_ttyout"}} {
		for _, part := range parts {
			if want[option] != "on" || have[part] != "off" {
				continue
			}
			if pos, found := policy.SetBy(o.tree, request, part); found {
				o.add(pos, settingText(part, "off"))
			}
		}
	}
}

// options adds the settings of some Defaults that give another value.
func (o *overruling) options(want policy.Settings, which func(*sudoers.Defaults) bool) {
	for _, entry := range o.tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is || !which(d) {
			continue
		}
		for _, s := range d.Settings {
			value := s.Value
			switch s.Operator {
			case sudoers.OpTrue:
				value = "on"
			case sudoers.OpFalse:
				value = "off"
			}
			if is, ours := want[s.Name]; ours && !sameValue(s.Name, value, is) {
				o.add(s.Pos, sudoers.PrintEntry(d))
			}
		}
	}
}

// unlogged tells whether tags of a rule switch a recording off that is wanted.
func (o *overruling) unlogged(tags sudoers.TagSet, want policy.Settings) bool {
	return tags.LogInput == sudoers.No && want["log_input"] == "on" || tags.LogOutput == sudoers.No && want["log_output"] == "on"
}

// sameValue tells whether two values of an option mean the same to sudo. A mode is a number in octal, with zeros before
// it or without.
func sameValue(option, a, b string) bool {
	if a == b || option != "iolog_mode" {
		return a == b
	}
	first, err1 := strconv.ParseUint(a, 8, 32)
	second, err2 := strconv.ParseUint(b, 8, 32)
	return err1 == nil && err2 == nil && first == second
}

// settingText is an option as sudoers writes it.
func settingText(option, value string) string {
	switch value {
	case "off":
		return "!" + option
	case "on":
		return option
	}
	return option + "=" + value
}
