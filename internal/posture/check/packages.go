package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// packageChecks are the checks of packages, repositories and updates.
func packageChecks() []Check {
	absent := func(id string, severity Severity, title, why string, references []Reference, packages ...string) Check {
		return Check{ID: id, Title: title, Family: Packages, Severity: severity, Level: Level1, Why: why, Expected: "none of " + strings.Join(packages, ", ") + " is installed", Remedy: "apt-get purge PACKAGE.", References: references,
			node: func(n *Node) Outcome { return n.notInstalled(packages...) }}
	}
	return []Check{
		{ID: "PVESEC-C1301", Title: "No security update is pending", Family: Packages, Severity: High, Level: Level1, Why: "What an update mends is known to everyone since it came out.", Expected: "apt-get -s dist-upgrade, by the lists that apt has, installs nothing from a security archive", Remedy: "apt-get update && apt-get dist-upgrade. The lists must be fresh, see PVESEC-C1303.",
			References: append(cis("1.2.2.1", "1.2.2.1"), guide("1.1.3")...), node: securityUpdates},
		{ID: "PVESEC-C1302", Title: "No update is pending", Family: Packages, Severity: Low, Level: Level2, Why: "Fixes of PVE come without the word security.", Expected: "apt-get -s dist-upgrade installs nothing", Remedy: "apt-get update && apt-get dist-upgrade.", References: cis("1.2.2.1", "1.2.2.1"), node: allUpdates},
		{ID: "PVESEC-C1303", Title: "The lists of apt are fresh", Family: Packages, Severity: Medium, Level: Level1, Why: "By old lists no update is pending.", Expected: "lists of packages that are 7 days old at most", Remedy: "apt-get update; systemctl enable --now apt-daily.timer.", References: cis("1.2.2.1", "1.2.2.1"), node: freshLists},
		{ID: "PVESEC-C1304", Title: "Security updates come by themselves, or are looked for daily", Family: Packages, Severity: Medium, Level: Level1, Why: "Nobody looks every day.", Expected: "APT::Periodic::Update-Package-Lists is not 0, and unattended-upgrades is on or a mail tells (pveupdate)",
			Remedy: "apt-get install unattended-upgrades; APT::Periodic::Update-Package-Lists \"1\"; APT::Periodic::Unattended-Upgrade \"1\".", References: guide("1.1.3"), node: unattended},
		{ID: "PVESEC-C1305", Title: "A repository has security updates of Debian", Family: Packages, Severity: High, Level: Level1, Why: "Without it no security update of Debian ever comes.", Expected: "a suite that ends with -security", Remedy: "Add deb http://security.debian.org/debian-security CODENAME-security main.", References: cis("1.2.1.2", ""), node: securitySuite},
		{ID: "PVESEC-C1306", Title: "Every repository is signed", Family: Packages, Severity: Critical, Level: Level1, Why: "An attacker on the way installs what he wants as root.", Expected: "no trusted=yes, allow-insecure=yes, Trusted: yes or Allow-Insecure: yes", Remedy: "Take the option out of the line, and install the key of the repository.", References: append(manual("sources.list(5)", "trusted"), cis("1.2.1.1", "1.2.1.1")...), node: signedRepositories},
		{ID: "PVESEC-C1307", Title: "apt takes no unsigned packages", Family: Packages, Severity: Critical, Level: Level1, Why: "An attacker on the way installs what he wants as root.", Expected: "AllowUnauthenticated, AllowInsecureRepositories, AllowWeakRepositories and AllowDowngradeToInsecureRepositories are off; Verify-Peer is on", Remedy: "Remove the lines from /etc/apt/apt.conf.d.",
			References: manual("apt-secure(8)", ""), node: aptSettings},
		{ID: "PVESEC-C1308", Title: "No repository for tests is used", Family: Packages, Severity: Medium, Level: Level1, Why: "Packages of pvetest and of Debian's testing get security updates late or never.", Expected: "no pvetest, pve-test, testing, unstable, sid or experimental", Remedy: "Remove the repository; use pve-enterprise or pve-no-subscription.", References: manual(pveBook, "Package Repositories"), node: testRepositories},
		{ID: "PVESEC-C1309", Title: "All repositories are of one release", Family: Packages, Severity: Medium, Level: Level1, Why: "A mixture of releases has packages that nobody tested together, and that no update mends.", Expected: "every suite belongs to the release of the node", Remedy: "Write the code name of the node's release into the lines.", References: manual(pveBook, "Package Repositories"), node: oneRelease},
		{ID: "PVESEC-C1310", Title: "Every package is installed as a whole", Family: Packages, Severity: Medium, Level: Level1, Why: "A package that is half installed gets no updates, and neither does what needs it.", Expected: "dpkg tells of no package that is unpacked, half installed or half configured", Remedy: "dpkg --configure -a; apt-get -f install.", References: manual("dpkg-query(1)", "-l"), node: wholePackages},
		{ID: "PVESEC-C1311", Title: "The node runs what is installed", Family: Packages, Severity: Medium, Level: Level1, Why: "An update of the kernel mends nothing before the restart.", Expected: "no /run/reboot-required, and the newest kernel in /boot runs", Remedy: "Migrate the guests and restart the node.", References: guide("1.1.3"), node: restarted},
		absent("PVESEC-C1312", High, "No server of telnet, rsh, NIS or tftp is installed", "They send passwords in the clear, or take files from everyone.", append(cis("2.1.16", "2.1.16"), cis("2.1.10", "2.1.10")...), "telnetd", "inetutils-telnetd", "rsh-server", "rsh-redone-server", "nis", "ypserv", "tftpd-hpa", "atftpd", "xinetd", "inetutils-inetd", "openbsd-inetd"),
		absent("PVESEC-C1313", Low, "No client of telnet, rsh, talk or ftp is installed", "Who uses them sends his password in the clear.", append(append(cis("2.2.2", "2.2.2"), cis("2.2.4", "2.2.4")...), cis("2.2.6", "2.2.6")...), "telnet", "inetutils-telnet", "rsh-client", "rsh-redone-client", "talk", "ftp", "tnftp"),
		absent("PVESEC-C1314", Low, "prelink is not installed", "It changes programs, so that their checksums say nothing.", cis("1.5.4", "1.5.6"), "prelink"),
		absent("PVESEC-C1315", Medium, "No graphical login is installed", "A node is administered from elsewhere; a desktop is a thousand programs more.", cis("1.7.1", "1.7.1"), "gdm3", "lightdm", "sddm", "xserver-xorg-core"),
		{ID: "PVESEC-C1316", Title: "Microcode of the processor is installed", Family: Packages, Severity: Medium, Level: Level2, Why: "Guests read memory of others by flaws of the processor that microcode mends.", Expected: "intel-microcode or amd64-microcode is installed", Remedy: "Enable non-free-firmware; apt-get install intel-microcode or amd64-microcode.", References: guide("1.1.8"),
			node: func(n *Node) Outcome { return n.oneInstalled("intel-microcode", "amd64-microcode") }},
	}
}

