package difftest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// A policy is compared as a list of lines, one a setting, alias or command, which both
// the JSON of cvtsudoers and the tree of package sudoers are turned into. Aliases are
// sorted by name, as cvtsudoers does.

// linesOfJSON turns what cvtsudoers wrote into lines.
func linesOfJSON(n *node) []string {
	var lines []string
	for _, d := range n.get("Defaults").pairs {
		binding := jsonMembers(d.value.get("Binding"))
		for _, o := range d.value.get("Options").pairs {
			lines = append(lines, "Defaults "+binding+" "+jsonOption(&o))
		}
	}
	for _, kind := range []string{"User", "Runas", "Host", "Command"} {
		var some []string
		for _, a := range n.get(kind + "_Aliases").pairs {
			some = append(some, kind+"_Alias "+a.key+" "+jsonMembers(&a.value))
		}
		slices.Sort(some)
		lines = append(lines, some...)
	}
	for _, u := range n.get("User_Specs").pairs {
		head := jsonMembers(u.value.get("User_List")) + " " + jsonMembers(u.value.get("Host_List"))
		for _, c := range u.value.get("Cmnd_Specs").pairs {
			var options []string
			for _, list := range []string{"Options", "SELinux_Spec", "AppArmor_Spec"} {
				for _, o := range c.value.get(list).pairs {
					options = append(options, jsonOption(&o))
				}
			}
			slices.Sort(options)
			for _, cmd := range c.value.get("Commands").pairs {
				lines = append(lines, fmt.Sprintf("%s %s %s %q %s", head,
					jsonMembers(c.value.get("runasusers")), jsonMembers(c.value.get("runasgroups")), options, jsonMember(&cmd.value)))
			}
		}
	}
	return lines
}

func jsonMembers(n *node) string {
	list := make([]string, len(n.pairs))
	for i := range n.pairs {
		list[i] = jsonMember(&n.pairs[i].value)
	}
	return fmt.Sprintf("%q", list)
}

func jsonMember(n *node) string {
	s, not := "", ""
	var digests []sudoers.Digest
	for _, p := range n.pairs {
		switch {
		case strings.HasPrefix(p.key, "sha") && len(p.value.pairs) == 0:
			digests = append(digests, sudoers.Digest{Algorithm: p.key, Value: p.value.scalar})
		case p.key == "negated":
			not = "!"
		case len(p.value.pairs) > 0: // several digests of one algorithm
			for _, d := range p.value.pairs {
				digests = append(digests, sudoers.Digest{Algorithm: p.key, Value: d.value.scalar})
			}
		default:
			s += " " + p.key + "=" + p.value.scalar
		}
	}
	return not + s + digestText(digests)
}

func jsonOption(o *pair) string {
	if o.key != "" {
		return o.key + "=" + o.value.scalar
	}
	operation, s := "", ""
	for _, p := range o.value.pairs {
		switch {
		case p.key == "operation":
			operation = p.value.scalar + " "
		case p.value.scalar == "" && operation != "":
			words := make([]string, len(p.value.pairs))
			for i := range words {
				words[i] = p.value.pairs[i].value.scalar
			}
			s += p.key + fmt.Sprintf("=%q", words)
		default:
			s += p.key + "=" + p.value.scalar
		}
	}
	return operation + s
}

// linesOfTree turns a parsed file into lines.
func linesOfTree(f *sudoers.File, v sudoers.Version) []string {
	f = wordsForUndefined(f, v)
	var lines, specs []string
	aliases := map[string][]string{}
	for _, e := range f.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			kind := map[sudoers.Scope]string{sudoers.ScopeHost: "host", sudoers.ScopeUser: "user", sudoers.ScopeRunAs: "runas"}[e.Scope]
			binding := treeMembers(e.Members, kind)
			if e.Scope == sudoers.ScopeCommand {
				binding = treeCommands(e.Commands)
			}
			for _, s := range e.Settings {
				lines = append(lines, "Defaults "+binding+" "+treeSetting(&s))
			}
		case *sudoers.AliasDef:
			kind := []string{"user", "host", "runas", "cmnd"}[e.Kind]
			word := []string{"User", "Host", "Runas", "Command"}[e.Kind]
			for _, a := range e.Aliases {
				body := treeMembers(a.Members, kind)
				if e.Kind == sudoers.CmndAlias {
					body = treeCommands(a.Commands)
				}
				aliases[word] = append(aliases[word], word+"_Alias "+a.Name+" "+body)
			}
		case *sudoers.UserSpec:
			specs = append(specs, specLines(e, v)...)
		}
	}
	for _, kind := range []string{"User", "Runas", "Host", "Command"} {
		slices.Sort(aliases[kind])
		lines = append(lines, aliases[kind]...)
	}
	return append(lines, specs...)
}

