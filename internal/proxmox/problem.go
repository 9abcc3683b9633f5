package proxmox

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Problem is one reason why a principal cannot become real.
type Problem struct {
	// Field leads to the value: "user_id", "comment", "groups",
	// "role.id", "role.privileges", "grants[0].path",
	// `tokens["ci"].grants[1].role`, or "" when no field is to blame. Indices
	// are those of the principal that was given.
	Field string
	Msg   string // what is wrong and why
	Fix   string // what to write instead, "" when Msg says it
	Err   error  // the cause, when it is more than the value itself
}

// String joins the parts for a plain message.
func (p Problem) String() string {
	s := p.Msg
	if p.Field != "" {
		s = p.Field + ": " + s
	}
	if p.Fix != "" {
		s += " " + p.Fix
	}
	return s
}

// The lengths that PVE's schema allows, in characters.
const (
	maxCommentLength = 2048
	maxNameLength    = 1024
	maxEmailLength   = 254
)

// privilegeShape keeps a name from becoming several in PVE's comma lists.
var privilegeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]*$`)

// problemList collects problems in the order of the fields.
type problemList []Problem

func (l *problemList) add(field, msg, fix string) {
	*l = append(*l, Problem{Field: field, Msg: msg, Fix: fix})
}

func (l *problemList) addErr(field string, err error) {
	if err != nil {
		*l = append(*l, Problem{Field: field, Msg: err.Error(), Err: err})
	}
}

// staticProblems finds what is wrong whatever the server holds.
func (p Principal) staticProblems() []Problem {
	var l problemList
	l.addErr("user_id", p.UserID.check())
	l.text("comment", p.Comment, maxCommentLength)
	l.text("first_name", p.FirstName, maxNameLength)
	l.text("last_name", p.LastName, maxNameLength)
	l.text("email", p.Email, maxEmailLength)
	l.email(p.Email)
	l.expiry("expire", p.Expire)
	for _, group := range p.Groups {
		l.addErr("groups", ValidateGroupID(group))
	}
	if p.Role != nil {
		l.addErr("role.id", ValidateRoleID(p.Role.ID))
		for _, name := range p.Role.Privileges {
			if !privilegeShape.MatchString(name) {
				l.add("role.privileges", fmt.Sprintf("%q is not the name of a privilege.", name), "")
			}
		}
	}
	l.grants("grants", p.Grants)
	for _, id := range sortedKeys(p.Tokens) {
		t, field := p.Tokens[id], tokenField(id)
		l.addErr(field, ValidateTokenID(id))
		l.text(field+".comment", t.Comment, maxCommentLength)
		l.expiry(field+".expire", t.Expire)
		l.grants(field+".grants", t.Grants)
	}
	return l
}

func tokenField(id string) string { return fmt.Sprintf("tokens[%q]", id) }

// text refuses what PVE would not keep as it is: user.cfg is a file of lines, of
// which Perl trims spaces and takes "0" for nothing.
func (l *problemList) text(field, value string, limit int) {
	switch {
	case utf8.RuneCountInString(value) > limit:
		l.add(field, fmt.Sprintf("has %d characters; PVE allows %d.", utf8.RuneCountInString(value), limit), "")
	case value == "0":
		l.add(field, `PVE does not store "0" and would read it back as empty.`, "Write another text.")
	case strings.Trim(value, " ") != value:
		l.add(field, "begins or ends with a space, which PVE does not store.", "Remove it; trimspace() does.")
	case !utf8.ValidString(value):
		l.add(field, "is not valid UTF-8.", "")
	case !untrusted.Safe(value):
		l.add(field, fmt.Sprintf("holds a line end or a character that a reader cannot see: %s.", untrusted.Line(value)), "Write one line of visible characters; replace(trimspace(text), \"\\n\", \" \") makes one of several.")
	}
}

func (l *problemList) expiry(field string, unix int64) {
	if unix < 0 {
		l.add(field, fmt.Sprintf("%d is before 1970.", unix), "Use 0 for never.")
	}
}

// grants checks each entry and that no key has two values.
func (l *problemList) grants(field string, grants []Grant) {
	propagate := make(map[Grant]bool)
	for i, g := range grants {
		at := fmt.Sprintf("%s[%d]", field, i)
		l.addErr(at+".path", ValidateACLPath(g.Path))
		l.addErr(at+".role", validateRoleReference(g.Role))
		key := Grant{Path: g.Path, Role: g.Role}
		if before, seen := propagate[key]; seen && before != g.Propagate {
			l.add(at+".propagate", fmt.Sprintf("role %q on %s is listed twice, once with propagation and once without; PVE keeps one of them.", g.Role, g.Path), "Remove one of the two.")
		}
		propagate[key] = g.Propagate
	}
}
