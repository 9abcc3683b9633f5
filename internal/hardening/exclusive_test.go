package hardening

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// shippedMain is the main file as Debian ships it.
const shippedMain = `# This file is edited with visudo.
Defaults	env_reset
Defaults	mail_badpass
Defaults	secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults	use_pty
root	ALL=(ALL:ALL) ALL
%sudo	ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
`

// exclusiveNode is a node with a main file, files in /etc/sudoers.d, and accounts.
func exclusiveNode(main string, files map[string]string) *memoryNodes {
	m := newMemoryNodes("pve1")
	m.write("pve1", sudoersMain, main)
	for name, text := range files {
		if !strings.HasPrefix(name, "/") {
			name = sudoersDir + "/" + name
		}
		m.write("pve1", name, text)
	}
	m.write("pve1", passwdFile, "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\nbob:x:1002:1002::/home/bob:/bin/sh\n")
	m.write("pve1", groupFile, "root:x:0:\nsudo:x:27:alice\nops:x:1010:bob,alice\nalice:x:1001:\nbob:x:1002:\n")
	m.write("pve1", switchFile, "group: files systemd\n")
	return m
}

// exclusiveCase is what a node holds and what is to become of it.
type exclusiveCase struct {
	main    string // as shipped, where empty
	files   map[string]string
	own     SudoersExclusive
	foreign []string
	held    []string // a line, and a part of the reason
	kept    []string
	eased   int
	remain  int               // lines that come in the place of others and are held from then on
	left    map[string]string // what the files hold afterwards; absent ones are not in it
}

func header(name string) string { return "# " + PolicyHeader(name) + "\n" }

// auditFile is what audit logging writes for sudo, in six lines.
func auditFile(name string) string {
	a := AuditLogging{Name: name, Require: true, SudoLog: &SudoLog{Directory: "/var/log", Mode: "0600", Format: "json"}}
	return a.Render()[a.DropInPath()]
}

