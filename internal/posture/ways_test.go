//go:build linux

package posture_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// A way is one prepared way to root. It is found with a path that says each of found, and it is gone after its remedy.
type way struct {
	name, prepare, remedy string
	prepareAPI, remedyAPI func(t *testing.T, c *lab.Cluster)
	found                 []string // parts of the one line that tells the path
}

var nodeWays = []way{
	{name: "set-id program", prepare: "cp /bin/dash /usr/local/bin/rescue; chmod 4755 /usr/local/bin/rescue", remedy: "chmod u-s /usr/local/bin/rescue",
		found: []string{"any account on", "/usr/local/bin/rescue", "mode 4755"}},
	{name: "writable cron target", prepare: `install -d /opt/backup; printf '#!/bin/sh\n' >/opt/backup/run.sh; chmod 755 /opt/backup/run.sh; chown bob /opt/backup/run.sh
		install -d /etc/cron.d; echo '0 3 * * * root PASS=hunter2 /opt/backup/run.sh >>/var/log/backup.log' >/etc/cron.d/backup`, remedy: "chown root /opt/backup/run.sh",
		found: []string{"bob on", "/opt/backup/run.sh", "/etc/cron.d/backup:1"}},
	{name: "group", prepare: "groupadd -f docker; gpasswd -a bob docker", remedy: "gpasswd -d bob docker", found: []string{"bob on", "member of group docker", "start a container"}},
	{name: "foreign sudoers", prepare: "echo 'eve ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/old; chmod 440 /etc/sudoers.d/old", remedy: "rm /etc/sudoers.d/old",
		found: []string{"eve on", "/etc/sudoers.d/old:1"}},
	{name: "sudo of a group", prepare: "groupadd -f ops; gpasswd -a eve ops; echo '%ops ALL=(root) /usr/bin/vim' >/etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops", remedy: "gpasswd -d eve ops",
		found: []string{"eve on", "member of group ops", "/etc/sudoers.d/ops:1", "vim"}},
	{name: "sudo in two steps", prepare: "useradd -m -s /bin/bash relay; echo 'dora ALL=(relay) ALL\nrelay ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/relay; chmod 440 /etc/sudoers.d/relay",
		remedy: "rm /etc/sudoers.d/relay", found: []string{"dora on", "as relay", "/etc/sudoers.d/relay:1", "/etc/sudoers.d/relay:2"}},
	{name: "key", prepare: "echo '" + foreignKey + "' >>/root/.ssh/authorized_keys", remedy: "sed -i /stranger@elsewhere/d /root/.ssh/authorized_keys", found: []string{"stranger@elsewhere", "logs in as root", "/root/.ssh/authorized_keys:"}},
	{name: "writable unit", prepare: `printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/report.service; chmod 666 /etc/systemd/system/report.service`, remedy: "chmod 644 /etc/systemd/system/report.service",
		found: []string{"any account on", "/etc/systemd/system/report.service", "mode 0666"}},
	{name: "program of a unit", prepare: `install -d -o bob /srv/app; printf '#!/bin/sh\n' >/srv/app/start; chmod 755 /srv/app/start; printf '[Service]\nExecStart=/bin/sh -c "/srv/app/start"\n' >/etc/systemd/system/app.service`,
		remedy: "chown root /srv/app", found: []string{"bob on", "/srv/app/start", "/etc/systemd/system/app.service:2", "/srv/app: mode"}},
	{name: "capability", prepare: "cp /bin/dash /usr/local/bin/inspect; setcap cap_setuid+ep /usr/local/bin/inspect", remedy: "setcap -r /usr/local/bin/inspect", found: []string{"any account on", "/usr/local/bin/inspect", "cap_setuid"}},
	{name: "file of root's PATH", prepare: `printf '#!/bin/sh\n' >/usr/local/sbin/tool; chmod 755 /usr/local/sbin/tool; chown bob /usr/local/sbin/tool`, remedy: "chown root /usr/local/sbin/tool",
		found: []string{"bob on", "/usr/local/sbin/tool"}},
	{name: "link of root's PATH", prepare: "printf '#!/bin/sh\n' >/home/bob/helper; chown bob /home/bob/helper; ln -s /home/bob/helper /usr/local/sbin/helper", remedy: "rm /usr/local/sbin/helper",
		found: []string{"bob on", "/usr/local/sbin/helper", "/home/bob"}},
	{name: "empty password", prepare: "useradd -m -s /bin/bash guest; passwd -d guest; gpasswd -a guest disk", remedy: "userdel -r guest", found: []string{"any account on", "without a password", "group disk"}},
	{name: "bit that the package did not give", prepare: "chmod u+s /usr/bin/chage", remedy: "chmod u-s /usr/bin/chage", found: []string{"any account on", "/usr/bin/chage", "mode 6755"}},
	{name: "home that everyone writes", prepare: "chmod 777 /home/bob", remedy: "chmod 700 /home/bob", found: []string{"any account on", "may change /home/bob, by which bob logs in", "mode 0777"}},
	{name: "link on the way of a cron job", prepare: `install -d /srv/rel; install -d -o eve /srv/eve; printf '#!/bin/sh\n' >/srv/rel/run; chmod 755 /srv/rel/run; ln -s /srv/rel /srv/eve/current; ln -s /srv/eve/current /opt/app
		echo '0 3 * * * root cd /opt/app && ./run' >/etc/cron.d/hop`, remedy: "rm /etc/cron.d/hop", found: []string{"eve on", "/srv/eve: mode", "/etc/cron.d/hop:1"}},
	{name: "alternative", prepare: `install -d -o dora /opt/nvim; cp /bin/true /opt/nvim/nvim; ln -s /opt/nvim/nvim /etc/alternatives/zz-editor`, remedy: "rm /etc/alternatives/zz-editor",
		found: []string{"dora on", "/etc/alternatives/zz-editor", "/opt/nvim: mode"}},
	{name: "user id of another", prepare: "useradd -o -u $(id -u bob) -N -M -s /bin/bash bobby", remedy: "sed -i /^bobby:/d /etc/passwd /etc/shadow", found: []string{"bobby on", "has the user id", "of bob"}},
	{name: "second name of a group id", prepare: "groupadd -o -g $(getent group disk | cut -d: -f3) printers; gpasswd -a gina printers", remedy: "gpasswd -d gina printers", found: []string{"gina on", "member of group disk", "read and write the disks"}},
	{name: "cron table of an account", prepare: `install -d /opt/jobs /var/spool/cron/crontabs; printf '#!/bin/sh\n' >/opt/jobs/nightly; chmod 755 /opt/jobs/nightly; chown hugo /opt/jobs/nightly
		echo '5 5 * * * nice /opt/jobs/nightly' >/var/spool/cron/crontabs/bob; chown bob /var/spool/cron/crontabs/bob; chmod 600 /var/spool/cron/crontabs/bob`, remedy: "rm /var/spool/cron/crontabs/bob",
		found: []string{"hugo on", "/opt/jobs/nightly, which a cron table of bob runs", "/var/spool/cron/crontabs/bob:1"}},
	{name: "command of a service as root", prepare: `install -d -o ivan /srv/prep; printf '#!/bin/sh\n' >/srv/prep/run; chmod 755 /srv/prep/run
		printf '[Service]\nUser=ivan\nExecStartPre=+/srv/prep/run\nExecStart=/bin/true\n' >/etc/systemd/system/prep.service`, remedy: "chown root /srv/prep",
		found: []string{"ivan on", "the service prep.service runs as root", "/etc/systemd/system/prep.service:3"}},
	{name: "drop-in of a service", prepare: `install -d /etc/systemd/system/getty@.service.d; printf '[Service]\nExecStartPre=-/bin/sh \\\n  /home/ivan/hook\n' >/etc/systemd/system/getty@.service.d/hook.conf
		printf '#!/bin/sh\n' >/home/ivan/hook; chown ivan /home/ivan/hook`, remedy: "rm /etc/systemd/system/getty@.service.d/hook.conf", found: []string{"ivan on", "/home/ivan/hook, which the service getty@.service runs as root", "hook.conf:2"}},
	{name: "set-group-id program", prepare: "cp /bin/cat /usr/local/bin/blocks; chgrp disk /usr/local/bin/blocks; chmod 2755 /usr/local/bin/blocks", remedy: "chmod g-s /usr/local/bin/blocks",
		found: []string{"any account on", "/usr/local/bin/blocks, which runs with group disk", "mode 2755"}},
	{name: "writable profile", prepare: "touch /etc/profile.d/local.sh; chmod 666 /etc/profile.d/local.sh", remedy: "chmod 644 /etc/profile.d/local.sh", found: []string{"any account on", "/etc/profile.d/local.sh", "mode 0666"}},
	{name: "writable by a group", prepare: "groupadd -f web; gpasswd -a gina web; touch /etc/logrotate.d/web; chgrp web /etc/logrotate.d/web; chmod 664 /etc/logrotate.d/web", remedy: "chmod g-w /etc/logrotate.d/web",
		found: []string{"gina on", "member of group web", "/etc/logrotate.d/web", "mode 0664"}},
	{name: "profile of root", prepare: "touch /root/.bash_aliases; chown hugo /root/.bash_aliases", remedy: "rm /root/.bash_aliases", found: []string{"hugo on", "/root/.bash_aliases", "owner hugo"}},
	{name: "directory of libraries", prepare: "install -d -o hugo /usr/local/lib/plugins", remedy: "chown root /usr/local/lib/plugins", found: []string{"hugo on", "may put files into /usr/local/lib/plugins"}},
	{name: "directory of keys that everyone writes", prepare: "install -d -o dora -m 777 /home/dora/.ssh", remedy: "chmod 700 /home/dora/.ssh", found: []string{"any account on", "/home/dora/.ssh", "by which dora logs in", "mode 0777"}},
	{name: "key of an account", prepare: "install -d -o bob -m 700 /home/bob/.ssh; echo '" + otherKey + "' >/home/bob/.ssh/authorized_keys; chown bob /home/bob/.ssh/authorized_keys",
		remedy: "rm /home/bob/.ssh/authorized_keys", found: []string{"laptop@elsewhere", "logs in as bob", "/home/bob/.ssh/authorized_keys:1"}},
	{name: "sudo of a user id", prepare: `echo "#$(id -u gina) ALL=(root) /usr/bin/less /var/log/*" >/etc/sudoers.d/logs; chmod 440 /etc/sudoers.d/logs`, remedy: "rm /etc/sudoers.d/logs",
		found: []string{"gina on", "/etc/sudoers.d/logs:1", "/usr/bin/less"}},
	{name: "group that su trusts", prepare: "groupadd -f oncall; gpasswd -a gina oncall; echo 'auth sufficient pam_wheel.so trust group=oncall' >>/etc/pam.d/su", remedy: "sed -i /pam_wheel.so.trust.group=oncall/d /etc/pam.d/su",
		found: []string{"gina on", "member of group oncall", "may become root without a password (su)", "/etc/pam.d/su:"}},
	{name: "second root", prepare: "useradd -o -u 0 -M -s /bin/bash toor", remedy: "sed -i /^toor:/d /etc/passwd /etc/shadow", found: []string{"toor on", "user id 0"}},
}

