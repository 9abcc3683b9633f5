package policy

import (
	"strconv"
	"strings"
)

// Subject is a user or a group that a policy is about.
type Subject struct {
	// Name is a user name, or "%group" for all members of a group.
	Name string
	// UID is the user id, nil if it is not known: "#uid" then does not match.
	UID *int
	// Groups are the names of all groups of the user.
	Groups []string
	// GIDs are the ids of all groups of the user.
	GIDs []int
	// Netgroups are the names, without '+', of the netgroups of the user.
	Netgroups []string
}

// IsGroup tells whether the subject is a group.
func (s Subject) IsGroup() bool { return strings.HasPrefix(s.Name, "%") }

// is tells whether the subject is an account, by its id where that is known.
func (s Subject) is(name string, uid int) bool {
	if s.UID != nil {
		return *s.UID == uid
	}
	return s.Name == name
}

// isName matches a word of a user list: a name, or "#uid" (match.c,
// userpw_matches).
func (s Subject) isName(word string, fold bool) bool {
	if s.IsGroup() {
		return false
	}
	if s.UID != nil && isID(word, *s.UID) {
		return true
	}
	return sameName(word, s.Name, fold)
}

// inGroup matches "%group", "%#gid" and "%:group" of a user list (match.c,
// usergr_matches).
func (s Subject) inGroup(member string, fold bool) bool {
	if s.IsGroup() && sameName(member, s.Name, fold) {
		return true
	}
	group := strings.TrimPrefix(member, "%")
	for _, gid := range s.GIDs {
		if isID(group, gid) {
			return true
		}
	}
	// Without a group plugin "%:name" is a group with that very name.
	for _, have := range s.Groups {
		if sameName(group, have, fold) {
			return true
		}
	}
	return false
}

func (s Subject) inNetgroup(member string) bool {
	for _, n := range s.Netgroups {
		if member == "+"+n {
			return true
		}
	}
	return false
}

// isID tells whether a word is "#id".
func isID(word string, id int) bool {
	digits, ok := strings.CutPrefix(word, "#")
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	// Ids are 32 bits wide; -1 and 4294967295 are the same.
	return err == nil && uint32(n) == uint32(id) && n >= -1<<31 && n < 1<<32
}

// sameName compares names, ignoring the case of ASCII letters if fold is set.
func sameName(a, b string, fold bool) bool {
	if !fold {
		return a == b
	}
	return lower(a) == lower(b)
}

// lower changes ASCII letters only: sudo compares in the C locale.
func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
