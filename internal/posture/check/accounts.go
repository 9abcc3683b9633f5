package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// The range of user ids of people, adduser.conf(5) and login.defs(5).
const (
	firstUID = 1000
	lastUID  = 59999
)

// person tells whether an account is one of people, and not of the system.
func person(a *posture.Account) bool { return a.UID >= firstUID && a.UID <= lastUID }

// accountChecks are the checks of Linux accounts, their passwords and keys.
func accountChecks() []Check {
	account := func(id string, severity Severity, level Level, title, why, expected, remedy string, references []Reference, right string, wrong func(n *Node, a *posture.Account) string) Check {
		return Check{ID: id, Title: title, Family: Accounts, Severity: severity, Level: level, Why: why, Expected: expected, Remedy: remedy, References: references, node: func(n *Node) Outcome {
			var bad []string
			for _, a := range n.Accounts {
				if reason := wrong(n, a); reason != "" {
					bad = append(bad, a.Name+": "+reason)
				}
			}
			reason := n.Unknown(aboutAccounts...)
			if len(n.Accounts) == 0 && reason == "" {
				reason = "the node told of no accounts"
			}
			return judged(bad, reason, right)
		}}
	}
	return []Check{
		account("PVESEC-C1001", Critical, Level1, "Only root has the user id 0", "A second account of the id 0 is root under a name that nobody looks for.", "one account with the user id 0, root", "pvesec_node_account does not make such; remove it with userdel.", cis("5.4.2.1", "5.4.2.1"), "root alone has the user id 0",
			func(_ *Node, a *posture.Account) string {
				if a.UID == 0 && a.Name != "root" {
					return "user id 0"
				}
				return ""
			}),
		account("PVESEC-C1002", Critical, Level1, "No account has an empty password", "su, and every service that takes empty passwords, let everyone in.", "no account with the state NP", "passwd -l ACCOUNT, or pvesec_node_account, which locks the password.", cis("7.2.2", "7.2.2"), "every account has a password or a lock",
			func(_ *Node, a *posture.Account) string {
				if a.Password == posture.PasswordEmpty {
					return "empty password (passwd -S: NP)"
				}
				return ""
			}).with(statesOfPasswords),
		account("PVESEC-C1003", High, Level1, "Accounts of the system have no shell", "Who takes over a service would have a shell to log in with.", "nologin or false for user ids 1 to 999", "usermod -s /usr/sbin/nologin ACCOUNT.", cis("5.4.2.7", "5.4.2.7"), "no account of the system has a shell",
			func(_ *Node, a *posture.Account) string {
				if a.UID > 0 && a.UID < firstUID && a.LogsIn() {
					return "shell " + a.Shell
				}
				return ""
			}),
		account("PVESEC-C1004", Medium, Level1, "Accounts without a shell have no password", "A password lets in by services that need no shell.", "accounts whose shell is nologin or false are locked", "passwd -l ACCOUNT.", cis("5.4.2.8", "5.4.2.8"), "accounts without a shell are locked",
			func(_ *Node, a *posture.Account) string {
				if a.UID != 0 && !a.LogsIn() && a.Password == posture.PasswordSet {
					return "a password, and the shell " + a.Shell
				}
				return ""
			}).with(statesOfPasswords),
		account("PVESEC-C1005", Medium, Level1, "Homes exist and belong to their accounts", "Somebody else's home is his way into the account.", "the home of everyone with a shell is a directory that he owns", "pvesec_node_account makes the home; chown ACCOUNT HOME.", cis("7.2.9", "7.2.9"), "every home is its account's",
			func(n *Node, a *posture.Account) string {
				if f, reason := n.Home(a); person(a) && a.LogsIn() && reason == "" {
					switch {
					case f.Absent:
						return "no home " + a.Home
					case !f.Dir || f.UID != a.UID:
						return fmt.Sprintf("home %s, owner %d", a.Home, f.UID)
					}
				}
				return ""
			}).with(homesKnown),
		account("PVESEC-C1006", Medium, Level1, "Homes are closed to others", "Keys, histories and tokens stand in homes.", "homes have the mode 0750 or stricter", "chmod 0750 HOME; HOME_MODE in /etc/login.defs for new ones.", cis("7.2.9", "7.2.9"), "no home is open to others",
			func(n *Node, a *posture.Account) string {
				if f, reason := n.Home(a); person(a) && a.LogsIn() && reason == "" && !f.Absent && f.Mode&0o027 != 0 {
					return fmt.Sprintf("home %s, mode %04o", a.Home, f.Mode)
				}
				return ""
			}).with(homesKnown),
		account("PVESEC-C1007", Medium, Level1, "Every account's group exists", "A group that is made later gets the id, and with it the account's files.", "every primary group has a name", "groupadd -g GID, or usermod -g.", cis("7.2.3", "7.2.3"), "every primary group has a name",
			func(n *Node, a *posture.Account) string {
				if n.Unknown("the groups", "a line of the groups") == "" && len(a.Groups) > 0 && strings.HasPrefix(a.Groups[0], "#") {
					return "primary group " + a.Groups[0]
				}
				return ""
			}),
		account("PVESEC-C1008", High, Level1, "Only root is in the group root", "What the group root may read and write belongs to root.", "no other account has the group id 0", "usermod -g, gpasswd -d ACCOUNT root.", cis("5.4.2.2", "5.4.2.2"), "only root has the group id 0",
			func(_ *Node, a *posture.Account) string {
				if a.UID != 0 && slices.Contains(a.GIDs, 0) && !slices.Contains([]string{"sync", "shutdown", "halt", "operator"}, a.Name) {
					return "member of the group id 0"
				}
				return ""
			}),
		account("PVESEC-C1009", Medium, Level2, "No account is in the group sudo", "The group has every command by Debian's sudoers.", "members have grants of their own instead", "pvesec_sudoers_policy for what is needed; gpasswd -d ACCOUNT sudo.", manual("sudoers(5)", "User_List"), "the group sudo has no members",
			func(_ *Node, a *posture.Account) string {
				if slices.Contains(a.Groups, "sudo") {
					return "member of sudo"
				}
				return ""
			}),
		account("PVESEC-C1010", Medium, Level2, "People log in with keys, not with passwords", "A password of an account is guessed by sshd, su and the web interface of PVE (@pam).", "accounts of people have a locked password", "pvesec_node_account, which locks the password unless password_hash is set.", manual("passwd(1)", "-l"), "no account of a person has a password",
			func(_ *Node, a *posture.Account) string {
				if person(a) && a.Password == posture.PasswordSet {
					return "a password"
				}
				return ""
			}).with(statesOfPasswords),
		account("PVESEC-C1011", High, Level1, "No key is weak", "A short RSA key can be broken.", "no RSA key with less than 2048 bits", "pvesec_node_account, block authorized_key, with an ed25519 key.", manual("sshd(8)", "AUTHORIZED_KEYS FILE FORMAT"), "no weak keys", keys(func(k *posture.AuthorizedKey) string {
			if k.Bits > 0 && k.Bits < 2048 {
				return fmt.Sprintf("RSA with %d bits", k.Bits)
			}
			return ""
		})).with(keysKnown),
		account("PVESEC-C1012", Medium, Level2, "Keys are limited to addresses", "A stolen key works from everywhere.", "every key of an account that is not root has from=", "pvesec_node_account, authorized_key { from = [...] }.", manual("sshd(8)", "from="), "every key names addresses", keys(func(k *posture.AuthorizedKey) string {
			if strings.HasPrefix(k.File, "/root/") || strings.HasPrefix(k.File, "/etc/pve/") || slices.Contains(k.Options, "from") {
				return ""
			}
			return "no from="
		})).with(keysKnown),
		account("PVESEC-C1013", Medium, Level2, "Keys forward nothing", "A key without restrict opens tunnels and agents even where only a shell is meant.", "every key of an account that is not root has restrict", "pvesec_node_account, authorized_key { restrict = true }.", manual("sshd(8)", "restrict"), "every key is restricted", keys(func(k *posture.AuthorizedKey) string {
			if strings.HasPrefix(k.File, "/root/") || strings.HasPrefix(k.File, "/etc/pve/") || slices.Contains(k.Options, "restrict") {
				return ""
			}
			return "no restrict"
		})).with(keysKnown),
		{ID: "PVESEC-C1014", Title: "No key lets in two accounts", Family: Accounts, Severity: Medium, Level: Level1, Why: "The log of one key must name one person.", Expected: "each key stands in the file of one account", Remedy: "pvesec_node_account, block authorized_key: a key of its own for each account.",
			References: guide("2.1.1"), node: sharedKeys},
		{ID: "PVESEC-C1015", Title: "No two groups have one id", Family: Accounts, Severity: Medium, Level: Level1, Why: "The kernel knows ids only: a member of one is a member of the other.", Expected: "every group id has one name", Remedy: "groupmod -g GID GROUP.", References: cis("7.2.6", "7.2.6"), node: groupIDs},
		{ID: "PVESEC-C1016", Title: "No two accounts or groups have one name", Family: Accounts, Severity: Medium, Level: Level1, Why: "Who the second one is depends on who asks.", Expected: "every name is there once", Remedy: "Remove the second line with vipw or vigr.", References: append(cis("7.2.7", "7.2.7"), cis("7.2.8", "7.2.8")...), node: uniqueNames},
		{ID: "PVESEC-C1017", Title: "Passwords are shadowed", Family: Accounts, Severity: High, Level: Level1, Why: "Everyone reads /etc/passwd.", Expected: "the second field of every line of passwd is x, * or !", Remedy: "pwconv.", References: cis("7.2.1", "7.2.1"), node: shadowed},
		{ID: "PVESEC-C1018", Title: "Passwords of people end within a year", Family: Accounts, Severity: Low, Level: Level2, Why: "A password that leaked works until it is changed.", Expected: "the maximum age of every password of a person is 365 days at most", Remedy: "chage -M 365 ACCOUNT; PASS_MAX_DAYS in /etc/login.defs for new ones.", References: cis("5.4.1.1", "5.4.1.1"), node: maximumAge},
		{ID: "PVESEC-C1019", Title: "No password was changed in the future", Family: Accounts, Severity: Low, Level: Level1, Why: "Such a password never expires.", Expected: "the last change of every password is not after today", Remedy: "chage -d 0 ACCOUNT; see to the clock.", References: cis("5.4.1.6", "5.4.1.6"), node: lastChange},
		fileValue("PVESEC-C1020", Accounts, Medium, Level1, "New passwords are hashed with yescrypt or SHA-512", "Older hashes are broken by cheap machines.", "ENCRYPT_METHOD is YESCRYPT or SHA512", "Set it in /etc/login.defs.", cis("5.4.1.4", "5.4.1.4"), "/etc/login.defs", "ENCRYPT_METHOD", is("yescrypt", "sha512")),
		fileValue("PVESEC-C1021", Accounts, Low, Level2, "New accounts have passwords that end within a year", "A password that leaked works until it is changed.", "PASS_MAX_DAYS is 365 at most", "Set it in /etc/login.defs.", cis("5.4.1.1", "5.4.1.1"), "/etc/login.defs", "PASS_MAX_DAYS", outside(1, 365)),
		fileValue("PVESEC-C1022", Accounts, Low, Level1, "Files of new sessions are closed to others", "What is made in a session is read by everyone otherwise.", "UMASK is 027 or stricter", "Set it in /etc/login.defs.", cis("5.4.3.3", "5.4.3.3"), "/etc/login.defs", "UMASK", looseUmask),
		{ID: "PVESEC-C1023", Title: "Accounts are locked after failed logins", Family: Accounts, Severity: Medium, Level: Level2, Why: "Without a lock a password is guessed at leisure.", Expected: "pam_faillock in /etc/pam.d/common-auth", Remedy: "pam-auth-update with a profile of pam_faillock; deny in /etc/security/faillock.conf.", References: cis("5.3.2.2", "5.3.2.2"),
			node: func(n *Node) Outcome { return n.pamModule("/etc/pam.d/common-auth", "pam_faillock.so") }},
		{ID: "PVESEC-C1024", Title: "New passwords are checked", Family: Accounts, Severity: Medium, Level: Level2, Why: "People choose what is in every dictionary.", Expected: "pam_pwquality in /etc/pam.d/common-password", Remedy: "apt-get install libpam-pwquality.", References: cis("5.3.2.3", "5.3.2.3"),
			node: func(n *Node) Outcome { return n.pamModule("/etc/pam.d/common-password", "pam_pwquality.so") }},
		{ID: "PVESEC-C1025", Title: "PAM takes no empty passwords", Family: Accounts, Severity: High, Level: Level2, Why: "With nullok an account whose password was removed is open.", Expected: "no pam_unix with nullok in /etc/pam.d/common-*", Remedy: "Take nullok out of /usr/share/pam-configs/unix, then pam-auth-update.", References: cis("5.3.3.4.1", "5.3.3.4.1"), node: nullok},
		{ID: "PVESEC-C1026", Title: "su is for a group only", Family: Accounts, Severity: Low, Level: Level2, Why: "Everyone else can guess root's password with it.", Expected: "pam_wheel required in /etc/pam.d/su", Remedy: "auth required pam_wheel.so use_uid group=GROUP in /etc/pam.d/su, with an empty group.", References: cis("5.2.7", "5.2.7"), node: wheelOfSu},
	}
}

