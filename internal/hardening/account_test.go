package hardening

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const (
	nightKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k night@example"
	dayKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUPmVC4d3jW8Yr7yH5gn9mZ0yH1yGfWqOq2d0fWqg1s day@example"
)

// TestCheckAccountInput: what sshd or the files of accounts would read otherwise is refused, and what they take is not.
func TestCheckAccountInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		check func(string) error
		good  []string
		bad   []string
	}{
		"key": {CheckPublicKey, []string{nightKey, nightKey + "\n", strings.TrimSuffix(nightKey, " night@example")}, []string{
			"", "x", "# " + nightKey, "restrict " + nightKey, nightKey + "\n" + dayKey, "ssh-ed25519 AAAA night", "-----BEGIN OPENSSH PRIVATE KEY-----\nx", "command=\"x\" " + nightKey,
			"ssh-dss AAAAB3NzaC1kc3MAAAAB", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDF4Vv0r8rYhYH5J0kqS0bmOwYzBrKqGrXQe9y8dYy0vQ== short",
			strings.Replace(nightKey, "ssh-ed25519", "ssh-rsa", 1), strings.Replace(nightKey, "ssh-ed25519", "ecdsa-sha2-nistp256", 1), "x " + strings.TrimPrefix(nightKey, "ssh-ed25519 "), nightKey + "\x1b[2J", strings.Replace(nightKey, "night@", "night\x0b@", 1),
		}},
		"from":    {CheckKeyOrigin, []string{"192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "!192.0.2.7", "*.example.org", "host-?"}, []string{"", "192.0.2.1/24", "a b", `"`, "x,y", "192.0.2.0/33", "fe80::1%eth0", "fe80::1%a\n" + dayKey, "!fe80::1%a\" x", "192.0.2.1\n", "\t"}},
		"command": {CheckKeyCommand, []string{`/usr/bin/id "-u"`}, []string{"", "a\nb", `a\`, "a\x00"}},
		"expiry":  {CheckExpiryTime, []string{"20300131", "203001312359Z", "20300131235959"}, []string{"", "2030-01-31", "2030", `20300131" x`}},
		"date":    {CheckAccountDate, []string{"2030-01-31", "1970-01-02"}, []string{"", "2030-02-30", "1969-12-31", "1970-01-01", "tomorrow"}},
		"finding": {CheckAccountFindingID, []string{"PVESEC-A0001", "PVESEC-A0201"}, []string{"", "PVESEC-A9999", "sudo"}},
		"account": {node.CheckAccountName, []string{"agent", "_x", "a-b_c1"}, []string{"", "root", "Agent", "1a", "a.b", "a:b", "a b", strings.Repeat("a", 33)}},
	} {
		for _, text := range c.good {
			if err := c.check(text); err != nil {
				t.Errorf("%s: %q is refused: %v", name, text, err)
			}
		}
		for _, text := range c.bad {
			if c.check(text) == nil {
				t.Errorf("%s: %q is taken", name, text)
			}
		}
	}
}

// TestKeyLines: a line that pvesec writes is read back as what was asked for, and every other line of a file is told,
// none by its text.
func TestKeyLines(t *testing.T) {
	t.Parallel()
	key := AuthorizedKey{Key: nightKey, Restrict: true, PTY: true, From: []string{"192.0.2.0/24", "!192.0.2.7"}, Command: `/usr/bin/id "-u", x`, ExpiryTime: "20300131Z"}
	lines := keyLines("authorized_keys", node.KeyState{Exists: true, Content: []byte("# a comment\n\n" + key.Line() + "\nroot:$y$secret:1\nno-pty " + dayKey + "\n")})
	if len(lines) != 3 {
		t.Fatalf("%d lines: %v", len(lines), lines)
	}
	back, ok := lines[0].Parse()
	if !ok || back.Line() != key.Line() || !slices.Equal(back.From, key.From) || back.Command != key.Command || lines[0].String() != key.String() {
		t.Errorf("read back %+v, %v", back, ok)
	}
	if got := lines[1].String(); got != "authorized_keys line 4: no key" {
		t.Errorf("a line that is no key is told as %q", got)
	}
	if _, ok := lines[2].Parse(); ok || !strings.Contains(lines[2].String(), "no-pty") {
		t.Errorf("an option that no block can say: %s", lines[2])
	}
	if got := keyLines("authorized_keys2", node.KeyState{Exists: true, Problem: "it is larger than 64 KiB"}); len(got) != 1 || got[0].String() != "authorized_keys2: it is larger than 64 KiB" {
		t.Errorf("a file that cannot be read is told as %v", got)
	}
}

// TestAccountFindings: powerful groups and free keys are found, and what is harmless is not.
func TestAccountFindings(t *testing.T) {
	t.Parallel()
	ids := func(a NodeAccount) string {
		var ids []string
		for _, f := range a.Findings() {
			ids = append(ids, f.ID+"/"+f.Severity)
		}
		return strings.Join(ids, " ")
	}
	for want, a := range map[string]NodeAccount{
		"": {Shell: "/bin/bash", Groups: []string{"operators", "users"}, Keys: []AuthorizedKey{{Key: nightKey, Restrict: true}, {Key: dayKey, Restrict: true, Command: "/usr/bin/id"}}},
		"PVESEC-A0001/critical PVESEC-A0009/critical PVESEC-A0010/high": {Groups: []string{"adm", "sudo", "www-data"}},
		"PVESEC-A0101/medium":                     {Shell: "/bin/bash", Keys: []AuthorizedKey{{Key: nightKey, From: []string{"192.0.2.1"}}}},
		"PVESEC-A0101/medium PVESEC-A0101/medium": {Shell: "/bin/bash", Keys: []AuthorizedKey{{Key: nightKey, Command: "/usr/bin/id"}, {Key: dayKey, PTY: true}}},
		"PVESEC-A0018/high PVESEC-A0019/critical PVESEC-A0020/high PVESEC-A0021/high PVESEC-A0022/high": {Groups: []string{"mail", "crontab", "tape", "video", "systemd-coredump"}},
		"PVESEC-A0102/medium": {Shell: "/usr/sbin/nologin", Keys: []AuthorizedKey{{Key: nightKey}}},
	} {
		if got := ids(a); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

// TestAccountProblems: other ways in, unread keys and open homes are told.
func TestAccountProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*AccountState)
		want   string
	}{
		"as Debian has it":  {func(*AccountState) {}, ""},
		"open home":         {func(s *AccountState) { s.HomeState.Mode = 0o775 }, "PVESEC-A0201"},
		"home not seen":     {func(s *AccountState) { s.HomeProblem, s.HomeState = "Permission denied", node.FileState{} }, "PVESEC-A0201"},
		"another's home":    {func(s *AccountState) { s.HomeState.UID = 1001 }, "PVESEC-A0201"},
		"command":           {func(s *AccountState) { s.Ways["authorizedkeyscommand"] = "/usr/local/bin/keys" }, "PVESEC-A0202"},
		"authority":         {func(s *AccountState) { s.Ways["trustedusercakeys"] = "/etc/ssh/ca.pub" }, "PVESEC-A0202"},
		"elsewhere":         {func(s *AccountState) { s.Ways["authorizedkeysfile"] = "/etc/ssh/keys/%u" }, "PVESEC-A0202 PVESEC-A0203"},
		"written otherwise": {func(s *AccountState) { s.Ways["authorizedkeysfile"] = "%h/.ssh/authorized_keys" }, ""},
		"sshd fails":        {func(s *AccountState) { s.Ways = map[string]string{} }, "PVESEC-A0204"},
		"sshd says half":    {func(s *AccountState) { delete(s.Ways, "authorizedkeysfile") }, "PVESEC-A0204"},
		"no sshd":           {func(s *AccountState) { s.Ways = nil }, ""},
		"by address":        {func(s *AccountState) { s.Ways["untold"] = "a Match block" }, "PVESEC-A0204"},
		"no keys at all":    {func(s *AccountState) { s.Ways["pubkeyauthentication"] = "no" }, "PVESEC-A0203"},
	} {
		s := &AccountState{Present: true}
		s.UID, s.Home, s.Name = 1000, "/home/agent", "agent"
		s.HomeState = node.FileState{Exists: true, Mode: 0o700, UID: 1000}
		s.Ways = map[string]string{
			"authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2", "authorizedkeyscommand": "none", "authorizedprincipalsfile": "none", "trustedusercakeys": "none", "pubkeyauthentication": "yes",
		}
		c.change(s)
		var ids []string
		for _, p := range problemsOf(s) {
			ids = append(ids, p.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
