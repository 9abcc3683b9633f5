package pvesim

import (
	"fmt"
	"regexp"
	"strings"
)

// Names as PVE checks them. The expressions of group and role names and of
// e-mail addresses end like Perl's $: a single line feed at the end passes, which is a defect of PVE
// that damages user.cfg, and is kept.
var (
	userIDPattern = regexp.MustCompile(`^([^\s:/]+)@([A-Za-z][A-Za-z0-9.\-_]+)$`)
	realmPattern  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.\-_]+$`)
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9.\-_]+\n?$`)
	keysPattern   = regexp.MustCompile(`^[0-9a-zA-Z!=]*$`)
	emailPattern  = regexp.MustCompile(`^[` + perlWord + `+\-~]+(\.[` + perlWord + `+\-~]+)*@[a-zA-Z0-9\-]+(\.[a-zA-Z0-9\-]+)*\n?$`)
)

// perlWord is what Perl's \w means for text that is Unicode, as what comes in a request is: letters, marks,
// digits and connectors of every script.
const perlWord = `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}`

// maxUserID is the longest user id.
const maxUserID = 64

// splitUserID takes NAME@REALM apart, with PVE's text when it is not one.
func splitUserID(userid string) (name, realm string, err error) {
	switch n := len([]rune(userid)); {
	case n < 3:
		return "", "", dief("user name '%s' is too short", userid)
	case n > maxUserID:
		return "", "", dief("user name '%s' is too long (%d > %d)", userid, n, maxUserID)
	}
	m := userIDPattern.FindStringSubmatch(userid)
	// A token id would match too (the name may hold an exclamation mark), but not
	// its last part: a realm has none.
	if m == nil {
		return "", "", dief("value '%s' does not look like a valid user name", userid)
	}
	return m[1], m[2], nil
}

// splitTokenID takes NAME@REALM!TOKEN apart.
func splitTokenID(tokenid string) (userid, token string, ok bool) {
	i := strings.LastIndexByte(tokenid, '!')
	if i < 0 || !realmPattern.MatchString(tokenid[i+1:]) || !userIDPattern.MatchString(tokenid[:i]) {
		return "", "", false
	}
	return tokenid[:i], tokenid[i+1:], true
}

// Format checks: each returns the text that PVE puts behind "invalid format - ".
func checkUserID(v string) error { _, _, err := splitUserID(v); return err }

func checkTokenID(v string) error {
	if _, _, ok := splitTokenID(v); !ok {
		return dief("value '%s' does not look like a valid token ID", v)
	}
	return nil
}

func checkGroupID(v string) error {
	if !namePattern.MatchString(v) {
		return dief("group name '%s' contains invalid characters", v)
	}
	return nil
}

func checkRoleID(v string) error {
	if !namePattern.MatchString(v) {
		return dief("role name '%s' contains invalid characters", v)
	}
	return nil
}

func checkPoolID(v string) error {
	if !poolPattern.MatchString(v) {
		return dief("pool name '%s' contains invalid characters", v)
	}
	return nil
}

var poolPattern = regexp.MustCompile(`^[A-Za-z0-9.\-_]+(/[A-Za-z0-9.\-_]+){0,2}$`)

func checkRealm(v string) error {
	if !realmPattern.MatchString(v) {
		return fmt.Errorf("value does not look like a valid realm")
	}
	return nil
}

func checkEmail(v string) error {
	if v != "" && !emailPattern.MatchString(v) {
		return fmt.Errorf("value does not look like a valid email address")
	}
	return nil
}

// splitList separates a PVE list: commas, semicolons, spaces; empty items vanish.
func splitList(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool {
		return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0
	})
}

// truthy is Perl's idea of a true string: neither empty nor "0".
func truthy(v string) bool { return v != "" && v != "0" }
