package sudotest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// way is a policy that once passed every proof and gave root all the same.
type way struct {
	name, policy string
	// beside is what another file of the node says, before the policy.
	beside string
	// script is what the user agent does with it, shows what it prints when it worked.
	script, shows string
	// since is the first version of sudo that has it, zero for all.
	since sudoers.Version
	// never is a statement that must not be proven, finding an id that must be found; either may be empty.
	never, finding string
}

// jail is a root directory that agent makes, in which the granted program is a script of his.
const jail = `mkdir -p ~/jail/usr/bin ~/jail/lib ~/jail/lib64 ~/jail/bin
cp /bin/sh ~/jail/bin/sh
for library in $(ldd /bin/sh | grep -o '/[^ ]*'); do mkdir -p ~/jail$(dirname $library); cp $library ~/jail$library; done
printf '#!/bin/sh\necho "by root" >/owned\n' >~/jail/usr/bin/pveversion
chmod 755 ~/jail/usr/bin/pveversion
`

const owner = "stat -c 'owner %u' ~/jail/owned"

// turned types the path of pveversion through a link that leads to another program once sudo has looked.
const turned = `rm -rf ~/d ~/evil; ln -s /usr/bin ~/d; mkdir ~/evil; cp /usr/bin/id ~/evil/pveversion
( sleep 1; ln -sfn ~/evil ~/d; echo secret; sleep 1 ) | sudo -S -k ~/d/pveversion 2>&1`

var ways = []way{
	{
		name: "a path by an expression", policy: "agent ALL=(root) ^/usr/bin/pveversion$",
		script: turned, shows: "uid=0(root)", since: sudoers.Version{Major: 1, Minor: 9, Patch: 14}, never: "/usr/bin/bash", finding: "PVESEC-E0024",
	},
	{
		name: "a path by a pattern with fast_glob", policy: "Defaults:agent fast_glob\nagent ALL=(root) /usr/bin/pveversio[n]",
		script: turned, shows: "uid=0(root)", since: sudoers.Version{Major: 1, Minor: 9, Patch: 14}, never: "/usr/bin/bash", finding: "PVESEC-E0002",
	},
	{
		name: "CHROOT on a denial", policy: "agent ALL=NOPASSWD: /usr/bin/bash, CHROOT=/nonexistent !/usr/bin/*",
		script: "sudo -n /usr/bin/bash -c id", shows: "uid=0(root)", never: "/usr/bin/bash",
	},
	{
		name: "CHROOT that a denial takes over", policy: "agent ALL=NOPASSWD: /usr/bin/bash\nagent ALL=CHROOT=/nonexistent /usr/bin/id, !/usr/bin/",
		script: "sudo -n /usr/bin/bash -c id", shows: "uid=0(root)", never: "/usr/bin/bash",
	},
	{
		name: "CHROOT behind a denial", policy: "agent ALL=NOPASSWD: ALL, !^/usr/bin/bash$, CHROOT=/nonexistent /usr/bin/id",
		script: "sudo -n /bin/bash -c id", shows: "uid=0(root)", never: "/usr/bin/bash",
	},
	{
		name: "CHROOT of the caller's choice", policy: `agent ALL=CHROOT=* NOPASSWD: /usr/bin/pveversion ""`,
		script: jail + "sudo -n -R ~/jail /usr/bin/pveversion && " + owner, shows: "owner 0", finding: "PVESEC-E0021",
	},
	{
		name: "CHROOT in a home", policy: `agent ALL=CHROOT=/home/agent/jail NOPASSWD: /usr/bin/pveversion ""`,
		script: jail + "sudo -n /usr/bin/pveversion && " + owner, shows: "owner 0", finding: "PVESEC-E0021",
	},
	{
		name: "CHROOT in a home by its name", policy: `agent ALL=CHROOT=~agent/jail NOPASSWD: /usr/bin/pveversion ""`,
		script: jail + "sudo -n /usr/bin/pveversion && " + owner, shows: "owner 0", finding: "PVESEC-E0021",
	},
	{
		name: "runchroot", policy: "Defaults:agent runchroot=*\n" + `agent ALL=NOPASSWD: /usr/bin/pveversion ""`,
		script: jail + "sudo -n -R ~/jail /usr/bin/pveversion && " + owner, shows: "owner 0", finding: "PVESEC-E0021",
	},
	{
		name: "sudoers_locale", policy: "Defaults sudoers_locale=C.UTF-8\nagent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^.*$",
		script: `sudo -n /usr/bin/bash -c "$(printf 'id #\377')"`, shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "sudoers_locale of the node", policy: "agent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^.*$", beside: "Defaults sudoers_locale=C.UTF-8\n",
		script: `sudo -n /usr/bin/bash -c "$(printf 'id #\377')"`, shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "a denial that sudo takes for malformed", policy: "agent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^(.*|[a{300}b])$",
		script: "sudo -n /usr/bin/bash -c id", shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "a denial that never matches", policy: "agent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^-c ^.*$",
		script: "sudo -n /usr/bin/bash -c id", shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "sudoers_locale of a user", policy: "Defaults:agent sudoers_locale=C.UTF-8\nagent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^[^x]*$",
		script: `sudo -n /usr/bin/bash -c "$(printf 'id #\377')"`, shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "sudoers_locale of a command", policy: "Defaults!/usr/bin/bash sudoers_locale=C.UTF-8\nagent ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/bash ^.*$",
		script: `sudo -n /usr/bin/bash -c "$(printf 'id #\377')"`, shows: "uid=0(root)", never: "/usr/bin/bash ^-c ",
	},
	{
		name: "one dot for several bytes", policy: "Defaults sudoers_locale=C.UTF-8\nagent ALL=NOPASSWD: /usr/bin/printf ^.$",
		script: `sudo -n /usr/bin/printf "$(printf '\303\251')"`, shows: "\xc3\xa9", never: "/usr/bin/printf ^\xc3\xa9$",
	},
	{
		name: "an argument that takes the name of an option in", policy: "agent ALL=NOPASSWD: /usr/bin/find ^/etc/hostname ! -name x -newer [^ ]+$",
		script: "sudo -n /usr/bin/find /etc/hostname ! -name 'x -newer' -delete; test -e /etc/hostname || echo deleted", shows: "deleted", finding: "PVESEC-E0065",
	},
	{
		name: "lecture_file", policy: "Defaults:agent lecture_file=/etc/shadow, lecture=always\n" + `agent ALL=/usr/bin/pveversion ""`,
		script: "echo wrong | sudo -S -k /usr/bin/pveversion 2>&1", shows: "root:*:", finding: "PVESEC-E0023",
	},
	{
		name: "logfile", policy: "Defaults:agent logfile=/etc/profile, loglinelen=0\nagent ALL=NOPASSWD: /usr/bin/pveversion *",
		script: "sudo -n /usr/bin/pveversion 'by agent'; grep -o 'by agent' /etc/profile", shows: "by agent", finding: "PVESEC-E0023",
	},
}

