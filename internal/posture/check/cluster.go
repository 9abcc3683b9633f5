package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// Cluster is what was seen of PVE's access control.
type Cluster struct {
	*posture.Cluster
	now    time.Time
	report *posture.Report
}

// NewCluster takes what PVE told. report is made of the same cluster, now decides about what expires.
func NewCluster(c *posture.Cluster, report *posture.Report, now time.Time) *Cluster {
	return &Cluster{c, now, report}
}

// hidden is why PVE may not have told of everything.
func (c *Cluster) hidden(more ...string) string {
	return c.Unknown(append([]string{"access control of PVE", "pools of PVE"}, more...)...)
}

// pveCheck is a check of each user, in which what is not known counts.
func pveCheck(id string, severity Severity, level Level, title, why, expected, remedy string, references []Reference, judge func(*Cluster) Outcome) Check {
	return Check{ID: id, Title: title, Family: PVEAccess, Severity: severity, Level: level, Why: why, Expected: expected, Remedy: remedy, References: references, cluster: judge}
}

// inactive tells whether a user is disabled or has expired, "" for neither.
func (c *Cluster) inactive(u *proxmox.User) string {
	switch {
	case !u.Enabled:
		return "disabled"
	case u.Expire > 0 && u.Expire <= c.now.Unix():
		return "expired"
	}
	return ""
}

// eachUser judges users that can be used now.
func (c *Cluster) eachUser(right string, about []string, wrong func(*proxmox.User) string) Outcome {
	var bad []string
	for i := range c.Users {
		u := &c.Users[i]
		if c.inactive(u) != "" {
			continue
		}
		if why := wrong(u); why != "" {
			bad = append(bad, string(u.ID)+": "+why)
		}
	}
	return judged(bad, c.hidden(about...), right)
}

// eachToken judges tokens of users that can be used now.
func (c *Cluster) eachToken(right string, wrong func(u *proxmox.User, t *proxmox.TokenInfo) string) Outcome {
	var bad []string
	count := 0
	for i := range c.Users {
		u := &c.Users[i]
		for j := range u.Tokens {
			count++
			if why := wrong(u, &u.Tokens[j]); why != "" {
				bad = append(bad, u.ID.Token(u.Tokens[j].ID)+": "+why)
			}
		}
	}
	if reason := c.hidden(); count == 0 && reason == "" {
		return pass("there are no tokens")
	}
	return judged(bad, c.hidden(), right)
}

// leads tells whether a principal of PVE has a path to root.
func (c *Cluster) leads(kind paths.Kind, name string) string {
	for i := range c.report.Paths {
		if p := &c.report.Paths[i]; p.From.Kind == kind && p.From.Name == name {
			return posture.Describe(*p)
		}
	}
	return ""
}

// mighty tells whether the privileges of a user lead to root, his own or those of a group.
func (c *Cluster) mighty(u *proxmox.User) bool {
	if len(c.Ways(string(u.ID))) > 0 {
		return true
	}
	return slices.ContainsFunc(u.Groups, func(g string) bool { return len(c.Ways("@"+g)) > 0 })
}

const factorRemedy = "In the web interface: Datacenter, Two Factor, Add; or let the realm demand it."

