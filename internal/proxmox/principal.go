package proxmox

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Principal is a PVE user with everything that gives it power: groups, a role of
// its own, ACL entries and API tokens.
type Principal struct {
	UserID                              UserID
	Comment, Email, FirstName, LastName string
	Enabled                             bool
	Expire                              int64 // unix seconds, 0 never
	Groups                              []string
	Role                                *Role // managed: created, changed and removed with the user; nil for none
	Grants                              []Grant
	Tokens                              map[string]Token // by token id
}

// Grant is an ACL entry of a principal or of one of its tokens.
type Grant struct {
	Path      string
	Role      string
	Propagate bool
}

// Token is an API token without its secret.
type Token struct {
	Comment             string
	Expire              int64 // unix seconds, 0 never
	PrivilegeSeparation bool  // privileges are those of its own grants that the user has too
	Grants              []Grant
	// OneRun is a token that was made for one run with the same API token as this client has. PVE keeps no such thing:
	// a comment does, which nobody can write who does not know that token's secret.
	OneRun bool
}

// normal returns p as PVE stores it: lists sorted and without duplicates, ACL
// paths in their normal form.
func (p Principal) normal() Principal {
	p.Groups = normalSet(p.Groups)
	p.Grants = normalGrants(p.Grants)
	if p.Role != nil {
		p.Role = &Role{ID: p.Role.ID, Privileges: normalSet(p.Role.Privileges)}
	}
	tokens := make(map[string]Token, len(p.Tokens))
	for id, t := range p.Tokens {
		t.Grants = normalGrants(t.Grants)
		tokens[id] = t
	}
	p.Tokens = tokens
	return p
}

// Normal is p as PVE stores it, so that two principals which it stores alike are the same value.
func (p Principal) Normal() Principal { return p.normal() }

// Normal is t as PVE stores it.
func (t Token) Normal() Token {
	t.Grants = normalGrants(t.Grants)
	return t
}

// Equal tells whether PVE would store p and other alike.
func (p Principal) Equal(other Principal) bool {
	p, other = p.normal(), other.normal()
	if (p.Role == nil) != (other.Role == nil) ||
		p.Role != nil && (p.Role.ID != other.Role.ID || !slices.Equal(p.Role.Privileges, other.Role.Privileges)) {
		return false
	}
	return p.UserID == other.UserID && p.Comment == other.Comment && p.Email == other.Email && p.FirstName == other.FirstName &&
		p.LastName == other.LastName && p.Enabled == other.Enabled && p.Expire == other.Expire && slices.Equal(p.Groups, other.Groups) &&
		slices.Equal(p.Grants, other.Grants) && maps.EqualFunc(p.Tokens, other.Tokens, func(a, b Token) bool {
		return a.Comment == b.Comment && a.Expire == b.Expire && a.PrivilegeSeparation == b.PrivilegeSeparation && slices.Equal(a.Grants, b.Grants)
	})
}

func normalGrants(grants []Grant) []Grant {
	normal := make([]Grant, len(grants))
	for i, g := range grants {
		g.Path = NormalizeACLPath(g.Path)
		normal[i] = g
	}
	slices.SortFunc(normal, compareGrants)
	return slices.Compact(normal)
}

func compareGrants(a, b Grant) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Role, b.Role))
}

// InvalidError means that a principal was refused before anything was sent.
type InvalidError struct{ Problems []Problem }

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, "; ")
}

// Is makes errors.Is(err, ErrRootPAM) true when root@pam is the reason.
func (e *InvalidError) Is(target error) bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool { return errors.Is(p.Err, target) })
}

// prepare checks what needs no server and returns the normal form.
func (p Principal) prepare() (Principal, error) {
	if problems := p.staticProblems(); len(problems) > 0 {
		return p, &InvalidError{problems}
	}
	return p.normal(), nil
}
