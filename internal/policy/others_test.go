package policy

import (
	"strings"
	"testing"
)

// optionsFound are the options that are found for op, with what each needs more.
func optionsFound(t *testing.T, text, grant string) (found map[string]string) {
	t.Helper()
	tree := treeOf(t, text+"\n"+grant+"\n")
	found = map[string]string{}
	for _, h := range Hazards(Decide(tree, request("/bin/a")).Settings, UsesOf(tree, Question{Subject: op.Subject}, true), op.Subject) {
		found[h.Option] = h.Condition
		if h.Why == "" || h.Effect.What == "" || h.Fix == "" {
			t.Errorf("%s: %+v", text, h)
		}
	}
	return found
}

// TestValuesForOthers: what sudo reads, writes or runs for somebody else leads the caller to root where its place, or
// its address, is in his hands. He needs the other one for it.
func TestValuesForOthers(t *testing.T) {
	t.Parallel()
	for text, option := range map[string]string{
		"Defaults:admin log_input, iolog_mode=0666":                                   "iolog_mode",
		"Defaults:admin log_output, iolog_mode=0604":                                  "iolog_mode",
		"Defaults:admin log_output, iolog_dir=/home/op/io":                            "iolog_dir",
		"Defaults:admin log_output, iolog_file=../../home/op/x":                       "iolog_file",
		"Defaults:admin log_output, iolog_user=op":                                    "iolog_user",
		"Defaults:admin log_servers=127.0.0.1":                                        "log_servers",
		"Defaults:admin log_servers=127.0.0.1, log_output":                            "log_servers",
		"Defaults:admin logfile=/home/op/x":                                           "logfile",
		"Defaults:admin logfile=/tmp/sudo.log":                                        "logfile",
		"Defaults:admin logfile=/data/x":                                              "logfile",
		"Defaults:admin env_file=/home/op/env":                                        "env_file",
		"Defaults:root env_file=/home/op/env":                                         "env_file",
		"Defaults:admin env_file=/etc/pve/env":                                        "env_file",
		"Defaults:#1001 env_file=/home/op/env":                                        "env_file",
		"Defaults:%admins env_file=/home/op/env":                                      "env_file",
		"Defaults:+admins env_file=/home/op/env":                                      "env_file",
		"Defaults:ALL,!op env_file=/home/op/env":                                      "env_file",
		"Defaults!/bin/b env_file=/home/op/env":                                       "env_file",
		"Defaults>bob env_file=/home/op/env":                                          "env_file",
		"Defaults@pve1 env_file=/home/op/env":                                         "env_file",
		"User_Alias A = admin, bob\nDefaults:A env_file=/tmp/env":                     "env_file",
		"Defaults env_file=/home/op/env\nDefaults:op env_file=/etc/environment":       "env_file",
		"Defaults env_file=/etc/environment\nDefaults:admin env_file=/home/op/env":    "env_file",
		"Defaults:admin secure_path=/home/op/bin":                                     "secure_path",
		"Defaults:root secure_path=/usr/bin\\:/home/op/bin":                           "secure_path",
		"Defaults:admin secure_path=.\\:/usr/bin":                                     "secure_path",
		"Defaults:admin group_plugin=/home/op/x.so":                                   "group_plugin",
		"Defaults:admin group_plugin=\"group_file.so groups\"":                        "group_plugin",
		"Defaults:admin editor=/home/op/vi":                                           "editor",
		"Defaults!sudoedit editor=/home/op/vi":                                        "editor",
		"Defaults:admin mailerpath=/home/op/mail":                                     "mailerpath",
		"Defaults mailerpath=/home/op/mail":                                           "mailerpath",
		"Defaults:admin runchroot=/home/op/jail":                                      "runchroot",
		"Defaults:admin log_servers=10.0.0.9, log_server_cabundle=/home/op/x":         "log_server_cabundle",
		"Defaults:admin log_servers=10.0.0.9, log_server_peer_key=/tmp/key":           "log_server_peer_key",
		"Defaults:admin log_servers=10.0.0.9, log_server_peer_cert=/tmp/c":            "log_server_peer_cert",
		"Defaults:admin log_servers=10.0.0.9\nDefaults!/bin/b log_servers+=127.0.0.1": "log_servers",
		"Defaults:admin log_servers=\"localhost(tls)\", !log_server_verify":           "log_servers",
		"Defaults:admin timestampdir=/home/op/ts":                                     "timestampdir",
		"Defaults:admin timestampowner=op":                                            "timestampowner",
		"Defaults:admin lecture=always, lecture_status_dir=/home/op/l":                "lecture_status_dir",
		"Defaults:admin umask=0000, umask_override":                                   "umask",
		"Defaults umask=0022\nDefaults:admin umask=0, umask_override":                 "umask",
		"Defaults umask_override\nDefaults:admin umask=0":                             "umask",
	} {
		found := optionsFound(t, text, "op ALL=NOPASSWD: /bin/a")
		if condition, is := found[option]; !is || condition == "" && option != "log_servers" {
			t.Errorf("%s: %q is found with the condition %q: %v", text, option, condition, found)
		}
	}
}

