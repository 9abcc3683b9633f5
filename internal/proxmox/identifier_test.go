package proxmox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestParseUserID(t *testing.T) {
	t.Parallel()

	tests := map[string]string{ // user id to part of the error, "" when it is fine
		"agent@pve":                       "",
		"a@pv":                            "",
		"a@b@pve":                         "",
		"a+b'c=d&e@ldap.example":          "",
		"root@pam":                        "", // valid; the guard is another matter
		strings.Repeat("x", 60) + "@pve":  "",
		"":                                "empty",
		"agent":                           "no realm",
		"@pve":                            "no name",
		"agent@":                          "realm",
		"agent@p":                         "realm",
		"agent@1pve":                      "realm",
		"agent@p+ve":                      "realm",
		"a b@pve":                         "space",
		"agent@pve\n":                     "line break",
		"agent@pve\t":                     "space",
		"agent\x00@pve":                   "control character",
		"agent\x7f@pve":                   "control character",
		"a/b@pve":                         `'/'`,
		"a:b@pve":                         `':'`,
		"a,b@pve":                         `','`,
		"a;b@pve":                         `';'`,
		"a!b@pve":                         `'!'`,
		"alice@pve#x@pve":                 `'#'`,
		"a?b@pve":                         `'?'`,
		"a%41@pve":                        `'%'`,
		"müller@pve":                      "non-ASCII",
		"\uff52oot@pam":                   "non-ASCII",
		"\xff@pve":                        "non-ASCII",
		strings.Repeat("x", 61) + "@pve":  "65 characters",
		strings.Repeat("x", 500) + "@pve": "characters",
	}
	for given, want := range tests {
		id, err := ParseUserID(given)
		switch {
		case want == "" && (err != nil || string(id) != given):
			t.Errorf("%q: got %q, %v", given, id, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: error is %v, want one with %q", given, err, want)
		}
	}
}

func TestUserIDParts(t *testing.T) {
	t.Parallel()

	id := UserID("a@b@pve")
	if id.Name() != "a@b" || id.Realm() != "pve" || id.Token("ci") != "a@b@pve!ci" {
		t.Errorf("parts are %q, %q, %q", id.Name(), id.Realm(), id.Token("ci"))
	}
	if UserID("x").Realm() != "" || UserID("x").Name() != "x" {
		t.Error("an id without realm has only a name")
	}
}

// rootSpellings are ids that a human, a proxy or PVE might take for root@pam.
var rootSpellings = []UserID{
	"root@pam", "Root@pam", "ROOT@PAM", "root@Pam", " root@pam", "root@pam\n", "ro ot@pam", "root@pam\x00",
	"root%40pam", "root%2540pam", "%72oot@pam", "root@pam!ci", "root@pam!ci=secret", "Root%40PAM!x",
}

func TestIsRootPAM(t *testing.T) {
	t.Parallel()

	for _, id := range rootSpellings {
		if !id.IsRootPAM() {
			t.Errorf("%q is not recognised", id)
		}
	}
	for _, id := range []UserID{"root@pve", "toor@pam", "root@pam.example", "xroot@pam", "root@pam@pve", "agent@pve", "", "50%@pve"} {
		if id.IsRootPAM() {
			t.Errorf("%q is taken for root@pam", id)
		}
	}
}

// TestRootPAMGuard tries every write with every spelling: nothing may be sent.
func TestRootPAMGuard(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(done))
	c := f.client(t)
	ctx := t.Context()
	for _, id := range rootSpellings {
		p := Principal{UserID: id, Enabled: true}
		calls := map[string]func() error{
			"createUser":  func() error { return c.createUser(ctx, p, "") },
			"changeUser":  func() error { return c.changeUser(ctx, id, userRequest{Enable: flag(false)}) },
			"deleteUser":  func() error { return c.deleteUser(ctx, id) },
			"createToken": func() error { _, err := c.createToken(ctx, id, "ci", Token{}); return err },
			"changeToken": func() error { return c.changeToken(ctx, id, "ci", Token{}, Token{}) },
			"deleteToken": func() error { return c.deleteToken(ctx, id, "ci") },
			"putACL": func() error {
				return c.putACL(ctx, holder{user: id}, grantBatch{path: "/", roles: []string{"Administrator"}}, false)
			},
			"ReadPrincipal":   func() error { _, err := c.ReadPrincipal(ctx, id, ""); return err },
			"CreatePrincipal": func() error { _, err := c.CreatePrincipal(ctx, p); return err },
			"UpdatePrincipal": func() error { _, err := c.UpdatePrincipal(ctx, p, p); return err },
			"DeletePrincipal": func() error { return c.DeletePrincipal(ctx, p) },
			"CheckPrincipal": func() error {
				return &InvalidError{c.CheckPrincipal(ctx, p)}
			},
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, ErrRootPAM) {
				t.Errorf("%s(%q): error is %v", name, id, err)
			}
		}
	}
	if n := len(f.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestUnsafeIDsAreNeverSent sees that ids which would address another object in
// a path are refused by the writes themselves, not only by validators.
func TestUnsafeIDsAreNeverSent(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(done))
	c := f.client(t)
	ctx := t.Context()
	for _, id := range []UserID{"alice@pve#x@pve", "alice@pve?x@pve", "a%2fb@pve", "", "../groups/g@pve", "a,b@pve"} {
		if err := c.deleteUser(ctx, id); err == nil {
			t.Errorf("%q: deleted", id)
		}
		if err := c.DeletePrincipal(ctx, Principal{UserID: id}); err == nil {
			t.Errorf("%q: principal deleted", id)
		}
	}
	for _, role := range []string{"", ".", "..", "a/b", "PVEAdmin", "Administrator", "0", "a#b"} {
		if err := c.deleteRole(ctx, role); err == nil {
			t.Errorf("role %q: deleted", role)
		}
		if err := c.setPrivileges(ctx, Role{ID: role}); err == nil {
			t.Errorf("role %q: emptied", role)
		}
		if err := c.addPrivileges(ctx, role, []string{"Sys.Modify"}); err == nil {
			t.Errorf("role %q: widened", role)
		}
		if err := c.createRole(ctx, Role{ID: role}); err == nil {
			t.Errorf("role %q: created", role)
		}
	}
	for _, token := range []string{"", "x", "1a", "a/../b", "a b"} {
		if _, err := c.createToken(ctx, "a@pve", token, Token{}); err == nil {
			t.Errorf("token %q: created", token)
		}
		if err := c.deleteToken(ctx, "a@pve", token); err == nil {
			t.Errorf("token %q: deleted", token)
		}
	}
	if n := len(f.requests()); n != 0 {
		t.Errorf("%d requests were sent: %v", n, f.requests()[0])
	}
}

