package check

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// sudoStatement is a claim that no grant of sudo has some effects. It is proven over all command lines.
type sudoStatement struct {
	id       string
	family   Family
	severity Severity
	level    Level
	name     string // of a named statement, "" for one of effects
	effects  []program.Effect
	title    string
	why      string
}

const allowList = "Grant single commands with their arguments by pvesec_sudoers_policy, rule or preset; its attribute analysis shows what is left. Remove lines of other files, or let exclusive remove them."

var statements = []sudoStatement{
	{id: "PVESEC-C0101", family: RootProtection, severity: Critical, level: Level1, name: "touches root@pam", title: "No grant of sudo touches root@pam", why: "Who changes the password, the keys, the tokens or the rights of root@pam is root of the whole cluster."},
	{id: "PVESEC-C0102", family: RootProtection, severity: Critical, level: Level1, name: "edits sudoers", title: "No grant of sudo edits sudoers", why: "Who writes the sudoers files gives himself every command."},
	{id: "PVESEC-C0103", family: RootProtection, severity: Critical, level: Level1, effects: []program.Effect{program.ChangesAccounts, program.ChangesPVEAccess, program.GrantsRoot}, title: "No grant of sudo changes accounts, groups or rights in PVE",
		why: "A new member of a mighty group, or a new entry of the access control list, is a way to root that no file of sudo shows."},
	{id: "PVESEC-C0104", family: RootProtection, severity: Critical, level: Level1, effects: []program.Effect{program.PVERoot}, title: "No grant of sudo becomes root through PVE", why: "Some commands of PVE run scripts of guests and storages as root."},
	{id: "PVESEC-C0201", family: CommandCoverage, severity: High, level: Level1, name: "installs packages", title: "No grant of sudo installs packages", why: "The scripts of a package run as root."},
	{id: "PVESEC-C0202", family: CommandCoverage, severity: High, level: Level1, name: "changes the network", title: "No grant of sudo changes the network", why: "Who changes bridges and filters reads and redirects the traffic of the cluster and its guests."},
	{id: "PVESEC-C0203", family: CommandCoverage, severity: High, level: Level1, name: "stops services of Proxmox VE", title: "No grant of sudo stops services of Proxmox VE or the node", why: "Without its services a node cannot be administered, and the cluster may fence it."},
	{id: "PVESEC-C0204", family: CommandCoverage, severity: High, level: Level1, name: "destroys disks", title: "No grant of sudo destroys disks, images or backups", why: "All guests on it lose their data."},
	{id: "PVESEC-C0205", family: CommandCoverage, severity: High, level: Level1, effects: []program.Effect{program.ChangesKernel, program.KernelCode}, title: "No grant of sudo changes the kernel or loads code into it", why: "Code in the kernel is above root."},
	{id: "PVESEC-C0206", family: CommandCoverage, severity: Medium, level: Level2, effects: []program.Effect{program.ChangesStorage}, title: "No grant of sudo changes storages", why: "A storage can be mounted over files of root, or made to leak the images of guests."},
	{id: "PVESEC-C0207", family: CommandCoverage, severity: Medium, level: Level2, effects: []program.Effect{program.LosesGuest}, title: "No grant of sudo loses guests", why: "A guest that is removed does not come back without a backup."},
	{id: "PVESEC-C0501", family: Escalation, severity: Critical, level: Level1, effects: []program.Effect{program.RunsCode, program.LoadsCode}, title: "No grant of sudo runs programs or code of the caller's choice", why: "A program that runs what its caller names is a shell of root."},
	{id: "PVESEC-C0502", family: Escalation, severity: Critical, level: Level1, effects: []program.Effect{program.Interactive}, title: "No grant of sudo starts a program that gives a shell", why: "Pagers and editors run commands from within; noexec does not hold all of them."},
	{id: "PVESEC-C0503", family: Escalation, severity: Critical, level: Level1, effects: []program.Effect{program.WritesFile, program.GivesFile}, title: "No grant of sudo writes files of the caller's choice or gives them away", why: "Who writes one file of root's choice is root: a cron table, a key, a unit."},
	{id: "PVESEC-C0504", family: Escalation, severity: High, level: Level1, effects: []program.Effect{program.ReadsSecret}, title: "No grant of sudo reads secrets", why: "Hashes of passwords and private keys of the cluster lead to root elsewhere."},
	{id: "PVESEC-C0505", family: Escalation, severity: Critical, level: Level1, effects: []program.Effect{program.Mounts}, title: "No grant of sudo mounts file systems", why: "A file system of the caller's brings set-id programs, or covers files of root."},
	{id: "PVESEC-C0506", family: Escalation, severity: High, level: Level1, effects: []program.Effect{program.GuestRoot}, title: "No grant of sudo is root in guests", why: "Who is root in a guest reads its data and attacks the node from inside."},
	{id: "PVESEC-C0601", family: Bypass, severity: Critical, level: Level1, name: "becomes another user", title: "No grant of sudo becomes another user", why: "A shell of another account runs what no line of sudoers names."},
	{id: "PVESEC-C0602", family: Bypass, severity: High, level: Level1, name: "stops logging", title: "No grant of sudo stops or changes the logs", why: "Who removes the record of what was done can deny it."},
	{id: "PVESEC-C0603", family: Bypass, severity: Medium, level: Level1, effects: []program.Effect{program.MasksUnit, program.StopsUnit}, title: "No grant of sudo stops or masks services", why: "Protection that is a service, such as auditd or the firewall, ends with it."},
	{id: "PVESEC-C0604", family: Bypass, severity: High, level: Level1, effects: []program.Effect{program.ChangesTime}, title: "No grant of sudo changes the clock", why: "A moved clock falsifies logs, and prolongs what ends at a time: sudo's timestamps, tokens, emergency access."},
}

// sudoStatements are the checks of them.
func sudoStatements() []Check {
	list := make([]Check, len(statements))
	for i, s := range statements {
		statement := &escalation.Statement{Name: s.title, Effects: s.effects}
		expected := "a proof over all command lines of all grants that none has the effect"
		if s.name != "" {
			named, err := escalation.FindStatement(s.name)
			if err != nil {
				panic(err) // the test of the catalogue calls this
			}
			statement = named
			expected += ": the statement " + fmt.Sprintf("%q", s.name)
		}
		list[i] = Check{ID: s.id, Title: s.title, Family: s.family, Severity: s.severity, Level: s.level, Why: s.why, Expected: expected, Remedy: allowList,
			References: append(manual("sudoers(5)", "SUDOERS FILE FORMAT"), guide("2.1.5")...),
			node: func(n *Node) Outcome {
				return n.aboutGranted("proven for", func(g *posture.Granted) (wrong, doubt []string) { return n.prove(g, statement) })
			}}
	}
	return list
}

// prove proves a statement of one who has grants.
func (n *Node) prove(g *posture.Granted, s *escalation.Statement) (wrong, doubt []string) {
	proof := g.Analysis.Never(s)
	at := ""
	if proof.Pos.File != "" {
		at = fmt.Sprintf(" [%s:%d: %s]", proof.Pos.File, proof.Pos.Line, proof.Grant)
	}
	text := fmt.Sprintf("%s: %s %s%s", g.Name, proof.Note, proof.Example, at)
	switch proof.Verdict {
	case regular.Yes:
		return nil, nil
	case regular.No:
		return []string{text + n.saidBySudo(g.Name, proof.Example)}, nil
	}
	return nil, []string{text}
}
