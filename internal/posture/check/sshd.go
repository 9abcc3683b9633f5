package check

import (
	"slices"
	"strconv"
	"strings"
)

// sshdOption is what sshd -T has to print for a keyword.
type sshdOption struct {
	id, keyword string
	severity    Severity
	level       Level
	title, why  string
	expected    string
	argument    string // of pvesec_sshd_policy, "" for a line of the file
	refs        []Reference
	wrong       func(value string) bool
}

func is(values ...string) func(string) bool { // wrong where it is none of them
	return func(v string) bool { return !slices.Contains(values, strings.ToLower(v)) }
}

// weak is wrong where a list has one of some algorithms.
func weak(algorithms ...string) func(string) bool {
	return func(v string) bool {
		return slices.ContainsFunc(strings.Split(v, ","), func(a string) bool {
			return slices.ContainsFunc(algorithms, func(w string) bool { return a == w || strings.HasPrefix(w, "*") && strings.Contains(a, w[1:]) })
		})
	}
}

var sshdOptions = []sshdOption{
	{id: "PVESEC-C0901", keyword: "permitrootlogin", severity: High, level: Level1, title: "sshd lets root in with a key at most", why: "A password of root's can be guessed from everywhere.", expected: "PermitRootLogin is no, prohibit-password or forced-commands-only; nodes of a cluster need keys of root's",
		argument: "permit_root_login", wrong: is("no", "prohibit-password", "without-password", "forced-commands-only")},
	{id: "PVESEC-C0902", keyword: "permitrootlogin", severity: Medium, level: Level2, title: "sshd lets root in with fixed commands at most", why: "Who logs in as root is nobody in the logs.", expected: "PermitRootLogin is no or forced-commands-only; a cluster of PVE before it uses its own tunnels needs keys of root's",
		argument: "permit_root_login", refs: cis("5.1.20", "5.1.21"), wrong: is("no", "forced-commands-only")},
	{id: "PVESEC-C0903", keyword: "passwordauthentication", severity: High, level: Level1, title: "sshd takes no passwords", why: "Passwords are guessed, keys are not.", expected: "PasswordAuthentication is no", argument: "password_authentication", wrong: is("no")},
	{id: "PVESEC-C0904", keyword: "kbdinteractiveauthentication", severity: High, level: Level1, title: "sshd asks no questions by keyboard-interactive", why: "By PAM, it is a password under another name.", expected: "KbdInteractiveAuthentication is no", argument: "kbd_interactive_authentication", wrong: is("no")},
	{id: "PVESEC-C0905", keyword: "permitemptypasswords", severity: Critical, level: Level1, title: "sshd takes no empty passwords", why: "An account without a password is open to everyone.", expected: "PermitEmptyPasswords is no", refs: cis("5.1.19", "5.1.20"), wrong: is("no")},
	{id: "PVESEC-C0906", keyword: "pubkeyauthentication", severity: Medium, level: Level1, title: "sshd takes keys", why: "Without keys only passwords are left.", expected: "PubkeyAuthentication is yes", wrong: is("yes")},
	{id: "PVESEC-C0907", keyword: "permituserenvironment", severity: High, level: Level1, title: "sshd takes no environment from files of its users", why: "A variable such as LD_PRELOAD gets around a forced command.", expected: "PermitUserEnvironment is no", refs: cis("5.1.21", "5.1.22"), wrong: is("no")},
	{id: "PVESEC-C0908", keyword: "hostbasedauthentication", severity: High, level: Level1, title: "sshd trusts no other hosts", why: "Root of a trusted host is every account here.", expected: "HostbasedAuthentication is no", refs: cis("5.1.10", "5.1.10"), wrong: is("no")},
	{id: "PVESEC-C0909", keyword: "ignorerhosts", severity: Medium, level: Level1, title: "sshd ignores .rhosts", why: "Users would decide which hosts are trusted.", expected: "IgnoreRhosts is yes", refs: cis("5.1.11", "5.1.11"), wrong: is("yes")},
	{id: "PVESEC-C0910", keyword: "gssapiauthentication", severity: Low, level: Level2, title: "sshd takes no tickets by GSSAPI", why: "What is not used need not be open.", expected: "GSSAPIAuthentication is no", refs: cis("5.1.9", "5.1.9"), wrong: is("no")},
	{id: "PVESEC-C0911", keyword: "x11forwarding", severity: Medium, level: Level1, title: "sshd forwards no X11", why: "A forwarded display lets the node read the screen and the keyboard of its user.", expected: "X11Forwarding is no", argument: "x11_forwarding", wrong: is("no")},
	{id: "PVESEC-C0912", keyword: "allowtcpforwarding", severity: Medium, level: Level2, title: "sshd forwards no TCP", why: "A tunnel reaches networks that the firewall closes.", expected: "AllowTcpForwarding is no; PVE itself does not need it", argument: "allow_tcp_forwarding", wrong: is("no")},
	{id: "PVESEC-C0913", keyword: "allowagentforwarding", severity: Medium, level: Level1, title: "sshd forwards no agents", why: "Root of the node uses the keys of everyone who forwards an agent.", expected: "AllowAgentForwarding is no", argument: "allow_agent_forwarding", wrong: is("no")},
	{id: "PVESEC-C0914", keyword: "permittunnel", severity: Medium, level: Level1, title: "sshd makes no tunnel devices", why: "A tunnel device joins networks.", expected: "PermitTunnel is no", wrong: is("no")},
	{id: "PVESEC-C0915", keyword: "gatewayports", severity: Medium, level: Level1, title: "sshd opens no forwarded ports to others", why: "A forwarded port would be open on all addresses of the node.", expected: "GatewayPorts is no", wrong: is("no")},
	{id: "PVESEC-C0916", keyword: "maxauthtries", severity: Low, level: Level1, title: "sshd takes 4 tries of a login at most", why: "Each try is a guess.", expected: "MaxAuthTries is at most 4", argument: "max_auth_tries", refs: cis("5.1.16", "5.1.17"), wrong: outside(1, 4)},
	{id: "PVESEC-C0917", keyword: "maxsessions", severity: Low, level: Level1, title: "sshd opens 10 sessions for a connection at most", why: "Many sessions exhaust the node.", expected: "MaxSessions is at most 10", refs: cis("5.1.17", "5.1.18"), wrong: outside(0, 10)},
	{id: "PVESEC-C0918", keyword: "maxstartups", severity: Low, level: Level1, title: "sshd bounds connections that have not logged in", why: "Without a bound, anybody who connects keeps others out.", expected: "MaxStartups is 10:30:60 or stricter", refs: cis("5.1.18", "5.1.19"), wrong: manyStartups},
	{id: "PVESEC-C0919", keyword: "logingracetime", severity: Low, level: Level1, title: "sshd waits 60 seconds for a login at most", why: "Connections that do not log in keep others out.", expected: "LoginGraceTime is between 1 and 60", argument: "login_grace_time", refs: cis("5.1.13", "5.1.14"), wrong: outside(1, 60)},
	{id: "PVESEC-C0920", keyword: "clientaliveinterval", severity: Low, level: Level1, title: "sshd looks whether its clients are alive", why: "A session whose client is gone stays open for who finds it.", expected: "ClientAliveInterval is above 0", refs: cis("5.1.7", "5.1.7"), wrong: outside(1, 3600)},
	{id: "PVESEC-C0921", keyword: "clientalivecountmax", severity: Low, level: Level1, title: "sshd ends sessions of clients that are gone", why: "With 0, such a session never ends.", expected: "ClientAliveCountMax is between 1 and 5", refs: cis("5.1.7", "5.1.7"), wrong: outside(1, 5)},
	{id: "PVESEC-C0922", keyword: "loglevel", severity: Medium, level: Level1, title: "sshd logs logins", why: "Below INFO no login is logged; VERBOSE tells the key.", expected: "LogLevel is INFO or VERBOSE", refs: cis("5.1.14", "5.1.15"), wrong: is("info", "verbose")},
	{id: "PVESEC-C0923", keyword: "usepam", severity: Medium, level: Level1, title: "sshd uses PAM", why: "Without PAM, limits and locks of accounts do not hold for logins.", expected: "UsePAM is yes", refs: cis("5.1.22", "5.1.23"), wrong: is("yes")},
	{id: "PVESEC-C0924", keyword: "strictmodes", severity: High, level: Level1, title: "sshd checks the modes of key files", why: "A key file that others write lets them in.", expected: "StrictModes is yes", wrong: is("yes")},
	{id: "PVESEC-C0925", keyword: "banner", severity: Low, level: Level2, title: "sshd shows a warning", why: "In many countries a trespasser must have been warned.", expected: "Banner names a file", refs: cis("5.1.5", "5.1.5"), wrong: func(v string) bool { return v == "none" || v == "" }},
	{id: "PVESEC-C0926", keyword: "ciphers", severity: Medium, level: Level1, title: "sshd offers no weak ciphers", why: "CBC and RC4 leak what they hide.", expected: "no cbc, arcfour, blowfish, cast128 or 3des", refs: append(cis("5.1.6", "5.1.6"), guide("1.1.4")...), wrong: weak("*-cbc", "*arcfour", "*blowfish", "*cast128", "*3des")},
	{id: "PVESEC-C0927", keyword: "macs", severity: Medium, level: Level1, title: "sshd offers no weak MACs", why: "SHA-1 and short tags can be forged with more ease.", expected: "no MAC with md5, sha1, 96 bits, 64 bits or ripemd", refs: append(cis("5.1.15", "5.1.16"), guide("1.1.4")...), wrong: weak("*md5", "*sha1", "*-96", "*umac-64", "*ripemd")},
	{id: "PVESEC-C0928", keyword: "kexalgorithms", severity: Medium, level: Level1, title: "sshd offers no weak key exchange", why: "SHA-1 and groups of 1024 bits are within reach of the mighty.", expected: "no diffie-hellman with sha1 or group1", refs: append(cis("5.1.12", "5.1.12"), guide("1.1.4")...),
		wrong: weak("diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1")},
	{id: "PVESEC-C0929", keyword: "hostkeyalgorithms", severity: Medium, level: Level1, title: "sshd signs with no weak algorithms", why: "Signatures with SHA-1 can be forged with more ease.", expected: "no ssh-rsa and no ssh-dss", refs: guide("1.1.4"), wrong: weak("ssh-rsa", "ssh-dss", "*ssh-rsa-cert-v0", "*ssh-dss-cert-v0")},
}

