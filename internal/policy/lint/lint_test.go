package lint

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// parsed parses a correct policy.
func parsed(t *testing.T, text string, v sudoers.Version) *sudoers.Tree {
	t.Helper()
	file, errs := sudoers.Parse("policy", text+"\n", v)
	if errs.Err() != nil {
		t.Fatalf("%q: %v", text, errs)
	}
	return sudoers.TreeOf(file)
}

// found lists "line:col" of the findings of one rule.
func found(findings []Finding, id string) []string {
	var at []string
	for _, f := range findings {
		if f.ID == id {
			at = append(at, strings.TrimPrefix(f.Pos.String(), "policy:"))
		}
	}
	return at
}

// TestExamples: the bad example of each rule is found by this rule, the good one by none.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, r := range Catalogue() {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			if r.ID == duplicateAlias.ID || r.ID == notLookedAt.ID {
				return // its examples are two files, see TestDuplicateAlias, or too long, see TestBoundsOfLint
			}
			if got := Lint(parsed(t, r.Bad, sudoers.PVE9), Options{Version: sudoers.PVE9}); len(found(got, r.ID)) == 0 {
				t.Errorf("%s does not find its example %q, only %v", r.ID, r.Bad, got)
			}
			if got := Lint(parsed(t, r.Good, sudoers.PVE9), Options{Version: sudoers.PVE9}); len(got) != 0 {
				t.Errorf("%q: %v", r.Good, got)
			}
			if r.ID == unusedAlias.ID {
				if got := Lint(parsed(t, r.Bad, sudoers.PVE9), Options{Fragment: true}); len(got) != 0 {
					t.Errorf("as a fragment: %v", got)
				}
			}
			if got := Lint(parsed(t, r.Bad, sudoers.PVE9), Options{Ignore: []string{r.ID}}); len(found(got, r.ID)) != 0 {
				t.Errorf("%s is found although it is ignored", r.ID)
			}
		})
	}
}

