package hardening

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AuditReport is how the audit trail of a node does, told by the node alone: the settings are read from its files.
type AuditReport struct {
	// Problems say why a record may not be where a reader looks for it, a sentence each.
	Problems []string
	Health   AuditHealth
	Counts   AuditCounts
	// Services gives systemd's state of each service that logging needs.
	Services map[string]string
	Logging  AuditLogging
}

// ReportAudit reads how the audit logging of a name does on a node, and counts what was refused since a time. Users are
// counted beside its subjects.
func ReportAudit(ctx context.Context, nodes Nodes, target node.Target, name string, since time.Time, users []string) (*AuditReport, error) {
	a, err := HeldAudit(ctx, nodes, target, name)
	var unknown *UnknownAuditError
	switch {
	case errors.As(err, &unknown):
		return &AuditReport{Problems: []string{printable(unknown.Error())}}, nil
	case err != nil:
		return nil, err
	}
	state, err := a.observe(ctx, nodes, target, true)
	if err != nil {
		return nil, err
	}
	counts, err := a.Count(ctx, nodes, target, since, users)
	if err != nil {
		return nil, err
	}
	report := &AuditReport{Logging: a, Health: state.Health, Counts: *counts, Services: state.Services, Problems: slices.Clone(state.Health.Problems)}
	for _, line := range state.Overruled {
		report.Problems = append(report.Problems, "another file of "+OverruledKind(line)+" overrules the settings: "+line)
	}
	if state.AuditRules == AuditAfterBoot {
		report.Problems = append(report.Problems, "the kernel has its audit rules locked, and others than the files: those of "+a.AuditRulesPath()+" take effect when the node boots")
	}
	desired := a.Desired()
	for _, name := range sortedKeys(desired.Files) {
		have, want := state.Files[name], desired.Files[name]
		if have.SHA256 = ""; want.SHA256 != "" {
			want.SHA256 = "" // the settings were read from it
		}
		if have != want {
			report.Problems = append(report.Problems, printable(fmt.Sprintf("%s is %s and not %s", name, have, want)))
		}
	}
	slices.Sort(report.Problems)
	return report, nil
}

// UnknownAuditError tells that the files of a node do not say what is set.
type UnknownAuditError struct {
	name string
	err  error // nil where there are none
}

func (e *UnknownAuditError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("there is no audit logging %q", e.name)
	}
	return fmt.Sprintf("what audit logging %q is set to is not known: %v", e.name, e.err)
}

// HeldAudit reads from the files of a node how the audit logging of a name is set there.
func HeldAudit(ctx context.Context, nodes Nodes, target node.Target, name string) (AuditLogging, error) {
	held, err := AuditLogging{Name: name}.Observe(ctx, nodes, target)
	if err != nil {
		return AuditLogging{}, err
	}
	if len(held.Contents) == 0 {
		return AuditLogging{}, &UnknownAuditError{name: name}
	}
	a, err := ParseAuditLogging(name, held.Contents)
	if err == nil {
		err = a.checkPaths()
	}
	if err != nil {
		return AuditLogging{}, &UnknownAuditError{name, err}
	}
	return a, nil
}

// checkPaths refuses settings that this package would not have written.
func (a AuditLogging) checkPaths() error {
	var paths []string
	for name := range a.logFiles() {
		paths = append(paths, name)
	}
	if a.IOLogs != nil {
		paths = append(paths, a.IOLogs.Directory)
	}
	for _, name := range paths {
		if err := CheckLogPath(name); err != nil {
			return err
		}
	}
	return nil
}
