package hardening

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strconv"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const rsyslogService = "rsyslog.service"

// AuditState is what one node holds of audit logging.
type AuditState struct {
	// Node is the name of the node.
	Node string
	// Files gives the status of every configuration file, log file and directory, by path.
	Files map[string]FileStatus
	// Contents gives the text of the configuration files that are there.
	Contents map[string]string
	// Services gives systemd's state of each service that logging needs: "active", "failed", "inactive", "not-found".
	Services map[string]string
	// Overruled are the lines of other files of sudoers, audit rules, logrotate and journald that switch off or change
	// what is set here, as "file:line: what".
	Overruled []string
	// Health is whether records arrive.
	Health AuditHealth
	// AuditRules is what the kernel does with the audit rules: [AuditInForce], [AuditLocked], [AuditAfterBoot], or what
	// is wrong; "" without any.
	AuditRules string
	// Lacks are the Debian packages that the settings need and the node does not have.
	Lacks []string
	// Unfinished tells that a transaction on this node was interrupted; the next apply recovers it.
	Unfinished bool
	// Leftover tells that an interrupted transaction left files of its own; the next apply removes them.
	Leftover bool
}

// Desired is the state that a node has after Install. Log files have no digest: their content is theirs.
func (a AuditLogging) Desired() AuditState {
	state := AuditState{Files: map[string]FileStatus{}, Contents: map[string]string{}, Services: map[string]string{}}
	for _, file := range a.managed() {
		if !file.wanted() {
			continue
		}
		state.Files[file.path], state.Contents[file.path] = file.status(), file.text
		if file.service != "" {
			state.Services[file.service] = "active"
		}
	}
	if a.Forward != nil {
		state.Files[a.keyPath()] = FileStatus{Present: true, Type: "file", Mode: "0600", Owner: "root:root"} // without a digest: nobody reads it
	}
	for name, mode := range a.logFiles() {
		state.Files[name] = FileStatus{Present: true, Type: "file", Mode: mode, Owner: "root:root"}
	}
	if a.IOLogs != nil {
		state.Files[a.IOLogs.Directory] = FileStatus{Present: true, Type: "directory", Mode: "0700", Owner: "root:root"}
	}
	for _, dir := range a.directories() {
		if dir.wanted {
			state.Files[dir.path] = FileStatus{Present: true, Type: "directory", Mode: "0755", Owner: "root:root"}
		}
	}
	if a.AuditRules != nil {
		state.AuditRules = AuditInForce
	}
	return state
}

// Observe reads what the node holds of audit logging: its configuration files, its log files and the services it needs.
func (a AuditLogging) Observe(ctx context.Context, nodes Nodes, target node.Target) (*AuditState, error) {
	return a.observe(ctx, nodes, target, false)
}

// observe is Observe; with whole, the recordings are walked too.
func (a AuditLogging) observe(ctx context.Context, nodes Nodes, target node.Target, whole bool) (*AuditState, error) {
	desired := a.Desired()
	query := node.Query{Files: a.Paths(), Commands: a.Commands(), Audit: a.AuditRules != nil, Accounts: a.ruleAccounts()}
	for name := range desired.Files {
		if _, config := desired.Contents[name]; !config {
			query.Stats = append(query.Stats, name)
		}
	}
	if a.Forward == nil {
		query.Stats = append(query.Stats, a.keyPath()) // one that is left from other settings
	}
	if a.AuditRules != nil {
		query.Trees = append(query.Trees, auditRulesDir)
	}
	a.observeJournal(&query)
	a.observeRotation(&query)
	sort.Strings(query.Stats)
	services := sortedKeys(desired.Services)
	query.Services = services
	a.askHealth(&query, whole)
	seen, overruled, err := a.look(ctx, nodes, target, query)
	if err != nil {
		return nil, err
	}
	state := &AuditState{Node: seen.Node, Files: map[string]FileStatus{}, Contents: map[string]string{}, Services: map[string]string{}, Unfinished: seen.Unfinished, Leftover: seen.Leftover, Overruled: slices.Concat(overruled, a.overruledRules(seen), a.rotatedElsewhere(seen), a.overruledJournal(seen.Configs[journaldConfig])), Lacks: Lacking(seen, query.Commands), AuditRules: a.inForce(seen), Health: a.health(seen, whole)}
	for _, name := range a.Paths() {
		file := seen.Files[name]
		if _, wanted := desired.Contents[name]; !wanted && !file.Exists {
			continue
		}
		state.Files[name] = statusOf(file)
		if file.Exists {
			state.Contents[name] = string(file.Content)
		}
	}
	for _, name := range query.Stats {
		status := statusOf(seen.Files[name])
		if name == a.keyPath() && a.Forward == nil && !status.Present {
			continue
		}
		status.SHA256 = ""
		state.Files[name] = status
	}
	for _, name := range services {
		state.Services[name] = serviceState(seen.Services[name])
	}
	return state, nil
}

func serviceState(service node.Service) string {
	if service.Load == "not-found" {
		return service.Load
	}
	// A service that is on its way up, or reads its configuration anew, runs in a moment. One that systemd starts over
	// and over again does not.
	if service.Active == "reloading" || service.Active == "activating" && service.Sub != "auto-restart" {
		return "active"
	}
	return service.Active
}