// userChecks are the checks of PVE's users.
func userChecks() []Check {
	return []Check{
		pveCheck("PVESEC-C1101", Critical, Level1, "root@pam has a second factor", "A password alone is guessed or stolen; root@pam is root of the cluster.", "root@pam has TOTP, WebAuthn or another second factor", factorRemedy, append(guide("2.1.3"), manual(pveBook, "Two-Factor Authentication")...), func(c *Cluster) Outcome {
			if reason := c.hidden("second factors"); reason != "" {
				return unknown(reason)
			}
			i := slices.IndexFunc(c.Users, func(u proxmox.User) bool { return u.ID.IsRootPAM() })
			if i < 0 {
				return unknown("PVE did not tell of root@pam")
			}
			if !c.Users[i].Enabled {
				return pass("root@pam is disabled")
			}
			factors := strong(c.SecondFactors(c.Users[i].ID))
			return passIf(len(factors) > 0, "second factors of root@pam: "+orNone(factors))
		}),
		pveCheck("PVESEC-C1102", High, Level1, "Everyone who leads to root has a second factor", "A stolen password of an administrator gives the whole cluster away.", "users with privileges that lead to root have a second factor", factorRemedy, guide("2.1.3"), func(c *Cluster) Outcome {
			return c.eachUser("all have a second factor", []string{"second factors"}, func(u *proxmox.User) string {
				if !u.ID.IsRootPAM() && c.mighty(u) && len(strong(c.SecondFactors(u.ID))) == 0 {
					return "no second factor"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1103", Medium, Level2, "Everyone who can log in has a second factor", "A stolen password opens the consoles of guests.", "all enabled users but those who have tokens only have a second factor", factorRemedy, guide("2.1.3"), func(c *Cluster) Outcome {
			return c.eachUser("all have a second factor", []string{"second factors"}, func(u *proxmox.User) string {
				if len(strong(c.SecondFactors(u.ID))) == 0 && len(u.Tokens) == 0 {
					return "no second factor"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1104", High, Level2, "Nobody but root@pam leads to root", "Each of them is one more password to steal.", "no user has a path to root, or the check is waived with the names", "pvesec_restricted_user, arguments role and grant; its findings say what to grant instead.", guide("2.1.2"), func(c *Cluster) Outcome {
			return c.eachUser("nobody else leads to root", nil, func(u *proxmox.User) string {
				if u.ID.IsRootPAM() {
					return ""
				}
				return c.leads(paths.PVEUser, string(u.ID))
			})
		}),
		pveCheck("PVESEC-C1105", Medium, Level1, "Every user is in a realm that exists", "A realm of that name that is made later lets its own user in.", "no user of a realm that is not there", "pveum user delete USER.", manual(pveBook, "Authentication Realms"), func(c *Cluster) Outcome {
			return c.eachUser("every realm exists", nil, func(u *proxmox.User) string {
				if !slices.ContainsFunc(c.Realms, func(r proxmox.Realm) bool { return r.ID == u.ID.Realm() }) {
					return "there is no realm " + u.ID.Realm()
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1106", Low, Level2, "Users name a person", "A name like admin2 belongs to nobody who can be asked.", "every user has a comment, an e-mail address or a name", "pvesec_restricted_user, arguments comment, email, first_name and last_name.", guide("2.1.1"), func(c *Cluster) Outcome {
			return c.eachUser("every user names somebody", nil, func(u *proxmox.User) string {
				if !u.ID.IsRootPAM() && u.Comment+u.Email+u.FirstName+u.LastName == "" {
					return "no comment, e-mail address or name"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1107", Medium, Level1, "Who cannot log in any more has no rights", "An account that is enabled again by mistake has them at once.", "disabled and expired users have no ACL entries of their own, no groups and no tokens", "pveum user delete USER, or destroy the pvesec_restricted_user.", guide("2.1.2"), leftovers),
	}
}

// strong are the second factors without recovery keys, which are for their loss.
func strong(kinds []string) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k == "recovery" })
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func leftovers(c *Cluster) Outcome {
	var wrong []string
	for i := range c.Users {
		u := &c.Users[i]
		if u.ID.IsRootPAM() || c.inactive(u) == "" {
			continue
		}
		var has []string
		for _, e := range c.ACL {
			if e.Type == "user" && e.Holder == string(u.ID) {
				has = append(has, "role "+e.Role+" on "+e.Path)
			}
		}
		for _, g := range u.Groups {
			has = append(has, "group "+g)
		}
		for _, t := range u.Tokens {
			has = append(has, "token "+t.ID)
		}
		if len(has) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s is %s and has %s", u.ID, c.inactive(u), strings.Join(has, ", ")))
		}
	}
	return judged(wrong, c.hidden(), "nobody who is disabled or has expired has rights")
}