func TestSudoersExclusive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]exclusiveCase{
		"nothing foreign": {
			files: map[string]string{"agent": header("agent") + "agent ALL=(root) /usr/bin/id\n", "README": "# only a comment\n", "off.bak": "mallory ALL=(ALL) ALL\n", "off~": "mallory ALL=(ALL) ALL\n"},
			kept:  []string{`/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`},
		},
		"a foreign file": {
			files:   map[string]string{"emergency": "# who?\nmallory ALL=(ALL) NOPASSWD: ALL # tonight\nDefaults:mallory !authenticate\n"},
			foreign: []string{"/etc/sudoers.d/emergency:2: mallory ALL=(ALL) NOPASSWD: ALL", "/etc/sudoers.d/emergency:3: Defaults:mallory !authenticate"},
			left:    map[string]string{"emergency": ""},
		},
		"of pvesec": {
			files: map[string]string{
				"pvesec-audit-ops": auditFile("ops"),
				"agent":            header("other") + "agent ALL=(ALL) ALL\n", // a header of another name is not believed
			},
			foreign: []string{"/etc/sudoers.d/agent:2: agent ALL=(ALL) ALL"},
			kept:    []string{`/etc/sudoers.d/pvesec-audit-ops (pvesec_audit_logging "ops")`},
		},
		"more than options under the header of audit logging": {
			files: map[string]string{
				"pvesec-audit-ops": auditFile("ops") + "mallory ALL=(ALL) ALL\n@include /home/mallory/x\nUser_Alias X = mallory\nno line\n",
			},
			foreign: []string{
				"/etc/sudoers.d/pvesec-audit-ops:7: mallory ALL=(ALL) ALL", "/etc/sudoers.d/pvesec-audit-ops:8: @include /home/mallory/x", "/etc/sudoers.d/pvesec-audit-ops:9: User_Alias X = mallory",
				"/etc/sudoers.d/pvesec-audit-ops:10: no line (malformed: sudo skips it)",
			},
			kept: []string{`/etc/sudoers.d/pvesec-audit-ops (pvesec_audit_logging "ops")`},
			left: map[string]string{"pvesec-audit-ops": auditFile("ops")},
		},
		"named": {
			main:    shippedMain + "%wheel ALL=(ALL) ALL\n\t%dba   ALL = (postgres)   ALL # ours\n",
			files:   map[string]string{"local": "bob ALL=(root) /usr/bin/id\n"},
			own:     SudoersExclusive{Files: []string{"local"}, Lines: []string{"%dba ALL=(postgres) ALL"}},
			foreign: []string{"/etc/sudoers:9: %wheel ALL=(ALL) ALL"},
			kept:    []string{"/etc/sudoers.d/local (named in files)"},
			left:    map[string]string{sudoersMain: shippedMain + "\t%dba   ALL = (postgres)   ALL # ours\n"},
		},
		"the main file": {
			main:  strings.Replace(shippedMain, "/usr/local/sbin:", "/tmp:", 1) + "mallory ALL=(ALL) \\\n  NOPASSWD: ALL\n#include /etc/more\nthis is no sudoers line\n",
			files: map[string]string{"/etc/more": "eve ALL=(ALL) ALL\n@include /etc/deeper\n", "/etc/deeper": "dan ALL=(ALL) ALL\n"},
			foreign: []string{
				"/etc/deeper:1: dan ALL=(ALL) ALL (out of force: included by /etc/sudoers:11)", "/etc/more:1: eve ALL=(ALL) ALL (out of force: included by /etc/sudoers:11)",
				"/etc/more:2: @include /etc/deeper (out of force: included by /etc/sudoers:11)",
				`/etc/sudoers:4: Defaults secure_path=/tmp:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin (in its place: ` + shippedLines[2] + ")",
				"/etc/sudoers:9: mallory ALL=(ALL) NOPASSWD: ALL", "/etc/sudoers:11: @include /etc/more", "/etc/sudoers:12: this is no sudoers line (malformed: sudo skips it)",
			},
			left: map[string]string{sudoersMain: strings.Replace(shippedMain, `Defaults	secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`, shippedLines[2], 1), "/etc/more": "eve ALL=(ALL) ALL\n@include /etc/deeper\n"},
		},
		"several shipped options in a line of the main file": {
			main:    "Defaults !env_reset, !use_pty, secure_path=/tmp\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
			foreign: []string{"/etc/sudoers:1: Defaults !env_reset, !use_pty, secure_path=/tmp (in its place: Defaults env_reset; Defaults use_pty; " + shippedLines[2] + ")"},
			left:    map[string]string{sudoersMain: "Defaults env_reset\nDefaults use_pty\n" + shippedLines[2] + "\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"},
		},
		"an include of its own leads to a policy": {
			main:  strings.Replace(shippedMain, "@includedir /etc/sudoers.d", "@include /etc/sudoers.d/agent", 1),
			files: map[string]string{"agent": header("agent") + "agent ALL=(root) /usr/bin/id\n@include /etc/site\n", "/etc/site": "site ALL=(root) /usr/bin/id\n"},
			kept:  []string{"/etc/site (included by /etc/sudoers.d/agent)", `/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`},
		},
		"a denial of a user holds back the grant of a group": {
			files:   map[string]string{"limits": "alice ALL=(ALL) !/usr/bin/su\nmallory ALL=(ALL) NOPASSWD: ALL\n"},
			foreign: []string{"/etc/sudoers.d/limits:2: mallory ALL=(ALL) NOPASSWD: ALL"},
			held:    []string{"/etc/sudoers.d/limits:1: alice ALL=(ALL) !/usr/bin/su|without it alice would be allowed"},
			left:    map[string]string{"limits": "alice ALL=(ALL) !/usr/bin/su\n"},
		},
		"a denial of a group holds back a user": {
			main:    shippedMain + "bob ALL=(root) /usr/bin/\n",
			own:     SudoersExclusive{Lines: []string{"bob ALL=(root) /usr/bin/"}},
			files:   map[string]string{"limits": "%ops ALL=(ALL) !/usr/bin/vi, /usr/bin/less\n%root ALL=(ALL) !/usr/bin/vi\n"},
			foreign: []string{"/etc/sudoers.d/limits:1: %ops ALL=(ALL) !/usr/bin/vi, /usr/bin/less (in its place: %ops ALL=(ALL) !/usr/bin/vi)", "/etc/sudoers.d/limits:2: %root ALL=(ALL) !/usr/bin/vi"},
			remain:  1,
		},
		"a denial that holds nothing back goes": {
			files:   map[string]string{"limits": "bob ALL=(ALL) !/usr/bin/su\n"},
			foreign: []string{"/etc/sudoers.d/limits:1: bob ALL=(ALL) !/usr/bin/su"},
		},
		"a stranger cannot hold his own grant": { // what cannot be decided is no reason to leave a grant
			files: map[string]string{"x": "mallory ALL=(ALL) NOPASSWD: ALL\nmallory ALL=(ALL) NOPASSWD: sha256:0123 /bin/sh\nmallory ALL=(ALL) CHROOT=/x ALL\n"},
			foreign: []string{
				"/etc/sudoers.d/x:1: mallory ALL=(ALL) NOPASSWD: ALL", "/etc/sudoers.d/x:2: mallory ALL=(ALL) NOPASSWD: sha256:0123 /bin/sh (malformed: sudo skips it)",
				"/etc/sudoers.d/x:3: mallory ALL=(ALL) CHROOT=/x ALL",
			},
		},
		"options": {
			files: map[string]string{
				"a": "Defaults requiretty, timestamp_timeout=5\nDefaults timestamp_timeout=-1\nDefaults env_keep += \"LD_PRELOAD\"\nDefaults !authenticate\nDefaults logfile=/etc/cron.d/x\n",
			},
			foreign: []string{
				"/etc/sudoers.d/a:2: Defaults timestamp_timeout=-1", `/etc/sudoers.d/a:3: Defaults env_keep += LD_PRELOAD`, "/etc/sudoers.d/a:4: Defaults !authenticate",
				"/etc/sudoers.d/a:5: Defaults logfile=/etc/cron.d/x",
			},
			held: []string{"/etc/sudoers.d/a:1: Defaults requiretty, timestamp_timeout=5|it only restrains"},
			left: map[string]string{"a": "Defaults requiretty, timestamp_timeout=5\n"},
		},
		"an option that bounds": {
			files: map[string]string{"a": "Defaults command_timeout=60, insults\n"},
			held:  []string{"/etc/sudoers.d/a:1: Defaults command_timeout=60, insults|its option command_timeout may hold somebody back"},
		},
		"an alias that a policy uses": {
			files: map[string]string{
				"agent": header("agent") + "OPS ALL=(root) SHOW\n", "aliases": "User_Alias OPS = bob, %ops\nCmnd_Alias SHOW = MORE, /usr/bin/id\nCmnd_Alias MORE = /usr/bin/w\nCmnd_Alias NONE = /bin/sh\n",
			},
			foreign: []string{"/etc/sudoers.d/aliases:4: Cmnd_Alias NONE = /bin/sh"},
			held: []string{
				"/etc/sudoers.d/aliases:1: User_Alias OPS = bob, %ops|refers to", "/etc/sudoers.d/aliases:2: Cmnd_Alias SHOW = MORE, /usr/bin/id|refers to",
				"/etc/sudoers.d/aliases:3: Cmnd_Alias MORE = /usr/bin/w|refers to",
			},
			kept: []string{`/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`},
		},
		"a line that asks for a password and gives nothing": {
			files: map[string]string{"agent": header("agent") + "bob ALL=(root) NOPASSWD: /usr/bin/id\n", "zz": "bob ALL=(root) PASSWD: /usr/bin/id\n"},
			held:  []string{"/etc/sudoers.d/zz:1: bob ALL=(root) PASSWD: /usr/bin/id|without it bob would be allowed"},
			kept:  []string{`/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`},
		},
		"a line that asks for a password and gives all": {
			files:   map[string]string{"agent": header("agent") + "bob ALL=(root) NOPASSWD: /usr/bin/id\n", "zz": "bob ALL=(ALL) ALL\n"},
			foreign: []string{"/etc/sudoers.d/zz:1: bob ALL=(ALL) ALL"},
			kept:    []string{`/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`},
			eased:   1,
		},
		"hostile names": {
			files: map[string]string{
				"two words": "mallory ALL=(ALL) ALL\n", "line\nbreak": "mallory ALL=(ALL) ALL\n", "-rf": "mallory ALL=(ALL) ALL\n", "$(id)": "mallory ALL=(ALL) ALL\n", "ü\u202e": "mallory ALL=(ALL) ALL\n",
			},
			foreign: []string{
				"/etc/sudoers.d/$(id):1: mallory ALL=(ALL) ALL", "/etc/sudoers.d/-rf:1: mallory ALL=(ALL) ALL", "/etc/sudoers.d/two words:1: mallory ALL=(ALL) ALL", `/etc/sudoers.d/ü\u202e:1: mallory ALL=(ALL) ALL`,
			},
			held: []string{`/etc/sudoers.d/line\nbreak:1: mallory ALL=(ALL) ALL|remove it by hand`},
		},
		"headers of names that nobody expects": {
			own: SudoersExclusive{Resources: []string{"agent", "ops"}},
			files: map[string]string{
				"agent": header("agent") + "agent ALL=(root) NOPASSWD: /usr/bin/id\n", "ghost": header("ghost") + "mallory ALL=(ALL) ALL\n",
				"pvesec-audit-ops": auditFile("ops"), "pvesec-audit-evil": auditFile("evil"),
			},
			foreign: []string{"/etc/sudoers.d/ghost:2: mallory ALL=(ALL) ALL", "/etc/sudoers.d/pvesec-audit-evil:3: Defaults logfile=/var/log/sudo.log"},
			held: []string{ // they give nobody anything
				"/etc/sudoers.d/pvesec-audit-evil:4: Defaults log_format=json|",
				"/etc/sudoers.d/pvesec-audit-evil:5: Defaults loglinelen=0, log_year, log_host, log_allowed, log_denied, log_exit_status|",
				"/etc/sudoers.d/pvesec-audit-evil:6: Defaults !ignore_audit_errors, !ignore_iolog_errors, !ignore_logfile_errors|",
			},
			kept: []string{`/etc/sudoers.d/agent (pvesec_sudoers_policy "agent")`, `/etc/sudoers.d/pvesec-audit-ops (pvesec_audit_logging "ops")`},
		},
		"headers where no name is expected": {
			own:     SudoersExclusive{Resources: []string{}},
			files:   map[string]string{"agent": header("agent") + "agent ALL=(root) NOPASSWD: /usr/bin/id\n"},
			foreign: []string{"/etc/sudoers.d/agent:2: agent ALL=(root) NOPASSWD: /usr/bin/id"},
		},
		"NUL bytes": {
			main:    "# x\x00y\n" + shippedMain + "mallory ALL=(ALL) ALL\x00\n",
			files:   map[string]string{"x": "mallory ALL=(ALL) ALL\x00 # x\n"},
			foreign: []string{"/etc/sudoers:10: mallory ALL=(ALL) ALL", "/etc/sudoers.d/x:1: mallory ALL=(ALL) ALL"},
			left:    map[string]string{sudoersMain: "# x\n" + shippedMain, "x": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func (c exclusiveCase) check(t *testing.T) {
	t.Helper()
	if c.main == "" {
		c.main = shippedMain
	}
	m := exclusiveNode(c.main, c.files)
	seen, err := c.own.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen.Foreign, c.foreign) {
		t.Errorf("foreign\n%s\nwant\n%s", strings.Join(seen.Foreign, "\n"), strings.Join(c.foreign, "\n"))
	}
	var held []string
	for i, h := range seen.Held {
		line := h.Line
		if i < len(c.held) {
			if want, why, _ := strings.Cut(c.held[i], "|"); want == line && strings.Contains(h.Why, why) {
				line = c.held[i]
			} else {
				line = h.String()
			}
		}
		held = append(held, line)
	}
	if !slices.Equal(held, c.held) {
		t.Errorf("held\n%s\nwant\n%s", strings.Join(held, "\n"), strings.Join(c.held, "\n"))
	}
	if !slices.Equal(seen.Kept, c.kept) || len(seen.Eased) != c.eased {
		t.Errorf("kept %q, want %q; eased %q", seen.Kept, c.kept, seen.Eased)
	}
	if _, err := c.own.Install(t.Context(), m, targets("pve1"), map[string][]string{"pve1": seen.Foreign}, silent); err != nil {
		t.Fatal(err)
	}
	for name, text := range c.left {
		if !strings.HasPrefix(name, "/") {
			name = sudoersDir + "/" + name
		}
		if got := string(m.files["pve1"][name].Content); got != text {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, text)
		}
	}
	again, err := c.own.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil || len(again.Foreign) > 0 || len(again.Held) != len(seen.Held)+c.remain {
		t.Errorf("after the apply there is %q to remove, and %q held: %v", again.Foreign, again.Held, err)
	}
}

// TestExclusiveTellsWhatPackagesShip: a file counts as its package's where its text is what the package ships, in
// whatever place, and no longer.
func TestExclusiveTellsWhatPackagesShip(t *testing.T) {
	t.Parallel()
	const text, main = "zfs ALL=(root) NOPASSWD: /usr/sbin/zfs list\n", "# a release to come\nDefaults lecture=never\n@includedir /etc/sudoers.d\n"
	digest := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	m := exclusiveNode(main, map[string]string{"zfs": text, "ceph": text})
	m.shipped = map[string]node.Conffile{sudoersMain: {Package: "sudo", MD5: digest(main)}, sudoersDir + "/zfs": {Package: "zfsutils", MD5: digest(text)}, sudoersDir + "/ceph": {Package: "ceph", MD5: digest("")}}
	seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(seen.Foreign, seen.Kept), "[/etc/sudoers.d/ceph:1: zfs ALL=(root) NOPASSWD: /usr/sbin/zfs list] [/etc/sudoers.d/zfs (shipped by the package zfsutils)]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestExclusiveBelievesOnlyRoot: a file with pvesec's header counts as pvesec's only where root alone can have written
// it.
func TestExclusiveBelievesOnlyRoot(t *testing.T) {
	t.Parallel()
	text := header("agent") + "agent ALL=(root) /usr/bin/id\n"
	for name, change := range map[string]func(state *node.FileState){
		"of a user":  func(state *node.FileState) { state.UID = 1001 },
		"of a group": func(state *node.FileState) { state.Mode = fs.FileMode(0o460) },
		"a link": func(state *node.FileState) {
			file := *state
			*state = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "/tmp/x", Resolved: &file}
		},
		"a dead link": func(state *node.FileState) {
			*state = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "/tmp/x"}
		},
		"a named pipe":  func(state *node.FileState) { *state = node.FileState{Exists: true, Type: node.TypeOther} },
		"as it must be": func(*node.FileState) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"agent": text})
			state := m.files["pve1"][sudoersDir+"/agent"]
			change(&state)
			m.files["pve1"][sudoersDir+"/agent"] = state
			seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
			if err != nil {
				t.Fatal(err)
			}
			if want := name == "as it must be"; (len(seen.Foreign) == 0) != want {
				t.Errorf("foreign: %q, kept: %q", seen.Foreign, seen.Kept)
			}
			if name != "as it must be" {
				if _, err := (SudoersExclusive{}).Install(t.Context(), m, targets("pve1"), nil, silent); err != nil || m.files["pve1"][sudoersDir+"/agent"].Exists {
					t.Errorf("it is still there: %v", err)
				}
			}
		})
	}
}