// installedState is what dpkg tells of one package.
type installedState struct{ state, name, version string }

func (n *Node) installed() (list []installedState, reason string) {
	text, reason := n.Told(node.SectionInstalled)
	for line := range strings.Lines(text) {
		if fields := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(fields) == 3 {
			list = append(list, installedState{strings.TrimSpace(fields[0]), fields[1], fields[2]})
		}
	}
	if len(list) == 0 && reason == "" {
		reason = "dpkg told of no packages"
	}
	return list, reason
}

func (n *Node) notInstalled(names ...string) Outcome {
	list, reason := n.installed()
	var wrong []string
	for _, p := range list {
		if slices.Contains(names, p.name) && strings.HasPrefix(p.state, "ii") {
			wrong = append(wrong, p.name+" "+p.version+" is installed")
		}
	}
	return judged(wrong, reason, "none of them is installed")
}

func (n *Node) oneInstalled(names ...string) Outcome {
	list, reason := n.installed()
	for _, p := range list {
		if slices.Contains(names, p.name) && strings.HasPrefix(p.state, "ii") {
			return pass(p.name + " " + p.version + " is installed")
		}
	}
	if reason != "" {
		return unknown(reason)
	}
	return fail("none of " + strings.Join(names, ", ") + " is installed")
}

func wholePackages(n *Node) Outcome {
	list, reason := n.installed()
	var wrong []string
	for _, p := range list {
		if len(p.state) > 1 && strings.ContainsAny(p.state[1:2], "UFHWt") || len(p.state) > 2 && p.state[2] == 'R' {
			wrong = append(wrong, p.name+" is "+p.state)
		}
	}
	return judged(wrong, reason, fmt.Sprintf("%d packages", len(list)))
}

// update is a package that apt would install: "Inst NAME [OLD] (NEW ARCHIVE, …)".
var update = regexp.MustCompile(`^Inst (\S+) (?:\[([^\]]*)\] )?\((\S+) ([^)]*)\)`)

