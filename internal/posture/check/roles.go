package check

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// mightyPrivileges are those that a role of one's own should not have: each of them leads to root on the path of its
// entry.
var mightyPrivileges = []string{"Permissions.Modify", "Realm.Allocate", "Sys.Modify", "Sys.Console", "Mapping.Modify"}

// roleChecks are the checks of roles and of the access control list.
func roleChecks() []Check {
	const byUser = "pvesec_restricted_user, arguments role and grant."
	entry := func(id string, severity Severity, level Level, title, why, expected, right string, references []Reference, wrong func(*Cluster, *proxmox.ACLEntry) string) Check {
		return pveCheck(id, severity, level, title, why, expected, byUser, references, func(c *Cluster) Outcome {
			var bad []string
			for i := range c.ACL {
				e := &c.ACL[i]
				if why := wrong(c, e); why != "" {
					bad = append(bad, fmt.Sprintf("%s %s has role %s on %s: %s", e.Type, e.Holder, e.Role, e.Path, why))
				}
			}
			return judged(bad, c.hidden(), right)
		})
	}
	return []Check{
		entry("PVESEC-C1121", High, Level2, "Nobody has the role Administrator on everything", "It is root@pam under another name.", "no entry of the access control list with Administrator on /", "nobody is administrator of everything", guide("2.1.2"), func(_ *Cluster, e *proxmox.ACLEntry) string {
			if e.Role == "Administrator" && e.Path == "/" {
				return "everything"
			}
			return ""
		}),
		entry("PVESEC-C1122", Medium, Level1, "No entry on / reaches everything below it", "What is added to the cluster later belongs to it, too.", "entries on / that reach below have a role that only looks (PVEAuditor), or NoAccess", "no entry on / reaches everything", guide("2.1.2"), func(_ *Cluster, e *proxmox.ACLEntry) string {
			if e.Path == "/" && e.Propagate && e.Role != "PVEAuditor" && e.Role != "NoAccess" && e.Role != "Administrator" {
				return "reaches everything"
			}
			return ""
		}),
		entry("PVESEC-C1123", Medium, Level1, "No token has the role Administrator", "A token has no second factor, and stands in files.", "no entry for a token with Administrator", "no token is administrator", guide("2.2.2"), func(_ *Cluster, e *proxmox.ACLEntry) string {
			if e.Type == "token" && e.Role == "Administrator" {
				return "a token"
			}
			return ""
		}),
		pveCheck("PVESEC-C1125", High, Level1, "No role of one's own has privileges that lead to root", "Who gives the role thinks of its name, not of its privileges.", "no such role has "+fmt.Sprint(mightyPrivileges), byUser, guide("2.1.2"), mightyRoles),
		pveCheck("PVESEC-C1126", Low, Level2, "Every role of one's own is used", "What nobody needs is given by mistake.", "every role that is not PVE's stands in the access control list", "pveum role delete ROLE.", guide("2.1.2"), unusedRoles),
	}
}

func mightyRoles(c *Cluster) Outcome {
	var wrong []string
	for _, r := range c.Roles {
		if r.BuiltIn {
			continue
		}
		for _, privilege := range mightyPrivileges {
			if slices.Contains(r.Privileges, privilege) {
				wrong = append(wrong, "role "+r.ID+" has "+privilege)
			}
		}
	}
	return judged(wrong, c.hidden(), "no role has them")
}

func unusedRoles(c *Cluster) Outcome {
	var wrong []string
	for _, r := range c.Roles {
		if !r.BuiltIn && !slices.ContainsFunc(c.ACL, func(e proxmox.ACLEntry) bool { return e.Role == r.ID }) {
			wrong = append(wrong, "role "+r.ID+" is not used")
		}
	}
	return judged(wrong, c.hidden(), "every role is used")
}
