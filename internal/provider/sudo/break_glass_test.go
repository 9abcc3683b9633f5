package sudo

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// glassNodes are nodes of which only files and clocks exist.
type glassNodes struct {
	files   map[string]map[string]string // by node, by path
	clock   int64
	sudo    string
	down    string
	applied int
	// unfinished tells that a change of every node was interrupted, and undo is what the next change of a node does
	// first then.
	unfinished bool
	undo       func(node string)
}

func newGlassNodes(names ...string) *glassNodes {
	g := &glassNodes{files: map[string]map[string]string{}, clock: time.Now().Unix(), sudo: "1.9.13p3"}
	for _, name := range names {
		g.files[name] = map[string]string{}
	}
	return g
}

func (g *glassNodes) Observe(_ context.Context, target node.Target, query node.Query) (*node.Observation, error) {
	if target.Name == g.down {
		return nil, errors.New(target.Name + " does not answer")
	}
	seen := &node.Observation{Node: target.Name, Facts: node.Facts{SudoVersion: g.sudo}, Files: map[string]node.FileState{}, Services: map[string]node.Service{}, Clock: g.clock, Unfinished: g.unfinished}
	for _, name := range query.Files {
		if text, is := g.files[target.Name][name]; is {
			mode := fs.FileMode(0o644)
			switch {
			case strings.HasPrefix(name, "/etc/sudoers.d/"):
				mode = 0o440
			case strings.HasSuffix(name, ".sh"):
				mode = 0o600
			}
			seen.Files[name] = node.FileState{Exists: true, Type: node.TypeRegular, Mode: mode, Owner: "root", Group: "root", Content: []byte(text), SHA256: hardening.Digest(text)}
		}
	}
	for _, name := range query.Services {
		seen.Services[name] = node.Service{Load: "loaded", Active: "active"}
	}
	return seen, nil
}

func (g *glassNodes) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	for _, change := range changes {
		if change.Target.Name == g.down {
			return errors.New(change.Target.Name + " does not answer")
		}
	}
	for _, change := range changes {
		if g.unfinished && g.undo != nil {
			g.undo(change.Target.Name)
		}
		if len(change.Files) > 0 {
			g.applied++
		}
	}
	g.unfinished = false
	for _, change := range changes {
		for _, file := range change.Files {
			switch file.Kind {
			case node.Absent:
				delete(g.files[change.Target.Name], file.Path)
			case node.Regular:
				g.files[change.Target.Name][file.Path] = string(file.Content)
			}
		}
	}
	return nil
}

func (g *glassNodes) targets() []node.Target {
	var list []node.Target
	for _, name := range []string{"pve1", "pve2"} {
		if g.files[name] != nil {
			list = append(list, node.Target{Name: name, Address: name, Port: 22})
		}
	}
	return list
}

const emergencyFile = "/etc/sudoers.d/zz-pvesec-emergency-db"

// glass is an access that was not granted yet.
func glass() *breakGlassModel {
	return &breakGlassModel{
		Name: types.StringValue("db"), Subject: types.StringValue("alice"), Reason: types.StringValue("the database is down"), AllCommands: types.BoolValue(true),
		Duration: types.StringValue("2h"), RequirePassword: types.BoolValue(true), RequireLogging: types.BoolValue(true), EndSessions: types.BoolValue(false),
		Allowed: types.ListNull(types.StringType), Placed: session.Placed{Deployed: types.MapUnknown(breakGlassNodeType)},
	}
}

func apply(t *testing.T, g *glassNodes, plan, state *breakGlassModel) (diag.Diagnostics, error) {
	t.Helper()
	var diags diag.Diagnostics
	err := plan.Install(t.Context(), session.Change[breakGlassModel]{Nodes: g, Targets: g.targets(), State: state}, &diags)
	return diags, err
}

