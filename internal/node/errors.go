package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// ConfigError is a fault of one field of [Config].
type ConfigError struct {
	// Field is the name of the provider's attribute, for example "private_key"; for a jump host
	// "jump_host.0.private_key".
	Field string
	Err   error
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// RemoteError says that the program on the node did not run as it should, or that the connection broke.
type RemoteError struct {
	Node, Doing string
	// Output is what the node printed instead, shortened.
	Output string
	Err    error
}

func (e *RemoteError) Error() string {
	if Interrupted(e.Err) {
		return fmt.Sprintf("interrupted while %s on %s", e.Doing, e.Node)
	}
	msg := fmt.Sprintf("%s on %s: %s", e.Doing, e.Node, untrusted.Text(e.Err.Error()))
	if e.Output != "" {
		msg += "; the node said: " + e.Output
	}
	return msg
}

// Unwrap returns the cause.
func (e *RemoteError) Unwrap() error { return e.Err }

// Interrupted tells whether an error comes from nothing but the end of the run, as by Ctrl-C: the caller's context was
// cancelled. Of several errors, each must.
func Interrupted(err error) bool {
	if several, is := err.(interface{ Unwrap() []error }); is {
		all := several.Unwrap()
		for _, one := range all {
			if !Interrupted(one) {
				return false
			}
		}
		return len(all) > 0
	}
	if inner := errors.Unwrap(err); inner != nil {
		return Interrupted(inner)
	}
	return errors.Is(err, context.Canceled)
}

// ObserveError says that one thing could not be looked at. It is never to be taken for absence.
type ObserveError struct {
	Node, Subject, Output string
}

func (e *ObserveError) Error() string {
	return fmt.Sprintf("cannot tell the state of %s on %s: %s", e.Subject, e.Node, e.Output)
}

// ConflictError says that a file changed on the node between plan and apply.
type ConflictError struct {
	Node, Path string
	// Expected and Found are "absent", a SHA-256, or a word for what else is there.
	Expected, Found string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s on %s changed since the plan: expected %s, found %s\nPlan again and review what changed.", e.Path, e.Node, e.Expected, e.Found)
}

// AccountError says why an account of a node cannot be as it is asked for.
type AccountError struct {
	Node, Account string
	// Output completes a sentence that begins with the account, or is what a tool of the node said.
	Output string
}

func (e *AccountError) Error() string {
	return fmt.Sprintf("account %s on %s %s", e.Account, e.Node, e.Output)
}

// AccountChangedError says that an account is not as it was when the change was planned.
type AccountChangedError struct {
	Node, Account string
	// Expected and Found are [AbsentAccount], or [LocalAccount.Looks].
	Expected, Found string
}

func (e *AccountChangedError) Error() string {
	if e.Expected == AbsentAccount {
		return fmt.Sprintf("account %s exists on %s already, and pvesec did not make it (%s)\nImport it, or set adopt = true to take it over.", e.Account, e.Node, e.Found)
	}
	return fmt.Sprintf("account %s on %s changed since the plan: expected %s, found %s\nPlan again and review what changed.", e.Account, e.Node, e.Expected, e.Found)
}

// MissingCommandError says that the node lacks a command that the change needs.
type MissingCommandError struct {
	Node, Command string
	// Package is the Debian package that has it; empty when not known.
	Package string
}

func (e *MissingCommandError) Error() string {
	if e.Package == "" {
		return fmt.Sprintf("%s is not installed on %s", e.Command, e.Node)
	}
	return fmt.Sprintf("%s is not installed on %s\nInstall it there: apt-get install %s", e.Command, e.Node, e.Package)
}

// SlowError says that a command of the node was stopped because it did not end. What it would have said is not known.
type SlowError struct {
	Node, Command string
	// Seconds is how long it had.
	Seconds string
}

func (e *SlowError) Error() string {
	return fmt.Sprintf("%s on %s did not end within %s seconds and was stopped\nSee whether the node's directory service and name server answer (`getent passwd`, "+
		"`getent hosts` there, /etc/nsswitch.conf), and whether its disks do.", e.Command, e.Node, e.Seconds)
}

// OpenDirectoryError says that somebody else than root can write a directory on the way to a file that root is about to
// write: a link put there would have root write where the link leads.
type OpenDirectoryError struct {
	Node, Path string
	// Directory is the first one on the way that is open, and Why says to whom.
	Directory, Why string
}

func (e *OpenDirectoryError) Error() string {
	return fmt.Sprintf("%s on %s is not written: %s %s, so somebody else than root could make root write to another file\n"+
		"Choose a path whose directories are root's alone, or look for links in it and then run on the node: chown root:root %[3]s && chmod go-w %[3]s", e.Path, e.Node, e.Directory, e.Why)
}

// ValidationError says that one of the node's own tools rejected a file or the configuration that includes it.
type ValidationError struct {
	Node, Path string
	// Tool is the command, for example visudo.
	Tool string
	// Output is what it said, with the real path instead of the staged one.
	Output string
	// Whole says that not the file alone but the whole configuration with it was judged.
	Whole bool
}

func (e *ValidationError) Error() string {
	what := "the file"
	if e.Whole {
		what = "the whole configuration with " + e.Path
	}
	return fmt.Sprintf("%s on %s rejected %s: %s", e.Tool, e.Node, what, e.Output)
}

// NotInForceError says that sudo lists nothing of what an installed file grants.
type NotInForceError struct {
	Node, Path    string
	User, Command string
	// Output is what `sudo -l -U User` said.
	Output string
}

func (e *NotInForceError) Error() string {
	return fmt.Sprintf("%s does not take effect on %s: `sudo -l -U %s` there does not show %s\nSee that /etc/sudoers has a line \"@includedir /etc/sudoers.d\", and that sudoers in /etc/nsswitch.conf names files. It said:\n%s",
		e.Path, e.Node, e.User, e.Command, e.Output)
}

// LockedError says that another run kept the node's lock for too long.
type LockedError struct {
	Node, Holder string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("another pvesec run holds the lock of %s (%s)\nIt frees the lock when it ends, even when it is killed; try again then.", e.Node, e.Holder)
}

// InstallError says that a step of the transaction failed on a node.
type InstallError struct {
	Node, Path string
	// Step is staging, comparing, backing up, installing, verifying, restarting, recovering or finishing.
	Step   string
	Output string
}

func (e *InstallError) Error() string {
	return fmt.Sprintf("%s %s on %s failed: %s%s", e.Step, e.Path, e.Node, e.Output, adviceInstall(e.Output))
}

// ServiceError says that a service does not run as it must after the change.
type ServiceError struct {
	Node, Service string
	// Output is what systemctl said, and the end of the service's journal.
	Output string
}

func (e *ServiceError) Error() string {
	return fmt.Sprintf("service %s on %s: %s", e.Service, e.Node, e.Output)
}

func errPath(p, why string) error { return fmt.Errorf("path %q %s", p, why) }
