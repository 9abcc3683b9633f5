package escalation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

func analyse(t *testing.T, text string) Analysis {
	t.Helper()
	file, errs := sudoers.Parse("policy", text, sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	a := Analyse(sudoers.TreeOf(file), questionOf("op", sudoers.PVE9))
	return a
}

// TestAnalyse has for each policy the ids that are found.
func TestAnalyse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, policy string
		want         []string
		root         bool
	}{
		{"nothing", "", nil, false},
		{"pinned", `op ALL=(root) NOPASSWD: /usr/sbin/qm ^(start|status) 2[0-9]{3}$, /usr/bin/pveversion ""`, nil, false},
		{"everything", "op ALL=ALL", []string{"E0001"}, true},
		{"everything but", "op ALL=ALL, !/bin/sh, !/usr/bin/su", []string{"E0001"}, true},
		{"a directory", "op ALL=/usr/bin/", []string{"E0002"}, true},
		{"unknown program", "op ALL=/usr/local/sbin/report", []string{"E0003"}, true},
		{"unknown program, wildcard", "op ALL=/usr/local/sbin/report day *", []string{"E0003"}, true},
		{"unknown program, pinned", `op ALL=/usr/local/sbin/report "", /usr/local/sbin/report ^(day|week)$, /usr/local/sbin/report ^vm [0-9]{3}$`, nil, false},
		{"unknown program, names of the caller's choice", `op ALL=/usr/local/sbin/report ^[a-z]{1,9}$`, []string{"E0003"}, true},
		{"harmless program", "op ALL=/usr/bin/id, /bin/uptime -p", nil, false},
		{"home directory", `op ALL=/home/op/x ""`, []string{"E0004"}, true},
		{"SETENV", `op ALL=SETENV: /usr/local/sbin/report ""`, []string{"E0005"}, true},
		{"setenv", "Defaults setenv\n" + `op ALL=/usr/local/sbin/report ""`, []string{"E0005"}, true},
		{"env_reset", "Defaults:op !env_reset\n" + `op ALL=/usr/local/sbin/report ""`, []string{"E0006"}, true},
		{"env_keep", "Defaults env_keep += \"LANG LD_LIBRARY_PATH\"\n" + `op ALL=/usr/local/sbin/report ""`, []string{"E0006"}, true},
		{"env_keep of harmless ones", "Defaults env_keep += \"LANG TZ\"\n" + `op ALL=/usr/local/sbin/report ""`, nil, false},
		{"env_file", "Defaults env_file = \"/home/op/env\"\n" + `op ALL=/usr/local/sbin/report ""`, []string{"E0006"}, true},
		{"env_file of root", "Defaults env_file = \"/etc/environment\"\n" + `op ALL=/usr/local/sbin/report ""`, nil, false},
		{"options", "Defaults !use_pty, !secure_path, !syslog\n" + `op ALL=/usr/local/sbin/report ""`, []string{"E0007", "E0008", "E0009"}, true},
		{"detours", "op ALL=^/usr/local/.*$ ^a$", []string{"E0002", "E0010"}, true},
		{"mighty target", `op ALL=(www-data) /usr/bin/bash`, []string{"E0011"}, true},
		{"mighty target, harmless command", `op ALL=(www-data) /usr/bin/id ""`, nil, false},
		{"ordinary target", `op ALL=(deploy) /usr/bin/id ""`, nil, false},
		{"another host", "op web=ALL", []string{"E0001"}, true},
		{"some hosts", "op [ab]x=ALL", []string{"E0001"}, true},
		{"a host by its long name", "op web.example.com=ALL", []string{"E0001"}, true},
		{"hosts by an alias", "Host_Alias H=web\nop H=ALL", []string{"E0001"}, true},
		{"a host by its address", "op 10.0.0.1=/usr/bin/id", []string{"E0010"}, true},
		{"root with a group, behind a denial", "op ALL=(root:adm) /usr/bin/bash\nop ALL=(root) !/usr/bin/bash", []string{"E"}, true},
		{"set by any option", "op ALL=/usr/sbin/qm set 100 --hook*", []string{"E0107"}, true},
		{"a denial of one spelling", "op ALL=/usr/sbin/qm set 100 --args *, !/usr/sbin/qm * --args *", nil, false},
		{"a denial of one spelling of many", "op ALL=/usr/sbin/qm ^set 100 --?args[ =][a-z]+$, !/usr/sbin/qm * --args *", []string{"E0013", "E0106"}, true},
		{"NOEXEC", "op ALL=NOEXEC: /usr/bin/nice ^/usr/bin/[a-z]+$", []string{"E"}, false},
		{"guests stopped", "op ALL=/usr/sbin/qm ^stop 2[0-9]{3}$", nil, false},
		{"reads a key", "op ALL=/usr/bin/cat /var/log/pve*.log", []string{"E"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := analyse(t, test.policy)
			var got []string
			for _, f := range a.Findings {
				got = append(got, strings.TrimPrefix(f.ID, "PVESEC-"))
				if f.Example == "" && f.ID != undecided.ID && f.ID != mightyAccount.ID {
					t.Errorf("%s has no witness", f.ID)
				}
				if f.Why == "" || f.Fix == "" || f.Pos.Line == 0 && f.Grant != "" {
					t.Errorf("%+v says too little", f)
				}
			}
			slices.Sort(got)
			got = slices.Compact(got)
			if slices.Equal(test.want, []string{"E"}) {
				if len(got) == 0 {
					t.Error("nothing is found")
				}
			} else if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if a.Root() != test.root {
				t.Errorf("root is %t", a.Root())
			}
		})
	}
}

