package check

import (
	"fmt"
	"slices"
	"strings"
)

// loggingChecks are the checks of logs other than sudo's own, and of auditd.
func loggingChecks() []Check {
	audit := func(id string, title, why, expected string, references []Reference, wanted ...string) Check {
		return Check{ID: id, Title: title, Family: Logging, Severity: Medium, Level: Level2, Why: why, Expected: expected, Remedy: "Write the rule into a file of /etc/audit/rules.d, then augenrules --load.", References: references,
			node: func(n *Node) Outcome { return n.auditRule(wanted) }}
	}
	return []Check{
		{ID: "PVESEC-C0809", Title: "A service keeps the system's log", Family: Logging, Severity: High, Level: Level1, Why: "Without it nothing is written down.", Expected: "systemd-journald or rsyslog runs", Remedy: "systemctl enable --now rsyslog; pvesec_audit_logging shows whether the services run.",
			References: append(cis("6.1.1.1", "6.1.1.1.1"), cis("6.1.1.4", "")...), node: func(n *Node) Outcome { return n.runs("systemd-journald.service", "rsyslog.service") }},
		{ID: "PVESEC-C0810", Title: "The journal survives a restart", Family: Logging, Severity: Medium, Level: Level1, Why: "What happened before a crash is gone with a journal in memory.", Expected: "Storage is persistent, or rsyslog writes the logs to the disk", Remedy: "Storage=persistent in a file of /etc/systemd/journald.conf.d, or rsyslog.",
			References: cis("6.1.2.4", "6.1.1.1.5"), node: persistent},
		{ID: "PVESEC-C0811", Title: "Logs go to another machine", Family: Logging, Severity: High, Level: Level2, Why: "Who is root on the node changes every log on it.", Expected: "a rule of rsyslog that forwards", Remedy: "A forwarding rule with TLS in /etc/rsyslog.d.",
			References: append(cis("6.1.3.6", "6.1.2.6"), guide("5.1.1")...), node: forwarded},
		{ID: "PVESEC-C0812", Title: "Logs are forwarded with TLS", Family: Logging, Severity: Medium, Level: Level1, Why: "Without TLS everyone on the way reads and changes them.", Expected: "every rule that forwards has StreamDriver gtls or ossl, and checks who answers", Remedy: "StreamDriver=\"gtls\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" in the action.",
			References: cis("", "6.1.2.10"), node: forwardedSafely},
		{ID: "PVESEC-C0813", Title: "The node takes no logs of others", Family: Logging, Severity: Medium, Level: Level1, Why: "Everyone who reaches the port fills the disk, and writes what he wants into the logs.", Expected: "rsyslog loads no imtcp, imudp or imrelp", Remedy: "Remove the lines from /etc/rsyslog.conf and /etc/rsyslog.d.",
			References: cis("6.1.3.7", "6.1.2.7"), node: receives},
		{ID: "PVESEC-C0814", Title: "New logs are closed to others", Family: Logging, Severity: Medium, Level: Level1, Why: "Logs have names, addresses and command lines.", Expected: "FileCreateMode of rsyslog is 0640 or stricter", Remedy: "$FileCreateMode 0640 in /etc/rsyslog.conf.", References: cis("6.1.3.4", "6.1.2.4"), node: createMode},
		{ID: "PVESEC-C0815", Title: "Logs are rotated", Family: Logging, Severity: Low, Level: Level1, Why: "A full disk ends every log, and the node.", Expected: "logrotate.timer is active", Remedy: "systemctl enable --now logrotate.timer; pvesec_audit_logging, block rotation, for the logs of sudo.", References: cis("6.1.3.8", "6.1.2.8"),
			node: func(n *Node) Outcome { return n.runs("logrotate.timer") }},
		{ID: "PVESEC-C0816", Title: "auditd runs", Family: Logging, Severity: Medium, Level: Level2, Why: "The kernel's own record holds what no program tells.", Expected: "auditd.service is active", Remedy: "apt-get install auditd; systemctl enable --now auditd.", References: cis("6.2.1.2", "6.2.1.2"),
			node: func(n *Node) Outcome { return n.runs("auditd.service") }},
		audit("PVESEC-C0817", "auditd watches the sudoers files", "A new grant must be seen from any source.", "a rule on /etc/sudoers and on /etc/sudoers.d", cis("6.2.3.1", "6.2.3.1"), "/etc/sudoers", "/etc/sudoers.d"),
		audit("PVESEC-C0818", "auditd watches accounts and groups", "A new account must be seen from any source.", "a rule on /etc/passwd, /etc/group and /etc/shadow", cis("6.2.3.8", "6.2.3.13"), "/etc/passwd", "/etc/group", "/etc/shadow"),
		audit("PVESEC-C0819", "auditd watches /etc/pve", "What a shell changes there, the log of PVE does not tell.", "a rule on /etc/pve", guide("5.1.2"), "/etc/pve"),
		{ID: "PVESEC-C0820", Title: "The rules of auditd cannot be changed until a restart", Family: Logging, Severity: Low, Level: Level2, Why: "Who is root would switch them off first.", Expected: "-e 2 is the last rule", Remedy: "Write -e 2 into /etc/audit/rules.d/99-finalize.rules.", References: cis("6.2.3.20", "6.2.3.36"), node: immutable},
		{ID: "PVESEC-C0821", Title: "auditd keeps its logs", Family: Logging, Severity: Low, Level: Level2, Why: "Who makes many events would rotate his own away.", Expected: "max_log_file_action is keep_logs", Remedy: "Set it in /etc/audit/auditd.conf.", References: cis("6.2.2.2", "6.2.2.2"), node: keepLogs},
		{ID: "PVESEC-C0712", Title: "Idle shells end within 15 minutes", Family: Terminal, Severity: Low, Level: Level2, Why: "A shell that is left open is for who sits down.", Expected: "TMOUT is between 1 and 900 for all shells, and read-only", Remedy: "readonly TMOUT=900; export TMOUT in a file of /etc/profile.d.",
			References: cis("5.4.3.2", "5.4.3.2"), node: shellTimeout},
	}
}

