package posture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
)

// foreignKey and otherKey are public keys that nobody has the private keys of.
const (
	foreignKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILdWpseX9KDBpi2XWpsFd3oIqQWlGnt1dunwKlzKW2Us stranger@elsewhere"
	otherKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL0dNlV/suWgas4zR6sjgRd7NYWLEF0JZrTBPbSnjwlH laptop@elsewhere"
)

// fake is a node that tells what a test has it tell.
type fake = posturetest.Node

const (
	passwd = posturetest.Passwd
	group  = posturetest.Group
)

func data(text string) node.Section { return posturetest.Data(text) }

func states(lines ...string) node.Section { return posturetest.States(lines...) }

func report(t *testing.T, f *fake) *posture.Report {
	t.Helper()
	n, err := posture.Collect(t.Context(), f, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Asked) != 2 {
		t.Errorf("%d surveys of one node", len(f.Asked))
	}
	return posture.NewReport([]*posture.Node{n}, nil, nil)
}

// TestCollect: what a node tells, and the paths and gaps that follow. A path is wanted by parts of its text; "" wants
// none at all.
func TestCollect(t *testing.T) {
	t.Parallel()
	const key = "/root/.ssh/authorized_keys\x003:from=\"10.0.0.1\",environment=\"TOKEN=abc\" " + foreignKey + "\n"
	for name, test := range map[string]struct {
		sections  map[string]node.Section
		files     map[string]string
		want, gap string
		not       string
	}{
		"a clean node":                  {},
		"a key of root":                 {sections: map[string]node.Section{node.SectionKeys: data(key)}, want: "stranger@elsewhere|logs in as root on pve1|/root/.ssh/authorized_keys:3|from the addresses", not: "abc"},
		"sshd lets root in with no key": {sections: map[string]node.Section{node.SectionKeys: data(key), node.SectionSSHD: data("permitrootlogin no\n")}},
		"sshd takes no keys":            {sections: map[string]node.Section{node.SectionKeys: data(key), node.SectionSSHD: data("pubkeyauthentication no\n")}},
		"sshd lets others in only":      {sections: map[string]node.Section{node.SectionKeys: data(key), node.SectionSSHD: data("allowusers bob\n")}},
		"a line that is no key":         {sections: map[string]node.Section{node.SectionKeys: data("/root/.ssh/authorized_keys\x001:ssh-ed25519 AAAA-broken\n")}, gap: "line 1 of /root/.ssh/authorized_keys cannot be read as a key"},
		"a Match block":                 {sections: map[string]node.Section{node.SectionMatch: data("/etc/ssh/sshd_config:9:Match User bob\n")}, gap: "Match block"},
		"no sshd":                       {sections: map[string]node.Section{node.SectionSSHD: {Lacks: "sshd", Status: 127}}, gap: "does not have sshd"},
		"no getcap":                     {sections: map[string]node.Section{node.SectionCapabilities: {Lacks: "getcap", Status: 127}}, gap: "does not have getcap"},
		"a walk that took too long":     {sections: map[string]node.Section{node.SectionSetID: {Status: 124}}, gap: "took too long"},
		"a walk that met an error":      {sections: map[string]node.Section{node.SectionSetID: {Status: 1, Complaint: "find: '/mnt/x': Input/output error"}}, gap: "Input/output error"},
		"what is not there":             {sections: map[string]node.Section{node.SectionPlaces: {Status: 1, Complaint: "find: '/etc/grub.d': No such file or directory"}}},
		"a disk of another machine":     {sections: map[string]node.Section{node.SectionSetID: data("P nfs4 0 0 0 /mnt/nas\x00P proc 0 0 0 /proc\x00")}, gap: "/mnt/nas"},
		"disks of guests":               {sections: map[string]node.Section{node.SectionSetID: data("P guest 0 0 0 /rpool/data/subvol-100-disk-0\x00P guest 0 0 0 /rpool/data/subvol-101-disk-0\x00")}, gap: "2 file systems of guests were not searched: root of a privileged container can put one there: /rpool/data/subvol-100-disk-0 /rpool/data/subvol-101-disk-0"},
		"a directory service":           {sections: map[string]node.Section{node.SectionSwitch: data("passwd: files sss # x\ngroup:files\n")}, gap: "sss"},
		"hosts that are trusted":        {sections: map[string]node.Section{node.SectionSSHD: data("hostbasedauthentication yes\n")}, gap: "hosts"},
		"nonsense":                      {sections: map[string]node.Section{node.SectionPasswd: data(passwd + "broken\n")}, gap: "not of passwd(5)"},
		"a set-id program of a package": {sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /usr/bin/su\x00")}},
		"a set-id program of none that has the name of one": {sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /usr/bin/pkexec\x00")}, want: "any account on pve1|/usr/bin/pkexec"},
		"a set-id program where nobody gets":                {sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /root/x\x00"), node.SectionStates: states("41c0 0 0 /root", "41ed 0 0 /")}},
		"a set-id program of a group":                       {sections: map[string]node.Section{node.SectionSetID: data("F 4750 0 111 9 /opt/x\x00")}, want: "eve on pve1|member of group ops|/opt/x"},
		"a set-id program of an account": {sections: map[string]node.Section{node.SectionSetID: data("F 4755 1000 0 9 /opt/x\x00"), node.SectionGroup: data(strings.Replace(group, "docker:x:110:", "docker:x:110:bob", 1))},
			want: "any account on pve1|runs as bob|group docker"},
		"a harmless capability":              {sections: map[string]node.Section{node.SectionCapabilities: data("/usr/bin/ping cap_net_raw=ep\n")}},
		"a capability":                       {sections: map[string]node.Section{node.SectionCapabilities: data("/opt/a b/x cap_net_raw,cap_dac_override=ep\n"), node.SectionStates: states("81ed 0 0 /opt/a b/x")}, want: "any account on pve1|/opt/a b/x"},
		"a writable cron table":              {sections: map[string]node.Section{node.SectionPlaces: data("f 664 0 111 /etc/cron.d/x\x00\x00")}, want: "eve on pve1|member of group ops|/etc/cron.d/x"},
		"a file of an id without an account": {sections: map[string]node.Section{node.SectionPlaces: data("f 644 4711 0 /etc/cron.d/x\x00\x00")}, want: "any account on pve1|#4711"},
		"a group without members":            {sections: map[string]node.Section{node.SectionPlaces: data("f 664 0 110 /etc/cron.d/x\x00\x00")}},
		"a cron job": {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/opt/x/y\tprogram\n"), node.SectionStates: states("81ed 0 0 /opt/x/y", "41ed 1000 0 /opt/x", "41ed 0 0 /opt")},
			want: "bob on pve1|/opt/x/y|/etc/crontab:7|/opt/x: mode 0755, owner bob"},
		"a cron job that is not there yet, in a directory where everyone can put it": {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/tmp/y\tprogram\n"), node.SectionStates: states("43ff 0 0 /tmp")},
			want: "any account on pve1|/tmp/y"},
		"a cron job in a sticky directory": {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/tmp/y\tprogram\n"), node.SectionStates: states("43ff 0 0 /tmp", "81ed 0 0 /tmp/y")}},
		"a log that a job writes":          {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/var/log/y\targument\n"), node.SectionStates: states("81b6 0 0 /var/log/y")}, gap: "/etc/crontab:7 gives /var/log/y to a command, which others than root can change"},
		"a log that a job writes to":       {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/var/log/y\toutput\n"), node.SectionStates: states("81b6 0 0 /var/log/y")}},
		"a log that others can replace":    {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/srv/log/y\toutput\n"), node.SectionStates: states("41ed 1000 0 /srv/log", "81a4 0 0 /srv/log/y")}, gap: "/etc/crontab:7 writes /srv/log/y"},
		"a program that a job is given":    {sections: map[string]node.Section{node.SectionCommands: data("/etc/crontab\t7\tcron\troot\t/opt/y\targument\n"), node.SectionStates: states("81ff 0 0 /opt/y")}, want: "any account on pve1|/opt/y"},
		"a job of an account":              {sections: map[string]node.Section{node.SectionCommands: data("/etc/cron.d/y\t1\tcron\tbob\t/opt/y\tprogram\n"), node.SectionStates: states("81ff 0 0 /opt/y")}},
		"a service of an account":          {sections: map[string]node.Section{node.SectionCommands: data("/etc/systemd/system/y.service\t3\tuser\ty.service\tbob\t-\n/etc/systemd/system/y.service\t4\tunit\ty.service\t/opt/y\tprogram\n"), node.SectionStates: states("81ff 0 0 /opt/y")}},
		"a service that a drop-in gives back to root": {sections: map[string]node.Section{node.SectionCommands: data("/usr/lib/systemd/system/y.service\t3\tuser\ty.service\tbob\t-\n/etc/systemd/system/y.service.d/a.conf\t2\tuser\ty.service\troot\t-\n" +
			"/usr/lib/systemd/system/y.service\t4\tunit\ty.service\t/opt/y\tprogram\n"), node.SectionStates: states("81ff 0 0 /opt/y")}, want: "any account on pve1|/opt/y"},
		"sudo":                          {files: map[string]string{"/etc/sudoers": "eve ALL=(ALL) /usr/bin/less /var/log/syslog\n"}, sections: map[string]node.Section{node.SectionAllowed: data("\x01eve\nUser eve may run the following commands on pve1:\n")}, want: "eve on pve1|/etc/sudoers:1|less"},
		"sudo that says something else": {files: map[string]string{"/etc/sudoers": "eve ALL=(ALL) ALL\n"}, sections: map[string]node.Section{node.SectionAllowed: data("\x01eve\nUser eve is not allowed to run sudo on pve1.\n")}, want: "eve on pve1", gap: "not allowed to run sudo"},
		"a line that sudo skips":        {files: map[string]string{"/etc/sudoers": "eve ALL=\n"}, gap: "malformed"},
		"hidden characters":             {sections: map[string]node.Section{node.SectionPlaces: data("f 666 0 0 /etc/cron.d/a\u202eb\n|x\x00\x00")}, want: "any account on pve1|/etc/cron.d/a", not: "\u202e"},
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
				gaps = append(gaps, fmt.Sprint(g))
			}
			if !found || test.want == "" && len(told) > 0 {
				t.Errorf("want %q, got paths\n%s", test.want, strings.Join(told, "\n"))
			}
			if all := strings.Join(gaps, "\n"); !strings.Contains(all, test.gap) || test.gap == "" && all != "" {
				t.Errorf("want the gap %q, got\n%s", test.gap, all)
			}
			if all := strings.Join(told, "") + r.Markdown() + r.Graph.OpenGraph(); test.not != "" && strings.Contains(all, test.not) {
				t.Errorf("the report has %q", test.not)
			}
		})
	}
}

// TestOnly reports on some subjects; their paths still lead through everyone.
func TestOnly(t *testing.T) {
	t.Parallel()
	r := report(t, &fake{Sections: map[string]node.Section{node.SectionSetID: data("F 4755 0 0 9 /opt/x\x00")}})
	if missing := r.Only([]string{"bob", "nobody-has-it"}); len(missing) != 1 || missing[0] != "nobody-has-it" {
		t.Errorf("missing: %v", missing)
	}
	if len(r.Subjects) != 1 || r.Subjects[0].Name != "bob" || !r.Subjects[0].Root || len(r.Paths) != 1 || len(r.Paths[0].Steps) != 2 {
		t.Errorf("%+v\n%+v", r.Subjects, r.Paths)
	}
	if len(r.Cuts) == 0 || strings.Join(r.Cuts[0].Frees, " ") != "linux_account:pve1/bob" {
		t.Errorf("cuts %+v", r.Cuts)
	}
	if r.Subjects[0].Kind != paths.Account || r.Counts().Root != 1 {
		t.Errorf("counts %+v", r.Counts())
	}
}
