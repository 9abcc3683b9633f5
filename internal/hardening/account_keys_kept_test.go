package hardening

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestKeptKeys: keys of others stay in an additive key file, and those of the resource are there once, as they are
// asked for. A key that it no longer gives goes from both files, whatever its user made of its line.
func TestKeptKeys(t *testing.T) {
	t.Parallel()
	const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCkbU1Jq4iHvtYRJyvKyDmz7PmZ0P2EJ4nB6fMzHNgk other@example"
	night, day := AuthorizedKey{Key: nightKey}, AuthorizedKey{Key: dayKey}
	lost := Fingerprints([]AuthorizedKey{day})
	bare := strings.TrimSuffix(dayKey, " day@example")
	both := ".ssh/authorized_keys .ssh/authorized_keys2"
	for name, c := range map[string]struct {
		first, second string
		reads         string
		keys          []AuthorizedKey
		drop          []string
		want          string
		only          bool
	}{
		"other options":          {"# mine\nrestrict " + nightKey + "\n" + other, "", both, []AuthorizedKey{night}, nil, "# mine\n" + other + "\n" + nightKey + "\n", false},
		"both there":             {"restrict " + nightKey + "\n" + dayKey, "", both, []AuthorizedKey{day}, nil, "restrict " + nightKey + "\n" + dayKey + "\n", false},
		"withdrawn":              {"# mine\n" + dayKey + "\n" + other, "", both, nil, lost, "# mine\n" + other + "\n", false},
		"with another comment":   {bare + " me\n" + other, "", both, nil, lost, other + "\n", false},
		"with other options":     {"no-pty,environment=\"A=b c\" " + bare + "\n\t restrict  " + bare, "", both, nil, lost, "", false},
		"that only sshd reads":   {"cert-authority,x=\"a " + bare + "\n" + other, "", both, nil, lost, other + "\n", false},
		"a comment":              {"# " + dayKey, "", both, nil, lost, "# " + dayKey + "\n", false},
		"in the second file":     {nightKey, "# two\n" + bare + "\n" + other, both, nil, lost, nightKey + "\n# two\n" + other + "\n", true},
		"not read there":         {nightKey, bare + "\n" + other, ".ssh/authorized_keys", nil, lost, nightKey + "\n# " + other + "\n", true},
		"ways not known":         {nightKey, bare + "\n" + other, "", nil, lost, nightKey + "\n# " + other + "\n", true},
		"second file of another": {nightKey, other, both, nil, lost, nightKey + "\n", false},
		"given, in the second":   {"", "restrict " + nightKey, both, []AuthorizedKey{night}, nil, nightKey + "\n", true},
	} {
		seen := &AccountState{}
		seen.Home, seen.Ways = "/home/agent", map[string]string{"authorizedkeysfile": c.reads}
		seen.LocalAccount.Keys = map[string]node.KeyState{"authorized_keys": {Exists: true, Content: []byte(c.first)}, "authorized_keys2": {Exists: c.second != "", Content: []byte(c.second)}}
		got, err := keptKeys(seen, c.keys, c.drop)
		if err != nil || string(got.Content) != c.want || got.Only != c.only {
			t.Errorf("%s: %v, got %v\n%s\nwant %v\n%s", name, err, got.Only, got.Content, c.only, c.want)
			continue
		}
		// Who changes the file all the time keeps no key by that.
		if takes := !slices.Contains([]string{"a comment", "second file of another"}, name); takes != (got.Sum == "") {
			t.Errorf("%s: held to the file that was seen: %q", name, got.Sum)
		}
	}
	for _, file := range keyFiles {
		seen := &AccountState{}
		seen.LocalAccount.Keys = map[string]node.KeyState{file: {Exists: true, Problem: "it is larger than 64 KiB"}}
		if _, err := keptKeys(seen, nil, lost); err == nil {
			t.Errorf("%s could not be read and is written", file)
		}
	}
}

// TestKeysAfter: the plan tells the keys that an apply leaves, and leaves open what moves from one file to the other.
func TestKeysAfter(t *testing.T) {
	t.Parallel()
	night, day := AuthorizedKey{Key: nightKey, Restrict: true}, AuthorizedKey{Key: dayKey}
	lost := Fingerprints([]AuthorizedKey{day})
	mine := AuthorizedKey{Key: dayKey, Restrict: true}.String()
	for name, c := range map[string]struct {
		told  []string
		want  []string
		known bool
	}{
		"withdrawn":        {[]string{mine, "authorized_keys line 4: no key"}, []string{"authorized_keys line 4: no key", night.String()}, true},
		"other options":    {[]string{AuthorizedKey{Key: nightKey}.String()}, []string{night.String()}, true},
		"another file":     {[]string{mine + " (authorized_keys2)"}, []string{night.String()}, false},
		"of somebody else": {[]string{"ssh-ed25519 SHA256:other x (authorized_keys2)"}, []string{"ssh-ed25519 SHA256:other x (authorized_keys2)", night.String()}, true},
	} {
		after, known := KeysAfter(c.told, []AuthorizedKey{night}, lost)
		slices.Sort(c.want)
		if !slices.Equal(after, c.want) || known != c.known {
			t.Errorf("%s: %q, %v, want %q, %v", name, after, known, c.want, c.known)
		}
	}
}

// TestOneLine: whatever a key holds, it is one line, and what would be another one is not written.
func TestOneLine(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]AuthorizedKey{
		"from":    {Key: nightKey, From: []string{"fe80::1%a\n" + dayKey}},
		"command": {Key: nightKey, Command: "id\n" + dayKey},
		"expiry":  {Key: nightKey, ExpiryTime: "20300101\n" + dayKey},
		"key":     {Key: nightKey + "\n" + dayKey},
		"return":  {Key: nightKey, Command: "id\r" + dayKey},
		"null":    {Key: nightKey, Command: "id\x00"},
	} {
		if line := key.Line(); strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%s: %q", name, line)
		}
		if text, err := renderKeys([]AuthorizedKey{key}); err == nil || text != "" {
			t.Errorf("%s: written as %q", name, text)
		}
	}
}
