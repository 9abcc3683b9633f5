package proxmox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// IsNotFound reports whether err is PVE's word that the object which a request
// addresses does not exist. PVE has no 404: it answers 500 with a text, which is
// compared exactly and for the very endpoint, because a wider match would take
// a passing failure for "gone" (PVE::API2::User, ::Group, ::Role, ::ACL).
//
// For PUT /access/acl it means that the user, token, group or role which the
// entry names does not exist.
//
// The token endpoints of an absent user answer 403 with a bare "Permission
// check failed", which is not taken for "not found"; ask for the user first.
func IsNotFound(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusInternalServerError {
		return false
	}
	text := e.Message
	if text == "" {
		text = e.Reason
	}
	parts := strings.Split(strings.TrimPrefix(e.Path, "/"), "/")
	if len(parts) < 2 || parts[0] != "access" {
		return false
	}
	switch {
	case len(parts) == 2 && parts[1] == "acl" && e.Method == http.MethodPut:
		return aclReferentMissing(text)
	case len(parts) == 3 && parts[1] == "users":
		return text == fmt.Sprintf("no such user ('%s')", parts[2])
	case len(parts) == 5 && parts[1] == "users" && parts[3] == "token":
		return text == fmt.Sprintf("no such token '%s' for user '%s'", parts[4], parts[2]) ||
			text == fmt.Sprintf("no such user ('%s')", parts[2])
	case len(parts) == 3 && parts[1] == "groups":
		return namedMissing(e.Method, "group", parts[2], text)
	case len(parts) == 3 && parts[1] == "roles":
		return namedMissing(e.Method, "role", parts[2], text)
	}
	return false
}

// namedMissing compares with "group 'x' does not exist", which carries the name
// of the failed operation in front when it was a write.
func namedMissing(method, kind, id, text string) bool {
	want := fmt.Sprintf("%s '%s' does not exist", kind, id)
	switch method {
	case http.MethodPut:
		want = fmt.Sprintf("update %s failed: %s", kind, want)
	case http.MethodDelete:
		want = fmt.Sprintf("delete %s failed: %s", kind, want)
	}
	return text == want
}

// aclReferentMissing recognises the texts by which an ACL update names the
// missing holder or role. The names themselves stand in quotes.
func aclReferentMissing(text string) bool {
	rest, ok := strings.CutPrefix(text, "ACL update failed: ")
	if !ok {
		return false
	}
	quoted := func(prefix, suffix string) bool {
		inner, ok := strings.CutPrefix(rest, prefix)
		if !ok {
			return false
		}
		inner, ok = strings.CutSuffix(inner, suffix)
		return ok && inner != "" && !strings.ContainsAny(inner, " \n")
	}
	if quoted("role '", "' does not exist") ||
		quoted("user '", "' does not exist") ||
		quoted("group '", "' does not exist") ||
		quoted("no such user ('", "')") {
		return true
	}
	token, user, ok := strings.Cut(rest, "' for user '")
	return ok && strings.HasPrefix(token, "no such token '") && strings.HasSuffix(user, "'") &&
		!strings.Contains(rest, "\n")
}

// alreadyExists recognises the texts by which POST refuses a duplicate.
func alreadyExists(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Method != http.MethodPost {
		return false
	}
	parts := strings.Split(strings.TrimPrefix(e.Path, "/"), "/")
	text := e.Message
	if text == "" {
		text = e.Reason
	}
	switch {
	case e.Path == "/access/users":
		return e.Status == http.StatusInternalServerError &&
			strings.HasPrefix(text, "create user failed: user '") && strings.HasSuffix(text, "' already exists")
	case e.Path == "/access/roles":
		return e.Status == http.StatusInternalServerError &&
			strings.HasPrefix(text, "create role failed: role '") && strings.HasSuffix(text, "' already exists")
	case len(parts) == 5 && parts[3] == "token":
		return strings.TrimSpace(e.Params["tokenid"]) == "Token already exists." ||
			text == "generating token failed: Token already exists."
	}
	return false
}
