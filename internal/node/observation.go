package node

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// MaxContent is the size in bytes up to which [Pool.Observe] brings a file's content.
const MaxContent = 1 << 20

// A Query says what to look at. Paths are absolute and clean; they may hold any byte but NUL.
type Query struct {
	// Files are read with metadata, and content where the file is regular or a symbolic link to a regular file.
	Files []string
	// Trees are directories of which every entry directly inside is read like Files, hidden ones included.
	Trees []string
	// Stats are looked at without reading any content.
	Stats []string
	// Accounts are login names looked up through the name service switch, passwd(5).
	Accounts []string
	// Services are systemd units.
	Services []string
	// Commands are names looked up on root's path, for example visudo.
	Commands []string
	// Conffiles are paths: of each, and of what is below it, the node's packages tell which of them ships it as a file
	// of configuration.
	Conffiles []string
	// LocalAccounts reads every account of the node itself. Nothing else is asked for with it: the answer is kept until
	// the next [Pool.Apply] on the node, so that many accounts take one look.
	LocalAccounts bool
	// OnlyAccount has LocalAccounts look into one home alone, and now.
	OnlyAccount string
	// Clock asks what time it is on the node.
	Clock bool
	// Scripts are texts of sh that only read. They run beside the rest, under "$root", where PATH leads to the tools of
	// the node and nothing else is set. Nothing that a node said stands in them.
	Scripts []string
	// Configs are configurations of systemd such as systemd/journald.conf, of which all files are put together as
	// systemd reads them, systemd-analyze(1) cat-config.
	Configs []string
	// Audit asks the kernel for its audit rules.
	Audit bool
	// Sshd asks sshd what it makes of connections; nil asks nothing. Such a query is not answered together with others.
	Sshd *SshdQuery
	// limit is for how long each tool and script may run; 0 for as long as [Timing] says.
	limit time.Duration
}

// An Observation is what one node looked like at one moment.
type Observation struct {
	// Node is the name of the target.
	Node string
	// Facts describe the node itself.
	Facts Facts
	// Files holds every path asked for and every entry of a tree.
	Files map[string]FileState
	// Accounts, by the name asked for.
	Accounts map[string]Account
	// Services, by the name asked for.
	Services map[string]Service
	// Commands maps a name to its path, or to "" where the node has no such command.
	Commands map[string]string
	// Conffiles, by path, are files of configuration that an installed package ships.
	Conffiles map[string]Conffile
	// LocalAccounts are those in /etc/passwd, by name; nil where nobody asked.
	LocalAccounts map[string]LocalAccount
	// Clock is what the node's clock showed, in Unix seconds; 0 where nobody asked.
	Clock int64
	// Scripts holds what each script printed, by its text.
	Scripts map[string]Section
	// Configs are the texts of configurations, by the name asked for. Each file in them follows a line with "# " and
	// its path.
	Configs map[string]string
	// Audit is what the kernel said of its audit rules, nil where nobody asked.
	Audit *AuditStatus
	// Sshd is the answer of sshd, nil where it was not asked.
	Sshd *SshdAnswer
	// Unfinished says that a transaction was killed half-way on this node and has not been undone yet. The next
	// [Pool.Apply] on the node does so before anything else.
	Unfinished bool
	// Leftover says that a killed transaction left files of its own on this node, in /etc/pvesec/stage, whether or not
	// it had begun to change anything. The next [Pool.Apply] on the node removes them.
	Leftover bool
	// Busy says that a transaction was running on the node during the observation.
	Busy bool
}

// Entries returns the paths observed directly inside the directory, sorted.
func (o *Observation) Entries(dir string) []string {
	var in []string
	for p := range o.Files {
		if path.Dir(p) == dir && p != dir {
			in = append(in, p)
		}
	}
	slices.Sort(in)
	return in
}

// Facts are properties of a node that decide how things are written for it.
type Facts struct {
	Hostname, FQDN                string // uname -n up to the first dot; hostname -f, or Hostname when it does not answer in two seconds
	OSID, OSVersionID, OSCodename string // ID, VERSION_ID, VERSION_CODENAME of os-release(5)
	SudoVersion                   string // as `sudo -V` tells it, for example 1.9.16p2; empty without sudo
}

// FileType is the kind of a file as far as pvesec cares.
type FileType string

// The file types that [FileState] tells apart. An absent file has none.
const (
	TypeRegular   FileType = "regular"
	TypeDirectory FileType = "directory"
	TypeSymlink   FileType = "symlink"
	TypeOther     FileType = "other" // fifo, socket, device: never opened
)

// FileState is one path of an [Observation], not following a symbolic link.
type FileState struct {
	Exists bool
	Type   FileType
	// Mode holds the permission bits and fs.ModeSetuid, fs.ModeSetgid, fs.ModeSticky; no type bits.
	Mode     fs.FileMode
	UID, GID int
	// Owner and Group are "UNKNOWN" where the node knows no name for the id, as stat(1) prints it.
	Owner, Group string
	Size         int64
	// Content of a regular file in Files or Trees; nil in Stats and when TooLarge.
	Content []byte
	// SHA256 of Content in lower-case hexadecimal; empty where content was not read.
	SHA256 string
	// LinkTarget is what a symbolic link says, readlink(1).
	LinkTarget string
	// Resolved is the file that a symbolic link leads to; nil for anything but a link and for one that leads nowhere.
	Resolved *FileState
	// TooLarge says that the content was left out because it exceeds [MaxContent].
	TooLarge bool
}

// Account is a Linux account as getent(1) and id(1) tell it.
type Account struct {
	Exists      bool
	UID, GID    int
	Gecos       string
	Home, Shell string
	// Ends is when the account ends, chage(1) -E; zero for one that does not, and where the node cannot tell.
	Ends time.Time
	// Groups and GIDs list every group of the account, the primary one first, in the same order. A group without a
	// name is given by its number.
	Groups []string
	GIDs   []int
}

// Service is the state of a systemd unit, `systemctl show`.
type Service struct {
	Load    string // loaded, not-found, masked, …
	Active  string // active, inactive, failed, activating, …
	Sub     string // running, dead, exited, …
	Enabled string // enabled, disabled, static, masked, …; empty when the unit has no file
}

// Conffile is a file of configuration as a package ships it, deb-conffiles(5).
type Conffile struct {
	Package string
	// MD5 is the digest of what the package ships, in lower-case hexadecimal. dpkg records no other.
	MD5 string
}

// checkPath refuses paths that a remote program must not be given.
func checkPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return errPath(p, "is not absolute")
	case path.Clean(p) != p:
		return errPath(p, "is not in its shortest form, which is "+path.Clean(p))
	case strings.ContainsRune(p, 0):
		return errPath(p, "contains a NUL byte")
	}
	return nil
}