// pending are the updates of the lists that apt has.
func (n *Node) pending(security bool) Outcome {
	text, reason := n.Told(node.SectionUpdates)
	if reason != "" {
		return unknown(reason)
	}
	if lists := n.lists(); len(lists) == 0 {
		return unknown("apt has no lists of packages")
	}
	var wrong []string
	for line := range strings.Lines(text) {
		found := update.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil || found[2] == "" {
			continue // no update of what is there
		}
		if !security || strings.Contains(strings.ToLower(found[4]), "security") {
			wrong = append(wrong, fmt.Sprintf("%s %s, %s has %s", found[1], found[2], found[4], found[3]))
		}
	}
	return judged(wrong, "", "no update is pending by the lists that apt has")
}

func securityUpdates(n *Node) Outcome { return n.pending(true) }
func allUpdates(n *Node) Outcome      { return n.pending(false) }

// lists are the lists of packages that apt has.
func (n *Node) lists() (list []string) {
	for _, file := range n.modes.below["/var/lib/apt/lists"] {
		if n.modes.files[file].kind == "f" && strings.Contains(file, "Packages") || strings.HasSuffix(file, "InRelease") || strings.HasSuffix(file, "_Release") {
			list = append(list, file)
		}
	}
	return list
}

// freshLists goes by the moment at which apt last looked: it writes the directory of what it is fetching then, even
// where nothing is new.
func freshLists(n *Node) Outcome {
	if n.modes.reason != "" {
		return unknown(n.modes.reason)
	}
	var newest int64
	for _, file := range append(n.lists(), "/var/lib/apt/lists/partial", "/var/lib/apt/periodic/update-success-stamp") {
		newest = max(newest, n.modes.files[file].modified)
	}
	if len(n.lists()) == 0 {
		return fail("apt has no lists of packages")
	}
	age := n.now.Sub(time.Unix(newest, 0))
	return passIf(age < 7*24*time.Hour, fmt.Sprintf("apt looked %d days ago", int(age.Hours()/24)))
}

func unattended(n *Node) Outcome {
	text, reason := n.Told(node.SectionAptConfig)
	if reason != "" {
		return unknown(reason)
	}
	settings := map[string]string{}
	for line := range strings.Lines(text) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), " ")
		settings[name] = strings.Trim(v, `";`)
	}
	on := func(name string) bool { return settings[name] != "" && settings[name] != "0" }
	if !on("APT::Periodic::Update-Package-Lists") {
		return fail("APT::Periodic::Update-Package-Lists is off")
	}
	if !on("APT::Periodic::Unattended-Upgrade") {
		return fail("APT::Periodic::Unattended-Upgrade is off")
	}
	list, reason := n.installed()
	if slices.ContainsFunc(list, func(p installedState) bool {
		return p.name == "unattended-upgrades" && strings.HasPrefix(p.state, "ii")
	}) {
		return pass("unattended-upgrades is installed and on")
	}
	if reason != "" {
		return unknown(reason)
	}
	return fail("unattended-upgrades is not installed")
}

// repository is one archive that apt takes packages from.
type repository struct {
	at      string
	options string // in lower case
	uri     string
	suites  []string
}

// repositories reads sources.list(5), in both of its forms.
func (n *Node) repositories() (list []repository, reason string) {
	for _, l := range n.config.in("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list") {
		text, options := l.text, ""
		if kind, rest, found := strings.Cut(text, "["); found {
			inside, after, _ := strings.Cut(rest, "]")
			text, options = kind+" "+after, strings.ToLower(inside)
		}
		if words := strings.Fields(text); len(words) > 2 && words[0] == "deb" {
			list = append(list, repository{l.file + fmt.Sprintf(":%d", l.number), options, words[1], words[2:3]})
		}
	}
	stanzas := map[string]*repository{}
	for _, l := range n.config.in("/etc/apt/sources.list.d/*.sources") {
		name, v, _ := strings.Cut(l.text, ":")
		v = strings.TrimSpace(v)
		key := l.file
		if name == "Types" || stanzas[key] == nil { // each stanza begins with one of its fields; Types is the first that apt writes
			if old := stanzas[key]; old != nil {
				list = append(list, *old)
			}
			stanzas[key] = &repository{at: fmt.Sprintf("%s:%d", l.file, l.number)}
		}
		one := stanzas[key]
		switch name {
		case "URIs":
			one.uri = v
		case "Suites":
			one.suites = strings.Fields(v)
		case "Trusted", "Allow-Insecure", "Enabled":
			one.options += " " + strings.ToLower(name) + "=" + strings.ToLower(v)
		}
	}
	for _, l := range n.config.order {
		if one := stanzas[l]; one != nil {
			list = append(list, *one)
		}
	}
	list = slices.DeleteFunc(list, func(r repository) bool {
		return strings.Contains(r.options, "enabled=no") || strings.Contains(r.options, "enabled=false") || strings.Contains(r.options, "enabled=0")
	})
	reason = n.config.reason
	if len(list) == 0 && reason == "" {
		reason = "the node told of no repositories"
	}
	return list, reason
}

