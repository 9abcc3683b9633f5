package hardening

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AuditRules are what the kernel itself writes down, auditctl(8), of everyone and with any program.
type AuditRules struct {
	// Areas are what is watched, sorted, names of [AuditAreas].
	Areas []string
	// Paths are further files and directories whose changes are recorded, sorted.
	Paths []string
	// Backlog is how many records may wait for auditd.
	Backlog int64
	// Failure is what the kernel does where it loses a record: "ignore", "log", or "panic", which stops the node.
	Failure string
	// Immutable locks the rules from the next boot of the node to the one after it.
	Immutable bool
}

const (
	auditRulesDir = "/etc/audit/rules.d"
	auditService  = "auditd.service"
	pveService    = "pve-cluster.service"
	pveMount      = "/etc/pve"
)

// pveServiceDir is where a file says what is wanted with the service that mounts /etc/pve.
const pveServiceDir = unitsDir + "/" + pveService + ".d"

// failures are the values of auditctl's -f.
var failures = []string{"ignore", "log", "panic"}

// AuditFailures are what [AuditRules.Failure] can be.
func AuditFailures() []string { return slices.Clone(failures) }

// auditArea is a subject of audit rules. Each of its rules gets the key "pvesec-" and its name, by which ausearch(8)
// finds the records.
type auditArea struct {
	name string
	// watched are files and directories whose changes are recorded. One that is not there yet is watched for being
	// made.
	watched []string
	// calls are system calls with conditions. Each is recorded for programs of 64 and of 32 bits.
	calls []auditCall
}

// auditCall is a rule about system calls. Calls of one kind of programs alone are in b64 and b32.
type auditCall struct{ b64, b32, fields string }

// person is a condition: done in a session of somebody who logged in.
const person = "-F auid!=unset"

