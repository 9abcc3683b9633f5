package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoGrants are the checks that grants of sudo give no more than is needed.
func sudoGrants() []Check {
	grant := func(id string, severity Severity, level Level, title, why, expected, section, right string, wrong func(g *policy.Grant) string) Check {
		return Check{ID: id, Title: title, Family: GrantMinimality, Severity: severity, Level: level, Why: why, Expected: expected, Remedy: allowList, References: manual("sudoers(5)", section),
			node: func(n *Node) Outcome { return n.eachGrant(right, wrong) }}
	}
	nopasswd := grant("PVESEC-C0302", Medium, Level2, "Every grant of sudo asks for a password", "A stolen session or key is root at once where no password is asked for.", "no grant has NOPASSWD", "Tag_Spec", "a password is asked for from",
		func(g *policy.Grant) string {
			if g.NoPasswd() {
				return "no password"
			}
			return ""
		})
	nopasswd.Remedy = "Leave nopasswd out of the rule of pvesec_sudoers_policy. For automation that has no password, waive the check with the reason."
	nopasswd.References = append(nopasswd.References, cis("5.2.4", "5.2.4")...)
	return []Check{
		{ID: "PVESEC-C0301", Title: "No grant of sudo leads to root", Family: GrantMinimality, Severity: Critical, Level: Level1, Why: "One command line that leads to root makes every other limit of the policy void.",
			Expected: "the analysis of all command lines of all grants finds no way to root", Remedy: allowList, References: append(manual("sudoers(5)", "SUDOERS FILE FORMAT"), guide("2.1.5")...),
			node: func(n *Node) Outcome { return n.aboutGranted("no way to root for", n.leadsToRoot) }},
		nopasswd,
		grant("PVESEC-C0303", Critical, Level1, "No sudo rule allows all commands", "ALL is root; what is denied after it comes back by another path.", "no grant has ALL as its command", "Cmnd_Spec", "single commands for", func(g *policy.Grant) string {
			if g.Command.Kind == sudoers.CommandAll {
				return "every command"
			}
			return ""
		}),
		grant("PVESEC-C0304", Medium, Level1, "No grant of sudo has a wildcard in its path", "A user who can put a file where the wildcard matches runs it.", "every command is named by its path", "Wildcards", "named programs for", func(g *policy.Grant) string {
			if g.Command.Kind == sudoers.CommandPath && sudoers.HasMeta(g.Command.Name) {
				return "a wildcard in the path"
			}
			return ""
		}),
		grant("PVESEC-C0305", Medium, Level1, "No grant of sudo is for a whole directory", "Every program that comes into the directory later is granted, too.", "no command ends with a slash", "Cmnd_List", "no directories for", func(g *policy.Grant) string {
			if g.Command.Kind == sudoers.CommandPath && strings.HasSuffix(g.Command.Name, "/") {
				return "a directory"
			}
			return ""
		}),
		grant("PVESEC-C0306", High, Level1, "No grant of sudo has a wildcard in its arguments", "* in arguments matches spaces: any further words, with options of any kind.", "arguments are literal, or a regular expression from ^ to $", "Wildcards", "arguments without wildcards for",
			func(g *policy.Grant) string {
				if g.Command.Kind == sudoers.CommandPath && g.Command.HasArgs && !strings.HasPrefix(g.Command.Args, "^") && strings.ContainsAny(g.Command.Args, "*?[") {
					return "a wildcard in the arguments"
				}
				return ""
			}),
		grant("PVESEC-C0307", Medium, Level2, "Every grant of sudo pins its arguments", "A command without arguments in the grant is allowed with every argument.", "every command has arguments, or \"\" for none", "Cmnd_List", "pinned arguments for", func(g *policy.Grant) string {
			if g.Command.Kind == sudoers.CommandPath && !g.Command.HasArgs && !strings.HasSuffix(g.Command.Name, "/") {
				return "any arguments"
			}
			return ""
		}),
		grant("PVESEC-C0308", Medium, Level1, "Every grant of sudo names whom the command runs as", "ALL is every account, those of other services and people, too.", "no grant has ALL as its Runas_Spec", "Runas_Spec", "named targets for", func(g *policy.Grant) string {
			if g.RunAs != nil && slices.ContainsFunc(g.RunAs.Users, func(m sudoers.Member) bool { return m.Kind == sudoers.MemberAll && !m.Negated }) {
				return "as every account"
			}
			return ""
		}),
		grant("PVESEC-C0309", High, Level1, "Every grant of sudo names who has it", "ALL is every account, one that a package makes tomorrow, too.", "no grant is for the user ALL", "User_List", "named subjects:", func(g *policy.Grant) string {
			if g.Users == policy.MatchAll {
				return "for every account"
			}
			return ""
		}),
		{ID: "PVESEC-C0310", Title: "No grant of sudo is taken back by a denial", Family: GrantMinimality, Severity: High, Level: Level1, Why: "A denial is by name: a copy, a link or another program does the same under another one.", Expected: "no denied command (!)",
			Remedy: allowList, References: manual("sudoers(5)", "Limitations of the '!' operator"), node: denials},
		{ID: "PVESEC-C0311", Title: "sudo reads every line of its files", Family: GrantMinimality, Severity: High, Level: Level1, Why: "sudo skips a line that is malformed, and a denial or an option in it does not hold.", Expected: "no malformed line in the sudoers tree",
			Remedy: "Mend the line with visudo. pvesec_sudoers_policy checks its files with the node's own visudo before it installs them.", References: manual("sudoers(5)", "SUDOERS FILE FORMAT"), node: malformed},
		{ID: "PVESEC-C0312", Title: "No pattern of sudo is without effect", Family: GrantMinimality, Severity: Medium, Level: Level1, Why: "A pattern that never matches neither allows nor denies what is written.", Expected: "no finding of the severity error by pvesec's rules for sudoers files",
			Remedy: "Write what the finding says; see the guide sudoers-findings.", References: manual("sudoers(5)", "SUDOERS FILE FORMAT"), node: func(n *Node) Outcome { return n.linted(lint.Error) }},
		{ID: "PVESEC-C0313", Title: "No line of sudo does something else than it says", Family: GrantMinimality, Severity: Low, Level: Level2, Why: "Who reads such a line believes in a limit that is not there.", Expected: "no finding of the severity warning by pvesec's rules for sudoers files",
			Remedy: "Write what the finding says; see the guide sudoers-findings.", References: manual("sudoers(5)", "SUDOERS FILE FORMAT"), node: func(n *Node) Outcome { return n.linted(lint.Warning) }},
		{ID: "PVESEC-C0605", Title: "The node's own sudo agrees with the analysis", Family: Bypass, Severity: High, Level: Level1, Why: "Grants can come from a directory service or a plugin, which no file shows.", Expected: "sudo -l -U says of accounts and of examples what the files say",
			Remedy: "Remove other sources from sudoers: in /etc/nsswitch.conf and Plugin lines from /etc/sudo.conf.", References: append(manual("sudo(8)", "-l, -U"), manual("sudo.conf(5)", "Plugin")...), node: agreement},
	}
}