// sshdChecks are the checks of sshd: of each option, and of who is let in.
func sshdChecks() []Check {
	list := make([]Check, 0, len(sshdOptions)+1)
	for _, o := range sshdOptions {
		remedy := "Write the line in a file of /etc/ssh/sshd_config.d that comes before the others, and reload ssh."
		if o.argument != "" {
			remedy = "pvesec_sshd_policy, argument " + o.argument + "."
		}
		list = append(list, Check{ID: o.id, Title: o.title, Family: SSHD, Severity: o.severity, Level: o.level, Why: o.why, Expected: o.expected, Remedy: remedy, References: append(manual("sshd_config(5)", o.keyword), o.refs...),
			node: func(n *Node) Outcome { return n.sshdOption(&o) }})
	}
	return append(list, Check{ID: "PVESEC-C0930", Title: "sshd lets only named users or groups in", Family: SSHD, Severity: Medium, Level: Level1, Why: "An account that a package or a person makes can log in at once otherwise.", Expected: "AllowUsers or AllowGroups names who may log in",
		Remedy: "pvesec_sshd_policy, arguments allow_users and allow_groups.", References: append(manual("sshd_config(5)", "AllowUsers"), cis("5.1.4", "5.1.4")...), node: sshdNames})
}

func (n *Node) sshdOption(o *sshdOption) Outcome {
	if n.sshd.reason != "" {
		return unknown("sshd's settings: " + n.sshd.reason)
	}
	value, told := n.sshd.values[o.keyword]
	if !told {
		return unknown("sshd -T does not tell " + o.keyword)
	}
	observed := "sshd -T: " + o.keyword + " " + value
	wrong, reason := n.sshdBlocks(o)
	if o.wrong(value) {
		wrong = append([]string{observed}, wrong...)
	}
	return judged(wrong, reason, observed)
}