// refresh reads the nodes into the state, and gives what it warns of.
func refresh(t *testing.T, g *glassNodes, m *breakGlassModel) string {
	t.Helper()
	var diags diag.Diagnostics
	seen, err := session.Observe(t.Context(), g, g.targets(), m.Observer(t.Context(), &diags))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]breakGlassNode{}
	for name, found := range seen {
		var entry breakGlassNode
		diags.Append(values.ReadObject(t.Context(), m.Found(t.Context(), found, &diags), &entry)...)
		entries[name] = entry
	}
	m.record(t.Context(), entries, &diags)
	m.Took(t.Context(), session.Reading[hardening.BreakGlassState]{Seen: seen, Refresh: true}, &diags)
	if diags.HasError() {
		t.Fatal(diags)
	}
	var said strings.Builder
	for _, d := range diags {
		said.WriteString(d.Summary() + "\n" + d.Detail() + "\n")
	}
	return said.String()
}

// planOf is what a plan without changes of the configuration makes of the state.
func planOf(t *testing.T, g *glassNodes, state *breakGlassModel, change func(*breakGlassModel)) (*breakGlassModel, diag.Diagnostics) {
	t.Helper()
	var diags diag.Diagnostics
	plan := *state
	if change != nil {
		change(&plan)
	}
	if plan.grants(state) {
		t.Fatal("the plan grants")
	}
	plan.keep(t.Context(), state, g.targets(), true, &diags)
	return &plan, diags
}

func granting(t *testing.T, g *glassNodes) *breakGlassModel {
	t.Helper()
	m := glass()
	if diags, err := apply(t, g, m, nil); err != nil || diags.HasError() {
		t.Fatal(err, diags)
	}
	return m
}

// TestBreakGlassStates: an open access says what is left of it, and plans nothing. One that has ended, or that somebody
// closed, plans nothing either, and an apply opens none of them.
func TestBreakGlassStates(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		tamper func(g *glassNodes)
		status string
		says   string
	}{
		"open":   {func(g *glassNodes) { g.clock += 3600 }, accessRunning, "1h0m0s left"},
		"over":   {func(g *glassNodes) { g.clock += 7201; g.files["pve1"] = map[string]string{} }, accessExpired, "expired at"},
		"closed": {func(g *glassNodes) { delete(g.files["pve1"], emergencyFile) }, accessClosed, "the file is gone before the end"},
	} {
		g := newGlassNodes("pve1")
		m := granting(t, g)
		if m.Status.ValueString() != accessRunning || g.files["pve1"][emergencyFile] == "" {
			t.Fatalf("%s: granted: %s, %v", name, m.Status, g.files)
		}
		step.tamper(g)
		said := refresh(t, g, m)
		if m.Status.ValueString() != step.status || !strings.Contains(said, step.says) {
			t.Errorf("%s: status %s, said %s", name, m.Status, said)
		}
		plan, diags := planOf(t, g, m, nil)
		if diags.HasError() || !plan.Deployed.Equal(m.Deployed) || !plan.Status.Equal(m.Status) || !plan.ExpiresAt.Equal(m.ExpiresAt) {
			t.Errorf("%s: the plan changes %s to %s: %v", name, m.Deployed, plan.Deployed, diags)
		}
		before := g.files["pve1"][emergencyFile]
		g.applied = 0
		if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || g.applied != 0 || g.files["pve1"][emergencyFile] != before {
			t.Errorf("%s: an apply: %v %v, %d changes", name, err, diags, g.applied)
		}
	}
}

// TestBreakGlassDrift: a line that somebody wrote into the file is drift and goes with the next apply, with the same
// end. A file that is left after the end goes too.
func TestBreakGlassDrift(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	m := granting(t, g)
	text := g.files["pve1"][emergencyFile]
	g.files["pve1"][emergencyFile] += "alice ALL=(ALL) NOPASSWD: ALL\n"
	g.clock += 60
	refresh(t, g, m)
	if changes := m.entryOf(t, "pve1").Changes.String(); !strings.Contains(changes, "+ alice ALL=(ALL) NOPASSWD: ALL") {
		t.Fatalf("changes %s", changes)
	}
	plan, _ := planOf(t, g, m, nil)
	if plan.Deployed.Equal(m.Deployed) {
		t.Error("the plan is empty")
	}
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || g.files["pve1"][emergencyFile] != text {
		t.Errorf("after the apply: %v %v\n%s", err, diags, g.files["pve1"][emergencyFile])
	}
	m = plan
	g.clock += 7200
	if refresh(t, g, m); m.Status.ValueString() != accessExpired || len(m.entryOf(t, "pve1").Changes.Elements()) != 0 {
		t.Errorf("right after its end: %s", m.Deployed)
	}
	g.clock += lateness
	refresh(t, g, m)
	plan, _ = planOf(t, g, m, nil)
	if plan.Deployed.Equal(m.Deployed) {
		t.Error("files are left, and the plan is empty")
	}
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || len(g.files["pve1"]) != 0 {
		t.Errorf("after the apply: %v %v\n%v", err, diags, g.files["pve1"])
	}
}

