package check

import (
	"fmt"
	"strings"
)

// wayToRoot is a sort of step that leads to root, by itself or on a path.
type wayToRoot struct {
	id, title, why, expected, remedy string
	family                           Family
	severity                         Severity
	ways                             []string
	// about is what gaps are about that leave it open.
	about      []string
	references []Reference
}

var waysToRoot = []wayToRoot{
	{id: "PVESEC-C0105", family: RootProtection, severity: Critical, title: "No group of Linux is as mighty as root", ways: []string{"group"}, about: []string{"the groups", "a line of the groups", "ways to become root"},
		why: "Members of docker, disk, lxd, libvirt and shadow reach root without any grant.", expected: "no account is a member of a group that leads to root", remedy: "pvesec_node_account, argument groups; or gpasswd -d ACCOUNT GROUP.",
		references: append(manual("group(5)", ""), cis("7.2.4", "7.2.4")...)},
	{id: "PVESEC-C0106", family: RootProtection, severity: Critical, title: "Nobody becomes root without a password", ways: []string{"password"}, about: []string{"the states of passwords", "ways to become root"},
		why: "su lets everyone in whose account has an empty password, or whom pam_wheel trusts.", expected: "no empty password, no pam_wheel with trust, on a path to root", remedy: "passwd -l ACCOUNT; take trust out of the line of PAM.", references: manual("pam_wheel(8)", "trust")},
	{id: "PVESEC-C0507", family: Escalation, severity: Critical, title: "No set-id program beyond the distribution's leads to root", ways: []string{"set-id"}, about: []string{"set-id programs", "packages", "programs", "file systems"},
		why: "A program with a set-id bit runs as its owner, started by any user.", expected: "every set-id bit is one that a package gave", remedy: "chmod u-s, as the evidence says, or remove the program.", references: cis("7.1.13", "7.1.13")},
	{id: "PVESEC-C0508", family: Escalation, severity: Critical, title: "No program has capabilities that lead to root", ways: []string{"capability"}, about: []string{"capabilities", "packages", "programs with capabilities", "file systems"},
		why: "cap_setuid, cap_dac_override and their like are root in one system call.", expected: "no capability beyond those that are harmless", remedy: "setcap -r FILE.", references: manual("capabilities(7)", "")},
	{id: "PVESEC-C0509", family: Escalation, severity: Critical, title: "Nobody but root changes what root executes or reads", ways: []string{"file"}, about: []string{"what root runs and reads", "packages", "access control lists", "names of"},
		why: "Who writes a program, a unit, a profile or a library of root's runs code as root.", expected: "files and directories of root's are owned and written by root alone", remedy: "chown or chmod, as the evidence says.", references: cis("7.1.11", "7.1.11")},
	{id: "PVESEC-C0510", family: Escalation, severity: Critical, title: "No cron job of root runs what others change", ways: []string{"cron"}, about: []string{"cron tables"},
		why: "Cron runs the changed file as root at its next minute.", expected: "every file that a cron table of root names is root's", remedy: "chown root FILE and its directories; or run the job as the account.", references: manual("cron(8)", "")},
	{id: "PVESEC-C0511", family: Escalation, severity: Critical, title: "No service of root runs what others change", ways: []string{"unit"}, about: []string{"cron tables and services", "services"},
		why: "systemd runs the changed file as root at the next start.", expected: "every file that a unit of root names is root's", remedy: "chown root FILE and its directories; or set User= in the unit.", references: manual("systemd.exec(5)", "User=")},
	{id: "PVESEC-C0606", family: Bypass, severity: Critical, title: "No account has the user id of another", ways: []string{"uid"}, about: []string{"the accounts", "account"},
		why: "The kernel knows ids only: two names of one id are one account, and the logs name the first.", expected: "every user id has one name", remedy: "pvesec_node_account, argument uid; or usermod -u.", references: append(cis("7.2.5", "7.2.5"), cis("5.4.2.1", "5.4.2.1")...)},
}

// ways are the checks of them.
func ways() []Check {
	list := make([]Check, len(waysToRoot))
	for i, w := range waysToRoot {
		list[i] = Check{ID: w.id, Title: w.title, Family: w.family, Severity: w.severity, Level: Level1, Why: w.why, Expected: w.expected, Remedy: w.remedy, References: w.references,
			node: func(n *Node) Outcome {
				var wrong []string
				for _, way := range w.ways {
					for _, s := range n.steps[way] {
						text := fmt.Sprintf("%s %s [%s]", n.report.Graph.Principal(s.From), s.Does, s.Evidence)
						if s.Condition != "" {
							text += " if " + s.Condition
						}
						wrong = append(wrong, text)
					}
				}
				return judged(wrong, n.Unknown(append(aboutAccounts, w.about...)...), "no path to root on "+n.Name+" has such a step")
			}}
	}
	return list
}

// missing tells that a file or a package is not there in a sentence.
func missing(what string) string { return strings.TrimSpace(what) + " is not there" }