// TestExclusiveRemovesWhatThePlanShowed: a line that appeared since is refused by name, on all nodes; one that vanished
// is no error.
func TestExclusiveRemovesWhatThePlanShowed(t *testing.T) {
	t.Parallel()
	m := exclusiveNode(shippedMain, map[string]string{"a": "mallory ALL=(ALL) ALL\n", "b": "mallory ALL=(root) /bin/sh\n"})
	own := SudoersExclusive{}
	seen, err := own.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	_, err = own.Install(t.Context(), m, targets("pve1"), map[string][]string{"pve1": seen.Foreign[:1]}, silent)
	var unplanned *UnplannedLinesError
	if !errors.As(err, &unplanned) || len(m.applied) > 0 || !strings.Contains(err.Error(), "/etc/sudoers.d/b:1") {
		t.Errorf("a line that nobody reviewed: %v, applied %v", err, m.applied)
	}
	delete(m.files["pve1"], sudoersDir+"/a")
	removed, err := own.Install(t.Context(), m, targets("pve1"), map[string][]string{"pve1": seen.Foreign}, silent)
	if err != nil || !slices.Equal(removed["pve1"], seen.Foreign[1:]) {
		t.Errorf("removed %v: %v", removed, err)
	}
	if files := m.applied[0].Expect; len(files) != 1 || files[0].SHA256 != Digest("mallory ALL=(root) /bin/sh\n") {
		t.Errorf("what was read is not pinned: %+v", files)
	}
}

