package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// assumptions lists what the model did not ask the node about, as far as it can matter
// for this policy.
func (m *matcher) assumptions(tree *sudoers.Tree, r *Request) []string {
	var list []string
	if m.env.Exists == nil {
		list = append(list, "every path that the policy or the request names exists")
	}
	list = append(list, "a file has the digest that the policy gives, and no hard links")
	if a := m.env.account(m.runAs.user.Name); r.RunAsUser == nil && a.UID == nil {
		list = append(list, "the id and groups of "+m.runAs.user.Name+" are not known")
	}
	if r.Time.IsZero() {
		list = append(list, "NOTBEFORE and NOTAFTER are not looked at")
	}
	var f features
	f.look(tree)
	if f.patterns && m.locale == "" && !f.locale {
		list = append(list, "sudoers_locale is C, as sudo has it unless another file sets it: patterns are compared byte by byte")
	}
	if f.lib32 {
		list = append(list, "/lib32 is a link to /usr/lib32: not every node has it")
	}
	if name := m.runasDefault; name != "root" && len(m.env.Accounts) == 0 {
		list = append(list, "the account "+name+", which runas_default names, exists on the node")
	}
	if f.callersCwd {
		list = append(list, "sudo is called without -D, by which the caller may choose the working directory")
	}
	if f.callersRoot {
		list = append(list, "sudo is called without -R, by which the caller may choose the root directory")
	}
	if !m.resolves() || f.chroot {
		list = append(list, "no links lead to commands from other directories but those that Debian ships: where sudo compares files, until 1.9.13 and beside CHROOT, it takes a link of "+
			"the same name for the command")
	}
	if f.anyTarget {
		list = append(list, "the options -u and -g name accounts and groups that the node has")
	}
	if f.checksShell {
		list = append(list, "the shell of the target is in /etc/shells, or runas_check_shell refuses it")
	}
	if f.hostNetgroups {
		list = append(list, "the node is in no netgroup")
	}
	if f.userNetgroups {
		list = append(list, "users are in the netgroups that the request and the accounts name, and in no others")
	}
	if f.nonUnixGroups {
		list = append(list, `no group plug-in is loaded: "%:name" is a Unix group of that very name`)
	}
	if f.intercept {
		list = append(list, "no command has the set-user-ID or set-group-ID bit, with which INTERCEPT refuses it since sudo 1.9.14")
	}
	return list
}

// features are the parts of a policy whose meaning depends on the node.
type features struct {
	hostNetgroups, userNetgroups, nonUnixGroups, intercept bool
	patterns, locale                                       bool // what a locale has a say in, and the option that sets it
	callersCwd, callersRoot, anyTarget, checksShell        bool
	chroot                                                 bool // whether some command is looked for below another root
	lib32                                                  bool // whether some command is in the directory of 32-bit libraries
}

func (f *features) look(tree *sudoers.Tree) {
	for _, e := range tree.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			f.members(e.Members, e.Scope == sudoers.ScopeHost)
			for _, s := range e.Settings {
				f.intercept = f.intercept || s.Name == "intercept" && s.Operator == sudoers.OpTrue
				f.locale = f.locale || s.Name == "sudoers_locale"
				f.callersCwd = f.callersCwd || s.Name == "runcwd" && s.Value == "*"
				f.callersRoot = f.callersRoot || s.Name == "runchroot" && s.Value == "*"
				f.chroot = f.chroot || s.Name == "runchroot" && s.Value != ""
				f.checksShell = f.checksShell || s.Name == "runas_check_shell" && s.Operator == sudoers.OpTrue
			}
		case *sudoers.AliasDef:
			for i := range e.Aliases {
				f.members(e.Aliases[i].Members, e.Kind == sudoers.HostAlias)
				for j := range e.Aliases[i].Commands {
					f.command(&e.Aliases[i].Commands[j].Command)
				}
			}
		case *sudoers.UserSpec:
			f.spec(e)
		}
	}
}

func (f *features) spec(e *sudoers.UserSpec) {
	f.members(e.Users, false)
	for i := range e.Privileges {
		p := &e.Privileges[i]
		f.members(p.Hosts, true)
		for j := range p.Commands {
			f.command(&p.Commands[j].Command)
			if r := p.Commands[j].RunAs; r != nil {
				f.members(r.Users, false)
				isAll := func(x sudoers.Member) bool { return x.Kind == sudoers.MemberAll }
				f.anyTarget = f.anyTarget || slices.ContainsFunc(r.Users, isAll) || slices.ContainsFunc(r.Groups, isAll)
			}
			for _, o := range p.Commands[j].Options {
				f.callersCwd = f.callersCwd || o.Kind == sudoers.OptionCwd && o.Value == "*"
				f.callersRoot = f.callersRoot || o.Kind == sudoers.OptionChroot && o.Value == "*"
				f.chroot = f.chroot || o.Kind == sudoers.OptionChroot
			}
			for _, t := range p.Commands[j].Tags {
				f.intercept = f.intercept || t == sudoers.TagIntercept
			}
		}
	}
}

func (f *features) command(c *sudoers.Command) {
	f.patterns = f.patterns || mayReadOtherwise(c, "en_US.UTF-8")
	f.lib32 = f.lib32 || strings.HasPrefix(c.Name, "/lib32/") || strings.HasPrefix(c.Name, "/usr/lib32/")
}

func (f *features) members(list []sudoers.Member, hosts bool) {
	for i := range list {
		switch list[i].Kind {
		case sudoers.MemberNetgroup:
			f.hostNetgroups = f.hostNetgroups || hosts
			f.userNetgroups = f.userNetgroups || !hosts
		case sudoers.MemberGroup:
			f.nonUnixGroups = f.nonUnixGroups || strings.HasPrefix(list[i].Name, "%:")
		}
	}
}