// runs passes where one of some services is active.
func (n *Node) runs(names ...string) Outcome {
	running, reason := n.units.running(names...)
	switch {
	case len(running) > 0:
		return pass(strings.Join(running, ", ") + " is active")
	case reason != "":
		return unknown(reason)
	}
	return fail(strings.Join(names, ", ") + ": " + n.units.byName[names[0]].active)
}

func persistent(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	if running, _ := n.units.running("rsyslog.service"); len(running) > 0 {
		return pass("rsyslog.service is active")
	}
	storage, at, found := value(n.config.in("/usr/lib/systemd/journald.conf.d/*.conf", "/etc/systemd/journald.conf", "/etc/systemd/journald.conf.d/*.conf"), "Storage")
	switch {
	case found && storage == "persistent":
		return pass(at.String())
	case n.units.reason != "":
		return unknown(n.units.reason)
	case found:
		return fail(at.String() + ", and rsyslog does not run")
	}
	return fail("Storage is not set, so that a journal on the disk depends on a directory, and rsyslog does not run")
}

// rsyslogFiles are those that rsyslog reads by Debian's configuration.
var rsyslogFiles = []string{"/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"}

// forwards tells whether a line of rsyslog sends logs elsewhere.
func forwards(l line) bool {
	words := strings.Fields(l.text)
	return strings.Contains(l.text, "omfwd") || strings.Contains(l.text, "omrelp") && !strings.HasPrefix(l.text, "module") || len(words) > 1 && strings.HasPrefix(words[1], "@")
}

func (n *Node) forwarding() (list []line) {
	for _, l := range n.config.in(rsyslogFiles...) {
		if forwards(l) {
			list = append(list, l)
		}
	}
	return list
}

func forwarded(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	if list := n.forwarding(); len(list) > 0 {
		return pass(list[0].String())
	}
	return fail("no rule of rsyslog forwards")
}

