package program

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// taken says of programs why the value of a short option that stands in a word of its own is the file that the rule
// names, or why it does not matter if the caller joins both to one argument.
var taken = map[string]string{
	"/usr/bin/bash":             "the text for the shell stays the same",
	"/usr/bin/ceph":             "names of its configuration are split at blanks",
	"/usr/bin/rbd":              "names of its configuration are split at blanks",
	"/usr/bin/rados":            "names of its configuration are split at blanks",
	"/usr/bin/rsnapshot":        "Perl opens a name without the blanks at its start",
	"/usr/bin/journalctl":       "journals of the caller's show nothing of root's",
	"/usr/bin/monit":            "it refuses a configuration that is not root's own",
	"/usr/bin/chsh":             "a shell with a blank at its start is refused",
	"/usr/bin/cpio":             "only names of files are shown",
	"/usr/bin/curl":             "an answer of the rule's own host",
	"/usr/bin/dpkg":             "-I and -f take no value from their own word",
	"/usr/bin/dpkg-deb":         "-I, -f and -W take no value from their own word",
	"/usr/bin/find":             "-exec is no short option",
	"/usr/bin/flock":            "the text for the shell stays the same",
	"/usr/bin/isoinfo":          "only names of files are shown",
	"/usr/bin/last":             "its records are fixed binary fields",
	"/usr/bin/ln":               "what the link leads to is the rule's",
	"/usr/bin/mv":               "what is moved is the rule's",
	"/usr/bin/nsenter":          "behind a program with arguments, the first of them is started, which no directory of root's has",
	"/usr/bin/openssl":          "-out is no short option",
	"/usr/bin/qemu-img":         "-l takes no value",
	"/usr/bin/rdiff-backup":     "-l takes no value",
	"/usr/bin/redis-cli":        "it compares whole arguments with its options",
	"/usr/bin/restic":           "a repository of the caller's has not root's password",
	"/usr/bin/rsync":            "the command of -e is split at blanks",
	"/usr/bin/sar":              "its records are fixed binary fields",
	"/usr/bin/ssh-keygen":       "a file that is no list of hosts is left as it is, and not shown",
	"/usr/bin/su":               "an account that is not mighty gives the caller no more than the command",
	"/usr/bin/tar":              "what is written is the rule's, and what is unpacked lands where nobody else looks",
	"/usr/bin/tcpdump":          "it reads and writes captures as the account tcpdump",
	"/usr/bin/unzip":            "what is unpacked is the rule's",
	"/usr/bin/vzdump":           "Getopt::Long takes no value from the same argument",
	"/usr/bin/wget":             "an answer of the rule's own host",
	"/usr/bin/zabbix_get":       "its configuration names keys of TLS only",
	"/usr/bin/zip":              "-sf takes no value",
	"/usr/sbin/apparmor_parser": "-r and -a take no value",
	"/usr/sbin/grub-mkconfig":   "it compares whole arguments with its options",
	"/usr/sbin/haproxy":         "as the last option it is refused without a value",
	"/usr/sbin/hwclock":         "a device is opened, and only for the clock",
	"/usr/sbin/logrotate":       "what is written is names and dates, escaped",
	"/usr/sbin/nagios4":         "-v takes no value",
	"/usr/sbin/nginx":           "the name is relative to a directory of root's",
	"/usr/sbin/qm":              "Getopt::Long takes no value from the same argument",
	"/usr/sbin/runuser":         "an account that is not mighty gives the caller no more than the command",
	"/usr/sbin/useradd":         "a shell or directory with a blank at its start is refused",
	"/usr/sbin/usermod":         "a shell with a blank at its start is refused",
	"/usr/sbin/visudo":          "-c takes no value",
	"/usr/sbin/xfs_fsr":         "a table of mounts names what is put in order",
}