func TestValidateNames(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 64)
	tests := []struct {
		what     string
		validate func(string) error
		good     []string
		bad      map[string]string
	}{
		{"token", ValidateTokenID, []string{"ci", "a-b_c.d", long}, map[string]string{
			"": "empty", "c": "two or more", "1c": "start with a letter", "a b": "space", "ci\n": "line break",
			"ü1": "non-ASCII", "a!b": "two or more", "a/b": "two or more", long + "x": "65 characters"}},
		{"group", ValidateGroupID, []string{"ops", "0x", "a.b-c_d", long}, map[string]string{
			"": "empty", "0": "counts as empty", "ops\n": "line break", "a,b": "must consist", "..": "directory", ".": "directory",
			"a@b": "must consist", long + "x": "65 characters"}},
		{"role", ValidateRoleID, []string{"ops", "Pve-no"[2:], "xPVE", "PV", long}, map[string]string{
			"PVEAdmin": "begin with \"PVE\"", "pvesec-agent": `"ops-sec-agent"`, "PvE": "begin with", "Administrator": "built into",
			"NoAccess": "built into", "": "empty", "0": "counts as empty", "a b": "space"}},
		{"role reference", validateRoleReference, []string{"PVEAdmin", "Administrator", "ops"}, map[string]string{
			"a,b": "must consist", "": "empty"}},
	}
	for _, test := range tests {
		for _, s := range test.good {
			if err := test.validate(s); err != nil {
				t.Errorf("%s %q: %v", test.what, s, err)
			}
		}
		for s, want := range test.bad {
			if err := test.validate(s); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: error is %v, want one with %q", test.what, s, err, want)
			}
		}
	}
}