// TestCatalogue: ids are unique and in order, everything is described.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	last := ""
	names := map[string]bool{}
	for _, r := range Catalogue() {
		if r.ID <= last || len(r.ID) != len("PVESEC-S0001") || !strings.HasPrefix(r.ID, "PVESEC-S") {
			t.Errorf("id %q behind %q", r.ID, last)
		}
		last = r.ID
		if names[r.Name] || r.Name == "" || r.Summary == "" || r.Why == "" || r.Bad == "" || r.Good == "" || r.Severity == "" {
			t.Errorf("%s is not described, or its name %q stands twice", r.ID, r.Name)
		}
		names[r.Name] = true
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, policy string
		want       []string
	}{
		{undefinedAlias.ID, "ADMINS PVES = (OPS : GRP) CMDS\nDefaults:WHO use_pty", []string{"1:1", "1:8", "1:16", "1:22", "1:27", "2:10"}},
		{unusedAlias.ID, "User_Alias A = B : B = alice\nCmnd_Alias C = /usr/bin/id", []string{"1:12", "1:20", "2:12"}},
		{aliasCycle.ID, "User_Alias A = A\nA ALL = /usr/bin/id", []string{"1:16"}},
		{aliasCycle.ID, "Cmnd_Alias A = B : B = C : C = B\nalice ALL = A", []string{"1:32"}},
		{hashInArguments.ID, "alice ALL = /usr/bin/id, /usr/bin/x a#b", []string{"1:38"}},
		{hashInArguments.ID, "Cmnd_Alias X = /usr/bin/x#b\nalice ALL = X", []string{"1:26"}},
		{hashInArguments.ID, "alice ALL = /usr/bin/x a # comment\nalice ALL = /usr/bin/x b \\\n  c#d", []string{"3:4"}},
		{hashInArguments.ID, `alice ALL = /usr/bin/x a\#b`, nil},
		{literalQuotes.ID, `alice ALL = /usr/bin/x "", /usr/bin/y 'a', /usr/bin/z ["], /usr/bin/z ^"a"$`, []string{"1:28"}},
		{shellSyntax.ID, `alice ALL = /usr/bin/x a > b, /usr/bin/x $HOME, /usr/bin/x a; b, /usr/bin/x 2>/dev/null, /usr/bin/x $(id)`, []string{"1:13", "1:31", "1:49", "1:66", "1:90"}},
		{unclosedBracket.ID, `alice ALL = /usr/sbin/qm start 2[0-9{3}, /usr/bin/x a[, /usr/bin/x [ -f [a] [, /usr/bin/x ^[a]$, /usr/bin/x [[], /usr/bin/x \[a, /usr/bin/[`, []string{"1:13", "1:42"}},
		{shellSyntax.ID, `alice ALL = /usr/bin/find /srv -exec rm {} ;, /usr/bin/x [|] a|b, /usr/bin/x ^a|b$`, nil},
		{bareDirectory.ID, "alice ALL = /usr/bin, /bin, /usr/bin/, /etc/init.d, /usr/bin/id", []string{"1:13", "1:23", "1:40"}},
		{relativeCommand.ID, "alice ALL = ^id$, ^(?i)id$, ^/usr/bin/id$, ^(/usr/bin/id)$, ^.*$, ^[^/]*$, ^a|b$, ^a|/b$", []string{"1:13", "1:19", "1:67"}},
		{movedProgram.ID, "alice ALL = /usr/sbin/pvesh, /sbin/pvesh, /bin/qm, /bin/pvesh, /sbin/qm, /opt/x/qm", []string{"1:13", "1:30", "1:43"}},
		{malformedRegex.ID, `alice ALL = ^/usr/bin/(a$, /usr/bin/x ^a**$, /usr/bin/x ^(a)\1$, /usr/bin/x ^a+$`, []string{"1:23", "1:42"}},
		{malformedRegex.ID, "alice ALL = /usr/bin/x ^start [a-z-0-9]+$, !/usr/bin/x ^[0-9-.]$, /usr/bin/y ^[*+]$, /usr/bin/y ^[{256}]$", []string{"1:35", "1:61", "1:81", "1:99"}},
		{malformedRegex.ID, "Cmnd_Alias X = /usr/bin/x ^[a{300}b]$, \\\n  /usr/bin/x ^a{1,2}{,2}$\nalice ALL = X, /usr/bin/x ^b\\1$", []string{"1:30", "2:21", "3:29"}},
		{lostPattern.ID, "alice ALL = /usr/bin/x ^a ^b$, !^/usr/bin/a^b$, /usr/bin/x [[\\:nope\\:]], /usr/bin/[a/b]*, sudoedit /etc/[/], /usr/bin/[z-a]", []string{"1:24", "1:33", "1:49", "1:83", "1:100", "1:110"}},
		{lostPattern.ID, `alice ALL = /usr/bin/x ^(a)\1$, /usr/bin/[, /usr/bin/[ -f *, /usr/bin/test [ *, /usr/*/[ab]*, sudoedit /etc/[a/]*, ^/usr/bin/[a-z]+$ ^$`, nil},
		{shadowedRule.ID, "alice ALL = /usr/bin/a, /usr/bin/b x\nALL ALL = (ALL) ALL\nalice ALL = /usr/bin/c", []string{"1:13", "1:25"}},
		{shadowedRule.ID, "Cmnd_Alias X = /bin/a, /bin/b\nalice ALL = X\nalice ALL = /usr/bin/a\nalice ALL = /usr/bin/b", []string{"2:13"}},
		{shadowedRule.ID, "Cmnd_Alias X = /bin/a, /bin/b\nalice ALL = X\nalice ALL = /usr/bin/a", nil},
		{shadowedRule.ID, "alice ALL = /usr/bin/a get x, /usr/bin/a set, /usr/bin/a get *", []string{"1:13"}},
		{shadowedRule.ID, "alice ALL = /usr/bin/a\nbob ALL = /usr/bin/a\nalice pve1 = /usr/bin/a\nalice ALL = (www) /usr/bin/a", nil},
		{shadowedRule.ID, "alice ALL = /usr/bin/a\nalice ALL = NOTAFTER=20300101000000Z /usr/bin/a", nil},
		{shadowedRule.ID, "alice ALL = /usr/bin/a, /usr/bin/x/y, /usr/bin/", []string{"1:13"}},
		{shadowedRule.ID, "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL", nil},
		{loneDeny.ID, "alice ALL = !/usr/bin/su\nbob ALL = ALL, !/usr/bin/su", []string{"1:13"}},
		{loneDeny.ID, "alice ALL = /usr/bin/id, !/usr/bin/su, !/bin/id x, !/usr/bin/*", []string{"1:26"}},
		{loneDeny.ID, "Cmnd_Alias S = !/bin/su, ALL\nalice ALL = S, !S", nil},
		{cancelledDefaults.ID, "Defaults use_pty\nDefaults:alice !use_pty\nDefaults !use_pty, use_pty\nDefaults use_pty", []string{"1:10", "3:11"}},
		{cancelledDefaults.ID, `Defaults env_keep += "A", env_keep += "B"`, nil},
		{cancelledDefaults.ID, `Defaults env_keep += "A", env_keep = "B"`, []string{"1:10"}},
		{noAuthentication.ID, "Defaults:alice !authenticate\nDefaults>bob authenticate", []string{"1:17"}},
		{setenvDefault.ID, "Defaults setenv\nDefaults:bob !setenv", []string{"1:10"}},
		{setenvTag.ID, "alice ALL = SETENV: /usr/bin/a, NOSETENV: /usr/bin/b, SETENV: ALL", []string{"1:21"}},
		{sudoeditPath.ID, "alice ALL = sudoedit /etc/hosts, /usr/bin/sudoedit /etc/motd", []string{"1:34"}},
		{lostNotBefore.ID, "alice ALL = NOTBEFORE=20300101000000Z /usr/bin/a, NOTAFTER=20310101000000Z /usr/bin/b, /usr/bin/c", []string{"1:76"}},
		{unsupportedOption.ID, "alice ALL = ROLE=r TYPE=t CWD=/ /usr/bin/a", []string{"1:13", "1:20"}},
	} {
		got := found(Lint(parsed(t, tt.policy, sudoers.PVE9), Options{Version: sudoers.PVE9}), tt.id)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s in %q: found at %q, want %q", tt.id, tt.policy, got, tt.want)
		}
	}
}

