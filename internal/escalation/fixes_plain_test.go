package escalation

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// obeyed is a policy that a fix without a command is proposed for, and the policy of somebody who obeys it.
type obeyed struct {
	// before is found with the fix. It is empty for advice of a family, which is looked for in the data.
	before, after string
	// vouched are the effects of /usr/local/sbin/nightly before.
	vouched program.Effect
}

const nightly = `agent ALL=(root) /usr/local/sbin/nightly ""`

// plainFixes are all fixes without a command, by their first words.
var plainFixes = map[string]obeyed{
	"Grant the exact command line that is needed, with options that only print.": {after: "agent ALL=(root) /usr/bin/attr -l /srv/data, /usr/bin/pv /var/log/syslog"},
	"Everyone may run these programs; leave them out of the policy.":             {after: ""},
	"Grant the exact command line that is needed. If it is a program":            {"agent ALL=(root) /usr/bin/mpstat *", "agent ALL=(root) /usr/bin/ps -ef\n" + nightly, ""},
	"Grant the command without the option that names the library":                {vouched: program.LoadsCode, after: "agent ALL=(root) /usr/sbin/lvs --noheadings"},
	"Let root load modules at boot":                                              {vouched: program.KernelCode, after: ""},
	"Name the file exactly, in a directory that only root writes to":             {vouched: program.WritesFile, after: "agent ALL=(root) /usr/bin/tee /var/log/app.log"},
	"Name the file exactly, and only files that root neither executes":           {vouched: program.GivesFile, after: "agent ALL=(root) /usr/bin/chmod 0644 /var/log/app.log"},
	"Manage access with pvesec_restricted_user, or pin the user, path and role":  {vouched: program.PVERoot, after: "agent ALL=(root) /usr/sbin/pveum acl modify /vms/101 -user bob@pve -role PVEVMUser"},
	"Let logrotate remove old logs, or name a log that is no record":             {vouched: program.TampersLog, after: "agent ALL=(root) /usr/sbin/logrotate /etc/logrotate.conf, /usr/bin/truncate -s 0 /var/log/app.log"},
	"Leave logging and audit services out of the grant":                          {vouched: program.StopsLogging, after: "agent ALL=(root) /usr/bin/systemctl ^restart (nginx|haproxy)$"},
	"Leave root@pam out of the grant":                                            {vouched: program.TouchesRootPAM, after: "agent ALL=(root) /usr/sbin/pveum user modify bob@pve -comment left"},

	"Grant the commands that are needed, each with its arguments.": {"agent ALL=(root) ALL", "agent ALL=(root) /usr/sbin/qm ^(start|stop) 2[0-9]{3}$", ""},
	"Name each program by its path":                                {"agent ALL=(root) /usr/local/bin/", nightly, ""},
	"Install the program as root where only root writes":           {"agent ALL=(root) /home/agent/nightly \"\"", nightly, ""},
	"Leave out SETENV and the option setenv.":                      {"Defaults:agent setenv\nagent ALL=(root) SETENV: /usr/local/sbin/nightly \"\"", "Defaults:agent env_keep += \"TZ\"\n" + nightly, ""},
	"Keep env_reset on, and keep only variables such as LANG":      {"Defaults:agent !env_reset\n" + nightly, "Defaults:agent env_keep += \"LANG TZ\"\n" + nightly, ""},
	"Leave use_pty on":                                   {"Defaults:agent !use_pty\n" + nightly, "Defaults use_pty\n" + nightly, ""},
	"Leave secure_path as Debian sets it":                {"Defaults:agent !secure_path\n" + nightly, nightly, ""},
	"Leave syslog and log_allowed on":                    {"Defaults:agent !syslog\n" + nightly, "Defaults:agent logfile=/var/log/sudo.log\n" + nightly, ""},
	"Write the rule in a plainer way":                    {"agent ALL=(root) /usr/sbin/qm ^start ([0-9]+) \\1$", "agent ALL=(root) /usr/sbin/qm ^start [0-9]{3}$", ""},
	"Name an account of its own that owns nothing else":  {"agent ALL=(www-data) /usr/bin/bash", "agent ALL=(deploy) /usr/bin/bash", ""},
	"Remove the denial, and grant only what is meant":    {"agent ALL=(root) /usr/sbin/qm set *, !/usr/sbin/qm * --args *", "agent ALL=(root) /usr/sbin/qm ^set 2[0-9]{3} --memory [0-9]{1,6}$", ""},
	"Set secure_path to directories of root only":        {"Defaults secure_path=\"/home/agent/bin:/usr/bin\"\n" + nightly, "Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n" + nightly, ""},
	"Leave sudoedit_checkdir on and sudoedit_follow off": {"Defaults !sudoedit_checkdir\nagent ALL=(root) sudoedit /etc/motd", "agent ALL=(root) sudoedit /etc/motd", ""},
	"Leave CHROOT and runchroot out":                     {"agent ALL=(root) CHROOT=/home/agent/jail /usr/local/sbin/nightly \"\"", "agent ALL=(root) CHROOT=/srv/jail /usr/local/sbin/nightly \"\"", ""},
	"Leave CWD=* and runcwd=* out":                       {"agent ALL=(root) CWD=* /usr/local/sbin/nightly \"\"", "agent ALL=(root) CWD=/srv/app /usr/local/sbin/nightly \"\"", ""},
}

