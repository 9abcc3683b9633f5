package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestSurroundings: directories in the caller's hands, and options that are dangerous with their value, are findings of
// every command that is granted.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	const command = "/usr/bin/pveversion"
	found := func(text string) []string {
		file, errs := sudoers.Parse("policy", text+"\n", sudoers.Version{})
		if errs.Err() != nil {
			t.Fatal(errs)
		}
		a := AnalyseReleases(sudoers.TreeOf(file), Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}, sudoers.PVE8, sudoers.PVE9)
		var ids []string
		for _, f := range a.Findings {
			ids = append(ids, f.ID)
			if rootRule := f.ID == "PVESEC-E0021" || f.ID == "PVESEC-E0023"; rootRule && !f.Root() {
				t.Errorf("%s is no way to root by\n%s", f.ID, text)
			}
		}
		return ids
	}
	for text, id := range map[string]string{
		"agent ALL=CHROOT=* " + command + ` ""`:                                                    "PVESEC-E0021",
		"agent ALL=CHROOT=/home/agent/jail " + command + ` ""`:                                     "PVESEC-E0021",
		"agent ALL=CHROOT=~agent " + command + ` ""`:                                               "PVESEC-E0021",
		"agent ALL=CHROOT=/tmp/jail /usr/bin/true, " + command + ` ""`:                             "PVESEC-E0021",
		"Defaults runchroot=*\nagent ALL=" + command + ` ""`:                                       "PVESEC-E0021",
		"Defaults:agent runchroot=/home/agent\nagent ALL=" + command + ` ""`:                       "PVESEC-E0021",
		"agent ALL=CWD=* " + command + ` ""`:                                                       "PVESEC-E0022",
		"Defaults runcwd=*\nagent ALL=" + command + ` ""`:                                          "PVESEC-E0022",
		"Defaults:agent lecture_file=/etc/shadow, lecture=always\nagent ALL=" + command + ` ""`:    "PVESEC-E0023",
		"Defaults logfile=/etc/profile\nagent ALL=" + command + ` ""`:                              "PVESEC-E0023",
		"Defaults group_plugin=\"group_file.so /home/agent/groups\"\nagent ALL=" + command + ` ""`: "PVESEC-E0023",
	} {
		if ids := found(text); !slices.Contains(ids, id) {
			t.Errorf("%v without %s for\n%s", ids, id, text)
		}
	}
	// A search path that others write is told once.
	for _, dirs := range []string{"/home/agent/bin:/usr/bin", "/tmp/bin", "bin:/usr/bin", "/usr/bin::/bin", "~/bin:/usr/bin"} {
		if ids := found("Defaults secure_path=\"" + dirs + "\"\nagent ALL=" + command + ` ""`); !slices.Equal(ids, []string{"PVESEC-E0015"}) {
			t.Errorf("%v for secure_path=%s", ids, dirs)
		}
	}
	for _, text := range []string{
		"Defaults:agent editor=/home/agent/vi, restricted_env_file=/tmp/env\nagent ALL=" + command + ` ""`,
		"agent ALL=CHROOT=/srv/jail " + command + ` ""`, "agent ALL=CWD=/srv " + command + ` ""`, "agent ALL=CWD=~ " + command + ` ""`,
		"Defaults passprompt=x, lecture_file=/etc/sudo.lecture\nagent ALL=" + command + ` ""`, "agent ALL=" + command + ` ""` + "\nbob ALL=CHROOT=* /usr/bin/id",
	} {
		if ids := found(text); slices.ContainsFunc(ids, func(id string) bool { return id > "PVESEC-E0020" && id < "PVESEC-E0030" }) {
			t.Errorf("%v for\n%s", ids, text)
		}
	}
}