// TestAliasOfAFragment: a fragment may use what other files define where that is named, but not what is nearly one of
// its own aliases. It is told at its place.
func TestAliasOfAFragment(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string][]string{
		"AGENTS PVES=(DBA) BACKUPS\nDefaults:WHO use_pty, !use_pty":                                 {"1:1", "1:8", "1:14", "1:19", "2:10"},
		"Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = BACKUPS, REBOOTS":                        {"2:22"},
		"Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = BACKUP":                                  {"2:13"},
		"Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = /usr/bin/id, BAKCUPS":                    {"2:26"},
		"User_Alias ADMINS = alice\nADMIN ALL = /usr/bin/id\nDefaults:ADMINNS use_pty":              {"2:1", "3:10"},
		"Host_Alias NODES = pve1\nRunas_Alias DBAS = postgres\nalice NODE = (DBA) /usr/bin/id":      {"3:7", "3:15"},
		"Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = BACKUPS, REBOOT":                         nil,
		"Cmnd_Alias WEB1 = /usr/bin/vzdump\nalice ALL = WEB1, WEB2, WEB":                            nil,
		"User_Alias BACKUPS = alice\nalice ALL = BACKUP":                                            {"2:13"},
		"Cmnd_Alias AB = /usr/bin/vzdump\nalice ALL = AC":                                           {"2:13"},
		"Cmnd_Alias BACKUPS = /usr/bin/vzdump\nCmnd_Alias BACKUP = /usr/bin/id\nalice ALL = BACKUP": nil,
	} {
		got := Lint(parsed(t, policy, sudoers.PVE9), Options{Fragment: true, Elsewhere: []string{"REBOOT", "WEB2", "WEB"}})
		if places := found(got, undefinedAlias.ID); !slices.Equal(places, want) {
			t.Errorf("%q: found at %q, want %q", policy, places, want)
		}
		for _, f := range got {
			if f.ID == undefinedAlias.ID && !strings.Contains(f.Fix, "define it: ") {
				t.Errorf("%q: %s", policy, f.Fix)
			}
		}
	}
}

