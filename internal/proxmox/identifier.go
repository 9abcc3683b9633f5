package proxmox

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// maxIDLength is the longest user id that PVE takes (PVE::AccessControl,
// verify_username). pvesec holds tokens, groups and roles to it too, although
// PVE sets no limit there.
const maxIDLength = 64

// ErrRootPAM is the reason why a request about root@pam is refused.
var ErrRootPAM = errors.New("root@pam is the cluster's own superuser and is never managed by pvesec")

// UserID is a PVE user id, "name@realm".
type UserID string

var (
	realmPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]+$`)
	tokenPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]+$`)
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// ParseUserID checks s against the grammar of pve-userid (3 to 64 characters,
// "name@realm", neither spaces nor ":" nor "/" in the name) and refuses in
// addition what PVE accepts but cannot handle: ", ;" break list parameters,
// "! # ? %" change the meaning of a path or of a token id, and non-ASCII names
// can be created but never be addressed again.
//
// root@pam is a valid user id; see [UserID.IsRootPAM].
func ParseUserID(s string) (UserID, error) {
	if s == "" {
		return "", errors.New(`user id is empty; write it as "name@realm", for example "agent@pve"`)
	}
	if err := refuseCharacters("user id", s, ":/,;!#?%"); err != nil {
		return "", err
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", fmt.Errorf(`user id %q has no realm; write it as "name@realm", for example "%s@pve"`, s, s)
	}
	name, realm := s[:at], s[at+1:]
	if name == "" {
		return "", fmt.Errorf(`user id %q has no name before the "@"`, s)
	}
	if !realmPattern.MatchString(realm) {
		return "", fmt.Errorf("user id %q: realm %q must be two or more of the characters A-Z a-z 0-9 . _ - and start with a letter", s, realm)
	}
	if len(s) > maxIDLength {
		return "", fmt.Errorf("user id %q has %d characters; PVE allows %d", s, len(s), maxIDLength)
	}
	return UserID(s), nil
}

// Name returns the part of the id before the realm.
func (id UserID) Name() string {
	if at := strings.LastIndexByte(string(id), '@'); at >= 0 {
		return string(id[:at])
	}
	return string(id)
}

// Realm returns the part of the id after the last "@", "" when there is none.
func (id UserID) Realm() string {
	if at := strings.LastIndexByte(string(id), '@'); at >= 0 {
		return string(id[at+1:])
	}
	return ""
}

// Token returns the full id of one of the user's tokens, "name@realm!token", as
// ACL entries and the Authorization header spell it.
func (id UserID) Token(tokenID string) string { return string(id) + "!" + tokenID }

// IsRootPAM tells whether the id is root@pam in a spelling that PVE, a proxy or
// a reader could take for it: any letter case, surrounding spaces, percent
// encoding, a token suffix. It is deliberately wider than PVE's own comparison,
// because a false alarm costs a message and a miss costs the cluster.
func (id UserID) IsRootPAM() bool {
	s := string(id)
	for range 3 { // encodings of encodings; each round strips one layer
		decoded, err := url.PathUnescape(s)
		if err != nil || decoded == s {
			break
		}
		s = decoded
	}
	s, _, _ = strings.Cut(s, "!")
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return strings.EqualFold(s, "root@pam")
}

// check is what every request about a user passes first.
func (id UserID) check() error {
	if id.IsRootPAM() {
		return ErrRootPAM
	}
	_, err := ParseUserID(string(id))
	return err
}

// ValidateTokenID checks the name of an API token: two or more characters,
// starting with a letter (the tokenid pattern of PVE::AccessControl).
func ValidateTokenID(s string) error {
	if err := refuseCharacters("token id", s, ""); err != nil {
		return err
	}
	if !tokenPattern.MatchString(s) {
		return fmt.Errorf("token id %q must be two or more of the characters A-Z a-z 0-9 . _ - and start with a letter", s)
	}
	return checkLength("token id", s)
}

// ValidateGroupID checks the name of a group. PVE's own pattern lets "0" and a
// trailing newline pass; the first is a half-dead group, the second corrupts
// user.cfg, so both are refused.
func ValidateGroupID(s string) error { return checkName("group id", s) }

// ValidateRoleID checks the name of a role that pvesec is to create. PVE keeps
// every name that begins with "PVE", in any letter case, for itself, so
// "pvesec-operator" is refused too.
func ValidateRoleID(s string) error {
	if err := validateRoleReference(s); err != nil {
		return err
	}
	if len(s) >= 3 && strings.EqualFold(s[:3], "PVE") {
		return fmt.Errorf("role id %q: PVE refuses role names that begin with \"PVE\" in any letter case (\"pvesec-…\" too); choose another beginning, for example %q",
			s, "ops-"+strings.TrimLeft(s[3:], "-._"))
	}
	switch s {
	case "Administrator", "NoAccess":
		return fmt.Errorf("role id %q is built into PVE and cannot be managed", s)
	}
	return nil
}

// validateRoleReference checks the name of a role that exists already, where
// PVE's own roles are welcome.
func validateRoleReference(s string) error { return checkName("role id", s) }

// checkName applies the pattern that groups and roles share.
func checkName(what, s string) error {
	if err := refuseCharacters(what, s, ""); err != nil {
		return err
	}
	switch {
	case !namePattern.MatchString(s):
		return fmt.Errorf("%s %q must consist of the characters A-Z a-z 0-9 . _ -", what, s)
	case s == "0":
		return fmt.Errorf(`%s "0" counts as empty inside PVE; choose another name`, what)
	case s == "." || s == "..":
		return fmt.Errorf("%s %q would be taken for a directory in the API's path; choose another name", what, s)
	}
	return checkLength(what, s)
}

func checkLength(what, s string) error {
	if len(s) > maxIDLength {
		return fmt.Errorf("%s %q has %d characters; at most %d are supported", what, s, len(s), maxIDLength)
	}
	return nil
}

// refuseCharacters names the first character of s that cannot be part of an id:
// control characters, spaces, non-ASCII, and those of forbidden.
func refuseCharacters(what, s, forbidden string) error {
	if s == "" {
		return fmt.Errorf("%s is empty", what)
	}
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r':
			return fmt.Errorf("%s %q contains a line break", what, s)
		case r == ' ' || r == '\t':
			return fmt.Errorf("%s %q contains a space", what, s)
		case r < ' ' || r == 0x7f:
			return fmt.Errorf("%s %q contains a control character", what, s)
		case r > 0x7e:
			return fmt.Errorf("%s %q contains the non-ASCII character %q; PVE can store it but not address it", what, s, r)
		case strings.ContainsRune(forbidden, r):
			return fmt.Errorf("%s %q contains %q, which PVE cannot handle reliably in paths and lists", what, s, r)
		}
	}
	return nil
}
