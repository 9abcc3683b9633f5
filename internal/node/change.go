package node

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Kind is the kind of a [File] after the transaction.
type Kind int

// The kinds of a [File].
const (
	// Regular is a file with exactly this content, mode and owner. Whatever is in its place is replaced, unless it is a
	// directory.
	Regular Kind = iota
	// Directory exists with this mode and owner. Its parent must exist or be made by an earlier File.
	Directory
	// EnsureFile exists with this mode and owner; an absent one is created empty, the content of an existing one is
	// kept.
	EnsureFile
	// Absent is removed. A directory is removed only when it is empty and otherwise left alone.
	Absent
	// Erased is a log, with what logrotate(8) made of it, or a secret of pvesec. It goes for good, without a copy, once
	// the change stands on every node.
	Erased
	// ErasedTree is a directory that goes with all that is in it, as Erased does. What has a longer name is not of it.
	ErasedTree
)

// Erases tells whether what has the kind goes for good.
func (k Kind) Erases() bool { return k == Erased || k == ErasedTree }

// Validator is the tool of the node that judges a staged file before it is installed.
type Validator int

// The validators. Each also judges the whole configuration again once the file is in place.
const (
	NoValidation Validator = iota
	// Sudoers runs `visudo -c` on the staged file, on a staged copy of the whole sudoers tree that has it, and after
	// the change on the tree itself.
	Sudoers
	// Rsyslog runs `rsyslogd -N1` on a staged copy of the configuration and after the change on the configuration
	// itself.
	Rsyslog
	// Logrotate runs `logrotate -d`, which rotates nothing, on the staged file.
	Logrotate
	// Sshd runs `sshd -t` on a staged copy of the configuration and after the change on the configuration itself.
	Sshd
	// AuditRules has `auditctl -R` read the staged file where the kernel takes nothing from it, then all of
	// /etc/audit/rules.d with it, merged as `augenrules` does, and after the change the directory itself. A rule that
	// is there twice is refused too: loading stops at it.
	AuditRules
)

// A File is one path of a [Change].
type File struct {
	// Path is absolute, clean, and free of control characters.
	Path string
	Kind Kind
	// Content of a Regular file.
	Content []byte
	// Mode holds permission bits and fs.ModeSetuid, fs.ModeSetgid, fs.ModeSticky. Ignored for Absent.
	Mode fs.FileMode
	// Owner and Group are names or numbers; empty means root.
	Owner, Group string
	Validate     Validator
	// Applied is the SHA-256 of what was applied to the path last, in hexadecimal; empty for nothing. The copy that is
	// kept of what the change replaces or removes is named by it: "applied" where it is that, and "found" where
	// somebody else left it there.
	Applied string
	// Secret is a file of which no copy is kept: what it held is of no use any more, and must not outlive it.
	Secret bool
}

// Expect is what the plan saw. A node that has changed since is refused with a [ConflictError].
type Expect struct {
	Path   string
	Exists bool
	// SHA256 of the content in hexadecimal; empty accepts any content.
	SHA256 string
}

// Listed is a command that `sudo -l -U User` must show. A node without such an account is not asked.
type Listed struct {
	User, Command string
	// Path is the file that grants it.
	Path string
}

// A Change is what a transaction does on one node.
type Change struct {
	Target Target
	// Label names the change in messages, for example `sudoers policy "agent"`.
	Label string
	// Files are installed in this order. Paths are unique.
	Files  []File
	Expect []Expect
	// Accounts are made, changed or removed after the files are in place. Names are unique.
	Accounts []AccountChange
	// RestartServices are restarted after the files are in place, and again after a rollback. They are left alone when
	// nothing on the node differed from Files and they are active. auditd.service stands for the audit rules of the
	// kernel, which are loaded where a file of them changes.
	RestartServices []string
	// ReloadAuditRules has the kernel take the audit rules anew also where no file of them changes: it has others.
	ReloadAuditRules bool
	// RequireActive are services that must be active at the end, or the change is rolled back.
	RequireActive []string
	// RequireCommands must be on the node's path, or nothing is done: a [MissingCommandError] says which package has
	// it.
	RequireCommands []string
	// InstallPackages has the node install the packages of required commands that it lacks, with apt-get, before
	// anything of the change is in place. They stay installed if the change does not come about. A node where that
	// fails is refused with a [PackagesError].
	InstallPackages bool
	// Installed is told which packages were installed; nil for nobody.
	Installed func(packages []string)
	// Noted is told, in plain words, what the node could not do or found wrong beside the outcome, such as a home that
	// stays; nil for nobody.
	Noted func(text string)
	// Listed are commands that must be in what sudo lists for a user after the change, or it is rolled back: a file
	// that sudo does not read is no policy.
	Listed []Listed
	// Confirm says that the change may cut our own access: the node restores by itself after [Timing.Confirm] unless a
	// new connection, made after the change, has reached root's power. Changes of sshd's configuration are confirmed in
	// any case, those of sudoers when the login is not root's.
	Confirm bool
}

// OnlyRemoves tells that the change takes files away and does nothing else that could be refused.
func (c Change) OnlyRemoves() bool {
	return len(c.Accounts) == 0 && !slices.ContainsFunc(c.Files, func(f File) bool { return f.Kind != Absent })
}

// ownPlaces are where a transaction keeps its own files: stages, copies of what was replaced, the lock, and what
// restores at the next boot.
var ownPlaces = []string{"/etc/pvesec/stage", "/var/backups/pvesec", "/run/pvesec", "/etc/systemd/system"}

// walls lists every directory on the way to a path that the change writes, and to what the transaction itself keeps.
// All must be root's.
func (c Change) walls() []string {
	var dirs []string
	for _, dir := range ownPlaces {
		dirs = append(dirs, dir)
		dirs = append(dirs, ancestors(dir)...)
	}
	for _, f := range c.Files {
		dirs = append(dirs, ancestors(f.Path)...)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// looks lists the paths that the transaction looks at before it changes anything.
func (c Change) looks() []string {
	var paths []string
	for _, f := range c.Files {
		paths = append(paths, f.Path)
	}
	for _, e := range c.Expect {
		if !strings.ContainsFunc(e.Path, unicode.IsControl) {
			paths = append(paths, e.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// sought lists those of them whose content is compared with something.
func (c Change) sought() []string {
	var paths []string
	for _, f := range c.Files {
		if f.Kind == Regular {
			paths = append(paths, f.Path)
		}
	}
	for _, e := range c.Expect {
		if e.SHA256 != "" && !strings.ContainsFunc(e.Path, unicode.IsControl) {
			paths = append(paths, e.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// ancestors are the directories on the way to a path, from the last to /.
func ancestors(p string) []string {
	var dirs []string
	for p != "/" {
		p = path.Dir(p)
		dirs = append(dirs, p)
	}
	return dirs
}

// mended lists the directories that the change gives a mode and an owner, a line for each after an empty one.
func (c Change) mended() string {
	list := "\n"
	for _, f := range c.Files {
		if f.Kind == Directory {
			list += f.Path + "\n"
		}
	}
	return list
}
