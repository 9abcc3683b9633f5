package node

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// debianPackages tells which package has a command that pvesec needs.
var debianPackages = map[string]string{
	"visudo": "sudo", "sudo": "sudo", "cvtsudoers": "sudo", "sudoreplay": "sudo", "sudo_logsrvd": "sudo",
	"awk": "mawk", "rsyslogd": "rsyslog", "logrotate": "logrotate", "auditctl": "auditd", "augenrules": "auditd", "auditd": "auditd",
	"systemd-journal-upload": "systemd-journal-remote", "openssl": "openssl",
	"sendmail": "postfix", // what Proxmox VE has
	"sshd":     "openssh-server", "systemctl": "systemd", "systemd-analyze": "systemd", "journalctl": "systemd", "flock": "util-linux", "setpriv": "util-linux", "sort": "coreutils", "dd": "coreutils",
	"useradd": "passwd", "usermod": "passwd", "userdel": "passwd", "groupadd": "passwd", "groupdel": "passwd", "chage": "passwd", "chpasswd": "passwd", "passwd": "passwd",
	"unshare": "util-linux", "setsid": "util-linux", "getent": "libc-bin", "grep": "grep", "sed": "sed", "find": "findutils", "cmp": "diffutils",
	"timeout": "coreutils", "base64": "coreutils", "stat": "coreutils", "sha256sum": "coreutils", "id": "coreutils", "cp": "coreutils", "mv": "coreutils",
	"ln": "coreutils", "rm": "coreutils", "mkdir": "coreutils", "rmdir": "coreutils", "chown": "coreutils", "chmod": "coreutils", "cat": "coreutils",
	"sync": "coreutils", "readlink": "coreutils", "date": "coreutils", "head": "coreutils", "tail": "coreutils", "tr": "coreutils", "ls": "coreutils",
}

// PackageOf is the Debian package that has a command which pvesec needs, "" for one that it does not know.
func PackageOf(command string) string { return debianPackages[command] }

// missing names a command that a node does not have, and the package that has it.
func missing(node, command string) error {
	return &MissingCommandError{Node: node, Command: untrusted.Line(command), Package: debianPackages[command]}
}

// provides lists the packages of required commands that may be installed, for transaction.sh.
func (c Change) provides() string {
	if !c.InstallPackages {
		return ""
	}
	var pairs []string
	for _, command := range c.RequireCommands {
		if has := PackageOf(command); has != "" {
			pairs = append(pairs, command+":"+has)
		}
	}
	return strings.Join(pairs, " ")
}

// PackagesError says that apt-get could not install the packages that a change needs.
type PackagesError struct {
	Node, Packages string
	// Output is what apt-get said of them, its errors if it named any.
	Output string
	// Lists says why apt-get could not read all package lists before; empty where it could.
	Lists string
}

func (e *PackagesError) Error() string {
	text := fmt.Sprintf("apt-get could not install %s on %s: %s", e.Packages, e.Node, e.Output)
	if e.Lists != "" {
		text += "\nBefore that it could not read all package lists: " + e.Lists
	}
	return text
}

func packagesError(node, packages, lists, output string) error {
	e := &PackagesError{Node: node, Packages: strings.ReplaceAll(packages, " ", ", "), Output: aptErrors(output)}
	if lists != "" {
		e.Lists = explainLists(lists)
	}
	return e
}

var (
	// enterpriseRefused is what apt-get says of a repository for subscribers on a node without a subscription.
	enterpriseRefused = regexp.MustCompile(`enterprise\.proxmox\.com\S*[^\n]*\n?[^\n]*\b401\b`)
	// aptLogin is a login in the address of a repository.
	aptLogin = regexp.MustCompile(`://[^/\s]*@`)
)

// explainLists says why apt-get could not read package lists. The repository of Proxmox for subscribers, which is on
// every new node, is told apart.
func explainLists(output string) string {
	var others []string
	for _, line := range aptLines(output) {
		if !strings.Contains(line, "enterprise.proxmox.com") && !strings.Contains(line, "Some index files failed to download") {
			others = append(others, line)
		}
	}
	if !enterpriseRefused.MatchString(output) {
		return aptErrors(output)
	}
	text := "enterprise.proxmox.com answered 401 Unauthorized: the node has no subscription. Disable that repository and enable pve-no-subscription (Updates, Repositories), or enter a subscription key"
	if len(others) > 0 {
		text += ". Others failed too: " + strings.Join(others, "; ")
	}
	return text
}

// aptErrors are the errors that apt-get and dpkg name, or the end of what was said where they name none.
func aptErrors(output string) string {
	if lines := aptLines(output); len(lines) > 0 {
		return strings.Join(lines, "; ")
	}
	lines := strings.Split(strings.TrimSpace(tidyApt(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}

// aptLines are the lines of errors.
func aptLines(output string) []string {
	var found []string
	for line := range strings.Lines(tidyApt(output)) {
		line = strings.TrimSpace(line)
		if text, is := strings.CutPrefix(line, "E: "); is {
			found = append(found, text)
		} else if strings.HasPrefix(line, "dpkg: error") {
			found = append(found, line)
		}
	}
	return found
}

// aptSaid is how much the node sends at most of what apt-get said: its end.
const aptSaid = 4000

// tidyApt leaves logins of repositories out. The first line may be cut, in the middle of one.
func tidyApt(output string) string {
	if len(output) > aptSaid/2 { // the shell takes newlines off its end
		_, output, _ = strings.Cut(output, "\n")
	}
	return untrusted.Text(aptLogin.ReplaceAllString(output, "://"))
}