// TestPlainFixes obeys every fix that names no command: the policy that it is proposed for is found with it, and
// nothing is found afterwards.
func TestPlainFixes(t *testing.T) {
	t.Parallel()
	met := map[string]bool{}
	for _, fix := range allFixes() {
		if fix == "" || len(proposals(fix)) > 0 {
			continue
		}
		start, found := "", false
		for words := range plainFixes {
			if strings.HasPrefix(fix, words) && len(words) > len(start) {
				start, found = words, true
			}
		}
		if !found {
			t.Errorf("nobody obeys %q", fix)
			continue
		}
		met[start] = true
		c := plainFixes[start]
		vouched := Vouched{}
		if c.vouched != "" {
			c.before, vouched["/usr/local/sbin/nightly"] = nightly, Vouch{Effects: []program.Effect{c.vouched}}
		}
		c.before = cmp.Or(c.before, proposedFor(fix))
		if before := analyseVouched(t, c.before, vouched); !slices.ContainsFunc(before.Findings, func(f CommandFinding) bool {
			return slices.ContainsFunc(f.Ways, func(w Way) bool { return w.Fix == fix })
		}) {
			t.Errorf("%q is not proposed for\n%s\n%+v", fix, c.before, before.Findings)
		}
		for _, f := range analyseVouched(t, c.after, nil).Findings {
			t.Errorf("%q is obeyed by\n%s\nwhich %s: %s", fix, c.after, f.Does, f.Example)
		}
	}
	for words := range plainFixes {
		if !met[words] {
			t.Errorf("no fix begins with %q", words)
		}
	}
}

// hazardousValues is a dangerous value of each option.
var hazardousValues = map[string]string{
	"editor": "editor=/home/agent/vi", "env_file": "env_file=/home/agent/env", "group_plugin": `group_plugin="group_file.so /home/agent/groups"`, "iolog_dir": "iolog_dir=/tmp/io", "iolog_file": "iolog_file=../x",
	"iolog_group": "iolog_group=ops", "iolog_mode": "iolog_mode=0666", "iolog_user": "iolog_user=agent", "lecture_file": "lecture_file=/etc/shadow", "lecture_status_dir": "lecture_status_dir=/tmp/lectured",
	"log_server_cabundle": "log_server_cabundle=/tmp/ca", "log_server_peer_cert": "log_server_peer_cert=/tmp/cert", "log_server_peer_key": "log_server_peer_key=/tmp/key", "log_servers": "log_servers=localhost",
	"logfile": "logfile=/tmp/log", "mailerpath": "mailerpath=/home/agent/mail", "secure_path": "secure_path=/tmp", "pam_askpass_service": "pam_askpass_service=cron", "pam_login_service": "pam_login_service=cron", "pam_service": "pam_service=cron",
	"rlimit_core": "rlimit_core=infinity", "stay_setuid": "stay_setuid", "timestampdir": "timestampdir=/tmp/ts", "timestampowner": "timestampowner=agent", "umask": "umask=0",
}

// TestFixesOfOptions obeys the fix of each option: it is proposed for a dangerous value, and nothing is found with the
// value that it names.
func TestFixesOfOptions(t *testing.T) {
	t.Parallel()
	const used = "Defaults lecture=always, log_output, log_servers=10.0.0.9\nDefaults "
	for _, o := range policy.VettedOptions() {
		var fix string
		for _, f := range analyseFor(t, used+hazardousValues[o.Name]+"\n"+nightly, "agent", "ops").Findings {
			if strings.Contains(f.Why, o.Name+"=") && f.Root() {
				fix = f.Fix
			}
		}
		line := "Defaults " + o.Example
		named := line
		if o.Name == "secure_path" { // the fix of its rule names the directories, which a policy has with a backslash before each colon
			named = strings.ReplaceAll(strings.TrimPrefix(o.Example, "secure_path="), `\:`, ":")
		}
		if !strings.Contains(fix, named) {
			t.Errorf("%s: the fix %q does not name %s", o.Name, fix, named)
		}
		for _, f := range analyseFor(t, used+o.Example+"\n"+nightly, "agent", "ops").Findings {
			t.Errorf("%s: %s: %s", line, f.ID, f.Why)
		}
	}
}

// proposedFor is a command line that a fix of the data is proposed for, "" if there is none.
func proposedFor(fix string) string {
	for _, p := range program.Programs() {
		if o := p.Otherwise; o != nil && o.FixText() == fix && slices.ContainsFunc(o.Effects, func(e program.Effect) bool { return e.Info().Root() }) {
			return strings.TrimSpace("agent ALL=(root) " + p.Paths[0] + " " + strings.NewReplacer(":", `\:`, ",", `\,`, "=", `\=`).Replace(o.Example))
		}
	}
	return ""
}

// allFixes are all fixes that are ever proposed, each once.
func allFixes() []string {
	fixes := map[string]bool{}
	for _, family := range program.Families() {
		fixes[family.Fix] = true
		for _, p := range family.Programs {
			for _, o := range p.Operations {
				fixes[o.FixText()] = true
			}
			if p.Otherwise != nil {
				fixes[p.Otherwise.FixText()] = true
			}
		}
	}
	for _, effect := range program.Effects() {
		fixes[effect.Fix] = true
	}
	for _, rule := range GrantRules() {
		if !rule.Options { // each option has its own
			fixes[rule.Fix] = true
		}
	}
	list := make([]string, 0, len(fixes))
	for fix := range fixes {
		list = append(list, fix)
	}
	slices.Sort(list)
	return list
}

// analyseVouched is analyseFor with programs that somebody reviewed.
func analyseVouched(t *testing.T, text string, vouched Vouched) Analysis {
	t.Helper()
	file, errs := sudoers.Parse("policy", text+"\n", sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}, Vouched: vouched}
	return AnalyseReleases(sudoers.TreeOf(file), q, sudoers.PVE8, sudoers.PVE9)
}
