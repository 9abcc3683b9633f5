package posture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// TestWaysOfUsers: ways to root that an ordinary user can prepare or find, and harmless things that look like them. A
// path is wanted by parts of its text; "" wants none at all. A gap is wanted by a part of its text; "" wants none at
// all, and "*" takes any.
func TestWaysOfUsers(t *testing.T) {
	t.Parallel()
	cron := func(rest string) node.Section { return data("/etc/crontab\t7\t" + rest + "\n") }
	type sections = map[string]node.Section
	replaced := func(old, with string) node.Section { return data(strings.Replace(group, old, with, 1)) }
	for name, test := range map[string]struct {
		sections sections
		files    map[string]string
		want     string
		gap      string
	}{
		// set-id bits of the distribution
		"a set-user-id bit on a program that has the other one": {sections: sections{node.SectionSetID: data("F 6755 0 112 9 /usr/bin/ssh-agent\x00"), node.SectionGroup: data(group + "_ssh:x:112:\n"), node.SectionPackages: data("openssh-client: /usr/bin/ssh-agent\n")},
			want: "any account on pve1|/usr/bin/ssh-agent|runs as root"},
		"a set-user-id bit in place of the other one": {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /usr/bin/crontab\x00"), node.SectionPackages: data("cron: /usr/bin/crontab\n")}, want: "any account on pve1|/usr/bin/crontab"},
		"another group":                                 {sections: sections{node.SectionSetID: data("F 2755 0 110 9 /usr/bin/wall\x00"), node.SectionPackages: data("bsdutils: /usr/bin/wall\n")}, want: "any account on pve1|runs with group docker|start a container"},
		"the group of the distribution":                 {sections: sections{node.SectionSetID: data("F 2755 0 5 9 /usr/bin/wall\x00"), node.SectionGroup: data(group + "tty:x:5:\n"), node.SectionPackages: data("bsdutils: /usr/bin/wall\n")}},
		"another owner":                                 {sections: sections{node.SectionSetID: data("F 4755 1000 0 9 /usr/bin/su\x00"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "any account on pve1|runs as bob"},
		"everyone may run what a group only may":        {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /usr/lib/dbus-1.0/dbus-daemon-launch-helper\x00"), node.SectionPackages: data("dbus: /usr/lib/dbus-1.0/dbus-daemon-launch-helper\n")}, want: "any account on pve1"},
		"dpkg that was stopped":                         {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /usr/bin/su\x00"), node.SectionPackages: {Data: []byte("x: /y\n"), Status: 124}}, gap: "dpkg did not tell"},
		"a tool below a directory of a group":           {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /opt/ops/x\x00"), node.SectionStates: states("41e8 0 111 /opt/ops")}, want: "eve on pve1|member of group ops|/opt/ops/x"},
		"a program of an id that no account has":        {sections: sections{node.SectionSetID: data("F 4755 100000 0 9 /opt/x\x00")}, gap: "100000"},
		"a capability in a namespace that a user makes": {sections: sections{node.SectionCapabilities: data("/tmp/x cap_setuid=ep [rootid=1000]\n"), node.SectionStates: states("81ed 1000 0 /tmp/x")}},

		"at of its package":      {sections: sections{node.SectionSetID: data("F 6755 1 1 9 /usr/bin/at\x00"), node.SectionPlaces: data("f 6755 1 1 /usr/bin/at\x00\x00"), node.SectionPackages: data("at: /usr/bin/at\n")}},
		"at that no package has": {sections: sections{node.SectionSetID: data("F 6755 1 1 9 /usr/bin/at\x00"), node.SectionPlaces: data("f 6755 1 1 /usr/bin/at\x00\x00")}, want: "any account on pve1|runs as daemon"},
		"at of an account":       {sections: sections{node.SectionSetID: data("F 6755 1000 1000 9 /usr/bin/at\x00"), node.SectionPlaces: data("f 6755 1000 1000 /usr/bin/at\x00\x00"), node.SectionPackages: data("at: /usr/bin/at\n")}, want: "any account on pve1|runs as bob"},

		// programs below a directory of one account
		"a set-user-id program in a home":    {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /home/eve/.sh\x00"), node.SectionStates: states("41c0 1001 0 /home/eve")}, want: "eve on pve1|may run /home/eve/.sh, which runs as root"},
		"a set-group-id program in a home":   {sections: sections{node.SectionSetID: data("F 2755 0 110 9 /home/eve/x\x00"), node.SectionStates: states("41c0 1001 0 /home/eve")}, want: "eve on pve1|/home/eve/x, which runs with group docker"},
		"a capability in a home":             {sections: sections{node.SectionCapabilities: data("/home/eve/py cap_setuid=ep\n"), node.SectionStates: states("41c0 1001 0 /home/eve", "81ed 0 0 /home/eve/py")}, want: "eve on pve1|may run /home/eve/py"},
		"a program in a home that root owns": {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /home/eve/.sh\x00"), node.SectionStates: states("41c0 0 0 /home/eve")}},

		// what getcap prints
		"two clauses":                          {sections: sections{node.SectionCapabilities: data("/opt/x cap_setuid=eip cap_net_raw=ep\n"), node.SectionStates: states("81ed 0 0 /opt/x")}, want: "any account on pve1|may run /opt/x, which has cap_setuid=eip cap_net_raw=ep"},
		"the helper of a package":              {sections: sections{node.SectionCapabilities: data("/usr/bin/newuidmap cap_setuid=ep\n"), node.SectionStates: states("81ed 0 0 /usr/bin/newuidmap"), node.SectionPackages: data("uidmap: /usr/bin/newuidmap\n")}},
		"a helper of no package":               {sections: sections{node.SectionCapabilities: data("/usr/bin/newuidmap cap_setuid=ep\n"), node.SectionStates: states("81ed 0 0 /usr/bin/newuidmap"), node.SectionPackages: data("base: /bin/x\n")}, want: "any account on pve1|may run /usr/bin/newuidmap"},
		"a helper with more than it needs":     {sections: sections{node.SectionCapabilities: data("/usr/bin/newgidmap cap_setgid,cap_sys_admin=ep\n"), node.SectionStates: states("81ed 0 0 /usr/bin/newgidmap"), node.SectionPackages: data("uidmap: /usr/bin/newgidmap\n")}, want: "any account on pve1|may run /usr/bin/newgidmap"},
		"two harmless clauses":                 {sections: sections{node.SectionCapabilities: data("/opt/x = cap_net_raw+ep cap_net_admin+i\n"), node.SectionStates: states("81ed 0 0 /opt/x")}},
		"all capabilities":                     {sections: sections{node.SectionCapabilities: data("/opt/x =ep\n"), node.SectionStates: states("81ed 0 0 /opt/x")}, want: "any account on pve1|may run /opt/x, which has =ep"},
		"a directory with the name of another": {sections: sections{node.SectionCapabilities: data("/opt/a [rootid=7]/x cap_setuid=ep\n"), node.SectionStates: states("81ed 0 0 /opt/a [rootid=7]/x")}, want: "any account on pve1|/opt/a [rootid=7]/x"},
		"what getcap was not asked":            {sections: sections{node.SectionSetID: data("N 0 0 0 0 /tmp/a\n/usr/bin/vim cap_setuid=ep\x00")}, gap: "programs with capabilities files were not asked for theirs"},
		"a line of getcap without a clause":    {sections: sections{node.SectionCapabilities: data("/opt/x\n")}, gap: "programs with capabilities the node told of one in a way that makes no sense"},
		"a file system of a program":           {sections: sections{node.SectionSetID: data("P fuse 0 0 0 /etc/pve\x00P fuse 0 0 0 /mnt/x\x00")}, gap: "/mnt/x is a file system of another machine, or of a program"},

		// groups and accounts by id
		"a second name for a group":            {sections: sections{node.SectionGroup: data(group + "disk:x:6:\nprinters:x:6:eve\n")}, want: "eve on pve1|member of group disk|disks below"},
		"a second name that is the mighty one": {sections: sections{node.SectionGroup: data(group + "printers:x:6:eve\ndisk:x:6:\n")}, want: "eve on pve1|member of group printers|disks below"},
		"a second name for a group of sudo":    {sections: sections{node.SectionGroup: data(group + "sudo:x:27:\nprinters:x:27:eve\n")}, files: map[string]string{"/etc/sudoers": "%sudo ALL=(ALL) ALL\n"}, want: "eve on pve1|member of group sudo|/etc/sudoers:1", gap: "*"},
		"two accounts with one id":             {sections: sections{node.SectionPasswd: data(passwd + "mallory:x:1000:1000::/home/m:/bin/bash\n"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "mallory on pve1|has the user id 1000 of bob|group docker"},
		"a primary group without a line":       {sections: sections{node.SectionPasswd: data(passwd + "mallory:x:1009:777::/home/m:/bin/bash\n"), node.SectionPlaces: data("f 664 0 777 /etc/cron.d/x\x00\x00")}, want: "mallory on pve1|member of group #777|/etc/cron.d/x"},
		"a second root of a directory":         {sections: sections{node.SectionPasswd: data(passwd + "root:x:5000:5000::/home/r:/bin/bash\n")}, files: map[string]string{"/etc/sudoers": "root ALL=(ALL) ALL\n"}, want: "has the name root", gap: "more than once"},
		"a root that is not root":              {sections: sections{node.SectionPasswd: data(strings.Replace(passwd, "root:x:0:", "root:x:5000:", 1))}, files: map[string]string{"/etc/sudoers": "root ALL=(ALL) ALL\n"}, want: "root on pve1|/etc/sudoers:1", gap: "*"},

		"an id that is none":               {sections: sections{node.SectionPasswd: data(passwd + "x:x:-1:-1::/home/x:/bin/bash\n")}, gap: "not of passwd(5)"},
		"an account that two sources list": {sections: sections{node.SectionPasswd: data(passwd + "bob:x:1000:111::/home/bob:/bin/bash\n"), node.SectionPlaces: data("f 664 0 111 /etc/cron.d/x\x00\x00")}, want: "bob on pve1|member of group ops"},

		// homes
		"a home that everyone writes":        {sections: sections{node.SectionStates: states("41ff 1000 0 /home/bob"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "any account on pve1|/home/bob|group docker"},
		"a profile that everyone writes":     {sections: sections{node.SectionStates: states("41ed 1000 0 /home/bob", "81b6 1000 0 /home/bob/.bashrc"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "any account on pve1|/home/bob/.bashrc|group docker"},
		"a shell of somebody else":           {sections: sections{node.SectionPasswd: data(strings.Replace(passwd, "/home/bob:/bin/bash", "/home/bob:/opt/sh", 1)), node.SectionStates: states("81ed 1001 0 /opt/sh"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "eve on pve1|/opt/sh|group docker"},
		"homes as they are":                  {sections: sections{node.SectionStates: states("41c0 1000 0 /home/bob", "81a4 1000 1000 /home/bob/.bashrc", "41c0 1001 0 /home/eve"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:")}},
		"a key file that others write":       {sections: sections{node.SectionSSHD: data("authorizedkeysfile /srv/keys/%u\n"), node.SectionStates: states("41ed 0 0 /srv/keys", "81b6 1000 0 /srv/keys/root")}, want: "any account on pve1|/srv/keys/root"},
		"a key file in /etc/ssh of its user": {sections: sections{node.SectionSSHD: data("authorizedkeysfile /etc/ssh/keys/%u\n"), node.SectionPlaces: data("f 600 1000 0 /etc/ssh/keys/bob\x00\x00"), node.SectionStates: states("8180 1000 0 /etc/ssh/keys/bob")}},

		// links
		"a link on the way": {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/app/run.sh\tprogram"), node.SectionStates: states("41ed 0 0 /home", "a1ff 0 0 /opt/app>/home/deploy/current", "43ff 0 0 /home/deploy", "a1ff 1001 0 /home/deploy/current>/srv/rel/42",
			"41ed 0 0 /srv/rel", "41ed 0 0 /srv", "41ed 0 0 /srv/rel/42", "81ed 0 0 /srv/rel/42/run.sh")}, want: "eve on pve1|/opt/app/run.sh|/home/deploy/current: mode"},
		"a link of somebody in a directory of root": {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/app/run.sh\tprogram"), node.SectionStates: states("a1ff 1001 0 /opt/app>/srv/rel", "41ed 0 0 /srv/rel", "41ed 0 0 /srv", "81ed 0 0 /srv/rel/run.sh")}},
		"a directory of a link on the way": {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/app/run.sh\tprogram"), node.SectionStates: states("41ed 0 0 /home", "a1ff 0 0 /opt/app>../home/deploy/current", "41ed 1001 0 /home/deploy", "a1ff 0 0 /home/deploy/current>../../srv/rel",
			"41ed 0 0 /srv/rel", "41ed 0 0 /srv", "81ed 0 0 /srv/rel/run.sh")}, want: "eve on pve1|/opt/app/run.sh|/home/deploy: mode"},
		"an alternative": {sections: sections{node.SectionPlaces: data("l 777 0 0 /etc/alternatives/editor\x00/opt/nvim/bin/nvim\x00"), node.SectionStates: states("a1ff 0 0 /usr/bin/editor>/etc/alternatives/editor", "41ed 0 0 /usr", "41ed 0 0 /usr/bin",
			"41ed 0 0 /etc", "41ed 0 0 /etc/alternatives", "a1ff 0 0 /etc/alternatives/editor>/opt/nvim/bin/nvim", "41ed 0 0 /opt", "41ed 1000 0 /opt/nvim", "41ed 1000 0 /opt/nvim/bin", "81ed 1000 0 /opt/nvim/bin/nvim")},
			want: "bob on pve1|/etc/alternatives/editor|/opt/nvim"},
		"a link to a directory that is not looked at": {sections: sections{node.SectionPlaces: data("l 777 0 0 /etc/cron.d\x00/srv/cron\x00"), node.SectionStates: states("41ed 0 0 /etc", "a1ff 0 0 /etc/cron.d>/srv/cron", "41ed 0 0 /srv", "41ed 0 0 /srv/cron")}, gap: "leads to the directory /srv/cron"},
		"a masked unit":                {sections: sections{node.SectionPlaces: data("l 777 0 0 /etc/systemd/system/x.service\x00/dev/null\x00")}},
		"what could not be looked at":  {sections: sections{node.SectionCommands: cron("cron\troot\t/home/mallory/x.sh\tprogram"), node.SectionStates: states("! 0 0 /home/mallory>Permission denied")}, gap: "/home/mallory/x.sh: /home/mallory could not be looked at: Permission denied"},
		"links without an end":         {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/round\tprogram"), node.SectionStates: states("a1ff 0 0 /opt/round>/opt/round", "? 0 0 /opt/round")}, gap: "lead on and on"},
		"a part of root that was cut":  {sections: sections{node.SectionCommands: {Data: []byte("/etc/crontab\t7\tcron\troot\t/opt/x\tprogram\n"), Cut: true}, node.SectionStates: states("81ff 0 0 /opt/x")}, want: "any account on pve1|/opt/x", gap: "cron tables and services the node told of too much"},
		"a part of users that was cut": {sections: sections{node.SectionSetID: data("F 4755 1000 0 9 /tmp/x\x00"), node.SectionOthers: {Cut: true}, node.SectionCommands: cron("cron\troot\t/opt/x\tprogram"), node.SectionStates: states("81ff 0 0 /opt/x")}, want: "any account on pve1|/opt/x", gap: "programs with special rights"},

		// access control lists
		"a list behind a mode":   {sections: sections{node.SectionPlaces: data("f 664 0 0 /etc/cron.d/x\x00\x00")}, gap: "/etc/cron.d/x has the mode 0664"},
		"a group without a name": {sections: sections{node.SectionPlaces: data("f 664 0 4711 /etc/cron.d/x\x00\x00")}, gap: "the group #4711"},

		// services and cron
		"an override without a user": {sections: sections{node.SectionCommands: data("/usr/lib/systemd/system/y.service\t1\tfile\ty.service\t-\t-\n/usr/lib/systemd/system/y.service\t3\tuser\ty.service\tbob\t-\n" +
			"/etc/systemd/system/y.service\t1\tfile\ty.service\t-\t-\n/etc/systemd/system/y.service\t4\tunit\ty.service\t/opt/y\tprogram\n"), node.SectionStates: states("81ed 1000 0 /opt/y")}, want: "bob on pve1|/opt/y|runs as root"},
		"a command of a service as root":   {sections: sections{node.SectionCommands: data("/etc/systemd/system/y.service\t1\tfile\ty.service\t-\t-\n/etc/systemd/system/y.service\t3\tuser\ty.service\tbob\t-\n/etc/systemd/system/y.service\t4\troot\ty.service\t/opt/y\tprogram\n"), node.SectionStates: states("81ed 1000 0 /opt/y")}, want: "bob on pve1|/opt/y|runs as root"},
		"a directory in which a job runs":  {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/app\tdirectory"), node.SectionStates: states("41ed 1000 0 /opt/app")}, want: "bob on pve1|/opt/app, in which a command runs as root"},
		"a job as another account":         {sections: sections{node.SectionCommands: cron("as\tbob\t/home/bob/run\tscript"), node.SectionStates: states("41c0 1000 0 /home/bob", "81ed 1000 0 /home/bob/run")}},
		"a job of an account as another":   {sections: sections{node.SectionCommands: cron("as\tbob\t/opt/run\tscript"), node.SectionStates: states("81ed 1001 0 /opt/run"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "eve on pve1|/opt/run|run as bob|group docker"},
		"a command that is not understood": {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/jobs/*.sh\tunclear")}, gap: "/etc/crontab:7 runs /opt/jobs/*.sh, which pvesec does not understand"},
		"a cron table of an account":       {sections: sections{node.SectionJobs: data("/var/spool/cron/crontabs/bob\t1\tcron\tbob\t/opt/y\tprogram\n"), node.SectionStates: states("81ed 1001 0 /opt/y"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "eve on pve1|/opt/y|group docker"},

		"a file that a job is given": {sections: sections{node.SectionCommands: cron("cron\troot\t/opt/a.jar\targument"), node.SectionStates: states("81a4 1001 0 /opt/a.jar")}, gap: "/etc/crontab:7 gives /opt/a.jar to a command, which others than root can change (/opt/a.jar: mode 0644, owner eve"},
		"a file of its account that a service is given": {sections: sections{node.SectionCommands: data("/etc/systemd/system/y.service\t1\tfile\ty.service\t-\t-\n/etc/systemd/system/y.service\t3\tuser\ty.service\teve\t-\n/etc/systemd/system/y.service\t4\tunit\ty.service\t/opt/a.jar\targument\n"),
			node.SectionStates: states("81a4 1001 0 /opt/a.jar")}},
		"a service of root as another account": {sections: sections{node.SectionCommands: data("/etc/systemd/system/y.service\t4\tunitas\ty.service:bob\t/opt/y\tscript\n"), node.SectionStates: states("81ed 1001 0 /opt/y"), node.SectionGroup: replaced("docker:x:110:", "docker:x:110:bob")}, want: "eve on pve1|/opt/y, which the service y.service runs as bob"},
		"a pattern in a place":                 {sections: sections{node.SectionCommands: cron("cron\troot\t/etc/default/%p\tunclear")}},
		"a pattern that leads out of a place":  {sections: sections{node.SectionCommands: cron("cron\troot\t/etc/default/$X\tunclear")}, gap: "/etc/default/$X"},
		"a drop-in for all services":           {sections: sections{node.SectionCommands: data("/etc/systemd/system/service.d/a.conf\t2\tuser\tevery.service\troot\t-\n/etc/systemd/system/y.service\t1\tfile\ty.service\t-\t-\n/etc/systemd/system/y.service\t3\tuser\ty.service\teve\t-\n/etc/systemd/system/y.service\t4\tunit\ty.service\t/opt/y\tprogram\n"), node.SectionStates: states("81ed 1001 0 /opt/y")}, want: "eve on pve1|/opt/y, which the service y.service runs as root"},

		// sudo from elsewhere
		"grants of a directory":           {sections: sections{node.SectionSwitch: data("passwd: files\nsudoers: files [success=continue] sss\n")}, gap: "grants also come from sss"},
		"another plugin of sudo":          {sections: sections{node.SectionPlugins: data("Plugin sudoers_policy /opt/my.so\n")}, gap: "names a plugin"},
		"the plugin of sudo":              {sections: sections{node.SectionPlugins: data("Plugin sudoers_policy sudoers.so\nPlugin sudoers_io sudoers.so\n")}},
		"sudo allows more than the files": {sections: sections{node.SectionAllowed: data("\x01eve\nUser eve may run the following commands on pve1:\n    (ALL) ALL\n")}, gap: "gives it commands that the sudoers files do not give: (ALL) ALL"},
		"sudo tells of a denial":          {sections: sections{node.SectionAllowed: data("\x01eve\nUser eve may run the following commands on pve1:\n    (root) !ALL\n")}, files: map[string]string{"/etc/sudoers": "eve ALL=(root) !ALL\n"}},

		// su, pkexec and doas
		"a group that su trusts":        {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth sufficient pam_wheel.so trust group=ops\n")}, want: "eve on pve1|member of group ops|may become root without a password (su)|/etc/pam.d/su:15: auth sufficient"},
		"the group wheel":               {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth       sufficient pam_wheel.so trust\n"), node.SectionGroup: data(group + "wheel:x:112:eve\n")}, want: "eve on pve1|member of group wheel|without a password"},
		"no group wheel":                {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth sufficient /lib/security/pam_wheel.so use_uid trust\n"), node.SectionGroup: replaced("root:x:0:", "root:x:0:eve")}, want: "eve on pve1|member of group root|without a password"},
		"all but a group":               {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:-auth [success=done default=ignore] pam_wheel.so deny trust group=none\n")}, want: "bob on pve1|without a password|(if the line ends the check of who asks ([success=done default=ignore]))"},
		"a group that must be":          {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth required pam_wheel.so trust group=ops\n/etc/pam.d/su:16:auth sufficient pam_wheel.so group=ops\n/etc/pam.d/su:17:account sufficient pam_wheel.so trust group=ops\n")}},
		"a group that is not there":     {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth sufficient pam_wheel.so trust group=none\n")}},
		"a line of PAM that goes on":    {sections: sections{node.SectionElevation: data("/etc/pam.d/su:15:auth sufficient pam_wheel.so \\\n")}, gap: "/etc/pam.d/su:15:auth sufficient pam_wheel.so"},
		"doas":                          {sections: sections{node.SectionElevation: data("/etc/doas.conf\n")}, gap: "/etc/doas.conf lets accounts run commands as others"},
		"pkexec for the group sudo":     {sections: sections{node.SectionSetID: data("F 4755 0 0 9 /usr/bin/pkexec\x00"), node.SectionPackages: data("pkexec: /usr/bin/pkexec\n"), node.SectionGroup: data(group + "sudo:x:27:eve\n")}, want: "eve on pve1|member of group sudo|with pkexec"},
		"the group sudo with no pkexec": {sections: sections{node.SectionGroup: data(group + "sudo:x:27:eve\n")}},

		// sshd
		"another directory of sshd":   {sections: sections{node.SectionMatch: data("/etc/ssh/sshd_config:3:Include /etc/ssh/local/*\n")}, gap: "/etc/ssh/local"},
		"the directory of sshd":       {sections: sections{node.SectionMatch: data("/etc/ssh/sshd_config:3:Include /etc/ssh/sshd_config.d/*.conf\n")}},
		"a group of a directory":      {sections: sections{node.SectionSSHD: data("allowgroups DOM\\admins\n"), node.SectionKeys: data("/root/.ssh/authorized_keys\x001:" + foreignKey + "\n")}, want: "logs in as root", gap: "whom it lets in is not known"},
		"a group with a blank":        {sections: sections{node.SectionSSHD: data("allowgroups domain admins\n"), node.SectionKeys: data("/root/.ssh/authorized_keys\x001:" + foreignKey + "\n")}, want: "logs in as root", gap: "domain admins"},
		"a denial with a bracket":     {sections: sections{node.SectionSSHD: data("denyusers r[o\n"), node.SectionKeys: data("/root/.ssh/authorized_keys\x001:" + foreignKey + "\n")}, want: "logs in as root"},
		"a denial with a star":        {sections: sections{node.SectionSSHD: data("denyusers r*t\n"), node.SectionKeys: data("/root/.ssh/authorized_keys\x001:" + foreignKey + "\n")}},
		"an authority of keys":        {sections: sections{node.SectionKeys: data("/root/.ssh/authorized_keys\x001:cert-authority " + foreignKey + "\n")}, want: "logs in as root|signs certificates", gap: "authority"},
		"a key file that is too long": {sections: sections{node.SectionKeys: {Complaint: "/home/bob/.ssh/authorized_keys: is longer than 256 KiB, the rest was not read\n"}}, gap: "longer than 256 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := report(t, &fake{Sections: test.sections, Files: test.files})
			var told, gaps []string
			found := test.want == ""
			for _, p := range r.Paths {
				text := posture.Describe(p)
				told = append(told, text)
				all := test.want != ""
				for part := range strings.SplitSeq(test.want, "|") {
					all = all && strings.Contains(text, part)
				}
				found = found || all
			}
			for _, g := range r.Gaps {
				gaps = append(gaps, fmt.Sprintf("%s %s", g.About, g.Reason))
			}
			if !found || test.want == "" && len(told) > 0 {
				t.Errorf("want %q, got paths\n%s", test.want, strings.Join(told, "\n"))
			}
			if all := strings.Join(gaps, "\n"); test.gap != "*" && (!strings.Contains(all, test.gap) || test.gap == "" && all != "") {
				t.Errorf("want the gap %q, got\n%s", test.gap, all)
			}
		})
	}
}

// TestABitOfADistributionStays: where a program has a set-id bit of its package and another one, only the other one
// leads somewhere, and the remedy takes only that.
func TestABitOfADistributionStays(t *testing.T) {
	t.Parallel()
	sections := map[string]node.Section{node.SectionSetID: data("F 6755 0 42 9 /usr/bin/chage\x00"), node.SectionGroup: data(group + "shadow:x:42:\n"), node.SectionPackages: data("passwd: /usr/bin/chage\n")}
	r := report(t, &fake{Sections: sections})
	var remedies []string
	for _, s := range r.Graph.Steps() {
		if s.Way == "set-id" {
			remedies = append(remedies, s.Does+": "+s.Remedy)
		}
	}
	if want := "may run /usr/bin/chage, which runs as root: chmod u-s -- /usr/bin/chage"; strings.Join(remedies, "\n") != want {
		t.Errorf("got %q, want %q", remedies, want)
	}
	sections[node.SectionSetID] = data("F 6755 0 0 9 /opt/x\x00")
	if r = report(t, &fake{Sections: sections}); len(r.Cuts) == 0 || r.Cuts[0].Step.Remedy != "chmod ug-s -- /opt/x" {
		t.Errorf("cuts %+v", r.Cuts)
	}
}

// TestOneStepForEachPlace: what one change of a file takes away is one step, and the change is told first.
func TestOneStepForEachPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sections map[string]node.Section
		remedy   string
	}{
		"a place": {map[string]node.Section{node.SectionPlaces: data("d 755 1000 0 /usr/local/bin\x00\x00"), node.SectionStates: states("41ed 1000 0 /usr/local/bin")}, "chown -h root -- /usr/local/bin"},
		"a cron table": {map[string]node.Section{node.SectionPlaces: data("f 646 0 0 /etc/crontab\x00\x00"), node.SectionStates: states("81a6 0 0 /etc/crontab"),
			node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/etc/crontab\tprogram\n")}, "chmod o-w -- /etc/crontab"},
		"one script on two lines": {map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/opt/x\tprogram\n/etc/crontab\t8\tcron\troot\t/opt/x\tprogram\n"), node.SectionStates: states("81ed 1000 0 /opt/x")}, "chown -h root -- /opt/x"},
		"what is above many":      {map[string]node.Section{node.SectionStates: states("41ed 1000 0 /usr")}, "chown -h root -- /usr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := report(t, &fake{Sections: test.sections})
			steps := 0
			for _, s := range r.Graph.Steps() {
				if s.To == "root:pve1" && s.Way != "group" {
					steps++
				}
			}
			if steps != 1 {
				t.Errorf("%d steps: %+v", steps, r.Graph.Steps())
			}
			if len(r.Cuts) == 0 || r.Cuts[0].Step.Remedy != test.remedy {
				t.Errorf("cuts %+v", r.Cuts)
			}
		})
	}
}

// TestCutOfASudoersLine: a line that leads to root in several ways is one change.
func TestCutOfASudoersLine(t *testing.T) {
	t.Parallel()
	r := report(t, &fake{Files: map[string]string{"/etc/sudoers": "eve ALL=(ALL) /usr/bin/vim, /usr/bin/less, /opt/none/x\n"}})
	if len(r.Cuts) == 0 || !strings.Contains(r.Cuts[0].Step.Evidence, "/etc/sudoers:1") || strings.Join(r.Cuts[0].Frees, " ") != "linux_account:pve1/eve" {
		t.Errorf("cuts %+v of %+v", r.Cuts, r.Paths)
	}
}

// TestManyProgramsOfAUser: what a user makes many of is bounded, told, and hides nothing of root.
func TestManyProgramsOfAUser(t *testing.T) {
	t.Parallel()
	var records, jobs strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&records, "F 4755 1000 0 9 /tmp/%d\x00", i)
		fmt.Fprintf(&jobs, "/var/spool/cron/crontabs/bob\t%d\tcron\tbob\t/opt/%d/*\tunclear\n", i+1, i)
	}
	f := &fake{Sections: map[string]node.Section{node.SectionSetID: data(records.String() + "F 4755 0 0 9 /opt/rescue\x00"), node.SectionJobs: data(jobs.String())}}
	r := report(t, f)
	if n := len(f.Asked[1].Others); n > 1100 {
		t.Errorf("the node was asked about %d programs", n)
	}
	if n := len(f.Asked[1].Owned); n > 0 {
		t.Errorf("dpkg was asked about %d programs that no package has", n)
	}
	found := false
	for _, p := range r.Paths {
		found = found || strings.Contains(posture.Describe(p), "/opt/rescue")
	}
	if !found || len(r.Gaps) > 200 {
		t.Errorf("the program of root was found: %t; %d gaps", found, len(r.Gaps))
	}
}

// TestKeysOfNodes: nodes of a cluster let each other's root in. Who holds such a key is root of a node already.
func TestKeysOfNodes(t *testing.T) {
	t.Parallel()
	key := node.Section{Data: []byte("/root/.ssh/authorized_keys\x001:" + foreignKey + "\n")}
	collect := func(name string, section node.Section, files ...string) *posture.Node {
		n, err := posture.Collect(t.Context(), &fake{Sections: map[string]node.Section{node.SectionKeys: section, node.SectionStates: states(files...)}}, node.Target{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	holder := collect("pve2", data("/root/.ssh/id_rsa.pub\x001:"+foreignKey+"\n"), "8180 0 0 /root/.ssh/id_rsa")
	if r := posture.NewReport([]*posture.Node{collect("pve1", key), holder}, nil, nil); len(r.Paths) != 0 || r.Counts().Root != 0 {
		t.Errorf("%d paths, %+v", len(r.Paths), r.Counts())
	}
	if r := posture.NewReport([]*posture.Node{collect("pve1", key)}, nil, nil); len(r.Paths) != 1 || r.Counts().Root != 1 {
		t.Errorf("a stranger: %d paths, %+v", len(r.Paths), r.Counts())
	}
	both := data("/root/.ssh/id_rsa.pub\x001:" + foreignKey + "\n" + string(key.Data))
	if r := posture.NewReport([]*posture.Node{collect("pve1", both)}, nil, nil); len(r.Paths) != 1 {
		t.Errorf("a public key whose private half is not there: %d paths", len(r.Paths))
	}
	if r := posture.NewReport([]*posture.Node{collect("pve1", both, "8180 0 0 /root/.ssh/id_rsa")}, nil, nil); len(r.Paths) != 0 {
		t.Errorf("root's own key: %d paths", len(r.Paths))
	}
}

// TestMarkdownOfOthers: text of others stays text, whatever it holds, and no line begins with it.
func TestMarkdownOfOthers(t *testing.T) {
	t.Parallel()
	for _, comment := range []string{"~~~", "```", "```mermaid", "@org/team https://evil.example", "$x$ <b> | a", "1. x", "- x", "# x", "`", "``x`"} {
		r := report(t, &fake{Sections: map[string]node.Section{node.SectionKeys: data("/root/.ssh/authorized_keys\x001:" + strings.Replace(foreignKey, "stranger@elsewhere", comment, 1) + "\n")}})
		text := r.Markdown()
		if strings.Count(text, "\n```") != 2 || strings.Contains(text, "\n~") {
			t.Errorf("%q begins a line:\n%s", comment, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| `") && strings.Count(line, "|") != 4 && strings.Count(line, "|") != 5 {
				t.Errorf("%q parts a table: %s", comment, line)
			}
			if at := strings.Index(line, comment); at >= 0 && !strings.HasPrefix(line, "  ") && !strings.Contains(comment, "`") && !strings.Contains(line[:at], "`") {
				t.Errorf("%q is no code: %s", comment, line)
			}
		}
	}
}

// TestManyPathsHideNobody: who makes many paths does not hide those of the others, in the list and in the report.
func TestManyPathsHideNobody(t *testing.T) {
	t.Parallel()
	var records strings.Builder
	for i := range 900 {
		fmt.Fprintf(&records, "F 4755 1000 0 9 /tmp/%d\x00", i)
	}
	r := report(t, &fake{Sections: map[string]node.Section{node.SectionSetID: data(records.String()), node.SectionGroup: data(strings.Replace(group, "docker:x:110:", "docker:x:110:bob,eve", 1))}})
	if len(r.Paths) > 300 || r.Counts().Paths < 900 {
		t.Errorf("%d paths are listed of %d", len(r.Paths), r.Counts().Paths)
	}
	told := false
	for _, g := range r.Gaps {
		told = told || g.About == "paths that are not listed"
	}
	if !told || !strings.Contains(r.Markdown(), "`eve on pve1`") {
		t.Errorf("told: %t\n%s", told, r.Markdown())
	}
}

// TestGapsOfUsersHideNone: what a user writes many of into his own files is one gap, and the gaps of root stay.
func TestGapsOfUsersHideNone(t *testing.T) {
	t.Parallel()
	var keys, records strings.Builder
	for i := range 200 {
		fmt.Fprintf(&keys, "/home/bob/.ssh/authorized_keys\x00%d:ssh-rsa AAAAx\n/home/bob/.ssh/authorized_keys\x00%d:cert-authority %s\n", 2*i+1, 2*i+2, foreignKey)
		fmt.Fprintf(&records, "F 4755 %d 0 9 /tmp/%d\x00F 4755 1000 0 9 /tmp/a\n%d\x00", 100000+i, i, i)
	}
	r := report(t, &fake{Sections: map[string]node.Section{node.SectionKeys: data(keys.String()), node.SectionSetID: data(records.String() + "P nfs4 0 0 0 /zzz\x00"), node.SectionOthers: {Cut: true},
		node.SectionSSHD: data("authorizedkeyscommand /usr/bin/sss\ntrustedusercakeys /etc/ssh/ca\nauthorizedkeysfile .ssh/authorized_keys\n")}})
	all := ""
	for _, g := range r.Gaps {
		all += g.About + ": " + g.Reason + "\n"
	}
	for _, want := range []string{"sshd asks /usr/bin/sss", "the authorities in /etc/ssh/ca", "/zzz is a file system", "programs with special rights and cron tables of accounts: the node told of too much", "cannot be read as a key, and 199 more lines", "certificates of an authority; who has one is not known, and 199 more lines"} {
		if !strings.Contains(all, want) {
			t.Errorf("no gap %q", want)
		}
	}
	if len(r.Gaps) > 130 {
		t.Errorf("%d gaps", len(r.Gaps))
	}
}

// TestServiceOfAnAccountNamesAnother: only root changes to another account without more, so that what the service of an
// account says of one gives nobody that one.
func TestServiceOfAnAccountNamesAnother(t *testing.T) {
	t.Parallel()
	const file = "/etc/systemd/system/y.service\t"
	r := report(t, &fake{Sections: map[string]node.Section{node.SectionCommands: data(file + "1\tfile\ty.service\t-\t-\n" + file + "3\tuser\ty.service\teve\t-\n" + file + "4\tunitas\ty.service:bob\t/opt/y\tscript\n"),
		node.SectionStates: states("81ed 1001 0 /opt/y")}})
	for _, s := range r.Graph.Steps() {
		if s.Way == "unit" {
			t.Errorf("%+v", s)
		}
	}
}
