package hardening

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestExclusiveHoldsDenials: a denial stays where nobody can tell whom it holds back.
func TestExclusiveHoldsDenials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]exclusiveCase{
		"of somebody whom the node does not know": {
			files: map[string]string{"limits": "+ops ALL=(ALL) !/bin/su\n#4711 ALL=(ALL) !/bin/su\nstranger ALL=(ALL) !/bin/su\n%strangers ALL=(ALL) !/bin/su\n%#4711 ALL=(ALL) !/bin/su\n%:plugin ALL=(ALL) !/bin/su\n+ops ALL=(ALL) /bin/ls\n"},
			held: []string{
				"/etc/sudoers.d/limits:1: +ops ALL=(ALL) !/bin/su|denies something to +ops", "/etc/sudoers.d/limits:2: #4711 ALL=(ALL) !/bin/su|#4711", "/etc/sudoers.d/limits:3: stranger ALL=(ALL) !/bin/su|stranger",
				"/etc/sudoers.d/limits:4: %strangers ALL=(ALL) !/bin/su|%strangers", "/etc/sudoers.d/limits:5: %#4711 ALL=(ALL) !/bin/su|%#4711", "/etc/sudoers.d/limits:6: %:plugin ALL=(ALL) !/bin/su|%:plugin",
			},
			foreign: []string{"/etc/sudoers.d/limits:7: +ops ALL=(ALL) /bin/ls"},
		},
		"of somebody whom the node knows": {
			files:   map[string]string{"limits": "bob, #1002, %bob, %#1002 ALL=(ALL) !/bin/su\n"},
			foreign: []string{"/etc/sudoers.d/limits:1: bob, #1002, %bob, %#1002 ALL=(ALL) !/bin/su"},
		},
		"by aliases": {
			files: map[string]string{"limits": "Cmnd_Alias ROOT = /bin/su\nCmnd_Alias MOST = ALL, !ROOT\nUser_Alias THEY = bob, THOSE\nUser_Alias THOSE = stranger\nTHEY ALL=(ALL) MOST\n"},
			foreign: []string{
				"/etc/sudoers.d/limits:1: Cmnd_Alias ROOT = /bin/su", "/etc/sudoers.d/limits:2: Cmnd_Alias MOST = ALL, !ROOT", "/etc/sudoers.d/limits:5: THEY ALL=(ALL) MOST (in its place: THEY ALL=(ALL) !/bin/su)",
			},
			held:   []string{"/etc/sudoers.d/limits:3: User_Alias THEY = bob, THOSE|refers", "/etc/sudoers.d/limits:4: User_Alias THOSE = stranger|refers"},
			remain: 1,
			left:   map[string]string{"limits": "User_Alias THEY = bob, THOSE\nUser_Alias THOSE = stranger\nTHEY ALL=(ALL) !/bin/su\n"},
		},
		"of a rule that allows something too": {
			files:   map[string]string{"x": "bob, ghost ALL=(ALL) NOPASSWD: ALL, !/usr/bin/zzz : pve9=/bin/ls\n"},
			foreign: []string{"/etc/sudoers.d/x:1: bob, ghost ALL=(ALL) NOPASSWD: ALL, !/usr/bin/zzz : pve9=/bin/ls (in its place: bob, ghost ALL=(ALL) !/usr/bin/zzz)"},
			remain:  1,
			left:    map[string]string{"x": "bob, ghost ALL=(ALL) !/usr/bin/zzz\n"},
		},
		"of a rule that allows something too, beside a group of a plug-in": {
			own:     SudoersExclusive{Files: []string{"named"}},
			files:   map[string]string{"named": "%:admins ALL=(ALL) ALL\n", "x": "bob ALL=(ALL) NOPASSWD: ALL, !/usr/bin/zzz\n"},
			foreign: []string{"/etc/sudoers.d/x:1: bob ALL=(ALL) NOPASSWD: ALL, !/usr/bin/zzz (in its place: bob ALL=(ALL) !/usr/bin/zzz)"},
			kept:    []string{"/etc/sudoers.d/named (named in files)"},
			remain:  1,
			left:    map[string]string{"x": "bob ALL=(ALL) !/usr/bin/zzz\n"},
		},
		"of a rule that holds back several": {
			own:     SudoersExclusive{Files: []string{"named"}},
			files:   map[string]string{"named": "bob ALL=(ALL) ALL\n", "x": "ALL ALL=(ALL) NOPASSWD: ALL, !/usr/bin/su\n"},
			foreign: []string{"/etc/sudoers.d/x:1: ALL ALL=(ALL) NOPASSWD: ALL, !/usr/bin/su (in its place: ALL ALL=(ALL) !/usr/bin/su)"},
			kept:    []string{"/etc/sudoers.d/named (named in files)"},
			remain:  1,
			left:    map[string]string{"x": "ALL ALL=(ALL) !/usr/bin/su\n"},
		},
		"of an alias that allows something by denying it": {
			files:   map[string]string{"x": "Cmnd_Alias NO = /bin/ls, !/bin/sh\nghost ALL=(ALL) !NO\n"},
			foreign: []string{"/etc/sudoers.d/x:1: Cmnd_Alias NO = /bin/ls, !/bin/sh", "/etc/sudoers.d/x:2: ghost ALL=(ALL) !NO (in its place: ghost ALL=(ALL) !/bin/ls)"},
			remain:  1,
			left:    map[string]string{"x": "ghost ALL=(ALL) !/bin/ls\n"},
		},
		"of a rule in a file with NUL bytes": {
			files:   map[string]string{"x": "ghost ALL=(ALL) ALL, !/bin/su\x00 # x\n"},
			foreign: []string{"/etc/sudoers.d/x:1: ghost ALL=(ALL) ALL, !/bin/su (in its place: ghost ALL=(ALL) !/bin/su)"},
			remain:  1,
			left:    map[string]string{"x": "ghost ALL=(ALL) !/bin/su\n"},
		},
		"of a rule that an include brings in": {
			main:  shippedMain + "@include /etc/more\n",
			files: map[string]string{"/etc/more": "ghost, bob ALL=(ALL) ALL, !/bin/su\n+ops ALL=/bin/ls, !/bin/cat a\\ \\\n\n"},
			foreign: []string{
				"/etc/more:1: ghost, bob ALL=(ALL) ALL, !/bin/su (out of force: included by /etc/sudoers:9)", `/etc/more:2: +ops ALL=/bin/ls, !/bin/cat a\ (out of force: included by /etc/sudoers:9)`,
				`/etc/sudoers:9: @include /etc/more (in its place: ghost, bob ALL=(ALL) !/bin/su; +ops ALL=!/bin/cat a\)`,
			},
			remain: 2,
			left:   map[string]string{sudoersMain: shippedMain + "ghost, bob ALL=(ALL) !/bin/su\n+ops ALL=!/bin/cat a\\ \\\n\n"},
		},
		"of anybody who may be in a netgroup that stays": {
			own:   SudoersExclusive{Files: []string{"named"}},
			files: map[string]string{"named": "+admins ALL=(ALL) ALL\n", "limits": "bob ALL=(ALL) !/bin/su\n"},
			held:  []string{"/etc/sudoers.d/limits:1: bob ALL=(ALL) !/bin/su|a line that stays is about +admins"},
			kept:  []string{"/etc/sudoers.d/named (named in files)"},
		},
		"of a netgroup, and a grant to it that asks for no password": {
			own:   SudoersExclusive{Files: []string{"named"}},
			files: map[string]string{"named": "+admins ALL=(ALL) NOPASSWD: /bin/ls\n", "zz": "+admins ALL=(ALL) PASSWD: /bin/ls\n"},
			held:  []string{"/etc/sudoers.d/zz:1: +admins ALL=(ALL) PASSWD: /bin/ls|without it somebody in +admins would be allowed"},
			kept:  []string{"/etc/sudoers.d/named (named in files)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// TestExclusiveHoldsDenialsOfADirectory: where groups come from a directory, a user of the node may be in a group of
// whose members the node says nothing.
func TestExclusiveHoldsDenialsOfADirectory(t *testing.T) {
	t.Parallel()
	m := exclusiveNode(shippedMain, map[string]string{"limits": "bob ALL=(ALL) !/usr/bin/su\n"})
	m.write("pve1", switchFile, "group: files sss\n")
	seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil || len(seen.Held) != 1 {
		t.Errorf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
	}
}

// TestExclusiveAsksForAccounts: an account that a directory of the node knows is one.
func TestExclusiveAsksForAccounts(t *testing.T) {
	t.Parallel()
	m := exclusiveNode(shippedMain, map[string]string{"limits": "stranger ALL=(ALL) !/usr/bin/su\n"})
	m.accounts["stranger"] = node.Account{Exists: true, UID: 90001, GID: 90001}
	seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil || len(seen.Foreign) != 1 {
		t.Errorf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
	}
}

// TestExclusiveEasesNoRule: a rule that gives nothing beside and bounds what is allowed stays, and one that lifts a
// bound goes.
func TestExclusiveEasesNoRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stays, foreign string
		held           bool
	}{
		{"bob ALL=(root) CWD=* /bin/ls", "bob ALL=(root) CWD=/srv /bin/ls", true}, {"bob ALL=(root) CWD=/srv /bin/ls", "bob ALL=(root) CWD=* /bin/ls", false},
		{"bob ALL=(root) TIMEOUT=60 /bin/ls", "bob ALL=(root) TIMEOUT=30 /bin/ls", true}, {"bob ALL=(root) TIMEOUT=30 /bin/ls", "bob ALL=(root) TIMEOUT=1m /bin/ls", false},
		{"bob ALL=(root) NOTAFTER=20400101000000Z /bin/ls", "bob ALL=(root) NOTAFTER=20300101000000Z /bin/ls", true}, {"bob ALL=(root) NOTAFTER=20300101000000Z /bin/ls", "bob ALL=(root) NOTAFTER=20400101000000Z /bin/ls", false},
	} {
		t.Run(c.foreign+" over "+c.stays, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"a-named": c.stays + "\n", "site": c.foreign + "\n"})
			seen, err := SudoersExclusive{Files: []string{"a-named"}}.Observe(t.Context(), m, targets("pve1")[0])
			if err != nil || (len(seen.Held) == 1) != c.held || len(seen.Held)+len(seen.Foreign) != 1 {
				t.Errorf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
			}
		})
	}
}