func specLines(e *sudoers.UserSpec, v sudoers.Version) []string {
	var lines []string
	for i := range e.Privileges {
		p := &e.Privileges[i]
		var shown []string
		var before sudoers.Effective
		head := treeMembers(e.Users, "user") + " " + treeMembers(p.Hosts, "host")
		for j, c := range p.Effective() {
			users, groups := "[]", "[]"
			if c.RunAs != nil {
				users, groups = treeMembers(c.RunAs.Users, "runas"), treeMembers(c.RunAs.Groups, "group")
				if len(c.RunAs.Users) == 0 && (len(c.RunAs.Groups) == 0 || v.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14})) {
					users = fmt.Sprintf("%q", []string{" username="})
				}
			}
			// cvtsudoers writes the options of the first of several commands for all of them,
			// if those written out do not change; an implied SETENV is not written out.
			if options := treeOptions(&c, v); j == 0 || written(&p.Commands[j]) || !sameGroup(&before, &c, v) {
				slices.Sort(options)
				shown = options
			}
			before = c
			lines = append(lines, fmt.Sprintf("%s %s %s %q %s", head, users, groups, shown, treeCommand(&c.CommandMember)))
		}
	}
	return lines
}

// written tells options that begin a new group even if their value is the same as for the
// command before.
func written(c *sudoers.CommandSpec) bool {
	for _, o := range c.Options {
		switch o.Kind {
		case sudoers.OptionTimeout, sudoers.OptionNotBefore, sudoers.OptionNotAfter:
		default:
			return true
		}
	}
	return false
}

func sameGroup(before, c *sudoers.Effective, v sudoers.Version) bool {
	if before.RunAs != c.RunAs {
		return false
	}
	a, b := *before, *c
	a.Timeout, a.NotBefore, a.NotAfter = b.Timeout, b.NotBefore, b.NotAfter
	if (b.Tags.Setenv == sudoers.Yes || b.Tags.Setenv == sudoers.No) && a.Tags.Setenv != b.Tags.Setenv {
		return false
	}
	a.Tags.Setenv, b.Tags.Setenv = sudoers.Unset, sudoers.Unset
	return slices.Equal(treeOptions(&a, v), treeOptions(&b, v))
}

func treeMembers(list []sudoers.Member, kind string) string {
	out := make([]string, len(list))
	for i, m := range list {
		not := ""
		if m.Negated {
			not = "!"
		}
		out[i] = not + " " + memberText(m, kind)
	}
	return fmt.Sprintf("%q", out)
}

func memberText(m sudoers.Member, kind string) string {
	word := map[string]string{"user": "username", "runas": "username", "host": "hostname", "group": "usergroup"}[kind]
	switch m.Kind {
	case sudoers.MemberAlias:
		return strings.Replace(kind, "group", "runas", 1) + "alias=" + m.Name
	case sudoers.MemberAddress:
		return "networkaddr=" + m.Name
	case sudoers.MemberNetgroup:
		return "netgroup=" + m.Name[1:]
	case sudoers.MemberGroup:
		name, label := m.Name[1:], "usergroup"
		if strings.HasPrefix(name, ":") {
			name, label = name[1:], "nonunixgroup"
		}
		if id, ok := strings.CutPrefix(name, "#"); ok {
			if n, ok := jsonID(id); ok {
				return strings.Replace(label, "group", "gid", 1) + "=" + n
			}
		}
		return label + "=" + name
	}
	if id, ok := strings.CutPrefix(m.Name, "#"); ok && word == "username" {
		if n, ok := jsonID(id); ok {
			return "userid=" + n
		}
	}
	return word + "=" + m.Name
}