var clusterWays = []way{
	{name: "two steps in PVE",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddGroup("admins"), c.API.AddUser("chief@pve", map[string][]string{"groups": {"admins"}}), c.API.GrantACL("/", "@admins", "Administrator", true),
				c.API.AddUser("desk@pve", nil), c.API.AddRole("Desk", "User.Modify"), c.API.GrantACL("/access/groups/admins", "desk@pve", "Desk", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.RevokeACL("/access/groups/admins", "desk@pve", "Desk"), c.API.RevokeACL("/", "@admins", "Administrator"))
		},
		found: []string{"desk@pve", "take over the members of PVE group admins", "role Desk on /access/groups/admins", "is taken over", "root@pam"}},
	{name: "token without separation",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("boss@pve", nil), c.API.GrantACL("/", "boss@pve", "Administrator", true))
			_, err := c.API.AddToken("boss@pve", "ci", false)
			try(t, err)
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.DeleteUser("boss@pve")) },
		found:     []string{"boss@pve!ci", "has all rights of boss@pve", "privsep=0"}},
	{name: "separated token",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("host@pve", nil), c.API.AddRole("Host", "Sys.Modify"), c.API.GrantACL("/nodes/pve8", "host@pve", "Host", true))
			_, err := c.API.AddToken("host@pve", "net", true)
			try(t, err, c.API.GrantACL("/nodes/pve8", "host@pve!net", "Host", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.RevokeACL("/nodes/pve8", "host@pve", "Host"))
		},
		found: []string{"host@pve!net", "Sys.Modify on /nodes/pve8"}},
	{name: "owner of a realm",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("realm@pve", nil), c.API.AddRole("Realm", "Realm.Allocate"), c.API.GrantACL("/access/realm", "realm@pve", "Realm", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.DeleteRole("Realm")) },
		found:     []string{"realm@pve", "Realm.Allocate on /access/realm"}},
	{name: "guest administrator with host devices",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddGroup("guests"), c.API.AddUser("vm@pve", map[string][]string{"groups": {"guests"}}), c.API.AddRole("Devices", "VM.Config.HWType", "Mapping.Modify", "Mapping.Use"),
				c.API.GrantACL("/vms", "@guests", "Devices", true), c.API.GrantACL("/mapping/pci", "@guests", "Devices", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.DeleteGroup("guests")) },
		found:     []string{"vm@pve", "member of PVE group guests", "Mapping.Modify on /mapping/pci"}},
	{name: "rights on /access",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("acl@pve", nil), c.API.AddRole("Acl", "Permissions.Modify"), c.API.GrantACL("/access", "acl@pve", "Acl", false))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.RevokeACL("/access", "acl@pve", "Acl")) },
		found:     []string{"acl@pve", "Permissions.Modify on /access"}},
	{name: "disabled administrator",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("gone@pve", map[string][]string{"enable": {"0"}}), c.API.GrantACL("/", "gone@pve", "Administrator", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.DeleteUser("gone@pve")) },
		found:     []string{"gone@pve", "it is disabled now"}},
	{name: "pam user with an account",
		prepareAPI: func(t *testing.T, c *lab.Cluster) {
			t.Helper()
			try(t, c.API.AddUser("frank@pam", nil), c.API.GrantACL("/nodes", "frank@pam", "Administrator", true))
		},
		remedyAPI: func(t *testing.T, c *lab.Cluster) { t.Helper(); try(t, c.API.DeleteUser("frank@pam")) },
		found:     []string{"frank on", "has the password of frank@pam", "/nodes"}},
}

