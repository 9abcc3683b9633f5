package escalation

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestSurroundings: directories in the caller's hands, and options that are dangerous with their value, are findings of every command that is granted.
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
		"Defaults:agent editor=/home/agent/vi, restricted_env_file=/tmp/env\nagent ALL=" + command + ` ""`, "Defaults lecture_file=/etc/shadow, lecture=never\nagent ALL=" + command + ` ""`,
		"agent ALL=CHROOT=/srv/jail " + command + ` ""`, "agent ALL=CWD=/srv " + command + ` ""`, "agent ALL=CWD=~ " + command + ` ""`,
		"Defaults passprompt=x, lecture_file=/etc/sudo.lecture\nagent ALL=" + command + ` ""`, "agent ALL=" + command + ` ""` + "\nbob ALL=CHROOT=* /usr/bin/id",
	} {
		if ids := found(text); slices.ContainsFunc(ids, func(id string) bool { return id > "PVESEC-E0020" && id < "PVESEC-E0030" }) {
			t.Errorf("%v for\n%s", ids, text)
		}
	}
}

// TestOptionsThatWait: what another file of the node has to turn on is told and is no way to root, until one does. Each option is a finding of its own, with
// its own key and fix.
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
	if a := analyseFor(t, "Defaults log_output\n"+policy, "agent"); !a.Root() || a.Findings[0].Severity != High {
		t.Error("recording to /tmp is no way to root")
	}
	for _, key := range []string{"PVESEC-E0023 nothing", "PVESEC-E0001 iolog_dir", "PVESEC-E0023 "} {
		if CheckSudoRisk(key) == nil {
			t.Errorf("%q names a finding", key)
		}
	}
}