func (m *breakGlassModel) entryOf(t *testing.T, name string) breakGlassNode {
	t.Helper()
	var diags diag.Diagnostics
	return m.entry(t.Context(), name, &diags)
}

// TestBreakGlassRenews: another renew_id opens the access anew from now on, whatever its state; nothing else does.
func TestBreakGlassRenews(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	m := granting(t, g)
	g.clock += 10000
	g.files["pve1"] = map[string]string{}
	refresh(t, g, m)
	plan := *m
	plan.RenewID, plan.Deployed = types.StringValue("2"), types.MapUnknown(breakGlassNodeType)
	if !plan.grants(m) {
		t.Fatal("another renew_id does not grant")
	}
	if diags, err := apply(t, g, &plan, m); err != nil || diags.HasError() || plan.Status.ValueString() != accessRunning || g.files["pve1"][emergencyFile] == "" {
		t.Fatalf("%v %v %s", err, diags, plan.Status)
	}
	if w := plan.entryOf(t, "pve1"); w.window().Ends != g.clock+7200 {
		t.Errorf("it ends at %s", w.ExpiresAt)
	}
	unknown := plan
	unknown.RenewID = types.StringUnknown()
	if !unknown.grants(&plan) {
		t.Error("an unknown renew_id may be another one")
	}
}

// TestBreakGlassChangesWhileOpen: commands change in place and keep the end; who has the access and until when does not
// change without another renew_id.
func TestBreakGlassChangesWhileOpen(t *testing.T) {
	t.Parallel()
	for attribute, change := range map[string]func(*breakGlassModel){
		"subject":   func(m *breakGlassModel) { m.Subject = types.StringValue("bob") },
		"duration":  func(m *breakGlassModel) { m.Duration = types.StringValue("8h") },
		"starts_at": func(m *breakGlassModel) { m.StartsAt = types.StringValue("2030-01-01T00:00:00Z") },
		"name":      func(m *breakGlassModel) { m.Name = types.StringValue("other") },
	} {
		g := newGlassNodes("pve1")
		m := granting(t, g)
		if _, diags := planOf(t, g, m, change); !diags.HasError() || !strings.Contains(diags.Errors()[0].Summary(), attribute) {
			t.Errorf("%s of an open access: %v", attribute, diags)
		}
		g.clock += 10000
		refresh(t, g, m)
		if _, diags := planOf(t, g, m, change); diags.HasError() != (attribute == "name") {
			t.Errorf("%s of one that has ended: %v", attribute, diags)
		}
	}
	g := newGlassNodes("pve1")
	m := granting(t, g)
	g.clock += 60
	plan, diags := planOf(t, g, m, func(m *breakGlassModel) {
		m.AllCommands, m.Allowed = types.BoolNull(), values.StringList([]string{"/usr/bin/id"})
	})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() {
		t.Fatal(err, diags)
	}
	text := g.files["pve1"][emergencyFile]
	if !strings.Contains(text, "/usr/bin/id\n") || strings.Contains(text, "OUTPUT: ALL") || !plan.ExpiresAt.Equal(m.ExpiresAt) || !strings.Contains(text, m.ExpiresAt.ValueString()) {
		t.Errorf("%s: %s", plan.ExpiresAt, text)
	}
}