// TestExclusiveLeavesTheWayIn: the lines by which pvesec itself gets in stay, and nothing else of their file.
func TestExclusiveLeavesTheWayIn(t *testing.T) {
	t.Parallel()
	own := AccessSudoers("deploy", false)
	for name, c := range map[string]struct {
		file, left string
		held       int
	}{
		"the least":            {own + "mallory ALL=(ALL) ALL\n", own, 0},
		"every command":        {"mallory ALL=(ALL) ALL\ndeploy ALL=(ALL) NOPASSWD: ALL\n", "deploy ALL=(ALL) NOPASSWD: ALL\n", 1},
		"two ways":             {own + "deploy ALL=(ALL) NOPASSWD: ALL\n", own, 0},
		"through a group":      {"%deployers ALL=(ALL) NOPASSWD: ALL\nmallory ALL=(ALL) ALL\n", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0},
		"as one of a list":     {"mallory, deploy ALL=(ALL) NOPASSWD: ALL\n", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0},
		"in an alias":          {"User_Alias P = mallory, deploy\nP ALL=(ALL) NOPASSWD: ALL\n", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0},
		"as anybody":           {"ALL ALL=(ALL) NOPASSWD: ALL, !/bin/su\n", "deploy ALL=(ALL) NOPASSWD: ALL, !/bin/su\nALL ALL=(ALL) !/bin/su\n", 0},
		"with a denial":        {"mallory, ghost, deploy ALL=(ALL) NOPASSWD: ALL, !/bin/su\n", "mallory, ghost, deploy ALL=(ALL) !/bin/su\ndeploy ALL=(ALL) NOPASSWD: ALL, !/bin/su\n", 0},
		"denied by another":    {own + "deploy ALL=(ALL) !/bin/true\n", own, 0},
		"the access is not so": {"mallory ALL=(ALL) ALL\n", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"site": c.file})
			m.accounts["deploy"] = node.Account{Exists: true, UID: 1100, GID: 1100, Groups: []string{"deploy", "deployers"}, GIDs: []int{1100, 1101}}
			m.write("pve1", passwdFile, "deploy:x:1100:1100::/home/deploy:/bin/sh\n")
			m.write("pve1", groupFile, "deploy:x:1100:\ndeployers:x:1101:deploy\n")
			nodes := loggedInAs{m, "deploy"}
			seen, err := SudoersExclusive{}.Observe(t.Context(), nodes, targets("pve1")[0])
			if err != nil || len(seen.Held) != c.held {
				t.Fatalf("held %v: %v", seen.Held, err)
			}
			if _, err := (SudoersExclusive{}).Install(t.Context(), nodes, targets("pve1"), nil, silent); err != nil {
				t.Fatal(err)
			}
			if got := string(m.files["pve1"][sudoersDir+"/site"].Content); got != c.left {
				t.Errorf("the file is\n%s\nwant\n%s", got, c.left)
			}
		})
	}
}

// loggedInAs are nodes that know another operator than root.
type loggedInAs struct {
	*memoryNodes
	user string
}

func (n loggedInAs) Operator() (name string, password bool) { return n.user, false }

// TestExclusiveWithoutSudo: a node on which sudo reads nothing has nothing foreign.
func TestExclusiveWithoutSudo(t *testing.T) {
	t.Parallel()
	m := exclusiveNode(shippedMain, map[string]string{"x": "mallory ALL=(ALL) ALL\n"})
	delete(m.files["pve1"], sudoersMain)
	seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil || len(seen.Foreign)+len(seen.Held)+len(seen.Kept) > 0 {
		t.Errorf("%+v: %v", seen, err)
	}
}

// TestShippedLines: each is in the form that it is compared in.
func TestShippedLines(t *testing.T) {
	t.Parallel()
	for _, line := range shippedLines {
		if got := canonicalLine(line); got != line {
			t.Errorf("%q is %q", line, got)
		}
	}
	for _, text := range []string{"", "# a comment", "a ALL = ALL\nb ALL = ALL", "no line"} {
		if CheckSudoersLine(text) == nil {
			t.Errorf("%q is taken for a line", text)
		}
	}
}
