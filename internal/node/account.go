package node

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// AbsentAccount is what an [AccountChange] expects where there must be no account yet.
const AbsentAccount = "absent"

// PasswordChange is what becomes of an account's password.
type PasswordChange int

// The changes of a password.
const (
	// KeepPassword leaves it. A new account has a locked one.
	KeepPassword PasswordChange = iota
	// LockPassword locks it, so that nobody logs in with it, as `usermod -L` does.
	LockPassword
	// SetPassword sets the hash of it.
	SetPassword
)

var passwordWords = map[PasswordChange]string{KeepPassword: "keep", LockPassword: "lock", SetPassword: "set"}

// An AccountChange is an account of the node itself, in /etc/passwd, after the transaction. The node's own tools make
// it so, useradd(8), usermod(8), userdel(8), chage(1) and chpasswd(8), and put it back by the same way. System
// accounts, whose user id is below 1000 or 65534, are refused always, and so are those of a directory service.
// Subordinate ids are neither given nor taken. Hash and keys travel over standard input: no argument of a process has
// them.
type AccountChange struct {
	Name string
	// Absent removes the account, and its jobs of cron and at with it, of which a copy is kept. Its home stays unless
	// RemoveHome is set, and what the user runs goes on unless EndSessions is; all that happens after the change stands
	// on every node, since it cannot be undone.
	Absent, RemoveHome bool
	// EndSessions ends what the user of an account runs. Where the account stays, it is shut out and its processes end
	// before anything is written, so that nobody who is logged in can stand in the way. Another user id or home takes
	// that.
	EndSessions bool
	// Expect is what the plan saw: AbsentAccount, [LocalAccount.Looks], or empty for anything. Comment and shell, which
	// a user can change himself, do not count where the change only takes something away.
	Expect string
	// ExpectUID is the user id that the account must have where it is there, 0 for any: another account of the name is
	// not ours to change or to remove.
	ExpectUID int

	// UID is the user id, 0 for the one that it has, or that useradd chooses.
	UID                  int
	Comment, Home, Shell string
	// PrimaryGroup is the group of the account in passwd(5); the one of its own name is made where the node has none.
	// Empty leaves it, and gives a new account its own.
	PrimaryGroup string
	// Groups are the groups beside its own. With OnlyGroups it is in no other; without, those of DropGroups are left.
	Groups, DropGroups []string
	OnlyGroups         bool
	// Expires is the day since 1970-01-01 on which the account can no longer be used, -1 for none.
	Expires  int
	Password PasswordChange
	// Hash is what SetPassword sets, in the form of crypt(5).
	Hash string

	Keys *KeyFile
}

// A KeyFile is ~/.ssh/authorized_keys of an account. A user can put anything there: a link to a file of root, a fifo, a
// directory, and can change it between two looks at it. So root never opens, writes, renames or removes anything in a
// home. A process that has the user's ids, no capability and no way back to any (setpriv(1) with --no-new-privs) does.
// The worst that the user can have it do is what he can do without it. What it wrote is read back by the same way,
// bounded in size and time, and compared.
type KeyFile struct {
	// Content of the file; it is removed when empty.
	Content []byte
	// Only moves ~/.ssh/authorized_keys2 away too, which sshd reads by default.
	Only bool
	// Sum is [KeyState.Sum] of the file that the content was made from, or empty for anything. It does not count where
	// the change ends sessions.
	Sum string
}

// maxKeys bounds a key file.
const maxKeys = 64 << 10

var (
	localName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	cryptHash = regexp.MustCompile(`^[!-9;-~]+$`)
)

// CheckAccountName says why a name cannot be one of an account that pvesec makes, or returns nil. It is what useradd(8)
// of Debian takes without --badname.
func CheckAccountName(name string) error {
	switch {
	case name == "root":
		return fmt.Errorf("root is no account to be managed; give the operator or the agent an account of its own")
	case !localName.MatchString(name):
		return fmt.Errorf("%q is not the name of an account: use a small letter or \"_\" first, then small letters, digits, \"_\" and \"-\", 32 in all at most", name)
	}
	return nil
}

// CheckAccountUID says why a user id cannot be one of an account that pvesec makes, or returns nil.
func CheckAccountUID(uid int64) error {
	if uid < 1000 || uid > 4294967293 || uid == 65534 || uid == 65535 {
		return fmt.Errorf("%d is not a user id for a person or an agent: use one from 1000 on, and not 65534 or 65535", uid)
	}
	return nil
}

// check refuses what no node could do, and what would be another thing in a file of accounts.
func (a AccountChange) check() error {
	if err := CheckAccountName(a.Name); err != nil {
		return err
	}
	if a.Absent {
		return nil
	}
	if a.UID != 0 {
		if err := CheckAccountUID(int64(a.UID)); err != nil {
			return err
		}
	}
	for what, p := range map[string]string{"home": a.Home, "shell": a.Shell} {
		if err := checkPath(p); err != nil {
			return fmt.Errorf("%s of account %s: %w", what, a.Name, err)
		}
		if p == "/" || unwritable(p) {
			return fmt.Errorf("%s of account %s: %q cannot be written into /etc/passwd", what, a.Name, p)
		}
	}
	if unwritable(a.Comment) {
		return fmt.Errorf("the comment of account %s has a colon or a control character, which /etc/passwd cannot hold", a.Name)
	}
	for _, g := range slices.Concat(a.Groups, a.DropGroups, []string{cmp.Or(a.PrimaryGroup, a.Name)}) {
		if !localName.MatchString(g) {
			return fmt.Errorf("%q is not the name of a group", g)
		}
	}
	if a.Expires < -1 || a.Expires > 4000000 {
		return fmt.Errorf("account %s cannot expire on day %d", a.Name, a.Expires)
	}
	if passwordWords[a.Password] == "" || a.Password == SetPassword && !cryptHash.MatchString(a.Hash) {
		return fmt.Errorf("account %s has no usable password hash", a.Name)
	}
	if a.Keys != nil && len(a.Keys.Content) > maxKeys {
		return fmt.Errorf("the keys of account %s are longer than %d KiB", a.Name, maxKeys>>10)
	}
	return nil
}

