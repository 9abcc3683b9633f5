package check

import "slices"

// realmChecks are the checks of realms.
func realmChecks() []Check {
	return []Check{
		pveCheck("PVESEC-C1131", Medium, Level2, "Realms demand a second factor", "A user without one logs in with the password alone.", "the realms pam and pve, and every other one that users log in by, demand TOTP", "pveum realm modify REALM --tfa type=oath.", append(guide("2.1.3"), manual(pveBook, "Two-Factor Authentication")...), func(c *Cluster) Outcome {
			var wrong []string
			for _, r := range c.Realms {
				if r.TFA == "" && r.Type != "openid" {
					wrong = append(wrong, "realm "+r.ID+" demands none")
				}
			}
			reason := c.hidden()
			if len(c.Realms) == 0 && reason == "" {
				reason = "PVE told of no realms"
			}
			return judged(wrong, reason, "every realm demands a second factor")
		}),
		pveCheck("PVESEC-C1132", Medium, Level2, "Only root@pam is a user of the realm pam", "A user of pam has a password on a node, and a shell with it.", "people are users of pve or of a directory", "pvesec_restricted_user with a user_id that ends with @pve.", guide("2.1.5"), func(c *Cluster) Outcome {
			var wrong []string
			for i := range c.Users {
				if u := &c.Users[i]; u.ID.Realm() == "pam" && !u.ID.IsRootPAM() {
					wrong = append(wrong, string(u.ID))
				}
			}
			return judged(wrong, c.hidden(), "no other user is of the realm pam")
		}),
		pveCheck("PVESEC-C1133", Low, Level1, "Every group of PVE has members", "Somebody who is put into a forgotten group gets rights that nobody thought of.", "no group without members has entries of the access control list", "pveum group delete GROUP.", guide("2.1.2"), func(c *Cluster) Outcome {
			var wrong []string
			for _, g := range c.Groups {
				if len(g.Members) > 0 {
					continue
				}
				for _, e := range c.ACL {
					if e.Type == "group" && e.Holder == g.ID {
						wrong = append(wrong, "group "+g.ID+" has role "+e.Role+" on "+e.Path+", and no members")
					}
				}
			}
			slices.Sort(wrong)
			return judged(wrong, c.hidden(), "every group with rights has members")
		}),
	}
}