// TestBreakGlassRefuses: a begin to come where sudo pays no heed to it, and a file that is somebody else's.
func TestBreakGlassRefuses(t *testing.T) {
	t.Parallel()
	for sudo, refused := range map[string]bool{"1.9.13p3": false, "1.9.16p2": true} {
		g := newGlassNodes("pve1")
		g.sudo = sudo
		m := glass()
		m.StartsAt = types.StringValue(time.Unix(g.clock+600, 0).UTC().Format(time.RFC3339))
		diags, err := apply(t, g, m, nil)
		if (err != nil) != refused || diags.HasError() != refused || (g.applied > 0) == refused {
			t.Errorf("sudo %s: %v, %v, %d changes", sudo, err, diags, g.applied)
		}
		if !refused && (m.Status.ValueString() != accessScheduled || !strings.Contains(g.files["pve1"][emergencyFile], "NOTBEFORE=")) {
			t.Errorf("sudo %s: %s\n%s", sudo, m.Status, g.files["pve1"][emergencyFile])
		}
		m = glass()
		m.StartsAt = types.StringValue(time.Unix(g.clock-600, 0).UTC().Format(time.RFC3339))
		if diags, err := apply(t, newGlassNodes("pve1"), m, nil); err != nil || diags.HasError() || m.Status.ValueString() != accessRunning {
			t.Errorf("sudo %s, a begin that is past: %v, %v, %s", sudo, err, diags, m.Status)
		}
	}
	g := newGlassNodes("pve1")
	g.files["pve1"][emergencyFile] = "alice ALL=(ALL) ALL\n"
	if _, err := apply(t, g, glass(), nil); err == nil || g.applied != 0 || !strings.Contains(err.Error(), "not from this resource") {
		t.Errorf("a foreign file: %v", err)
	}
}

// TestBreakGlassTellsOfClocks: the end follows the node's clock, and a clock that is far off is said.
func TestBreakGlassTellsOfClocks(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	g.clock += 7200
	m := glass()
	diags, err := apply(t, g, m, nil)
	if err != nil || diags.WarningsCount() != 1 || !strings.Contains(diags[0].Summary(), "clock of pve1") {
		t.Errorf("%v %v", err, diags)
	}
	if entry := m.entryOf(t, "pve1"); entry.window().Ends != g.clock+7200 || !strings.HasPrefix(entry.ClockSkew.ValueString(), "1h59m") && !strings.HasPrefix(entry.ClockSkew.ValueString(), "2h0m") {
		t.Errorf("ends %s, skew %s", entry.ExpiresAt, entry.ClockSkew)
	}
}

// TestBreakGlassClosesWhatAnswers: a node that does not answer keeps no other one open, and is an error, so that the
// state forgets nothing.
func TestBreakGlassClosesWhatAnswers(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1", "pve2")
	m := granting(t, g)
	g.down = "pve1"
	var diags diag.Diagnostics
	err := m.Remove(t.Context(), g, g.targets(), nil, &diags)
	if err == nil || !strings.Contains(err.Error(), "pve1") || len(g.files["pve2"]) != 0 || g.files["pve1"][emergencyFile] == "" {
		t.Errorf("%v; pve2 holds %v", err, g.files["pve2"])
	}
	g.down = ""
	if err := m.Remove(t.Context(), g, g.targets(), nil, &diags); err != nil || len(g.files["pve1"]) != 0 {
		t.Errorf("the second time: %v; pve1 holds %v", err, g.files["pve1"])
	}
}

// TestBreakGlassForgetsNothing: an access stays recorded on a node whose entry the plan left open, because it did not
// answer the plan and answers the apply.
func TestBreakGlassForgetsNothing(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1", "pve2")
	m := granting(t, g)
	text := g.files["pve2"][emergencyFile]
	g.files["pve2"][emergencyFile] += "alice ALL=(ALL) NOPASSWD: ALL\n"
	refresh(t, g, m)
	plan, _ := planOf(t, g, m, nil)
	entries := plan.Deployed.Elements()
	entries["pve2"] = types.ObjectUnknown(breakGlassNodeType.AttrTypes)
	plan.Deployed = types.MapValueMust(breakGlassNodeType, entries)
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || g.files["pve2"][emergencyFile] != text {
		t.Fatalf("%v %v\n%s", err, diags, g.files["pve2"][emergencyFile])
	}
	if object := plan.Deployed.Elements()["pve2"]; object.IsUnknown() {
		t.Fatal("the access on pve2 is not recorded")
	}
	entry, before := plan.entryOf(t, "pve2"), m.entryOf(t, "pve2")
	if entry.Status.ValueString() != accessRunning || entry.window() != before.window() || len(entry.Changes.Elements()) != 0 {
		t.Errorf("pve2 is recorded as %+v", entry)
	}
	if !plan.Deployed.Elements()["pve1"].Equal(entries["pve1"]) {
		t.Errorf("pve1 is recorded as %s", plan.Deployed.Elements()["pve1"])
	}
}