// with makes a check unknown where more than the accounts has to be known, and is not.
func (c Check) with(reason func(*Node) string) Check {
	judge := c.node
	c.node = func(n *Node) Outcome {
		o := judge(n)
		if why := reason(n); o.Status == Pass && why != "" {
			return unknown(why)
		}
		return o
	}
	return c
}

func statesOfPasswords(n *Node) string {
	if reason := n.Unknown("the states of passwords"); reason != "" {
		return reason
	}
	if a := slices.IndexFunc(n.Accounts, func(a *posture.Account) bool { return a.Password == posture.PasswordUnknown }); a >= 0 {
		return "the state of the password of " + n.Accounts[a].Name + " is not known"
	}
	return ""
}

func homesKnown(n *Node) string {
	for _, a := range n.Accounts {
		if _, reason := n.Home(a); person(a) && a.LogsIn() && reason != "" {
			return reason
		}
	}
	return ""
}

func keysKnown(n *Node) string {
	return n.Unknown("authorized keys", "authorities", "ways to log in", "sshd's settings")
}

// keys judges each key of an account.
func keys(wrong func(*posture.AuthorizedKey) string) func(*Node, *posture.Account) string {
	return func(_ *Node, a *posture.Account) string {
		var bad []string
		for i := range a.Keys {
			if reason := wrong(&a.Keys[i]); reason != "" {
				bad = append(bad, fmt.Sprintf("%s:%d: %s", a.Keys[i].File, a.Keys[i].Line, reason))
			}
		}
		return strings.Join(bad, ", ")
	}
}