func TestACLPaths(t *testing.T) {
	t.Parallel()

	for given, want := range map[string]string{
		"": "", "/": "/", "//": "/", "vms/102": "/vms/102", "/vms//102/": "/vms/102", "///a///b": "/a/b",
	} {
		if got := NormalizeACLPath(given); got != want {
			t.Errorf("%q: normal form is %q, want %q", given, got, want)
		}
	}
	for _, p := range []string{"/", "/access", "/access/groups", "/access/groups/ops", "/access/realm/pve", "/nodes/pve1", "/pool/a/b/c",
		"/storage/local-zfs", "/vms", "/vms/100", "/vms/999999999", "/mapping/pci/gpu0", "/sdn/zones/z/v/4094", "/sdn/controllers/a-b",
		"/sdn/fabrics/f1", "/sdn/route-maps"} {
		if err := ValidateACLPath(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	for p, want := range map[string]string{
		"": "empty", "vms/100": `stored by PVE as "/vms/100"`, "/vms/100/": "stored by PVE", "/vms/99": "from 100", "/vms/0100": "from 100",
		"/vms/abc": "from 100", "/pools/build": "/pool", "/pool/a/b/c/d": "three levels", "/node/pve1": "/nodes", "/bogus": "trees",
		"/access/users": "groups/GROUP", "/storage/a b": "space", "/storage/a\n": "line break", "/sdn/vnets": "zones", "/storages/x": "/storage",
		"/nodes/a/b": "/nodes/NAME", "/storage/a/b": "/storage/NAME", "/mapping/a/b/c": "/mapping/TYPE/ID", "/vms/1é": "non-ASCII",
		"/sdn/zones/z/v/0": "zones", "/sdn/dns/a-b": "zones",
	} {
		if err := ValidateACLPath(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want one with %q", p, err, want)
		}
	}
}

// TestIsNotFound takes PVE's recorded texts and their near misses.
func TestIsNotFound(t *testing.T) {
	t.Parallel()

	tests := []struct {
		method, path string
		status       int
		text         string
		want         bool
	}{
		{"GET", "/access/users/a@pve", 500, "no such user ('a@pve')", true},
		{"DELETE", "/access/users/a@pve", 500, "no such user ('a@pve')", true},
		{"DELETE", "/access/users/a@pve", 500, "no such user ('b@pve')", false},
		{"DELETE", "/access/users/a@pve", 500, "delete user failed: no such user ('a@pve')", false},
		{"DELETE", "/access/users/a@pve", 404, "no such user ('a@pve')", false},
		{"DELETE", "/access/users/a@pve", 595, "no such user ('a@pve')", false},
		{"POST", "/access/users", 500, "create user failed: no such group 'x'", false},
		{"GET", "/access/users/a@pve/token/ci", 500, "no such token 'ci' for user 'a@pve'", true},
		{"DELETE", "/access/users/a@pve/token/ci", 500, "no such token 'cd' for user 'a@pve'", false},
		{"DELETE", "/access/users/a@pve/token/ci", 500, "no such user ('a@pve')", true},
		{"DELETE", "/access/users/a@pve/token/ci", 403, "Permission check failed", false},
		{"GET", "/access/groups/g", 500, "group 'g' does not exist", true},
		{"DELETE", "/access/groups/g", 500, "delete group failed: group 'g' does not exist", true},
		{"DELETE", "/access/groups/g", 500, "group 'g' does not exist", false},
		{"GET", "/access/roles/R", 500, "role 'R' does not exist", true},
		{"PUT", "/access/roles/R", 500, "update role failed: role 'R' does not exist", true},
		{"DELETE", "/access/roles/R", 500, "delete role failed: role 'R' does not exist", true},
		{"DELETE", "/access/roles/R", 500, "delete role failed: role 'r' does not exist", false},
		{"DELETE", "/access/roles/R", 500, "auto-generated role 'R' cannot be deleted", false},
		{"PUT", "/access/acl", 500, "ACL update failed: role 'R' does not exist", true},
		{"PUT", "/access/acl", 500, "ACL update failed: user 'a@pve' does not exist", true},
		{"PUT", "/access/acl", 500, "ACL update failed: group 'g' does not exist", true},
		{"PUT", "/access/acl", 500, "ACL update failed: no such user ('a@pve')", true},
		{"PUT", "/access/acl", 500, "ACL update failed: no such token 'ci' for user 'a@pve'", true},
		{"PUT", "/access/acl", 500, "ACL update failed: cfs-lock 'file-user_cfg' error: no quorum!", false},
		{"PUT", "/access/acl", 500, "ACL update failed: 400 Parameter verification failed.\nrole: Cannot add role 'X' - role 'R' does not exist", false},
		{"PUT", "/access/acl", 500, "role 'R' does not exist", false},
		{"GET", "/access/acl", 500, "ACL update failed: role 'R' does not exist", false},
		{"GET", "/nodes/x", 500, "no such user ('x')", false},
		{"GET", "/version", 500, "", false},
	}
	for _, test := range tests {
		inMessage := &Error{Method: test.method, Path: test.path, Status: test.status, Message: test.text}
		inReason := &Error{Method: test.method, Path: test.path, Status: test.status, Reason: test.text}
		for _, err := range []error{inMessage, inReason} {
			if got := IsNotFound(err); got != test.want {
				t.Errorf("%v: not found is %v, want %v", err, got, test.want)
			}
		}
	}
	if IsNotFound(errors.New("no such user ('a@pve')")) || IsNotFound(nil) || IsNotFound(&UnreachableError{Err: http.ErrServerClosed}) {
		t.Error("only answers of PVE can say that something is absent")
	}
}

func TestVersionAtLeast(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		release      string
		major, minor int
		want         bool
	}{
		{"9.1", 9, 1, true}, {"9.2", 9, 1, true}, {"9.0", 9, 1, false}, {"8.4", 9, 0, false}, {"10.0", 9, 1, true},
		{"9.1-beta", 9, 1, true}, {"9.10", 9, 9, true}, {"9", 9, 0, true}, {"", 9, 1, true},
	} {
		if got := (Version{Release: test.release}).AtLeast(test.major, test.minor); got != test.want {
			t.Errorf("%q at least %d.%d is %v", test.release, test.major, test.minor, got)
		}
	}
}