// TestOptionsThatWait: what another file of the node has to turn on is told and is no way to root, until one does. Each
// option is a finding of its own, with its own key and fix.
func TestOptionsThatWait(t *testing.T) {
	t.Parallel()
	const policy = "Defaults:agent iolog_dir=/tmp/io, iolog_mode=0666, lecture_file=/etc/shadow\nagent ALL=(root) NOPASSWD: /usr/bin/pveversion \"\""
	a := analyseFor(t, policy, "agent")
	if len(a.Findings) != 3 || a.Root() {
		t.Fatalf("%d findings, root %t", len(a.Findings), a.Root())
	}
	for i, option := range []string{"iolog_dir", "iolog_mode", "lecture_file"} {
		f := a.Findings[i]
		if f.Key() != "PVESEC-E0023 "+option || f.Condition == "" || !strings.Contains(f.Fix, option) || CheckSudoRisk(f.Key()) != nil {
			t.Errorf("%+v", f)
		}
	}
	// What this file turns off, a later one may turn on.
	for _, off := range []string{"lecture=never", "!lecture", "lecture=always, !authenticate", "iolog_dir=/tmp/io, !log_input, !log_output"} {
		a := analyseFor(t, "Defaults lecture_file=/etc/shadow, "+off+"\nagent ALL=(root) NOPASSWD: /usr/bin/pveversion \"\"", "agent")
		if len(a.Findings) == 0 || a.Root() || a.Findings[0].Condition == "" {
			t.Errorf("%s: %+v", off, a.Findings)
		}
	}
	if a := analyseFor(t, "Defaults log_output\n"+policy, "agent"); !a.Root() || a.Findings[0].Severity != High {
		t.Error("recording to /tmp is no way to root")
	}
	for _, key := range []string{"PVESEC-E0023 nothing", "PVESEC-E0001 iolog_dir", "PVESEC-E0023 "} {
		if CheckSudoRisk(key) == nil {
			t.Errorf("%q names a finding", key)
		}
	}
}

// TestOptionsOfSudoItself: sudo is root while it logs, locks and asks, whichever account the command runs as. What an
// option does in the command is a matter of its target.
func TestOptionsOfSudoItself(t *testing.T) {
	t.Parallel()
	grants := []string{"agent ALL=(deploy) NOPASSWD: /usr/bin/id", "agent ALL=(deploy) ALL", "agent ALL=(:deploy) /usr/bin/id \"\"", "agent ALL=(www-data) /usr/bin/id", "agent ALL=(www-data) ALL", "agent ALL=(deploy) /usr/bin/*"}
	for _, grant := range grants {
		for _, value := range []string{
			"logfile=/etc/profile", "iolog_dir=/tmp/io, log_output", "timestampdir=/tmp/ts", "timestampowner=agent", "lecture_file=/etc/shadow, lecture=always", "pam_service=cron", `group_plugin="group_file.so /tmp/groups"`,
			"log_servers=localhost, log_output", "log_server_cabundle=/tmp/ca, log_servers=10.0.0.9",
		} {
			option, _, _ := strings.Cut(value, "=")
			for _, scope := range []string{"Defaults ", "Defaults:agent "} {
				a := analyseFor(t, scope+value+"\n"+grant, "agent")
				if !slices.ContainsFunc(a.Findings, func(f CommandFinding) bool {
					return f.Key() == "PVESEC-E0023 "+option && f.Root() && strings.HasPrefix(f.Example, "sudo -") && f.Grant != ""
				}) {
					t.Errorf("%s%s is no way to root with\n%s\n%+v", scope, value, grant, a.Findings)
				}
			}
		}
		for _, value := range []string{"umask=0", "rlimit_core=infinity", "stay_setuid", "env_file=/tmp/env", "secure_path=/tmp", "logfile=/var/log/sudo.log", "use_pty"} {
			for _, f := range analyseFor(t, "Defaults "+value+"\n"+grant, "agent").Findings {
				if f.Detail != "" {
					t.Errorf("%s: %s: %s", value, grant, f.Why)
				}
			}
		}
	}
	if a := analyseFor(t, "Defaults logfile=/etc/profile\nagent ALL=(deploy) /usr/bin/id, !/usr/bin/id", "agent"); len(a.Findings) > 0 {
		t.Errorf("nothing is granted: %+v", a.Findings)
	}
}