func try(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func shell(t *testing.T, n *lab.Node, script string) string {
	t.Helper()
	out, err := n.Shell(t.Context(), script)
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", n.Name, err, script, out)
	}
	return out
}

// TestWays prepares ways to root on both releases and in PVE. Each is found with its path, and gone after its remedy.
// The nodes and PVE are the same after looking as before.
func TestWays(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm}, {Name: "pve9", Suite: lab.Trixie}}})
	pool, err := node.NewPool(node.Config{PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	for _, n := range c.Nodes {
		shell(t, n, `install -d /etc/cron.d; printf '# as PVE writes it\nPATH="/usr/sbin:/usr/bin:/sbin:/bin"\n\n' >/etc/cron.d/vzdump`)
		shell(t, n, "systemctl stop '*.timer'; for name in bob eve dora frank gina hugo ivan; do useradd -m -s /bin/bash $name; echo $name:secret-of-$name | chpasswd; done")
	}
	look := func() *posture.Report {
		t.Helper()
		nodes := make([]*posture.Node, len(c.Nodes))
		var group errgroup.Group
		for i, n := range c.Nodes {
			group.Go(func() (err error) {
				nodes[i], err = posture.Collect(t.Context(), pool, node.Target{Name: n.Name, Address: n.Address, Port: n.Port})
				return err
			})
		}
		try(t, group.Wait())
		pve, err := proxmox.New(proxmox.Config{Endpoint: c.API.URL(), APIToken: c.API.RootToken(), CAPEM: []byte(c.API.CAPEM())})
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := posture.CollectCluster(t.Context(), pve, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return posture.NewReport(nodes, cluster, nil)
	}
	clean := look()
	for _, p := range clean.Paths {
		if !ofRoot(p) {
			t.Errorf("on clean nodes: %s", posture.Describe(p))
		}
	}
	for _, gap := range clean.Gaps {
		t.Errorf("on clean nodes it is not known: %+v", gap)
	}

	all := func(of func(way) string) {
		script := "set -e\n"
		for _, w := range nodeWays {
			script += of(w) + "\n"
		}
		for _, n := range c.Nodes {
			shell(t, n, script)
		}
	}
	all(func(w way) string { return w.prepare })
	for _, w := range clusterWays {
		w.prepareAPI(t, c)
	}
	var before []string
	for _, n := range c.Nodes {
		before = append(before, shell(t, n, everything))
	}
	configuration := c.API.UserCfg()
	start := time.Now()
	report := look()
	t.Logf("looking at two nodes and PVE took %s", time.Since(start))
	for i, n := range c.Nodes {
		if after := shell(t, n, everything); after != before[i] {
			t.Errorf("%s is not the same after looking:\n%s", n.Name, firstDifference(before[i], after))
		}
	}
	if c.API.UserCfg() != configuration {
		t.Error("PVE's configuration is not the same after looking")
	}
	checkWhole(t, report)

	for _, w := range nodeWays {
		for _, n := range c.Nodes {
			if !tells(report, n.Name, w.found) {
				t.Errorf("%s: %s was not found", n.Name, w.name)
			}
		}
	}
	for _, w := range clusterWays {
		if !tells(report, "", w.found) {
			t.Errorf("%s was not found", w.name)
		}
	}
	if t.Failed() {
		for _, p := range report.Paths {
			t.Log(posture.Describe(p))
		}
	}
	all(func(w way) string { return w.remedy })
	for _, w := range clusterWays {
		w.remedyAPI(t, c)
	}
	mended := look()
	for _, p := range mended.Paths {
		if !ofRoot(p) {
			t.Errorf("after the remedies: %s", posture.Describe(p))
		}
	}
	if len(mended.Paths) != len(clean.Paths) {
		for _, p := range mended.Paths {
			t.Log(posture.Describe(p))
		}
		t.Errorf("%d paths after the remedies, %d before the ways", len(mended.Paths), len(clean.Paths))
	}
}

// ofRoot tells whether a path is root's own: a key or token of root.
func ofRoot(p paths.Path) bool {
	return len(p.Steps) == 1 && (p.From.Kind == paths.Key || p.From.Kind == paths.PVEToken && strings.HasPrefix(p.From.Name, "root@pam!"))
}

// tells tells whether one path says all of these, on a node where one is named.
func tells(r *posture.Report, node string, parts []string) bool {
	for _, p := range r.Paths {
		text := posture.Describe(p)
		all := node == "" || strings.Contains(text, "on "+node) || strings.Contains(text, "root on "+node)
		for _, part := range parts {
			all = all && strings.Contains(text, part)
		}
		if all {
			return true
		}
	}
	return false
}

// everything lists every file of a node with its state and the moment of its last change, which no writer can hide,
// without what a login and a running system write: the logs, the records of sessions, and the kernel's own.
const everything = `
cd /; find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./var/log -o -path ./run -o -path ./var/lib/systemd \) -prune -o -printf '%y %m %U:%G %n %s %i %C@ %p %l\n' | sort -k8
find /run /dev/shm -xdev \( -path /run/log -o -path /run/user -o -path /run/systemd -o -path /run/utmp -o -path '/run/udev/*' \) -prune -o -printf '%y %m %U:%G %p %l\n' | sort -k4`

func firstDifference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	seen := map[string]bool{}
	for _, line := range left {
		seen[line] = true
	}
	var changed []string
	for _, line := range right {
		if !seen[line] {
			changed = append(changed, "+ "+line)
		}
	}
	if len(changed) == 0 {
		return "(something is gone)"
	}
	return strings.Join(changed[:min(len(changed), 20)], "\n")
}

// checkWhole holds a report to what it promises: no secret in it, and something to change first.
func checkWhole(t *testing.T, r *posture.Report) {
	t.Helper()
	all := r.Markdown() + r.Graph.OpenGraph()
	for _, p := range r.Paths {
		all += posture.Describe(p)
	}
	for _, secret := range []string{"secret-of-", "hunter2", "$y$", "$6$"} {
		if strings.Contains(all, secret) {
			t.Errorf("the report has %q", secret)
		}
	}
	if len(r.Cuts) == 0 {
		t.Error("the report has no change that takes root away")
	}
}