func sharedKeys(n *Node) Outcome {
	first := map[string]*posture.Account{}
	var wrong []string
	for _, a := range n.Accounts {
		for _, k := range a.Keys {
			switch before := first[k.Fingerprint]; {
			case before == nil:
				first[k.Fingerprint] = a
			case before.UID != a.UID:
				wrong = append(wrong, fmt.Sprintf("%s lets in %s and %s", k.Fingerprint, before.Name, a.Name))
			}
		}
	}
	reason := n.Unknown(aboutAccounts...)
	if reason == "" {
		reason = keysKnown(n)
	}
	return judged(wrong, reason, fmt.Sprintf("%d keys, each of one account", len(first)))
}

// records are the lines of passwd or group, split at their colons.
func (n *Node) records(section string) (records [][]string, reason string) {
	text, reason := n.Told(section)
	for line := range strings.Lines(text) {
		records = append(records, strings.Split(strings.TrimRight(line, "\n"), ":"))
	}
	if len(records) == 0 && reason == "" {
		reason = "the node told of none"
	}
	return records, reason
}

func groupIDs(n *Node) Outcome {
	groups, reason := n.records(node.SectionGroup)
	names := map[string]string{}
	var wrong []string
	for _, g := range groups {
		if len(g) != 4 {
			continue
		}
		if before, there := names[g[2]]; there && before != g[0] {
			wrong = append(wrong, fmt.Sprintf("%s and %s have the group id %s", before, g[0], g[2]))
			continue
		}
		names[g[2]] = g[0]
	}
	return judged(wrong, reason, fmt.Sprintf("%d groups with ids of their own", len(names)))
}

