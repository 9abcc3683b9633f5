package hardening

import (
	"context"
	"path"
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// memoryNodes are nodes of which only the files exist. They answer queries as a node does and take changes without
// validating them.
type memoryNodes struct {
	files    map[string]map[string]node.FileState // by node, by path
	accounts map[string]node.Account
	applied  []node.Change
	queries  int
	service  node.Service            // what every service answers; active when empty
	units    map[string]node.Service // services that answer something else
	leftover bool
	lacks    []string // commands
	clock    int64
	shipped  map[string]node.Conffile
	audit    *node.AuditStatus
	fails    func(change node.Change) error // nil for never
	scripts  func(text string) string       // what scripts answer, nil for a trail that does well
}

func newMemoryNodes(names ...string) *memoryNodes {
	m := &memoryNodes{files: map[string]map[string]node.FileState{}, accounts: map[string]node.Account{}}
	for _, name := range names {
		m.files[name] = map[string]node.FileState{}
		m.write(name, "/etc/sudoers", "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
	}
	return m
}

func (m *memoryNodes) write(name, file, text string) {
	m.files[name][file] = node.FileState{
		Exists: true, Type: node.TypeRegular, Mode: 0o440, Owner: "root", Group: "root", Content: []byte(text), SHA256: Digest(text), Size: int64(len(text)),
	}
}

func (m *memoryNodes) Observe(_ context.Context, target node.Target, query node.Query) (*node.Observation, error) {
	m.queries++
	seen := &node.Observation{
		Node:     target.Name,
		Facts:    node.Facts{Hostname: target.Name, SudoVersion: "1.9.16p2"},
		Files:    map[string]node.FileState{},
		Accounts: map[string]node.Account{},
		Services: map[string]node.Service{},
		Commands: map[string]string{},
		Leftover: m.leftover,
		Clock:    m.clock,
		Audit:    m.audit,
		Configs:  map[string]string{},

		Conffiles: m.shipped,
	}
	for _, name := range append(append([]string(nil), query.Files...), query.Stats...) {
		seen.Files[name] = m.files[target.Name][name]
	}
	for _, dir := range query.Trees {
		for name, state := range m.files[target.Name] {
			if path.Dir(name) == dir {
				seen.Files[name] = state
			}
		}
	}
	for _, name := range query.Accounts {
		seen.Accounts[name] = m.accounts[name]
	}
	for _, name := range query.Commands {
		if seen.Commands[name] = "/usr/bin/" + name; slices.Contains(m.lacks, name) {
			seen.Commands[name] = ""
		}
	}
	for _, name := range query.Services {
		seen.Services[name] = node.Service{Load: "loaded", Active: "active"}
		if m.service != (node.Service{}) {
			seen.Services[name] = m.service
		}
		if unit, other := m.units[name]; other {
			seen.Services[name] = unit
		}
	}
	seen.Scripts = map[string]node.Section{}
	for _, text := range query.Scripts {
		answer := healthyTrail
		if m.scripts != nil {
			answer = m.scripts
		}
		seen.Scripts[text] = node.Section{Data: []byte(answer(text))}
	}
	return seen, nil
}

func (m *memoryNodes) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	m.applied = append(m.applied, changes...)
	for _, change := range changes {
		if m.fails != nil {
			if err := m.fails(change); err != nil {
				return err
			}
		}
	}
	for _, change := range changes {
		for _, file := range change.Files {
			switch file.Kind {
			case node.Absent:
				delete(m.files[change.Target.Name], file.Path)
			case node.Regular:
				m.write(change.Target.Name, file.Path, string(file.Content))
			case node.EnsureFile:
				m.files[change.Target.Name][file.Path] = node.FileState{Exists: true, Type: node.TypeRegular, Mode: file.Mode, Owner: "root", Group: "root"}
			case node.Directory:
				m.files[change.Target.Name][file.Path] = node.FileState{Exists: true, Type: node.TypeDirectory, Mode: file.Mode, Owner: "root", Group: "root"}
			}
		}
	}
	return nil
}

func targets(names ...string) []node.Target {
	list := make([]node.Target, len(names))
	for i, name := range names {
		list[i] = node.Target{Name: name, Address: name, Port: 22}
	}
	return list
}

func silent(string, string) {}

func mustObserve(t *testing.T, p SudoersPolicy, m *memoryNodes, name string) *SudoersState {
	t.Helper()
	state, err := p.Observe(t.Context(), m, targets(name)[0])
	if err != nil {
		t.Fatal(err)
	}
	return state
}