// TestAnalyseOneHost: asked about one host, what is granted on others is no concern of it.
func TestAnalyseOneHost(t *testing.T) {
	t.Parallel()
	for text, root := range map[string]bool{
		"op web=(root) ALL": false, "op web=(www-data) ALL": false, "Host_Alias H=web, db\nop H=(root) ALL": false, "op web.example.com=(root) ALL": false,
		"op pve1=(root) ALL": true, "op PVE1=ALL": true, "op pve*=(www-data) /usr/bin/env": true, "op pve1.example.com=(root) ALL": true, "op ALL, !pve1=(root) ALL": false,
	} {
		file, errs := sudoers.Parse("policy", text, sudoers.PVE9)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		q := questionOf("op", sudoers.PVE9)
		q.Host = "pve1"
		a := Analyse(sudoers.TreeOf(file), q)
		if a.Root() != root || !root && len(a.Findings) > 0 {
			t.Errorf("%s: %+v", text, a.Findings)
		}
	}
}

// TestSameEveryTime: a plan that is made anew while it is applied must come to the same findings, with the same
// witnesses in the same order.
func TestSameEveryTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"op ALL=(ALL) ALL, !/bin/sh", "op ALL=/usr/bin/, /bin/[a-c]*", "op ALL=^/(usr/)?s?bin/[a-z]+$", "op a*,b=(root, %x:adm) ALL", "op ALL=/usr/sbin/qm set *, /usr/bin/cat",
	} {
		first := analyse(t, text)
		for range 10 {
			if diff := cmp.Diff(first, analyse(t, text), cmpopts.IgnoreUnexported(Analysis{})); diff != "" {
				t.Fatalf("%s: %s", text, diff)
			}
		}
	}
}

// escapedWords is a pattern of arguments that matches a line and nothing else.
func escapedWords(line string) string {
	words := strings.Split(line, " ")
	for i, word := range words {
		words[i] = sudoers.EscapeArgument(word)
	}
	return strings.Join(words, " ")
}