// wayFile holds the policy.
const wayFile = "/etc/sudoers.d/way"

// TestWaysThrough walks each way on nodes of both releases, and holds that it is neither proven to be closed nor left
// unfound.
func TestWaysThrough(t *testing.T) {
	t.Parallel()
	for suite, version := range map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
			const settle = "useradd -m -s /bin/sh agent; echo agent:secret | chpasswd; test -e /usr/bin/pveversion || cp /bin/true /usr/bin/pveversion"
			if _, err := node.Shell(t.Context(), settle); err != nil {
				t.Fatal(err)
			}
			for _, w := range ways {
				if !version.AtLeast(w.since) {
					continue
				}
				for path, text := range map[string]string{"/etc/sudoers": w.beside + "Defaults !fqdn\n@includedir /etc/sudoers.d\n", wayFile: w.policy + "\n"} {
					if err := node.WriteFile(t.Context(), path, text, 0o440); err != nil {
						t.Fatal(err)
					}
				}
				out, err := node.Exec(t.Context(), "cd\n"+w.script+"\nrm -rf ~/jail 2>/dev/null || true\n", "su", "agent", "-s", "/bin/sh")
				if err != nil {
					t.Errorf("%s: %v", w.name, err)
				}
				if !strings.Contains(out, w.shows) {
					t.Errorf("%s: sudo does not let it through any more: %s", w.name, out)
				}
				w.isSeen(t, version)
				if _, err := node.Shell(t.Context(), "rm -rf /home/agent/jail"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// isSeen asks the engine about a way.
func (w *way) isSeen(t *testing.T, version sudoers.Version) {
	t.Helper()
	beside, malformed := sudoers.Parse("/etc/sudoers", w.beside, version)
	file, errs := sudoers.Parse(wayFile, w.policy+"\n", version)
	if err := errors.Join(malformed.Err(), errs.Err()); err != nil {
		t.Fatal(w.name, err)
	}
	tree, q := sudoers.TreeOf(beside, file), policy.Question{Subject: policy.Subject{Name: "agent"}, Env: policy.Debian(version)}
	if w.never != "" {
		statement, err := policy.ParseStatement(w.never, q.Env)
		if err != nil {
			t.Fatal(w.name, err)
		}
		if proof := policy.ProveNeverIn(tree, q, statement, wayFile); proof.Verdict == regular.Yes {
			t.Errorf("%s: never %s is proven", w.name, w.never)
		}
	}
	analysis := escalation.Analyse(tree, escalation.Question{Question: q})
	if !analysis.Root() {
		t.Errorf("%s: no way to root is found", w.name)
	}
	if w.finding != "" && !slices.ContainsFunc(analysis.Findings, func(f escalation.CommandFinding) bool { return f.ID == w.finding }) {
		t.Errorf("%s: %s is not found", w.name, w.finding)
	}
}
