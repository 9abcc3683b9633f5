package check

import (
	"fmt"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// tokenChecks are the checks of API tokens.
func tokenChecks() []Check {
	return []Check{
		pveCheck("PVESEC-C1111", Critical, Level1, "root@pam has no tokens", "A token of root@pam has all rights, no second factor, and often no end.", "no token of root@pam", "pveum user token remove root@pam NAME; pvesec_api_token for a user with what is needed.", append(guide("2.2.1"), guide("2.2.2")...), func(c *Cluster) Outcome {
			return c.eachToken("no token is root@pam's", func(u *proxmox.User, _ *proxmox.TokenInfo) string {
				if u.ID.IsRootPAM() {
					return "belongs to root@pam"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1112", High, Level1, "Tokens have rights of their own", "Without separation a token has all rights of its user, and those that he gets later.", "every token has privilege separation", "pvesec_api_token, privilege_separation = true with a grant.", guide("2.2.2"), func(c *Cluster) Outcome {
			return c.eachToken("every token is separated", func(_ *proxmox.User, t *proxmox.TokenInfo) string {
				if !t.PrivilegeSeparation {
					return "privsep=0"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1113", Medium, Level1, "Tokens end", "A token that leaked works until somebody finds out.", "every token has a day on which it ends", "pvesec_api_token, argument expires_in or expires_at.", guide("2.2.4"), func(c *Cluster) Outcome {
			return c.eachToken("every token ends", func(_ *proxmox.User, t *proxmox.TokenInfo) string {
				if t.Expire == 0 {
					return "never ends"
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1114", Low, Level2, "Tokens end within a year", "A secret that nobody renews is a secret that many have seen.", "every token ends within 366 days", "pvesec_api_token, argument expires_in, with rotate_before.", guide("2.2.4"), func(c *Cluster) Outcome {
			return c.eachToken("every token ends within a year", func(_ *proxmox.User, t *proxmox.TokenInfo) string {
				if end := time.Unix(t.Expire, 0); t.Expire == 0 || end.After(c.now.AddDate(0, 0, 366)) {
					return "ends " + endOf(t.Expire)
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1115", Low, Level1, "No token that has ended is left", "What is not needed is removed, so that nobody makes it valid again.", "no token has ended", "pveum user token remove USER NAME.", guide("2.2.4"), func(c *Cluster) Outcome {
			return c.eachToken("no token has ended", func(_ *proxmox.User, t *proxmox.TokenInfo) string {
				if t.Expire != 0 && time.Unix(t.Expire, 0).Before(c.now) {
					return "ended " + endOf(t.Expire)
				}
				return ""
			})
		}),
		pveCheck("PVESEC-C1116", High, Level1, "No token leads to root", "A token has no second factor, and stands in files.", "no token has a path to root", "pvesec_api_token, argument grant; its findings say what to grant instead.", guide("2.2.2"), func(c *Cluster) Outcome {
			return c.eachToken("no token leads to root", func(u *proxmox.User, t *proxmox.TokenInfo) string { return c.leads(paths.PVEToken, u.ID.Token(t.ID)) })
		}),
		pveCheck("PVESEC-C1117", Low, Level2, "Tokens say what they are for", "Nobody dares to remove a token that says nothing.", "every token has a comment", "pvesec_api_token, argument comment.", guide("2.2.1"), func(c *Cluster) Outcome {
			return c.eachToken("every token has a comment", func(_ *proxmox.User, t *proxmox.TokenInfo) string {
				if t.Comment == "" {
					return "no comment"
				}
				return ""
			})
		}),
	}
}

func endOf(expire int64) string {
	if expire == 0 {
		return "never"
	}
	return fmt.Sprintf("on %s", time.Unix(expire, 0).UTC().Format("2006-01-02"))
}