// jsonID writes an id as cvtsudoers does.
func jsonID(s string) (string, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return strconv.FormatUint(n, 10), err == nil && n != math.MaxUint32
}

func treeCommands(list []sudoers.CommandMember) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = treeCommand(&list[i])
	}
	return fmt.Sprintf("%q", out)
}

func treeCommand(m *sudoers.CommandMember) string {
	s := " command=" + m.Command.Name
	if m.Command.Kind == sudoers.CommandAlias {
		s = " cmndalias=" + m.Command.Name
	}
	if m.Command.HasArgs {
		s += " " + m.Command.Args
	}
	s += digestText(m.Digests)
	if m.Negated {
		return "!" + s
	}
	return s
}

// digestText writes digests by algorithm, as cvtsudoers does since 1.9.14.
func digestText(list []sudoers.Digest) string {
	words := make([]string, len(list))
	for i, d := range list {
		words[i] = " " + d.Algorithm + "=" + d.Value
	}
	slices.SortStableFunc(words, func(a, b string) int { return strings.Compare(a[:7], b[:7]) })
	return strings.Join(words, "")
}

func treeSetting(s *sudoers.Setting) string {
	d, _ := sudoers.LookupDefault(s.Name)
	switch s.Operator {
	case sudoers.OpTrue:
		return s.Name + "=true"
	case sudoers.OpFalse:
		return s.Name + "=false"
	}
	if d.Type != sudoers.TypeList {
		return s.Name + "=" + s.Value
	}
	words := strings.FieldsFunc(s.Value, func(r rune) bool { return r == ' ' || r == '\t' })
	operation := map[sudoers.Operator]string{sudoers.OpAssign: "list_assign", sudoers.OpAdd: "list_add", sudoers.OpRemove: "list_remove"}[s.Operator]
	return operation + " " + s.Name + fmt.Sprintf("=%q", words)
}

func treeOptions(e *sudoers.Effective, v sudoers.Version) []string {
	var list []string
	add := func(name, value string) {
		if value != "" {
			list = append(list, name+"="+value)
		}
	}
	gentime := func(s string) string {
		t, err := sudoers.ParseTime(s, time.UTC)
		if err != nil {
			return s
		}
		t = t.UTC()
		if t.Year() > 9999 {
			return "" // too long for the buffer of cvtsudoers
		}
		return strconv.Itoa(t.Year()) + t.Format("0102150405Z")
	}
	add("runcwd", e.Cwd)
	add("runchroot", e.Chroot)
	if e.Role != "" && e.Type != "" { // cvtsudoers leaves out one without the other
		add("role", e.Role)
		add("type", e.Type)
	}
	add("apparmor_profile", e.AppArmorProfile)
	if e.NotBefore != "" {
		add("notbefore", gentime(e.NotBefore))
	}
	if e.NotAfter != "" {
		add("notafter", gentime(e.NotAfter))
	}
	if e.Timeout != "" {
		d, err := sudoers.ParseTimeout(e.Timeout)
		if err == nil && d > 0 {
			add("command_timeout", strconv.Itoa(int(d/time.Second)))
		}
	}
	if v.AtLeast(sudoers.PVE9) {
		add("privs", e.Privs)
		add("limitprivs", e.LimitPrivs)
	}
	tag := func(name string, t sudoers.Tri, no, yes string) {
		switch t {
		case sudoers.Yes, sudoers.Implied:
			add(name, yes)
		case sudoers.No:
			add(name, no)
		}
	}
	tag("authenticate", e.Tags.NoPasswd, "true", "false")
	tag("noexec", e.Tags.NoExec, "false", "true")
	tag("setenv", e.Tags.Setenv, "false", "true")
	tag("intercept", e.Tags.Intercept, "false", "true")
	tag("send_mail", e.Tags.Mail, "false", "true")
	tag("sudoedit_follow", e.Tags.Follow, "false", "true")
	tag("log_input", e.Tags.LogInput, "false", "true")
	tag("log_output", e.Tags.LogOutput, "false", "true")
	return list
}
