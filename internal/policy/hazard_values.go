package policy

import (
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// named is a check of a value other than on and off.
func named(why func(string) string) func(string, Subject, Settings) string {
	return func(value string, _ Subject, _ Settings) string {
		if value == on || value == off {
			return ""
		}
		return why(value)
	}
}

// foreignElement looks through a list with colons: directories of a search path, or programs. Words behind a program
// may name another one, or a file that it reads as commands.
func foreignElement(value string) string {
	for element := range strings.SplitSeq(value, ":") {
		program, words, _ := strings.Cut(element, " ")
		switch {
		case strings.TrimSpace(words) != "":
			return "pvesec cannot tell what " + program + " does with " + strings.TrimSpace(words)
		case program == "":
			return "an empty element is the working directory"
		case strings.ContainsAny(program, "~%$"):
			return "pvesec cannot tell what " + program + " is"
		}
		if why := notRoots(program); why != "" {
			return why
		}
	}
	return ""
}

// foreignPlugin lets the two group plug-ins pass that sudo ships (sudoers(5), "group_plugin"), with files of root's.
func foreignPlugin(value string) string {
	words := strings.Fields(value)
	if len(words) == 0 || !slices.Contains([]string{"system_group.so", "group_file.so"}, path.Base(words[0])) {
		return "pvesec does not know this plug-in"
	}
	for i, word := range words {
		// sudo finds a plug-in without a directory in its own. The plug-in opens its file as it is named, in the
		// caller's directory if need be.
		if i > 0 || strings.Contains(word, "/") {
			if why := notRoots(word); why != "" {
				return why
			}
		}
	}
	return ""
}

// foreignWord looks for a plug-in, or a file that it is told, in other hands than root's.
func foreignWord(value string) string {
	for i, word := range strings.Fields(value) {
		if why := notRoots(word); why != "" && (i > 0 || strings.Contains(word, "/")) {
			return why
		}
	}
	return ""
}

// foreignChroot looks at a root directory for others, who choose it themselves where it is "*".
func foreignChroot(value string) string {
	if value == "*" {
		return ""
	}
	return CallersDirectory(value, "root")
}

// unlessPublic lets files pass that every user may read anyway.
func unlessPublic(value string) string {
	name := path.Clean(value)
	if path.Dir(name) == "/etc" && (strings.Contains(path.Base(name), "lecture") || slices.Contains([]string{"issue", "issue.net", "motd"}, path.Base(name))) || isBelow(name, "/usr/share") {
		return ""
	}
	return "sudo reads " + value + " as root and shows it to the caller"
}

// Where sudo and other programs keep logs and state. Below /var/log any directory will do, except those of other
// accounts. In places of the system the first name below must be one for logs: the other directories are those of
// programs, which read or run what is in them. In places of the administrator some name must be.
var (
	logDirectory       = "/var/log"
	systemPlaces       = []string{"/var/lib", "/var/db", "/var/adm", "/var/spool", "/var/cache", "/run", "/var/run"}
	administratorsDirs = []string{"/srv", "/data", "/opt"}

	// othersLogs are directories below /var/log that packages of Debian and PVE give to other accounts or to groups
	// that write there.
	othersLogs = []string{"apt-cacher-ng", "asterisk", "bind", "caddy", "ceph", "chrony", "clamav", "cups", "elasticsearch", "exim4", "freeradius", "frr", "gitlab", "grafana", "icinga2", "influxdb",
		"jenkins", "lighttpd", "mariadb", "mongodb", "munin", "mysql", "nagios", "nagios4", "named", "ntpsec", "pgbouncer", "postgresql", "prometheus", "proxmox-backup", "pve", "pveproxy",
		"rabbitmq", "redis", "squid", "stunnel4", "tomcat10", "tomcat11", "tor", "unbound", "unifi", "zabbix", "zabbix-agent", "zabbix-agent2", "zabbix-proxy", "zabbix-server"}

	// logName is a whole name of a directory or file that is made for logs: sudo, sudo-io, logs, audit-logs, sudo.log.
	logName = regexp.MustCompile(`^((sudo|audit|logs?)([-_.]?(io|sudo|audit|logs?|records?|sessions?))*)$`)
	// notForLogs is a name below which programs run or serve what they find.
	notForLogs = regexp.MustCompile(`^(s?bin|lib|lib64|libexec|etc|cron.*|.*\.d|htdocs|html|www|web|public|public_html|cgi-bin|scripts?|hooks?|plugins?|modules?|snippets|crontabs)$`)
)

func unlessForLogs(value string) string {
	if isForLogs(path.Clean(value)) {
		return ""
	}
	return value + " is no place for logs and records: what sudo writes there, others write or programs read"
}

// foreignLog tells whether records or state are kept in a place that others write. A file of root's that is none for
// logs harms whom the option is for.
func foreignLog(value string) string {
	if isForLogs(path.Clean(value)) {
		return ""
	}
	return notRoots(value)
}

func isForLogs(name string) bool {
	if rest, below := strings.CutPrefix(name, logDirectory+"/"); below {
		first, _, _ := strings.Cut(rest, "/")
		return !slices.Contains(othersLogs, first)
	}
	if name == logDirectory {
		return true
	}
	if WritableByOthers(name) {
		return false
	}
	for _, place := range systemPlaces {
		if rest, below := strings.CutPrefix(name, place+"/"); below {
			first, _, _ := strings.Cut(rest, "/")
			if logName.MatchString(first) && !slices.ContainsFunc(strings.Split(rest, "/"), notForLogs.MatchString) {
				return true
			}
		}
	}
	for _, place := range administratorsDirs {
		if rest, below := strings.CutPrefix(name, place+"/"); below {
			names := strings.Split(rest, "/")
			return slices.ContainsFunc(names, logName.MatchString) && !slices.ContainsFunc(names, notForLogs.MatchString)
		}
	}
	return false
}

// climbs tells whether a file below iolog_dir leads out of it.
func climbs(value string) string {
	if slices.Contains(strings.Split(value, "/"), "..") {
		return value + " leads out of iolog_dir"
	}
	return ""
}

func unlessRoot(value string) string {
	if value == "root" || value == "#0" {
		return ""
	}
	return value + " writes the records by which sudo asks for no password"
}

// subjectsOwn tells whether an account to which records belong is the caller's. An id may be, where his is not known.
func subjectsOwn(value string, subject Subject, _ Settings) string {
	if subject.isName(value, true) || strings.HasPrefix(value, "#") && value != "#0" && subject.UID == nil {
		return "what sudo keeps there belongs to the caller, who reads and changes it"
	}
	return ""
}

// subjectsGroup tells whether the caller is in the group of I/O logs, or may be: its members read what root and others
// typed and saw. Where iolog_mode lets them write, they put links there, through which sudo makes files anywhere (tried
// on 1.9.13 and 1.9.16). Nobody is in root's group, and who is in adm reads logs by design.
func subjectsGroup(value string, subject Subject, _ Settings) string {
	byID := strings.HasPrefix(value, "#")
	switch {
	case value == on, value == off, value == "root", value == "adm", isID(value, 0), subject.Name == "":
		return ""
	case "%"+value == subject.Name, slices.Contains(subject.Groups, value), slices.ContainsFunc(subject.GIDs, func(gid int) bool { return isID(value, gid) }):
		return "the caller is in the group " + value + ", whose members read the records of what others typed and saw, and change them where iolog_mode lets them"
	case byID && subject.GIDs == nil, !byID && subject.Groups == nil:
		return "the caller may be in the group " + value + ", whose members read the records of what others typed and saw, and change them where iolog_mode lets them"
	}
	return ""
}

// openToAll tells whether others than root read or write I/O logs: everyone, or the members of their group. sudo makes
// files of root's behind the links that they put there.
func openToAll(value string, _ Subject, s Settings) string {
	mode, err := strconv.ParseUint(value, 8, 32)
	switch group := s["iolog_group"]; {
	case err != nil, mode&0o006 != 0:
		return "everyone reads, or changes, the records of what others typed and saw"
	case mode&0o020 != 0 && group != "" && group != off && group != "root" && !isID(group, 0):
		return "the members of the group " + group + " write where root makes files: by links they have them anywhere"
	}
	return ""
}

// onThisNode tells whether a log server may be on the node itself: its port is one that any user of the node can take.
// With TLS he is asked for a certificate, unless log_server_verify is off (sudoers(5), "log_servers"; the port is 30343
// if none is given). Without one only an address of another host will do. A name may be the name of the node, and a
// number like 0 or 2130706433 is a name that resolvers take for an address. The node's own address outside of its
// loopback is not known here.
func onThisNode(value string, _ Subject, s Settings) string {
	if value == on || value == off {
		return ""
	}
	for server := range strings.FieldsSeq(strings.NewReplacer(",", " ", `\`, "").Replace(value)) {
		host, tls := strings.CutSuffix(server, "(tls)")
		switch {
		case foreignAddress(host), tls && s.flag("log_server_verify", true):
		case tls:
			return server + " may be the node itself, where any user can listen on that port with a certificate of his own: log_server_verify is off"
		default:
			return server + " may be the node itself, where any user can listen on that port: use an address of another host, or (tls)"
		}
	}
	return ""
}

// foreignAddress tells whether text is a literal address, with or without a port, that no host takes for its loopback,
// for any of its own or for its link.
func foreignAddress(text string) bool {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return false
		}
		addr = withPort.Addr()
	}
	addr = addr.Unmap()
	ownNetwork := netip.PrefixFrom(netip.IPv4Unspecified(), 8)
	compatible := netip.PrefixFrom(netip.IPv6Unspecified(), 96)
	return addr.IsGlobalUnicast() && !ownNetwork.Contains(addr) && !compatible.Contains(addr)
}

// unlessSudosService lets the services pass that Debian ships for sudo in /etc/pam.d.
func unlessSudosService(value string) string {
	if slices.Contains([]string{"sudo", "sudo-i", "sudo-l"}, value) {
		return ""
	}
	return "the rules of " + value + " are made for another program, and pvesec does not know whom they let pass"
}

// dumpsCore tells whether a command leaves core files. sudo's own limit of 0 keeps it from that (sudoers(5),
// "rlimit_core").
func dumpsCore(value string, _ Subject, _ Settings) string {
	if value == "0" || value == "0,0" {
		return ""
	}
	return "a command that the caller ends with a signal of the keyboard leaves a file of root's in the working directory, with words of the caller in it"
}

func stays(value string, _ Subject, _ Settings) string {
	if value == off {
		return ""
	}
	return "pvesec does not know what programs do that run with the caller's real user id and root's rights"
}

// opensFiles tells whether others can write what a command makes. The caller sets his own umask to 0, and sudo adds the
// bits of this option to it; 0777 and off leave the caller's as it is (sudoers(5), "umask"; tried on 1.9.13).
func opensFiles(value string, _ Subject, _ Settings) string {
	mask, err := strconv.ParseUint(value, 8, 32)
	switch {
	case value == off, value == on, err != nil, mask == 0o777:
		return "the caller's own umask holds, which he sets to 0: everyone writes the files that a command makes"
	case mask&0o002 == 0:
		return "everyone writes the files that a command makes"
	case mask&0o020 == 0:
		return "a group writes the files that a command makes, which may be one of the caller's"
	}
	return ""
}

// opensOthersFiles tells whether everyone writes what a command of somebody else makes. Without umask_override his own
// umask is added to this one, and the caller does not choose it.
func opensOthersFiles(value string, _ Subject, s Settings) string {
	if mask, err := strconv.ParseUint(value, 8, 32); err != nil || mask == 0o777 || mask&0o002 != 0 || s["umask_override"] != on {
		return ""
	}
	return "everyone writes the files that a command makes"
}