func forwardedSafely(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	list := n.forwarding()
	if len(list) == 0 {
		return notApplicable("no rule of rsyslog forwards")
	}
	global := strings.Builder{}
	for _, l := range n.config.in(rsyslogFiles...) {
		if strings.Contains(l.text, "StreamDriver") {
			global.WriteString(strings.ToLower(l.text))
		}
	}
	text := global.String()
	if (strings.Contains(text, "gtls") || strings.Contains(text, "ossl")) && strings.Contains(text, "x509/") {
		return pass(list[0].String())
	}
	return fail(list[0].String())
}

func receives(n *Node) Outcome {
	var wrong []string
	for _, l := range n.config.in(rsyslogFiles...) {
		for _, module := range []string{"imtcp", "imudp", "imrelp", "InputTCPServerRun", "UDPServerRun"} {
			if strings.Contains(l.text, module) {
				wrong = append(wrong, l.String())
				break
			}
		}
	}
	return judged(wrong, n.config.reason, "rsyslog receives nothing")
}

func createMode(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	lines := n.config.in(rsyslogFiles...)
	if len(lines) == 0 {
		if running, reason := n.units.running("rsyslog.service"); reason != "" || len(running) > 0 {
			return unknown("no line of /etc/rsyslog.conf was told")
		}
		return notApplicable("rsyslog does not run")
	}
	for _, l := range slices.Backward(lines) {
		at := strings.Index(l.text, "FileCreateMode")
		if at < 0 {
			continue
		}
		text := strings.TrimLeft(l.text[at+len("FileCreateMode"):], " =\"\t")
		var mode uint64
		if _, err := fmt.Sscanf(text, "%o", &mode); err != nil {
			return unknown(l.String())
		}
		return passIf(mode&^0o640 == 0, l.String())
	}
	return fail("FileCreateMode is not set: 0644")
}

// auditRule looks for rules on files: -w FILE, or -F path= and -F dir=.
func (n *Node) auditRule(wanted []string) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	lines := n.config.in("/etc/audit/rules.d/*.rules")
	var lacks, found []string
	for _, file := range wanted {
		at := slices.IndexFunc(lines, func(l line) bool {
			words := strings.Fields(l.text)
			for i, word := range words {
				word = strings.TrimRight(strings.TrimPrefix(strings.TrimPrefix(word, "path="), "dir="), "/")
				if word == file && i > 0 && (words[i-1] == "-w" || words[i-1] == "-F") {
					return true
				}
			}
			return false
		})
		if at < 0 {
			lacks = append(lacks, "no rule on "+file)
		} else {
			found = append(found, lines[at].String())
		}
	}
	if len(lacks) > 0 {
		return fail(lacks...)
	}
	return pass(found...)
}

func immutable(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	lines := n.config.in("/etc/audit/rules.d/*.rules")
	if len(lines) > 0 && strings.Join(strings.Fields(lines[len(lines)-1].text), " ") == "-e 2" {
		return pass(lines[len(lines)-1].String())
	}
	return fail("-e 2 is not the last rule of /etc/audit/rules.d")
}

func keepLogs(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	action, at, found := value(n.config.in("/etc/audit/auditd.conf"), "max_log_file_action")
	if !found {
		if _, there := n.modes.files["/etc/audit/auditd.conf"]; !there && n.modes.reason == "" {
			return notApplicable(missing("/etc/audit/auditd.conf"))
		}
		return fail("max_log_file_action is not set")
	}
	return passIf(strings.EqualFold(action, "keep_logs"), at.String())
}

func shellTimeout(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	seconds, readonly := "", false
	var at line
	for _, l := range n.config.in("/etc/profile", "/etc/bash.bashrc", "/etc/profile.d/*.sh") {
		_, after, found := strings.Cut(l.text, "TMOUT=")
		if !found {
			continue
		}
		seconds, _, _ = strings.Cut(strings.TrimLeft(strings.NewReplacer(";", " ", "\t", " ", "\"", "").Replace(after), " "), " ")
		at = l
		readonly = readonly || strings.Contains(l.text, "readonly") || strings.Contains(l.text, " -r")
	}
	switch {
	case seconds == "":
		return fail("TMOUT is not set")
	case outside(1, 900)(seconds) || !readonly:
		return fail(at.String())
	}
	return pass(at.String())
}