// TestDuplicateAlias: files that are correct one by one.
func TestDuplicateAlias(t *testing.T) {
	t.Parallel()
	a, _ := sudoers.Parse("50-a", "Cmnd_Alias NET = /usr/sbin/ifup\nalice ALL = NET\n", sudoers.PVE9)
	b, _ := sudoers.Parse("50-b", "User_Alias NET = bob\n", sudoers.PVE9)
	c, _ := sudoers.Parse("50-c", "Cmnd_Alias NET = /usr/sbin/ifdown\n", sudoers.PVE9)
	got := Lint(sudoers.TreeOf(a, b, c), Options{})
	if len(got) != 2 || got[0].ID != unusedAlias.ID || got[1].ID != duplicateAlias.ID || got[1].Pos.String() != "50-c:1:12" ||
		!strings.Contains(got[1].Msg, "50-a:1:12") {
		t.Errorf("got %v", got)
	}
}

// TestVersion: what a version does right is no finding for it.
func TestVersion(t *testing.T) {
	t.Parallel()
	tree := parsed(t, lostNotBefore.Bad, sudoers.PVE8)
	if got := Lint(tree, Options{Version: sudoers.PVE8}); len(got) != 0 {
		t.Errorf("1.9.13: %v", got)
	}
}

// TestCorrect: the policies that Debian and administrators ship have no finding.
func TestCorrect(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Defaults\tenv_reset\nDefaults\tmail_badpass\nDefaults\tsecure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\nDefaults\tuse_pty\n" +
			"root\tALL=(ALL:ALL) ALL\n%sudo\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d",
		"Cmnd_Alias ZFS = \\\n  /sbin/zfs \"\", /sbin/zfs list, /sbin/zfs list *, \\\n  /sbin/zpool status\n%users ALL=(root) ZFS",
		"zabbix ALL=(root) NOPASSWD: /usr/bin/pvesh get /nodes/*/status\nmonitoring ALL=NOPASSWD: /usr/sbin/qm list, /usr/sbin/qm status [0-9]*",
		"netmon ALL=(root) NOPASSWD: /usr/bin/tcpdump -ni vmbr0, /usr/sbin/ethtool eno1, /usr/libexec/proxmox/pve-network-interface-pinning",
		"User_Alias OPS = alice, %ops\nHost_Alias PVE = pve1, 10.0.0.0/24\nRunas_Alias WEB = www-data\nCmnd_Alias SVC = /usr/bin/systemctl restart nginx\nOPS PVE = (WEB) SVC, (root) sudoedit /etc/hosts",
	} {
		if got := Lint(parsed(t, text, sudoers.PVE9), Options{Version: sudoers.PVE9}); len(got) != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestExcerpt: the caret stands under the place.
func TestExcerpt(t *testing.T) {
	t.Parallel()
	text := "alice ALL = /usr/bin/x a#b"
	got := Lint(parsed(t, text, sudoers.PVE9), Options{})
	if len(got) != 1 || got[0].Excerpt(text) != text+"\n"+strings.Repeat(" ", 24)+"^" {
		t.Errorf("got %v %q", got, got[0].Excerpt(text))
	}
}

// TestExponentialAliases: aliases that double at each level are left alone, and that they are is said.
func TestExponentialAliases(t *testing.T) {
	t.Parallel()
	text := "Cmnd_Alias A00 = /usr/bin/a, /usr/bin/b\n"
	for i := range 60 {
		text += "Cmnd_Alias A" + itoa(i+1) + " = A" + itoa(i) + ", A" + itoa(i) + "\n"
	}
	got := Lint(parsed(t, text+"alice ALL = A60, !A60, !A00", sudoers.PVE9), Options{})
	if len(got) != 1 || got[0].ID != notLookedAt.ID {
		t.Errorf("got %v", got)
	}
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/10), byte('0' + n%10)})
}