// unjudged are programs that pass with their default configuration said aloud, though nobody has looked yet at what
// they do with one of the caller's. None is to be added: the option and the file belong into one word there, -c/etc/x,
// and the form of two words into an operation with its words in joined.
var unjudged = []string{
	"/usr/bin/aide", "/usr/bin/btrbk", "/usr/bin/fail2ban-client", "/usr/bin/supervisorctl", "/usr/sbin/apachectl", "/usr/sbin/dhcpd", "/usr/sbin/postconf",
	"/usr/sbin/squid", "/usr/sbin/unbound-control", "/usr/sbin/zabbix_agentd",
}

var shortOption = regexp.MustCompile(`^-[A-Za-z0-9]+$`)

// TestShortOptions looks for short options whose file stands in a word of its own. sudo takes both as one argument as
// well: then the name begins with a blank, and is a relative one. Where that is a way to root, an operation says so
// with its words in joined, or this test says why it is none.
func TestShortOptions(t *testing.T) {
	t.Parallel()
	met := map[string]bool{}
	for _, p := range Programs() {
		for _, o := range p.Operations {
			parsed, err := o.parsed()
			if err != nil || slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Info().Root() }) {
				continue
			}
			for _, pair := range knowledge().operands.apart(parsed) {
				if taken[p.Paths[0]] == "" && !slices.Contains(unjudged, p.Paths[0]) {
					t.Errorf("%s: %s: the caller joins %s", p.Paths[0], o.Args, pair)
				}
				met[p.Paths[0]] = true
			}
		}
	}
	for _, name := range slices.AppendSeq(slices.Clone(unjudged), maps.Keys(taken)) {
		if !met[name] {
			t.Errorf("%s has no such option", name)
		}
	}
}

// apart are the short options of a synopsis with an operand behind them that would bring root if it were a relative
// name.
func (o *operands) apart(s synopsis) (found []string) {
	switch s := s.(type) {
	case optional:
		return o.apart(s.of)
	case repeated:
		return o.apart(s.of)
	case choice:
		for _, alternative := range s {
			found = append(found, o.apart(alternative)...)
		}
	case sequence:
		for i, item := range s {
			found = append(found, o.apart(item.of)...)
			if i == 0 || item.glued {
				continue
			}
			for _, option := range optionsAtEnd(s[i-1].of) {
				if value := o.relativeRoot(item.of); value != "" {
					found = append(found, fmt.Sprintf("%q and %s", option, value))
				}
			}
		}
	}
	return found
}

// optionsAtEnd are the short options by which a synopsis may end.
func optionsAtEnd(s synopsis) (found []string) {
	switch s := s.(type) {
	case literal:
		if shortOption.MatchString(string(s)) {
			return []string{string(s)}
		}
	case choice:
		for _, alternative := range s {
			found = append(found, optionsAtEnd(alternative)...)
		}
	case sequence:
		if len(s) > 0 {
			return optionsAtEnd(s[len(s)-1].of)
		}
	}
	return found
}

// relativeRoot names the operand by which a synopsis may begin, if a relative name is a way to root there.
func (o *operands) relativeRoot(s synopsis) string {
	switch s := s.(type) {
	case inner:
		return "<" + s.kind + ">"
	case literal:
		if strings.HasPrefix(string(s), "/") {
			return string(s)
		}
	case operand:
		t := o.classed[s.kind]
		if t == nil || len(t.Classes) == 0 || t.Classes[0].Name != "foreign" || strings.HasPrefix(s.kind, "device") {
			return ""
		}
		for key, classes := range t.Modes[s.mode] {
			if slices.Contains(classes, "foreign") && rootKey(key) {
				return "<" + s.kind + ":" + s.mode + ">"
			}
		}
	case choice:
		for _, alternative := range s {
			if value := o.relativeRoot(alternative); value != "" {
				return value
			}
		}
	case sequence:
		if len(s) > 0 {
			return o.relativeRoot(s[0].of)
		}
	}
	return ""
}
