package proxmox

import (
	"context"
	"slices"
)

// SecondFactors returns the kinds of the second factors that each user has and that are on, such as totp, webauthn or
// recovery, sorted; a user without one is not there. PVE shows those of all users only to whom it shows all users, see
// [Client.RequireVisibility], and others their own. Source: PVE::API2::TFA.
func (c *Client) SecondFactors(ctx context.Context) (map[UserID][]string, error) {
	var raw []struct {
		UserID  UserID `json:"userid"`
		Entries []struct {
			Type   string   `json:"type"`
			Enable *integer `json:"enable"`
		} `json:"entries"`
	}
	if err := c.read(ctx, "/access/tfa", &raw); err != nil {
		return nil, err
	}
	factors := map[UserID][]string{}
	for _, user := range raw {
		for _, entry := range user.Entries {
			if (entry.Enable == nil || *entry.Enable != 0) && !slices.Contains(factors[user.UserID], entry.Type) {
				factors[user.UserID] = append(factors[user.UserID], entry.Type)
			}
		}
		slices.Sort(factors[user.UserID])
	}
	return factors, nil
}