// TestBreakGlassNotGranted: a file on a node on which the access was never granted is shown and goes with the next
// apply, and a node that answers again is no longer unknown.
func TestBreakGlassNotGranted(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1", "pve2")
	m := granting(t, g)
	var diags diag.Diagnostics
	never := notGranted()
	never.Changes = values.StringList([]string{"not reached"})
	m.record(t.Context(), map[string]breakGlassNode{"pve2": never}, &diags)
	refresh(t, g, m)
	if entry := m.entryOf(t, "pve2"); entry.Status.ValueString() != accessNotGranted || !strings.Contains(entry.Changes.String(), emergencyFile+": still there") {
		t.Fatalf("pve2 is %+v", entry)
	}
	plan, _ := planOf(t, g, m, nil)
	if plan.Deployed.Equal(m.Deployed) {
		t.Error("the plan is empty")
	}
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || len(g.files["pve2"]) != 0 || g.files["pve1"][emergencyFile] == "" {
		t.Errorf("after the apply: %v %v\n%v", err, diags, g.files)
	}
	plan.record(t.Context(), map[string]breakGlassNode{"pve2": never}, &diags)
	refresh(t, g, plan)
	if entry := plan.entryOf(t, "pve2"); len(entry.Changes.Elements()) != 0 {
		t.Errorf("pve2 is empty and has %s", entry.Changes)
	}
}

// TestBreakGlassClockSetBack: a clock that somebody sets back on the node makes no access younger in the record, and is
// said.
func TestBreakGlassClockSetBack(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	m := granting(t, g)
	var diags diag.Diagnostics
	// As if three hours had gone by here, and the node's clock had been set back by as much.
	entry := m.entryOf(t, "pve1")
	entry.ClockSkew = types.StringValue("3h0m0s")
	m.record(t.Context(), map[string]breakGlassNode{"pve1": entry}, &diags)
	for range 2 { // also where the end is recorded already
		said := refresh(t, g, m)
		if m.Status.ValueString() != accessExpired || !strings.Contains(said, "The clock of pve1 was set") || !strings.Contains(m.entryOf(t, "pve1").Changes.String(), "still there") {
			t.Errorf("status %s, %s\n%s", m.Status, m.Deployed, said)
		}
	}
	plan, _ := planOf(t, g, m, nil)
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || len(g.files["pve1"]) != 0 {
		t.Errorf("after the apply: %v %v\n%v", err, diags, g.files["pve1"])
	}
}

// TestBreakGlassExpiredTooEarly: an access that a wrong clock had recorded as expired, and that sudo still allows, is
// in every plan until an apply closes it.
func TestBreakGlassExpiredTooEarly(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	m := granting(t, g)
	var diags diag.Diagnostics
	entry := m.entryOf(t, "pve1")
	entry.Status = types.StringValue(accessExpired)
	m.record(t.Context(), map[string]breakGlassNode{"pve1": entry}, &diags)
	if said := refresh(t, g, m); !strings.Contains(m.entryOf(t, "pve1").Changes.String(), "still there") {
		t.Errorf("%s\n%s", m.Deployed, said)
	}
	plan, _ := planOf(t, g, m, nil)
	if plan.Deployed.Equal(m.Deployed) {
		t.Error("the plan is empty")
	}
	if diags, err := apply(t, g, plan, m); err != nil || diags.HasError() || len(g.files["pve1"]) != 0 {
		t.Errorf("after the apply: %v %v\n%v", err, diags, g.files["pve1"])
	}
}

// TestBreakGlassNodesOpen: where the nodes are known only in the apply, nothing of them is planned: Terraform holds its
// second plan to the first.
func TestBreakGlassNodesOpen(t *testing.T) {
	t.Parallel()
	g := newGlassNodes("pve1")
	m := granting(t, g)
	plan := *m
	var diags diag.Diagnostics
	if plan.keep(t.Context(), m, nil, false, &diags); !plan.Deployed.IsUnknown() || diags.HasError() {
		t.Errorf("%s, %v", plan.Deployed, diags)
	}
}