// sshdBlocks judges what Match blocks set, for whomever: sshd -T tells only what holds outside of them. The reason says
// why that is not known.
func (n *Node) sshdBlocks(o *sshdOption) (wrong []string, reason string) {
	for _, l := range n.config.in("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf") {
		if v, _, found := value([]line{l}, o.keyword); found && o.wrong(strings.ToLower(v)) {
			wrong = append(wrong, l.String()+", in a Match block")
		}
		if v, _, found := value([]line{l}, "include"); found && v != "/etc/ssh/sshd_config.d/*.conf" {
			reason = l.String() + ": what it includes was not read"
		}
	}
	if n.config.reason != "" {
		reason = "Match blocks: " + n.config.reason
	}
	return wrong, reason
}

func sshdNames(n *Node) Outcome {
	if n.sshd.reason != "" {
		return unknown("sshd's settings: " + n.sshd.reason)
	}
	for _, keyword := range []string{"allowusers", "allowgroups"} {
		if value := n.sshd.values[keyword]; value != "" {
			if slices.Contains(strings.Fields(value), "*") {
				return fail("sshd -T: " + keyword + " " + value + " lets everyone in")
			}
			return pass("sshd -T: " + keyword + " " + value)
		}
	}
	return fail("sshd -T: neither allowusers nor allowgroups")
}

// manyStartups tells whether MaxStartups is wider than 10:30:60.
func manyStartups(value string) bool {
	most := []int{10, 30, 60}
	parts := strings.Split(value, ":")
	if len(parts) == 1 {
		parts = []string{value, "100", value}
		most[1] = 100
	}
	if len(parts) != 3 {
		return true
	}
	for i, part := range parts {
		number, err := strconv.Atoi(part)
		if err != nil || i != 1 && number > most[i] || i == 1 && number < 30 {
			return true
		}
	}
	return false
}