// leadsToRoot tells of the findings of one who has grants.
func (n *Node) leadsToRoot(g *posture.Granted) (wrong, _ []string) {
	for i := range g.Findings {
		f := &g.Findings[i]
		if !f.Root() {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("%s: %s %s (%s, %s:%d)%s", g.Name, f.ID, f.Does, f.Example, f.Pos.File, f.Pos.Line, n.saidBySudo(g.Name, f.Example)))
	}
	return wrong, nil
}

// denials looks for commands that are taken back. They stand in the tree, for any user.
func denials(n *Node) Outcome {
	if o, is := n.noSudo(); is {
		return o
	}
	var wrong []string
	for _, entry := range n.Sudoers.Tree.Entries {
		spec, is := entry.(*sudoers.UserSpec)
		if !is {
			continue
		}
		for i := range spec.Privileges {
			for j := range spec.Privileges[i].Commands {
				if c := &spec.Privileges[i].Commands[j]; c.Negated {
					wrong = append(wrong, fmt.Sprintf("%s:%d denies %s", spec.Pos().File, spec.Pos().Line, c.Command.String()))
				}
			}
		}
	}
	doubt := ""
	if n.Sudoers.Tree.Unread {
		doubt = "not all sudoers files were read"
	}
	return judged(wrong, doubt, "no command is denied")
}

func malformed(n *Node) Outcome {
	if o, is := n.noSudo(); is {
		return o
	}
	var wrong []string
	for _, problem := range n.Sudoers.Problems {
		wrong = append(wrong, problem.Error())
	}
	return judged(wrong, "", fmt.Sprintf("%d files are well-formed", len(n.Sudoers.Tree.Files)))
}

// linted looks for findings of one severity.
func (n *Node) linted(severity lint.Severity) Outcome {
	if o, is := n.noSudo(); is {
		return o
	}
	var wrong []string
	for _, f := range lint.Lint(n.Sudoers.Tree, lint.Options{Version: n.Sudoers.Version}) {
		if f.Severity == severity {
			wrong = append(wrong, f.String())
		}
	}
	return judged(wrong, "", "no findings")
}

// agreement compares the engine with the node's own sudo.
func agreement(n *Node) Outcome {
	if o, is := n.noSudo(); is {
		return o
	}
	var wrong []string
	for _, gap := range n.Gaps {
		if strings.HasPrefix(gap.About, "sudo of ") || gap.About == "sudo" && (strings.Contains(gap.Reason, "grants also come from") || strings.Contains(gap.Reason, "names a plugin")) {
			wrong = append(wrong, gap.About+": "+gap.Reason)
		}
	}
	asked := 0
	for _, g := range n.Granted() {
		for i := range g.Findings {
			f := &g.Findings[i]
			says, was := n.Asked(g.Name, f.Example)
			if !was {
				continue
			}
			if asked++; !says.Allowed {
				wrong = append(wrong, fmt.Sprintf("%s: the files allow %q, sudo says: %s", g.Name, f.Example, says.Text))
			}
		}
	}
	return judged(wrong, n.Unknown(append([]string{"what sudo itself says", "the plugins of sudo"}, aboutAccounts...)...), fmt.Sprintf("sudo was asked about accounts, and about %d command lines", asked))
}
