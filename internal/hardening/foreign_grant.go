package hardening

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// ForeignGrant is a sudo grant for the subject of a policy which the policy did not write.
type ForeignGrant struct {
	File string
	Line int
	// Text is the grant on one line in canonical sudoers syntax.
	Text string
	// Policy is the policy that the file was written for; empty for a file of somebody else.
	Policy string
	// Emergency is the emergency access (pvesec_break_glass, or by hand) that the file was written for, as its header
	// says.
	Emergency string
	// Shared tells that the policy which looks shares its subject with that file.
	Shared bool
	// Removable tells that the grant names the subject itself, so that it can be cut out without touching anybody
	// else's rights. A grant that reaches the subject through a group, an alias or ALL is not removable, nor is one of
	// another policy or of an emergency access.
	Removable bool
}

// String gives the grant as "/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL".
func (g ForeignGrant) String() string {
	text := fmt.Sprintf("%s:%d: %s", printable(g.File), g.Line, printable(g.Text))
	if g.Policy != "" {
		text += fmt.Sprintf(" (of pvesec_sudoers_policy %q)", g.Policy)
	}
	switch g.Emergency {
	case "":
	case byHandName:
		text += " (its header says: an emergency access by hand)"
	default:
		text += fmt.Sprintf(" (its header says: of pvesec_break_glass %q)", g.Emergency)
	}
	return text
}

// mergeForeign adds grants of another subject, each line once; it can be cut out where it names either.
func mergeForeign(into, more []ForeignGrant) []ForeignGrant {
	for _, grant := range more {
		at := slices.IndexFunc(into, func(known ForeignGrant) bool {
			return known.File == grant.File && known.Line == grant.Line && known.Text == grant.Text
		})
		if at < 0 {
			into = append(into, grant)
			continue
		}
		into[at].Removable = into[at].Removable || grant.Removable
	}
	return into
}

// foreignGrants lists what every file but the policy's own grants the subject. Denials are no grants and are left out.
func foreignGrants(t *sudoersTree, p SudoersPolicy, subject policy.Subject) []ForeignGrant {
	var foreign []ForeignGrant
	for _, grant := range policy.Grants(t.tree, subject) {
		if grant.Pos.File == p.Path() || grant.Negated {
			continue
		}
		found := foreignGrant(grant)
		text := string(followed(t.files[found.File]).Content)
		found.Policy, found.Emergency = writtenFor(found.File, text), emergencyFor(found.File, text, t.limits())
		found.Shared = p.shares(found.File)
		found.Removable = found.Removable && found.Policy == "" && found.Emergency == "" && !found.Shared
		foreign = append(foreign, found)
	}
	return foreign
}

func foreignGrant(grant policy.Grant) ForeignGrant {
	return ForeignGrant{
		File:      grant.Pos.File,
		Line:      grant.Pos.Line,
		Text:      grant.Text,
		Removable: grant.Users == policy.MatchDirect,
	}
}