// TestBreakGlassAfterInterrupted: what an apply left that was killed before it was recorded is opened anew, with an end
// of its own, and a warning says so, since another configuration may have opened it. What has any other setting is
// somebody else's and refused, and then nothing is changed. What an interrupted run wrote is undone before it is
// judged.
func TestBreakGlassAfterInterrupted(t *testing.T) {
	t.Parallel()
	foreign := func(g *glassNodes) { g.files["pve2"] = map[string]string{emergencyFile: "alice ALL=(ALL) ALL\n"} }
	for name, test := range map[string]struct {
		tamper  func(g *glassNodes, m *breakGlassModel)
		refused string
	}{
		"the same":            {func(*glassNodes, *breakGlassModel) {}, ""},
		"of another subject":  {func(_ *glassNodes, m *breakGlassModel) { m.Subject = types.StringValue("bob") }, "Emergency access of alice from 2"},
		"of a longer subject": {func(_ *glassNodes, m *breakGlassModel) { m.Subject = types.StringValue("ali") }, "Emergency access of alice from 2"},
		"for another reason":  {func(_ *glassNodes, m *breakGlassModel) { m.Reason = types.StringValue("no reason") }, "apply it once as it was"},
		"of another ticket":   {func(_ *glassNodes, m *breakGlassModel) { m.Ticket = types.StringValue("OPS-8") }, "not from this resource"},
		"of other commands": {func(_ *glassNodes, m *breakGlassModel) {
			m.AllCommands, m.Allowed = types.BoolNull(), values.StringList([]string{"/usr/bin/id"})
		}, "not from this resource"},
		"without a password":                         {func(_ *glassNodes, m *breakGlassModel) { m.RequirePassword = types.BoolValue(false) }, "not from this resource"},
		"with a line more":                           {func(g *glassNodes, _ *breakGlassModel) { g.files["pve2"][emergencyFile] += "bob ALL=(ALL) ALL\n" }, "not from this resource"},
		"of somebody else":                           {func(g *glassNodes, _ *breakGlassModel) { foreign(g) }, "not from this resource"},
		"of others, and another run was interrupted": {func(g *glassNodes, _ *breakGlassModel) { g.unfinished = true; foreign(g) }, "not from this resource"},
		"half of a run": {func(g *glassNodes, _ *breakGlassModel) {
			g.unfinished = true
			foreign(g)
			g.undo = func(node string) { delete(g.files[node], emergencyFile) }
		}, ""},
	} {
		g := newGlassNodes("pve1", "pve2")
		granting(t, g)
		before := g.files["pve1"][emergencyFile]
		g.clock += 30
		g.applied = 0
		m := glass()
		test.tamper(g, m)
		diags, err := apply(t, g, m, nil)
		switch {
		case test.refused != "":
			if err == nil || !strings.Contains(err.Error(), test.refused) || g.applied != 0 || g.files["pve1"][emergencyFile] != before || diags.WarningsCount() != 0 {
				t.Errorf("%s: %v %v, %d changes", name, err, diags, g.applied)
			}
		case err != nil || g.applied != 2 || (diags.WarningsCount() == 1) == (g.undo != nil):
			t.Errorf("%s: %v %v, %d changes", name, err, diags, g.applied)
		case values.UnixTime(m.entryOf(t, "pve2").ExpiresAt) != g.clock+7200 || g.files["pve2"][emergencyFile] == "" || g.files["pve1"][emergencyFile] == before:
			t.Errorf("%s: %s\n%v", name, m.Deployed, g.files)
		case diags.WarningsCount() == 1 && !strings.Contains(diags[0].Detail(), "pve1: from "+moment(g.clock-30)+" until "+moment(g.clock+7170)):
			t.Errorf("%s: %v", name, diags)
		}
	}
}

func moment(seconds int64) string { return values.TimeValue(seconds).ValueString() }