func uniqueNames(n *Node) Outcome {
	var wrong []string
	reason := ""
	for what, section := range map[string]string{"account": node.SectionPasswd, "group": node.SectionGroup} {
		records, why := n.records(section)
		if why != "" {
			reason = why
		}
		seen := map[string]string{}
		for _, r := range records {
			if len(r) < 4 {
				continue
			}
			if id, there := seen[r[0]]; there && id != r[2] {
				wrong = append(wrong, fmt.Sprintf("the %s %s has the ids %s and %s", what, r[0], id, r[2]))
			}
			seen[r[0]] = r[2]
		}
	}
	slices.Sort(wrong)
	return judged(wrong, reason, "every name is there once")
}

func shadowed(n *Node) Outcome {
	records, reason := n.records(node.SectionPasswd)
	var wrong []string
	for _, r := range records {
		if len(r) == 7 && !slices.Contains([]string{"x", "*", "!", "!!"}, r[1]) {
			wrong = append(wrong, r[0]+" has something else than x in its second field")
		}
	}
	return judged(wrong, reason, "every password is in /etc/shadow")
}

// ages are what passwd -S tells of one account: the day of the last change, and the maximum age in days.
type age struct {
	name, state string
	changed     time.Time
	most        int
}

func (n *Node) ages() (list []age, reason string) {
	text, reason := n.Told(node.SectionPasswords)
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 5 {
			continue
		}
		changed, err1 := time.Parse("2006-01-02", words[2])
		if err1 != nil {
			changed, err1 = time.Parse("01/02/2006", words[2])
		}
		most, err2 := strconv.Atoi(words[4])
		if err2 != nil || err1 != nil && words[2] != "never" {
			reason = "passwd -S tells of " + words[0] + " in a way that makes no sense"
			continue
		}
		list = append(list, age{words[0], words[1], changed, most})
	}
	if len(list) == 0 && reason == "" {
		reason = "passwd -S told of no ages"
	}
	return list, reason
}

func maximumAge(n *Node) Outcome {
	ages, reason := n.ages()
	var wrong []string
	for _, a := range ages {
		i := slices.IndexFunc(n.Accounts, func(of *posture.Account) bool { return of.Name == a.name })
		if i >= 0 && person(n.Accounts[i]) && n.Accounts[i].Password == posture.PasswordSet && (a.most < 1 || a.most > 365) {
			wrong = append(wrong, fmt.Sprintf("%s: %d days", a.name, a.most))
		}
	}
	if reason == "" {
		reason = n.Unknown(aboutAccounts...)
	}
	return judged(wrong, reason, "no password of a person is good for longer")
}

func lastChange(n *Node) Outcome {
	ages, reason := n.ages()
	var wrong []string
	for _, a := range ages {
		if a.changed.After(n.now.Add(24 * time.Hour)) {
			wrong = append(wrong, a.name+": "+a.changed.Format("2006-01-02"))
		}
	}
	return judged(wrong, reason, "no password was changed in the future")
}

// looseUmask tells whether a umask leaves more to others than 027 does.
func looseUmask(v string) bool {
	mask, err := strconv.ParseUint(v, 8, 16)
	return err != nil || mask&0o027 != 0o027
}
