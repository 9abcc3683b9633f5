package proxmox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// SecretWorks tells whether PVE still accepts a secret of a token, by one GET
// /version with it, which every token may send. false means that the token has
// another secret: somebody gave it one, or made it anew. PVE has to refuse the secret
// twice for that, since a node that cannot read its own files for a moment refuses every
// secret, and who loses a good one is locked out. A token whose expiry, or
// whose user's, or whose user's being disabled, makes PVE refuse every secret is not
// asked about, and known is false: PVE would not tell them apart. So it is for a
// token that does not exist.
//
// An answer that is neither yes nor no is an error, which never holds the secret.
func (c *Client) SecretWorks(ctx context.Context, user UserID, id, secret string) (works, known bool, err error) {
	if err := checkToken(user, id); err != nil {
		return false, false, err
	}
	owner, err := c.ReadPrincipal(ctx, user, "")
	if err != nil || owner == nil || !owner.accepts(id, time.Now()) {
		return false, false, err
	}
	client := &Client{api: c.as(owner.UserID.Token(id), secret), endpoint: c.endpoint, self: owner.UserID, pause: c.pause, lists: new(lists)}
	_, err = client.fetchVersion(ctx)
	if refusesSecret(err) {
		if err = c.pause(ctx, time.Second); err == nil {
			_, err = client.fetchVersion(ctx)
		}
	}
	switch {
	case err == nil:
		return true, true, nil
	case refusesSecret(err):
		return false, true, nil
	}
	return false, false, fmt.Errorf("asking PVE whether the secret of %s still works: %w", user.Token(id), err)
}

// refusesSecret tells whether PVE does not know who asks.
func refusesSecret(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && answer.Status == http.StatusUnauthorized
}

// secretMargin keeps clocks that differ a little from making an expiry look like
// another secret.
const secretMargin = 5 * time.Minute

// accepts tells whether PVE accepts a token with its right secret, for some time to
// come.
func (p *Principal) accepts(id string, now time.Time) bool {
	token, exists := p.Tokens[id]
	lasts := func(expire int64) bool { return expire == 0 || time.Unix(expire, 0).After(now.Add(secretMargin)) }
	return exists && p.Enabled && lasts(p.Expire) && lasts(token.Expire)
}