// Changes lists in words by which configuration lines the node differs from recorded.
func (s *AuditState) Changes(recorded map[string]string) []string {
	var changes []string
	for _, name := range sortedKeys(s.Contents) {
		for _, line := range LineChanges(recorded[name], s.Contents[name]) {
			changes = append(changes, name+": "+line)
		}
	}
	return changes
}

// Install brings audit logging onto targets and takes it off the nodes in leave, all in one transaction. Configuration
// files that this version no longer has are removed. applied gives the texts that were applied last, by path. seen
// gives for each node what it held when the change was planned: its configuration files must be the same still.
func (a AuditLogging) Install(ctx context.Context, nodes Nodes, targets, leave []node.Target, seen map[string]*AuditState, applied map[string]string, progress func(node, step string)) error {
	var changes []node.Change
	for _, target := range targets {
		change, err := a.installation(seen[target.Name], applied)
		if err != nil {
			return err
		}
		change.Target = target
		changes = append(changes, change)
	}
	if err := guardSecrets(ctx, nodes, changes); err != nil {
		return err
	}
	return nodes.Apply(ctx, append(changes, a.removals(leave, applied)...), progress)
}

// installation is the change that brings one node to the desired state.
func (a AuditLogging) installation(seen *AuditState, applied map[string]string) (node.Change, error) {
	change := node.Change{Label: a.label(), ReloadAuditRules: seen == nil || !rulesAreLoaded(seen.AuditRules)}
	desired := a.Desired()
	if text := desired.Contents[a.DropInPath()]; text != "" {
		if err := checkLines(a.DropInPath(), text); err != nil {
			return change, err
		}
	}
	for _, name := range sortedKeys(desired.Files) {
		status := desired.Files[name]
		if _, config := desired.Contents[name]; config || name == a.keyPath() {
			continue
		}
		mode, err := parseMode(status.Mode)
		if err != nil {
			return change, err
		}
		kind := node.EnsureFile
		if status.Type == "directory" {
			kind = node.Directory
		}
		change.Files = append(change.Files, node.File{Path: name, Kind: kind, Mode: mode, Owner: "root", Group: "root"})
	}
	for _, file := range a.managed() {
		var status FileStatus
		if seen != nil {
			status = seen.Files[file.path]
			change.Expect = append(change.Expect, status.expectAt(file.path))
		}
		file.applied = digestOf(applied[file.path])
		file.installOn(&change, status.Present)
	}
	if err := a.addKey(&change, seen, applied); err != nil {
		return change, err
	}
	for _, dir := range a.directories() {
		if !dir.wanted && applied[dir.holds] != "" {
			change.Files = append(change.Files, node.File{Path: dir.path, Kind: node.Absent})
		}
	}
	return change, nil
}

// directory is a directory that is made for one of the files, and goes with it where nothing else is in it.
type directory struct {
	path, holds string
	wanted      bool
}

func (a AuditLogging) directories() []directory {
	return []directory{
		{recordingsDir, recordingsDir + "/" + a.recordingsName() + ".conf", a.bounded()},
		{servicesDir, servicesDir + "/" + a.securityName() + ".conf", a.collects(Journald)},
		{pveServiceDir, pveServiceDir + "/" + a.fileName() + ".conf", a.watchesPVE()},
		{journaldDir, a.JournaldPath(), a.Journal != nil},
	}
}

// digestOf is the digest of a text, "" for none.
func digestOf(text string) string {
	if text == "" {
		return ""
	}
	return Digest(text)
}

// Remove takes the configuration off the targets. The logs stay, which are evidence, unless PurgeLogs says otherwise.
func (a AuditLogging) Remove(ctx context.Context, nodes Nodes, targets []node.Target, progress func(node, step string)) error {
	changes := a.removals(targets, a.Render())
	for i := range changes {
		if a.PurgeLogs {
			changes[i].Files = append(changes[i].Files, a.purged()...)
		}
	}
	return nodes.Apply(ctx, changes, progress)
}

func (a AuditLogging) removals(targets []node.Target, applied map[string]string) []node.Change {
	var changes []node.Change
	for _, target := range targets {
		change := node.Change{Target: target, Label: a.label()}
		files := a.managed()
		slices.Reverse(files)
		for _, file := range files {
			file.applied = digestOf(applied[file.path])
			file.removeFrom(&change, file.wanted())
		}
		a.eraseKey(&change)
		for _, dir := range a.directories() {
			if dir.wanted {
				change.Files = append(change.Files, node.File{Path: dir.path, Kind: node.Absent})
			}
		}
		changes = append(changes, change)
	}
	return changes
}

func (a AuditLogging) label() string { return fmt.Sprintf("audit logging %q", a.Name) }

func parseMode(text string) (fs.FileMode, error) {
	bits, err := strconv.ParseUint(text, 8, 12)
	if err != nil {
		return 0, fmt.Errorf("mode %q is not an octal number", text)
	}
	return fs.FileMode(bits).Perm(), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