// TestBreakGlassRenewsWhatAnswers: the window of a node that a renewal skips counts in what holds for all nodes; of a
// node that the access leaves it does not.
func TestBreakGlassRenewsWhatAnswers(t *testing.T) {
	t.Parallel()
	for _, leaves := range []bool{false, true} {
		g := newGlassNodes("pve1", "pve2")
		m := granting(t, g)
		g.clock += 600
		plan := *m
		plan.RenewID, plan.Deployed = types.StringValue("2"), types.MapUnknown(breakGlassNodeType)
		var diags diag.Diagnostics
		change := session.Change[breakGlassModel]{Nodes: g, Targets: g.targets()[:1], State: m}
		if leaves {
			change.Leave = g.targets()[1:]
		}
		if err := plan.Install(t.Context(), change, &diags); err != nil || diags.HasError() {
			t.Fatal(err, diags)
		}
		if (values.UnixTime(plan.GrantedAt) == g.clock-600) == leaves || values.UnixTime(plan.ExpiresAt) != g.clock+7200 {
			t.Errorf("leaves %v: from %s to %s", leaves, plan.GrantedAt, plan.ExpiresAt)
		}
	}
}

// TestBreakGlassPlansWhatIsSkipped: which nodes a grant skips is not known before.
func TestBreakGlassPlansWhatIsSkipped(t *testing.T) {
	t.Parallel()
	m := granting(t, newGlassNodes("pve1"))
	m.OnUnreachable, m.NodesSkipped = types.StringValue("skip"), values.StringList(nil)
	for renewal, unknown := range map[string]bool{"": false, "2": true} {
		var diags diag.Diagnostics
		plan := *m
		if renewal != "" {
			plan.RenewID, plan.Deployed = types.StringValue(renewal), types.MapUnknown(breakGlassNodeType)
		}
		if plan.PlanSkipped(t.Context(), plan.keeps(m), &diags); diags.HasError() || plan.NodesSkipped.IsUnknown() != unknown {
			t.Errorf("renewal %q: nodes_skipped is %s: %v", renewal, plan.NodesSkipped, diags)
		}
	}
}

// TestBreakGlassKeepsItsRecord: an access whose nodes are not there any more stays recorded, so that an apply does not
// open it on others.
func TestBreakGlassKeepsItsRecord(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	clients, problems := session.NewClients(session.Settings{
		SSH:   node.Config{Password: []byte("x"), KnownHosts: "pve9 " + string(ssh.MarshalAuthorizedKey(key))},
		Nodes: []node.Target{{Name: "pve9", Address: "127.0.0.1", Port: 9}},
	}, "test")
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	var r breakGlassResource
	var schema resource.SchemaResponse
	r.Schema(t.Context(), resource.SchemaRequest{}, &schema)
	r.Configure(t.Context(), resource.ConfigureRequest{ProviderData: clients}, &resource.ConfigureResponse{})
	state := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(schema.Schema.Type().TerraformType(t.Context()), nil)}
	var m breakGlassModel
	diags := values.NullModel(t.Context(), state, &m)
	from := granting(t, newGlassNodes("pve1"))
	m.Name, m.Subject, m.Reason, m.AllCommands, m.Duration = from.Name, from.Subject, from.Reason, from.AllCommands, from.Duration
	m.Deployed, m.Status, m.GrantedAt, m.ExpiresAt, m.OnUnreachable = from.Deployed, from.Status, from.GrantedAt, from.ExpiresAt, types.StringValue("skip")
	if diags.Append(state.Set(t.Context(), &m)...); diags.HasError() {
		t.Fatal(diags)
	}
	resp := resource.ReadResponse{State: state}
	r.Read(t.Context(), resource.ReadRequest{State: state}, &resp)
	if resp.State.Raw.IsNull() || !resp.State.Raw.Equal(state.Raw) || resp.Diagnostics.WarningsCount() != 1 || resp.Diagnostics.HasError() {
		t.Fatalf("the state is %s: %v", resp.State.Raw, resp.Diagnostics)
	}
	// On the node that is there now it is not granted.
	g := newGlassNodes("pve2")
	plan, diags := planOf(t, g, from, nil)
	if entry := plan.entryOf(t, "pve2"); diags.HasError() || len(plan.Deployed.Elements()) != 1 || entry.Status.ValueString() != accessNotGranted {
		t.Errorf("the plan is %s: %v", plan.Deployed, diags)
	}
	if diags, err := apply(t, g, plan, from); err != nil || diags.HasError() || g.applied != 0 {
		t.Errorf("an apply: %v %v, %d changes", err, diags, g.applied)
	}
}