// TestSpentBudget: what is proven with a budget is not known without it, and is said to be so.
func TestSpentBudget(t *testing.T) {
	t.Parallel()
	file, errs := sudoers.Parse("policy", "op ALL=/usr/sbin/qm set 100 --args *, !/usr/sbin/qm * --args *", sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	list := Statements()
	q := questionOf("op", sudoers.PVE9)
	for _, states := range []int{0, 1} {
		q.Budget.States = states
		a := Analyse(sudoers.TreeOf(file), q)
		if found := slices.ContainsFunc(a.Findings, func(f CommandFinding) bool { return f.ID == undecided.ID && f.Root() }); found != (states == 1) {
			t.Errorf("with %d states: %+v", states, a.Findings)
		}
		for _, s := range list {
			p := a.Never(s)
			if want := map[int]regular.Verdict{0: regular.Yes, 1: regular.Unknown}[states]; p.Verdict != want {
				t.Errorf("with %d states, %s: %v", states, p.Statement.Name, p.Verdict)
			}
		}
	}
}

// TestAnalyseAdversary: rules that no budget answers are findings, after a number of steps that does not explode.
func TestAnalyseAdversary(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("op ALL=/usr/sbin/qm set *\n")
	for i := range 30 {
		fmt.Fprintf(&text, "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\nop ALL=/usr/sbin/qm * g%[1]d=* end%[1]d\n", i)
	}
	file, errs := sudoers.Parse("policy", text.String(), sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	steps := 0
	q := questionOf("op", sudoers.PVE9)
	q.Budget.Expired = func() bool { steps++; return false }
	a := Analyse(sudoers.TreeOf(file), q)
	if !slices.ContainsFunc(a.Findings, func(f CommandFinding) bool {
		return slices.ContainsFunc(f.Ways, func(w Way) bool { return w.ID == undecided.ID || w.Effect == program.Undescribed && w.Made })
	}) || !a.Root() || len(a.Denials.Unknown) != 1 {
		t.Errorf("%d findings, denials %s", len(a.Findings), &a.Denials)
	}
	for _, f := range a.Findings {
		if f.Example != "" && policy.Decide(sudoers.TreeOf(file), policy.Request{Subject: q.Subject, Env: q.Env, Command: "/usr/sbin/qm", Args: shellWords(t, strings.TrimPrefix(f.Example, "sudo /usr/sbin/qm "))}).Verdict != policy.Allowed {
			t.Errorf("%s: %s is not allowed", f.ID, f.Example)
		}
	}
	if steps > 50_000 {
		t.Errorf("%d steps", steps)
	}
	t.Logf("%d steps, %d findings", steps, len(a.Findings))
}

// TestOptionsOfWholeGrants: a value by which anybody comes to root is found, though the caller is granted everything.
// What only he can use is not: he has it all.
func TestOptionsOfWholeGrants(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{
		"secure_path=/tmp": foreignSearchPath.ID, "env_file=/home/op/env": keptEnvironment.ID, "logfile=/tmp/log": hazardousOption.ID, "log_servers=localhost, log_output": hazardousOption.ID, "iolog_mode=0666, log_output": hazardousOption.ID,
		"group_plugin=/home/op/x.so": hazardousOption.ID, "runchroot=/home/op/jail": callersRoot.ID, "umask=0, umask_override": hazardousOption.ID,
		"lecture_file=/etc/shadow, lecture=always": "", "umask=0": "", "setenv": "", "!env_reset": "", "stay_setuid": "", "logfile=/etc/profile": "", "pam_service=cron": "", "env_keep += LD_PRELOAD": "",
	} {
		for _, grant := range []string{"ALL", "/usr/bin/", "^/usr/bin/[a-z]+$"} {
			text := "Defaults " + option + "\nagent ALL=(root) " + grant
			var got []string
			for _, f := range analyseFor(t, text, "agent").Findings {
				if f.ID != everything.ID && f.ID != manyCommands.ID {
					got = append(got, f.ID)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%v, want %q for\n%s", got, want, text)
			}
		}
	}
}
