package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestHazards: option values by which a caller, or a reader of sudo's output, gets root or root's files.
func TestHazards(t *testing.T) {
	t.Parallel()
	of := func(line string) []string {
		tree := treeOf(t, "Defaults lecture=always, log_output, log_servers=10.0.0.9\nDefaults "+line+"\nop ALL=/bin/a\n")
		var names []string
		for _, h := range hazardsOf(tree, true) {
			if h.Why == "" || h.Effect.What == "" || h.Fix == "" {
				t.Errorf("%s: %+v", line, h)
			}
			names = append(names, h.Option)
		}
		return names
	}
	for line, option := range map[string]string{
		"lecture_file=/etc/shadow, lecture=always": "lecture_file", "lecture_file=/root/x": "lecture_file", "lecture_file=/etc/../root/lecture": "lecture_file", "lecture_file=/tmp/lecture": "lecture_file",
		"editor=/home/op/vi": "editor", `editor="/usr/bin/env /home/op/vi"`: "editor", `editor="/usr/bin/vim -S /home/op/x"`: "editor", "editor=/usr/bin/vi:/tmp/vi": "editor", `group_plugin="group_file.so /tmp/groups"`: "group_plugin", `group_plugin="group_file.so groups"`: "group_plugin",
		"logfile=/var/log/clamav/x": "logfile", "iolog_dir=/var/log/clamav": "iolog_dir", "iolog_dir=/var/log/pve/tasks": "iolog_dir", "logfile=/var/log/pve/tasks/log": "logfile",
		"logfile=/var/log/pveproxy/x": "logfile", "iolog_dir=/var/log/postgresql": "iolog_dir", "group_plugin=/home/op/x.so": "group_plugin",
		"iolog_dir=/tmp/io": "iolog_dir", "iolog_dir=/etc/cron.d": "iolog_dir",
		"iolog_file=../../etc/cron.d/x": "iolog_file", "logfile=/etc/profile": "logfile", "logfile=/tmp/log": "logfile", "logfile=/var/spool/cron/crontabs/root": "logfile", "timestampdir=/tmp/ts": "timestampdir",
		"timestampowner=op": "timestampowner", "lecture_status_dir=/home/op": "lecture_status_dir", "iolog_user=op": "iolog_user", "env_file=/home/op/env": "env_file",
		"env_file=/etc/hosts": "env_file", "env_file=/etc/icinga2/env": "env_file", "env_file=/etc/network/interfaces": "env_file", "env_file=/etc/resolv.conf": "env_file", "log_servers=localhost(tls), !log_server_verify": "log_servers",
		"log_servers=\"10.0.0.9 pve1(tls)\", !log_server_verify": "log_servers", "log_server_cabundle=/tmp/ca.pem": "log_server_cabundle", "secure_path=/usr/bin\\:/tmp": "secure_path",
		"mailerpath=/home/op/mailer": "mailerpath", "secure_path=/usr/bin\\:/var/www/bin": "secure_path", "secure_path=/usr/bin\\:": "secure_path", "env_file=/var/spool/cron/crontabs/op": "env_file", "log_server_peer_key=/srv/op/key": "log_server_peer_key",
		"group_plugin=sss.so": "group_plugin", "iolog_dir=/var/lib/vz/snippets": "iolog_dir", "iolog_mode=0666": "iolog_mode", "iolog_mode=0644": "iolog_mode", "umask=0000": "umask", "umask=0, umask_override": "umask", "umask=0020": "umask",
		"umask=0777": "umask", "!umask": "umask", "umask=0002": "umask", "rlimit_core=infinity": "rlimit_core", "rlimit_core=user": "rlimit_core", "rlimit_core=default": "rlimit_core", "!rlimit_core": "rlimit_core",
		"logfile=/var/lib/dpkg/info/sudo.postinst": "logfile", "logfile=/var/spool/cron/crontabs/syslog": "logfile", "logfile=/run/systemd/system/rsyslog.service.d/x.conf": "logfile", "iolog_dir=/srv/blog/htdocs": "iolog_dir",
		"logfile=/var/spool/cron/crontabs/sudo": "logfile", "logfile=/run/udev/rules.d/log": "logfile", "logfile=/var/lib/vz/snippets/log": "logfile", "iolog_dir=/opt/log/bin": "iolog_dir", "logfile=/srv/www/log": "logfile",
		"iolog_dir=/var/lib/apt/logs": "iolog_dir", "timestampdir=/opt/catalog/x": "timestampdir", "lecture_status_dir=/srv/pseudosudo": "lecture_status_dir",
		"env_file=/etc/pve/qemu-server/100.conf": "env_file", "env_file=/etc/../etc/pve/nodes/pve1/config": "env_file", "editor=/etc/pve/x": "editor",
		"log_servers=0": "log_servers", "log_servers=[\\:\\:ffff\\:127.0.0.1]\\:30343": "log_servers", "log_servers=2130706433": "log_servers",
		"log_servers=127.1": "log_servers", "log_servers=pve1": "log_servers", "log_servers=logs.example.com\\:30343": "log_servers", "log_servers=\"10.0.0.9, [fe80::1]:30343\"": "log_servers", "log_servers=0x7f000001": "log_servers",
		"log_servers=\"logs.example.com(tls) 0.0.0.0\"": "log_servers", "log_servers=[\\:\\:]": "log_servers", "stay_setuid": "stay_setuid", "pam_service=cron": "pam_service", "pam_login_service=other": "pam_login_service", "log_servers=localhost\\:30343": "log_servers", "log_servers=127.0.0.1": "log_servers",
	} {
		if got := of(line); !slices.Contains(got, option) {
			t.Errorf("%s: %v", line, got)
		}
	}
	for _, line := range []string{
		"restricted_env_file=/tmp/env", "log_servers=10.0.0.9(tls), !log_server_verify", "lecture_file=/etc/sudo.lecture", "lecture_file=/etc/issue", "lecture_file=/usr/share/doc/x", "!lecture_file", "editor=/usr/bin/vim.tiny", "mailerpath=/usr/sbin/sendmail, mailerflags=-t", "!mailerpath",
		"logfile=/var/log/sudo.log", "!logfile", "iolog_dir=/var/log", `group_plugin="system_group.so"`, "iolog_dir=/var/log/sudo-io/%{user}", "iolog_file=%{seq}", "timestampdir=/run/sudo/ts", "timestampowner=root", "iolog_user=root", "env_file=/etc/environment",
		`group_plugin="group_file.so /etc/sudo-groups"`, "secure_path=/usr/sbin\\:/usr/bin", "passprompt=x, badpass_message=y, insults", "admin_flag=~/.sudo_as_admin_successful",
		"umask=0022", "umask=0027", "umask=0077, umask_override", "rlimit_core=0", "iolog_mode=0640", "iolog_group=adm", "pam_service=sudo", "log_servers=logs.example.com\\:30344(tls)", "log_servers=10.0.0.9", "log_servers=localhost(tls)",
		"iolog_dir=/var/log", "iolog_dir=/srv/audit/sudo", "iolog_dir=/var/spool/sudo-io", "logfile=/srv/backup/logs/sudo.log", "iolog_dir=/var/lib/sudo-io/%{user}", "logfile=/opt/logs/agent.log", "iolog_dir=/data/sudo_logs",
		"log_servers=\"10.0.0.9:30343 [2001:db8::9]:30344\"", "log_servers=2001\\:db8\\:\\:9", "env_file=/etc/pve-env", "logfile=/var/log/sudo/agent.log", "!stay_setuid", "timestampdir=/run/sudo/ts", "lecture_status_dir=/var/lib/sudo/lectured", "passwd_tries=3, timestamp_timeout=5",
	} {
		if got := of(line); len(got) > 0 {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// hazardsOf are the hazards of a command that op is granted. Whole tells that the node has no other file.
func hazardsOf(tree *sudoers.Tree, whole bool) []Hazard {
	d := Decide(tree, request("/bin/a"))
	return Hazards(d.Settings, UsesOf(tree, Question{Subject: Subject{Name: "op"}}, whole), Subject{Name: "op"})
}

// TestUses: a dangerous value counts where the option takes effect. What another file of the node may turn on is told
// with that condition, and not at all where there is no other file.
func TestUses(t *testing.T) {
	t.Parallel()
	const grant = "\nop ALL=NOPASSWD: /bin/a"
	for _, c := range []struct{ text, alone, whole string }{
		{"Defaults:op editor=/home/op/vi" + grant, "", ""},
		{"Defaults!/bin/a editor=/home/op/vi" + grant, "", ""},
		{"Defaults editor=/home/op/vi" + grant, "used if", "used if"},
		{"Defaults:ALL,!op editor=/home/op/vi" + grant, "used if", "used if"},
		{"Defaults editor=/home/op/vi\nDefaults:root editor=/usr/bin/vi" + grant, "used if", "used if"}, // in the sudoedit of others
		{"Defaults editor=/home/op/vi\nDefaults:root editor=/usr/bin/vi\nDefaults editor=/usr/bin/nano" + grant, "", ""},
		{"Defaults lecture_file=/etc/shadow" + grant, "idle", ""},
		{"Defaults lecture_file=/etc/shadow, lecture=never" + grant, "idle", ""},
		{"Defaults lecture_file=/etc/shadow, !lecture" + grant, "idle", ""},
		{"Defaults lecture_file=/etc/shadow, lecture=never\nDefaults!/bin/b lecture=always" + grant, "used", "used"},
		{"Defaults lecture_file=/etc/shadow, lecture" + grant, "used", "used"},
		{"Defaults lecture_file=/etc/shadow, lecture=always, !authenticate" + grant, "idle", ""},
		{"Defaults lecture_file=/etc/shadow, lecture=always, !authenticate\nop ALL=PASSWD: /bin/b" + grant, "used", "used"},
		{"Defaults lecture_file=/etc/shadow, lecture=always, !authenticate\nDefaults!/bin/b authenticate" + grant, "used", "used"},
		{"Defaults lecture_file=/etc/shadow\nDefaults:bob lecture=always" + grant, "idle", ""},
		{"Defaults!/bin/b lecture_file=/etc/shadow, lecture=always" + grant, "used", "used"},
		{"Defaults!/bin/b iolog_dir=/tmp/io, log_output" + grant, "used if", "used if"}, // somebody else may run it
		{"Defaults!/bin/b iolog_dir=/etc/cron.d, log_output" + grant, "", ""},
		{"Defaults iolog_dir=/tmp/io" + grant, "idle", ""},
		{"Defaults iolog_dir=/tmp/io, log_output" + grant, "used", "used"},
		{"Defaults iolog_dir=/tmp/io, log_stdin" + grant, "used", "used"},
		{"Defaults iolog_dir=/tmp/io, !log_output, !log_input" + grant, "idle", ""},
		{"Defaults iolog_dir=/tmp/io, !log_output, !log_input\nop ALL=LOG_OUTPUT: /bin/a", "used", "used"},
		{"Defaults iolog_dir=/tmp/io, log_output\nop ALL=NOLOG_OUTPUT: /bin/a", "used", "used"},
		{"Defaults iolog_dir=/tmp/io, log_output\nop ALL=NOLOG_OUTPUT: NOLOG_INPUT: /bin/a", "used", "used"},
		{"Defaults iolog_dir=/tmp/io\nop ALL=NOLOG_OUTPUT: NOLOG_INPUT: /bin/a", "idle", ""},
		{"Defaults log_server_cabundle=/tmp/x" + grant, "idle", ""},
		{"Defaults log_server_cabundle=/tmp/x, log_servers=10.0.0.9" + grant, "used", "used"},
		{"Defaults log_servers=localhost" + grant, "minor if", "minor"},
		{"Defaults log_servers=localhost, log_output" + grant, "used", "used"},
		{"Defaults env_file=/etc/pve/x" + grant, "used if", "used if"},
		{"Defaults env_file=/home/op/x" + grant, "used", "used"},
		{`Defaults secure_path=/etc/icinga2\:/usr/bin` + grant, "used if", "used if"},
		{`Defaults secure_path=/etc/icinga2\:/tmp` + grant, "used", "used"},
		{"Defaults pam_service=cron" + grant, "used", "used"},

		// visudo goes by what Defaults say on the host where root runs it.
		{"Defaults editor=/home/op/vi\nDefaults@pve9 editor=/usr/bin/nano" + grant, "used if", "used if"},
		{"Defaults editor=/usr/bin/nano\nDefaults@pve9 editor=/home/op/vi\nDefaults@pve8 editor=/usr/bin/nano" + grant, "used if", "used if"},
		{"Defaults@pve9 editor=/home/op/vi\nDefaults editor=/usr/bin/nano" + grant, "", ""},
		{"Defaults@ALL,!pve9 editor=/usr/bin/nano\nDefaults:#0 editor=/home/op/vi" + grant, "used if", "used if"},
		{"Defaults editor=/home/op/vi\nDefaults@ALL editor=/usr/bin/nano" + grant, "", ""},
		{"Defaults editor=/home/op/vi\nDefaults:%admins editor=/usr/bin/nano" + grant, "used if", "used if"},
		{"Defaults:%admins editor=/home/op/vi" + grant, "used if", "used if"},

		// What a caller gets of the records is what others type and see.
		{"Defaults iolog_mode=0666\nDefaults:admin log_input, log_output" + grant, "used", "used"},
		{"Defaults log_servers=localhost\nDefaults:admin log_input" + grant, "used", "used"},
		{"Defaults log_servers=localhost\nadmin ALL=LOG_INPUT: ALL" + grant, "used", "used"},
		{"Defaults iolog_user=op\nadmin ALL=LOG_OUTPUT: ALL" + grant, "used", "used"},
		{"Defaults iolog_dir=/tmp/io\nDefaults@pve2 log_ttyout" + grant, "used", "used"},
		{"Defaults log_server_peer_key=/tmp/x\nDefaults:admin log_servers=10.0.0.9" + grant, "used", "used"},
		{"Defaults lecture_status_dir=/tmp/lectured\nDefaults:admin lecture=always" + grant, "used", "used"},

		// A command that is refused is logged, and asked a password for, by its own Defaults.
		{"Defaults!/bin/b logfile=/etc/profile" + grant, "used", "used"},
		{"Defaults>www-data logfile=/etc/profile" + grant, "used", "used"},
		{"Defaults@pve2 logfile=/etc/profile\nop pve1=/bin/b" + grant, "used", "used"},
		{"Defaults logfile=/etc/profile\nDefaults!/bin/a logfile=/var/log/sudo.log" + grant, "used", "used"},
		{"Defaults:op logfile=/etc/profile\nDefaults>root logfile=/var/log/sudo.log" + grant, "used", "used"},
		{"Defaults>www-data logfile=/etc/profile\nDefaults logfile=/var/log/sudo.log" + grant, "", ""},
		{"Defaults:admin logfile=/etc/profile" + grant, "", ""},
		{"Defaults!/bin/b pam_service=cron" + grant, "used", "used"},
		{"Defaults!/bin/b pam_login_service=cron" + grant, "used", "used"},
		{"Defaults!/bin/b timestampdir=/tmp/ts" + grant, "used", "used"},
		{"Defaults!/bin/b timestampowner=op" + grant, "used", "used"},
		{"Defaults!/bin/b group_plugin=/home/op/x.so" + grant, "used", "used"},
		{"Defaults!/bin/b log_servers=localhost" + grant, "minor if", "minor"},
		{"Defaults!/bin/b log_servers=localhost, log_output" + grant, "used", "used"},
		{"Defaults!/bin/b log_servers=\"localhost(tls)\", !log_server_verify, log_output" + grant, "used", "used"},
		{"Defaults!/bin/b log_servers=\"localhost(tls)\", log_output" + grant, "", ""},
		{"Defaults!/bin/b log_server_cabundle=/tmp/x, log_servers=10.0.0.9" + grant, "used", "used"},
		{"Defaults!/bin/b umask=0, rlimit_core=infinity, stay_setuid" + grant, "", ""},
		{"Defaults!/bin/b env_file=/tmp/env" + grant, "used if", "used if"},
	} {
		for whole, want := range map[bool]string{false: c.alone, true: c.whole} {
			var got string
			for _, h := range hazardsOf(treeOf(t, c.text+"\n"), whole) {
				switch {
				case h.Idle && h.Condition != "":
					got += "idle"
				case h.Minor:
					got += "minor"
				default:
					got += "used"
				}
				if !h.Idle && h.Condition != "" {
					got += " if"
				}
			}
			if got != want {
				t.Errorf("whole %t: %q, want %q for\n%s", whole, got, want, c.text)
			}
		}
	}
}

// TestFixesOfOptions obeys the fix of each option: the value that it names has no hazard where everything is used.
func TestFixesOfOptions(t *testing.T) {
	t.Parallel()
	for _, o := range VettedOptions() {
		if o.Passes == "" || o.Uses == "" || !strings.Contains(o.Example, o.Name) {
			t.Errorf("%+v", o)
		}
		entry := options[o.Name]
		_, example, _ := strings.Cut(entry.fix(o.Name), "For example: ")
		tree := treeOf(t, "Defaults lecture=always, log_output, log_input, log_servers=10.0.0.9\n"+strings.TrimSuffix(example, ".")+"\nop ALL=/bin/a\n")
		if name := strings.TrimPrefix(o.Name, "!"); Decide(tree, request("/bin/a")).Settings[name] == "" {
			t.Errorf("%s: %s does not set it", o.Name, example)
		}
		for _, h := range hazardsOf(tree, true) {
			t.Errorf("%s: %+v", example, h)
		}
	}
}

// TestEveryOptionIsVetted: each option of the catalogue is looked at, or says why any value will do. What is not known
// is a hazard.
func TestEveryOptionIsVetted(t *testing.T) {
	t.Parallel()
	for _, d := range sudoers.Catalogue() {
		o, known := options[d.Name]
		if !known || (o.why == nil) == (o.harmless == "") {
			t.Errorf("%s: nobody vetted its values", d.Name)
		}
		if o.why != nil && !slices.ContainsFunc(d.Effects, func(e sudoers.Effect) bool { return e.Kind == o.kind }) {
			t.Errorf("%s: the catalogue knows no effect of the kind %s", d.Name, o.kind)
		}
	}
	for name := range options {
		if _, known := sudoers.LookupDefault(name); !known {
			t.Errorf("%s is no option", name)
		}
	}
	for _, value := range []string{"x", on, off} {
		if got := Hazards(Settings{"brand_new": value}, Uses{}, Subject{Name: "op"}); len(got) != 1 || got[0].Why == "" {
			t.Errorf("an option that nobody knows, with the value %s: %v", value, got)
		}
	}
}

// TestHazardousGroups: who reads the records of others.
func TestHazardousGroups(t *testing.T) {
	t.Parallel()
	s := Settings{"iolog_group": "ops", "log_output": on}
	for _, subject := range []Subject{{Name: "op", Groups: []string{"ops"}}, {Name: "%ops"}, {Name: "op"}, {Name: "%admins"}} { // of the last two nobody knows
		if len(Hazards(s, Uses{}, subject)) != 1 {
			t.Errorf("%v reads the records", subject)
		}
	}
	if got := Hazards(s, Uses{}, Subject{Name: "op", Groups: []string{"op"}}); len(got) > 0 {
		t.Error(got)
	}
	for _, own := range []string{"op", "#1000", "#01000"} {
		if got := Hazards(Settings{"iolog_group": own, "log_output": on}, Uses{}, Subject{Name: "op", Groups: []string{"op"}, GIDs: []int{1000}}); len(got) != 1 {
			t.Errorf("the group %s is the caller's own", own)
		}
	}
	writes := Settings{"iolog_group": "web", "iolog_mode": "0660", "log_output": on}
	if got := Hazards(writes, Uses{}, Subject{Name: "op", Groups: []string{"op"}}); len(got) != 1 || got[0].Option != "iolog_mode" {
		t.Errorf("a group that writes: %v", got)
	}
}