func securitySuite(n *Node) Outcome {
	list, reason := n.repositories()
	for _, r := range list {
		for _, suite := range r.suites {
			if strings.HasSuffix(suite, "-security") || strings.HasSuffix(suite, "/updates") || strings.Contains(r.uri, "security") {
				return pass(r.at + ": " + r.uri + " " + suite)
			}
		}
	}
	if reason != "" {
		return unknown(reason)
	}
	return fail("no repository has a suite of security updates")
}

// eachRepository judges every repository.
func (n *Node) eachRepository(right string, wrong func(repository) string) Outcome {
	list, reason := n.repositories()
	var bad []string
	for _, r := range list {
		if why := wrong(r); why != "" {
			bad = append(bad, r.at+": "+r.uri+" "+strings.Join(r.suites, " ")+": "+why)
		}
	}
	return judged(bad, reason, right)
}

func signedRepositories(n *Node) Outcome {
	return n.eachRepository("every repository is signed", func(r repository) string {
		for _, option := range []string{"trusted=yes", "allow-insecure=yes", "trusted=true", "allow-insecure=true", "trusted=1"} {
			if strings.Contains(r.options, option) {
				return option
			}
		}
		return ""
	})
}

func testRepositories(n *Node) Outcome {
	return n.eachRepository("no repository is for tests", func(r repository) string {
		for _, suite := range r.suites {
			if slices.Contains([]string{"testing", "unstable", "sid", "experimental", "rc-buggy"}, suite) {
				return "a suite for tests"
			}
		}
		for _, l := range n.config.in("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources") {
			if fmt.Sprintf("%s:%d", l.file, l.number) == r.at && (strings.Contains(l.text, "pvetest") || strings.Contains(l.text, "pve-test")) {
				return "PVE's repository for tests"
			}
		}
		return ""
	})
}

func oneRelease(n *Node) Outcome {
	codename := n.Facts.OSCodename
	if codename == "" {
		return unknown("the node did not tell the code name of its release")
	}
	return n.eachRepository("every suite is of "+codename, func(r repository) string {
		for _, suite := range r.suites {
			if suite != codename && !strings.HasPrefix(suite, codename+"-") && !strings.HasPrefix(suite, codename+"/") && !strings.HasSuffix(suite, "/") && !strings.HasPrefix(suite, "stable") {
				return suite + " is not of " + codename
			}
		}
		return ""
	})
}

func aptSettings(n *Node) Outcome {
	text, reason := n.Told(node.SectionAptConfig)
	var wrong []string
	for line := range strings.Lines(text) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), " ")
		v = strings.ToLower(strings.Trim(v, `";`))
		yes := slices.Contains([]string{"1", "yes", "true", "on", "enable"}, v)
		switch {
		case strings.HasSuffix(name, "AllowUnauthenticated") && yes, strings.HasPrefix(name, "Acquire::Allow") && yes,
			strings.HasSuffix(name, "Verify-Peer") && !yes, name == "Acquire::Check-Valid-Until" && !yes && v != "":
			wrong = append(wrong, strings.TrimSpace(line))
		}
	}
	return judged(wrong, reason, "apt refuses what is not signed")
}

// restarted compares the running kernel with those in /boot.
func restarted(n *Node) Outcome {
	if n.modes.reason != "" {
		return unknown(n.modes.reason)
	}
	if n.kernel.reason != "" {
		return unknown(n.kernel.reason)
	}
	if _, there := n.modes.files["/run/reboot-required"]; there {
		return fail("/run/reboot-required is there")
	}
	running := n.kernel.values["/proc/sys/kernel/osrelease"]
	newest, name := int64(0), ""
	for _, file := range n.modes.matching("/boot/vmlinuz-*") {
		if m := n.modes.files[file]; m.kind == "f" && m.modified > newest {
			newest, name = m.modified, strings.TrimPrefix(file, "/boot/vmlinuz-")
		}
	}
	switch {
	case name == "":
		return notApplicable("there is no kernel in /boot")
	case running == "":
		return unknown("the node did not tell which kernel runs")
	}
	return passIf(running == name, "running "+running+", newest in /boot "+name)
}
