package proxmox

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// aclRequest is the body of PUT /access/acl. Propagate is always sent, because
// leaving it out means 1.
type aclRequest struct {
	Path      string `json:"path"`
	Roles     string `json:"roles"`
	Users     string `json:"users,omitempty"`
	Tokens    string `json:"tokens,omitempty"`
	Propagate int    `json:"propagate"`
	Delete    *int   `json:"delete,omitempty"`
}

// holder is who an ACL entry of a principal is for: the user itself, or one of
// its tokens.
type holder struct {
	user  UserID
	token string // "" for the user
}

func (h holder) String() string {
	if h.token == "" {
		return string(h.user)
	}
	return h.user.Token(h.token)
}

// putGrants adds or, with remove, deletes the grants of a holder. Roles on the
// same path with the same propagation go in one request, which PVE applies as a
// whole. An entry that exists is overwritten in place: propagation is its value
// and not part of its key.
func (c *Client) putGrants(ctx context.Context, h holder, grants []Grant, remove bool, done func(what string)) error {
	for _, batch := range batchGrants(grants) {
		err := c.putACL(ctx, h, batch, remove)
		if remove && IsNotFound(err) {
			err = c.removeOneByOne(ctx, h, batch)
		}
		if err != nil {
			return err
		}
		done(describeBatch(h, batch, remove))
	}
	return nil
}

// removeOneByOne deletes entries singly, for one of several roles may be gone
// while the others still have entries. A missing role, user or token has none.
func (c *Client) removeOneByOne(ctx context.Context, h holder, batch grantBatch) error {
	for _, role := range batch.roles {
		err := c.putACL(ctx, h, grantBatch{batch.path, batch.propagate, []string{role}}, true)
		if err != nil && !IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (c *Client) putACL(ctx context.Context, h holder, batch grantBatch, remove bool) error {
	for _, role := range batch.roles {
		if !namePattern.MatchString(role) {
			return fmt.Errorf("ACL entry refused: %w", validateRoleReference(role))
		}
	}
	if h.token != "" && !tokenPattern.MatchString(h.token) {
		return fmt.Errorf("ACL entry refused: %w", ValidateTokenID(h.token))
	}
	body := aclRequest{Path: batch.path, Roles: strings.Join(batch.roles, ","), Propagate: *flag(batch.propagate)}
	if h.token == "" {
		body.Users = h.String()
	} else {
		body.Tokens = h.String()
	}
	if remove {
		body.Delete = flag(true)
	}
	change := func(l *lists) {
		if l.acl != nil {
			l.acl = l.acl.with(h.acl(), batch.grants(), remove)
		}
	}
	return c.writeAbout(ctx, h.user, change, http.MethodPut, "/access/acl", &body, nil)
}

// acl is the holder as ACL entries name it.
func (h holder) acl() aclHolder {
	if h.token == "" {
		return aclHolder{"user", h.String()}
	}
	return aclHolder{"token", h.String()}
}

// grantBatch is what one PUT /access/acl can carry for one holder.
type grantBatch struct {
	path      string
	propagate bool
	roles     []string
}

// grants are the entries of a batch.
func (b grantBatch) grants() []Grant {
	grants := make([]Grant, len(b.roles))
	for i, role := range b.roles {
		grants[i] = Grant{Path: b.path, Role: role, Propagate: b.propagate}
	}
	return grants
}

// batchGrants groups grants by path and propagation, in their order.
func batchGrants(grants []Grant) []grantBatch {
	var batches []grantBatch
	index := make(map[Grant]int)
	for _, g := range grants {
		key := Grant{Path: g.Path, Propagate: g.Propagate}
		i, ok := index[key]
		if !ok {
			i = len(batches)
			index[key] = i
			batches = append(batches, grantBatch{path: g.Path, propagate: g.Propagate})
		}
		batches[i].roles = append(batches[i].roles, g.Role)
	}
	return batches
}

func describeBatch(h holder, batch grantBatch, remove bool) string {
	verb := "granted "
	prep := " to "
	if remove {
		verb, prep = "revoked ", " from "
	}
	return verb + strings.Join(batch.roles, ", ") + " on " + batch.path + prep + h.String()
}

// diffGrants compares by the key of an ACL entry (path and role). add holds what
// is new and what only propagates differently, which PVE overwrites in place.
func diffGrants(have, want []Grant) (add, remove []Grant) {
	type key struct{ path, role string }
	had := make(map[key]Grant, len(have))
	for _, g := range have {
		had[key{g.Path, g.Role}] = g
	}
	for _, g := range want {
		k := key{g.Path, g.Role}
		if old, ok := had[k]; !ok || old.Propagate != g.Propagate {
			add = append(add, g)
		}
		delete(had, k)
	}
	for _, g := range have {
		if _, left := had[key{g.Path, g.Role}]; left {
			remove = append(remove, g)
		}
	}
	return add, remove
}
