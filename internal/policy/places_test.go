package policy

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestCallersDirectory: whose a directory is that CHROOT, CWD, runchroot or runcwd name.
func TestCallersDirectory(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"*", "~op", "~op/jail", "~backup", "/home/op", "/home/op/jail", "/home", "/tmp", "/tmp/", "/tmp/../tmp/x", "/var/tmp/x", "/proc/self/root", "/dev/shm", "//tmp//x", "/srv/../home/op", "jail", "/run/user/1000",
	} {
		if CallersDirectory(value, "root") == "" {
			t.Errorf("%s is taken to be root's", value)
		}
	}
	for _, value := range []string{"", "/", "/srv/jail", "~", "~/jail", "~root", "~root/x", "/root", "/tmpfiles", "/homes/x", "/var/lib/x"} {
		if why := CallersDirectory(value, "root"); why != "" {
			t.Errorf("%s: %s", value, why)
		}
	}
	if CallersDirectory("~", "www-data") == "" {
		t.Error("the home of another target is taken to be root's")
	}
}

// TestHazards: option values by which a caller, or a reader of sudo's output, gets root or root's files.
func TestHazards(t *testing.T) {
	t.Parallel()
	of := func(line string) []string {
		tree := treeOf(t, "Defaults "+line+"\nop ALL=/bin/a\n")
		var names []string
		for _, h := range Hazards(Decide(tree, request("/bin/a")).Settings, "op") {
			if h.Why == "" || h.Effect.What == "" {
				t.Errorf("%s: %+v", line, h)
			}
			names = append(names, h.Option)
		}
		return names
	}
	for line, option := range map[string]string{
		"lecture_file=/etc/shadow, lecture=always": "lecture_file", "lecture_file=/root/x": "lecture_file", "lecture_file=/etc/../root/lecture": "lecture_file", "lecture_file=/tmp/lecture": "lecture_file",
		"editor=/home/op/vi": "editor", "editor=/usr/bin/vi:/tmp/vi": "editor", `group_plugin="group_file.so /tmp/groups"`: "group_plugin", "group_plugin=/home/op/x.so": "group_plugin",
		"iolog_dir=/tmp/io": "iolog_dir", "iolog_dir=/etc/cron.d": "iolog_dir",
		"iolog_file=../../etc/cron.d/x": "iolog_file", "logfile=/etc/profile": "logfile", "logfile=/tmp/log": "logfile", "logfile=/var/spool/cron/crontabs/root": "logfile", "timestampdir=/tmp/ts": "timestampdir",
		"timestampowner=op": "timestampowner", "lecture_status_dir=/home/op": "lecture_status_dir", "iolog_user=op": "iolog_user", "env_file=/home/op/env": "env_file",
		"restricted_env_file=/tmp/env": "restricted_env_file", "log_server_cabundle=/tmp/ca.pem": "log_server_cabundle", "secure_path=/usr/bin\\:/tmp": "secure_path",
	} {
		if got := of(line); !slices.Contains(got, option) {
			t.Errorf("%s: %v", line, got)
		}
	}
	for _, line := range []string{
		"lecture_file=/etc/sudo.lecture", "lecture_file=/etc/issue", "lecture_file=/usr/share/doc/x", "!lecture_file", "editor=/usr/bin/vim.tiny", "mailerpath=/home/op/mailer, mailerflags=-t", "!mailerpath",
		"logfile=/var/log/sudo.log", "!logfile", "iolog_dir=/var/log/sudo-io/%{user}", "iolog_file=%{seq}", "timestampdir=/run/sudo/ts", "timestampowner=root", "iolog_user=root", "env_file=/etc/environment",
		`group_plugin="group_file.so /etc/sudo-groups"`, "secure_path=/usr/sbin\\:/usr/bin", "passprompt=x, badpass_message=y, insults", "admin_flag=~/.sudo_as_admin_successful",
	} {
		if got := of(line); len(got) > 0 {
			t.Errorf("%s: %v", line, got)
		}
	}
	// Each hazard is about what the catalogue says of its option.
	for option := range hazards {
		if d, known := sudoers.LookupDefault(option); !known || len(d.Effects) == 0 {
			t.Errorf("%s is no option", option)
		}
	}
}