// unwritable tells that a field of passwd(5) cannot hold a text.
func unwritable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == ':' })
}

// accountCalls are the functions about accounts that account_change.sh calls.
func accountCalls(accounts []AccountChange) string {
	var b strings.Builder
	b.WriteString("accounts() {\n:\n")
	for i, a := range accounts {
		fmt.Fprintf(&b, "\"$@\" %d %s\n", i, quote(a.Name))
	}
	b.WriteString("}\n")
	for i, a := range accounts {
		uid, expectUID, expires, keys, sum, only := "", "", "", "leave", "", false
		if a.ExpectUID != 0 {
			expectUID = strconv.Itoa(a.ExpectUID)
		}
		if a.UID != 0 {
			uid = strconv.Itoa(a.UID)
		}
		if a.Expires >= 0 {
			expires = strconv.Itoa(a.Expires)
		}
		if a.Keys != nil {
			keys, sum, only = "put", a.Keys.Sum, a.Keys.Only
		}
		fmt.Fprintf(&b, "account_%d() {\n", i)
		for _, set := range []struct{ name, value string }{
			{"absent", bit(a.Absent)}, {"expect", a.Expect}, {"expect_uid", expectUID}, {"uid", uid}, {"comment", a.Comment}, {"home", a.Home}, {"shell", a.Shell}, {"group", a.PrimaryGroup}, {"groups", words(a.Groups)}, {"only", bit(a.OnlyGroups)},
			{"drop", words(a.DropGroups)}, {"expires", expires}, {"password", passwordWords[a.Password]}, {"keys", keys}, {"keysum", sum}, {"only_keys", bit(only)},
			{"remove", bit(a.RemoveHome)}, {"end", bit(a.EndSessions)},
			{"copies", backupName(KeyPath(a.Home, "authorized_keys")) + " " + backupName(KeyPath(a.Home, "authorized_keys2"))}, {"cron_copies", backupName("/var/spool/cron/crontabs/" + a.Name)},
		} {
			fmt.Fprintf(&b, "a_%s=%s\n", set.name, quote(set.value))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// contents are the cases of the function content about an account.
func (a AccountChange) contents(b *strings.Builder, i int) {
	if a.Password == SetPassword {
		fmt.Fprintf(b, "hash.%d) %s;;\n", i, heredoc([]byte(a.Hash)))
	}
	if a.Keys != nil && len(a.Keys.Content) > 0 {
		fmt.Fprintf(b, "keys.%d) %s;;\n", i, heredoc(a.Keys.Content))
	}
}

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// words are names in the order in which the node lists them.
func words(names []string) string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), " ")
}

// requiredForAccounts are the commands that a change of accounts needs.
func requiredForAccounts(accounts []AccountChange) []string {
	if len(accounts) == 0 {
		return nil
	}
	return []string{"useradd", "usermod", "userdel", "groupadd", "groupdel", "chage", "chpasswd", "passwd", "setpriv", "dd", "sort"}
}

// A LocalAccount is an account of the node itself, as its files tell.
type LocalAccount struct {
	Name                        string
	UID, GID                    int
	Comment, Home, Shell, Group string
	// Groups are those that name it, sorted. GroupsByID are all that have a group id of the account, whatever their
	// names are: its own one's, and those of Groups.
	Groups, GroupsByID []string
	Password           PasswordState
	// Expires is the day since 1970-01-01 on which it can no longer be used, -1 for none.
	Expires int
	// HomeState is the home itself; its zero value is no home. Only accounts from user id 1000 on are looked at.
	HomeState FileState
	// HomeProblem is why the home could not be looked at. HomeState tells nothing then.
	HomeProblem string
	// Keys are the key files of the home as its user finds them, by their name in ~/.ssh. One that is missing here is
	// not there.
	Keys map[string]KeyState
	// Ways is what sshd says of the ways in for the account, `sshd -T -C user=…`, by the setting in small letters. It
	// is empty where the node has no sshd.
	Ways map[string]string
	// Looks tells the account in short, for [AccountChange.Expect].
	Looks string
	// Problem is why the entry of the account cannot be read. Nothing else is known of it then, not even that it is
	// there.
	Problem string
}

// KeyState is a key file.
type KeyState struct {
	Exists  bool
	Content []byte
	// Problem is why it could not be read: it is too large, no file, or not to be read by its user. It may hold any
	// key.
	Problem string
}

// Sum is the SHA-256 of the file, [AbsentAccount] where there is none, and empty where it could not be read.
func (k KeyState) Sum() string {
	switch {
	case k.Problem != "":
		return ""
	case !k.Exists:
		return AbsentAccount
	}
	sum := sha256.Sum256(k.Content)
	return hex.EncodeToString(sum[:])
}

// PasswordState is what /etc/shadow says of a password, without its hash, which never leaves the node.
type PasswordState string

// The states of a password.
const (
	PasswordLocked PasswordState = "locked" // nobody logs in with it
	PasswordSet    PasswordState = "set"
	PasswordEmpty  PasswordState = "empty" // everyone logs in without one
)