// TestValuesOnlyForOthers: what harms only who is bound by it, and what is nowhere in force, is nothing for the caller.
func TestValuesOnlyForOthers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Defaults:admin logfile=/etc/profile", "Defaults:admin logfile=/var/log/sudo.log", "Defaults:admin iolog_dir=/etc/cron.d, log_output", "Defaults:admin lecture_file=/etc/shadow, lecture=always",
		"Defaults:admin pam_service=cron", "Defaults:admin rlimit_core=infinity, stay_setuid", "Defaults:admin umask=0", "Defaults:admin !umask", "Defaults:admin umask=0777, umask_override", "Defaults:admin timestampowner=daemon",
		"Defaults:admin group_plugin=sss.so", "Defaults:admin iolog_user=bob, iolog_group=adm, log_output", "Defaults:admin runchroot=*", "Defaults:admin runchroot=/srv/jail", "Defaults:admin env_file=/etc/environment",
		"Defaults:admin secure_path=/usr/sbin\\:/usr/bin", "Defaults:admin log_servers=10.0.0.9, log_output", "Defaults:admin editor=/usr/bin/nano", "Defaults:admin mailerpath=/usr/sbin/sendmail", "Defaults:admin !mailerpath, !logfile, !umask",
		"Defaults:op editor=/home/op/vi", "Defaults:op mailerpath=/home/op/mail", "Defaults!/bin/b editor=/home/op/vi", "Defaults:admin setenv, !env_reset, env_keep+=LD_PRELOAD",
		// Nobody has the value at the end.
		"Defaults:op env_file=/home/op/env\nDefaults:op env_file=/etc/environment", "Defaults env_file=/home/op/env\nDefaults env_file=/etc/environment", "Defaults:admin env_file=/home/op/env\nDefaults env_file=/etc/environment",
		"Defaults:admin env_file=/home/op/env\nDefaults:admin env_file=/etc/environment", "Defaults:admin logfile=/home/op/x, !logfile", "Defaults@!ALL env_file=/home/op/env", "Defaults:!ALL env_file=/home/op/env",
		"Defaults:admin log_servers=\"10.0.0.9 127.0.0.1\"\nDefaults:admin log_servers-=127.0.0.1", "Defaults log_servers=\"10.0.0.9 127.0.0.1\"\nDefaults log_servers-=127.0.0.1",
		"Defaults log_servers=127.0.0.1\nDefaults !log_servers", "Defaults log_servers-=127.0.0.1", "Defaults@!ALL logfile=/etc/profile", "Defaults@ALL,!ALL logfile=/etc/profile",
		"Host_Alias NONE = !ALL\nDefaults@NONE logfile=/etc/profile", "Defaults@!ALL log_servers=127.0.0.1, log_output", "Defaults@pve1,!ALL editor=/home/op/vi",
	} {
		if found := optionsFound(t, text, "op ALL=NOPASSWD: /bin/a"); len(found) > 0 {
			t.Errorf("%s: %v", text, found)
		}
	}
}

// TestManyBindings: many Defaults for many accounts are looked at in a time that grows with them.
func TestManyBindings(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 3000 {
		name := "u" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		b.WriteString("Defaults:" + name + " passwd_tries=3\nDefaults insults\n")
	}
	if found := optionsFound(t, b.String()+"Defaults:admin env_file=/home/op/env", "op ALL=NOPASSWD: /bin/a"); found["env_file"] == "" {
		t.Error(found)
	}
}