var auditAreas = []auditArea{
	{name: "accounts", watched: []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/nsswitch.conf", "/etc/security/opasswd"}},
	{name: "audit", watched: []string{"/etc/audit", "/etc/libaudit.conf", "/var/log/audit", "/usr/sbin/auditctl", "/usr/sbin/auditd", "/usr/sbin/augenrules"}},
	// Collectors and rotation run outside of sessions. sudo writes its own logs from within, and is recorded like every
	// program: it is the one that writes for sudoedit too.
	{name: "logs", calls: []auditCall{{fields: "-F dir=/var/log -F perm=wa " + person}}},
	{name: "modules", watched: []string{"/etc/modules", "/etc/modules-load.d", "/etc/modprobe.d"}, calls: []auditCall{{b64: "init_module,delete_module,finit_module", b32: "init_module,delete_module,finit_module"}}},
	{name: "pam", watched: []string{"/etc/pam.conf", "/etc/pam.d", "/etc/security", "/etc/login.defs"}},
	{name: "pve", watched: []string{pveMount}},
	{name: "root_commands"}, // by the subjects
	{name: "ssh", watched: []string{"/etc/ssh", "/root/.ssh"}},
	{name: "sudoers", watched: []string{"/etc/sudoers", "/etc/sudoers.d", "/etc/sudo.conf", "/etc/sudo_logsrvd.conf"}},
	{name: "time", watched: []string{"/etc/localtime"}, calls: []auditCall{{b64: "adjtimex,settimeofday,clock_settime", b32: "stime,settimeofday,adjtimex,clock_settime"}}},
}

const rootCommands = "root_commands"

// AuditAreas are the names of what audit rules can be about, sorted.
func AuditAreas() []string {
	names := make([]string, 0, len(auditAreas))
	for _, area := range auditAreas {
		names = append(names, area.name)
	}
	return names
}

var auditPath = regexp.MustCompile(`^/[A-Za-z0-9_][A-Za-z0-9_.@+/-]*$`)

// CheckAuditPath says why the kernel cannot watch name, or returns nil.
func CheckAuditPath(name string) error {
	if !auditPath.MatchString(name) || path.Clean(name) != name {
		return fmt.Errorf("%q cannot be watched: give a clean absolute path of letters, digits and \"_.@+-\", for example /usr/local/sbin", name)
	}
	return nil
}

// AuditRulesPath is the file of the audit rules. augenrules reads it after the file of Debian, and its limits count.
func (a AuditLogging) AuditRulesPath() string { return auditRulesDir + "/" + a.fileName() + ".rules" }

// audit lists the files of audit rules: the rules, and where /etc/pve is watched a service that has the kernel look
// there anew after a mount, with what starts it.
func (a AuditLogging) audit() []managedFile {
	name := a.fileName() + ".service"
	rules := managedFile{path: a.AuditRulesPath(), mode: 0o600, owner: "root", group: "root", validate: node.AuditRules, command: "auditctl", service: auditService}
	service := managedFile{path: unitsDir + "/" + name, mode: 0o644, owner: "root", group: "root", command: "systemctl"}
	wanted := managedFile{path: pveServiceDir + "/" + a.fileName() + ".conf", mode: 0o644, owner: "root", group: "root", command: "systemctl"}
	if a.AuditRules != nil {
		rules.text = a.renderAuditRules()
	}
	if a.watchesPVE() {
		service.text = a.renderAuditService()
		wanted.text = a.header() + "[Unit]\nWants=" + name + "\n"
	}
	return []managedFile{service, wanted, rules}
}

// watchesPVE tells whether the files of Proxmox VE are watched.
func (a AuditLogging) watchesPVE() bool {
	return a.AuditRules != nil && slices.Contains(a.AuditRules.Areas, "pve")
}

// renderAuditRules has loading go on after a rule that the kernel refuses (-c), as one about an account that is gone:
// it must not keep the others out.
func (a AuditLogging) renderAuditRules() string {
	rules := a.AuditRules
	var b strings.Builder
	b.WriteString(a.header())
	fmt.Fprintf(&b, "-c\n-b %d\n-f %d\n", rules.Backlog, slices.Index(failures, rules.Failure))
	for _, rule := range a.auditRules() {
		b.WriteString(rule + "\n")
	}
	if rules.Immutable {
		b.WriteString("-e 2\n")
	}
	return b.String()
}

// auditRules are the rules by themselves, one a line.
func (a AuditLogging) auditRules() []string {
	var lines []string
	for _, area := range auditAreas {
		if !slices.Contains(a.AuditRules.Areas, area.name) {
			continue
		}
		key := auditKey(area.name)
		for _, watched := range area.watched {
			lines = append(lines, watchRule(watched, key))
		}
		calls := area.calls
		if area.name == rootCommands {
			calls = a.rootCalls()
		}
		for _, call := range calls {
			lines = append(lines, call.rule("b64", call.b64, key), call.rule("b32", call.b32, key))
		}
	}
	for _, watched := range a.AuditRules.Paths {
		lines = append(lines, watchRule(watched, auditKey("paths")))
	}
	return lines
}

// rootCalls are programs that run as root in sessions of the subjects. The kernel knows no login groups: where one is a
// subject, and where none is named, those of all people count.
func (a AuditLogging) rootCalls() []auditCall {
	who := []string{"-F auid>=1000 " + person}
	if len(a.Subjects) > 0 && !slices.ContainsFunc(a.Subjects, func(name string) bool { return strings.HasPrefix(name, "%") }) {
		who = nil
		for _, name := range a.Subjects {
			who = append(who, "-F auid="+name)
		}
	}
	calls := make([]auditCall, 0, len(who))
	for _, condition := range who {
		calls = append(calls, auditCall{b64: "execve,execveat", b32: "execve,execveat", fields: "-F euid=0 " + condition})
	}
	return calls
}

func (c auditCall) rule(arch, calls, key string) string {
	parts := []string{"-a always,exit -F arch=" + arch}
	if calls != "" {
		parts = append(parts, "-S "+calls)
	}
	if c.fields != "" {
		parts = append(parts, c.fields)
	}
	return strings.Join(append(parts, "-F key="+key), " ")
}

func watchRule(watched, key string) string { return "-w " + watched + " -p wa -k " + key }

func auditKey(area string) string { return "pvesec-" + area }

// renderAuditService sees to /etc/pve. The kernel watches what is mounted at the moment at which it takes a rule: a
// file system that is mounted later is not watched until it is told so (-q), and a rule that was taken while it was
// mounted is gone when it is unmounted. A line that the kernel refuses shows in what the kernel says of its rules, and
// leaves no unit failed.
func (a AuditLogging) renderAuditService() string {
	return a.header() + fmt.Sprintf(`[Unit]
Description=Have the kernel watch %[1]s after it was mounted
After=%[2]s %[3]s
[Service]
Type=oneshot
ExecStart=-/usr/sbin/auditctl %[4]s
ExecStart=-/usr/sbin/auditctl -q %[1]s,%[1]s
`, pveMount, pveService, auditService, watchRule(pveMount, auditKey("pve")))
}

var (
	auditLimits = regexp.MustCompile(`(?m)^-b ([0-9]+)\n-f ([012])$`)
	auditKeys   = regexp.MustCompile(`(?m)^-w (\S+) -p wa -k pvesec-(\S+)$|^-a .* -F key=pvesec-(\S+)$`)
	auditLogins = regexp.MustCompile(`(?m)^-a .* -F auid=(\S+) -F key=pvesec-root_commands$`)
)

// parseAuditRules reads the settings back from the file, nil where there is none. Where sudo's log says nothing of the
// subjects, they are those whose programs are recorded.
func (a *AuditLogging) parseAuditRules(text string) error {
	limits := auditLimits.FindStringSubmatch(text)
	if limits == nil {
		return fmt.Errorf("%s has no limits", a.AuditRulesPath())
	}
	backlog, err := strconv.ParseInt(limits[1], 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %w", a.AuditRulesPath(), err)
	}
	rules := &AuditRules{Backlog: backlog, Failure: failures[limits[2][0]-'0'], Immutable: strings.HasSuffix(text, "\n-e 2\n")}
	for _, found := range auditKeys.FindAllStringSubmatch(text, -1) {
		if area := found[2] + found[3]; area == "paths" {
			rules.Paths = append(rules.Paths, found[1])
		} else {
			rules.Areas = append(rules.Areas, area)
		}
	}
	slices.Sort(rules.Areas)
	rules.Areas = slices.Compact(rules.Areas)
	a.AuditRules = rules
	if len(a.Subjects) == 0 {
		for _, found := range auditLogins.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(a.Subjects, found[1]) {
				a.Subjects = append(a.Subjects, found[1])
			}
		}
		slices.Sort(a.Subjects)
	}
	return nil
}
