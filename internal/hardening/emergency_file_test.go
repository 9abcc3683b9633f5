package hardening

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEmergencyFor believes only a file of the right name with the right header that grants what pvesec would write,
// with an end within a month, or what the printed page writes.
func TestEmergencyFor(t *testing.T) {
	t.Parallel()
	text := textOf(t, rescue, window, rescue.Path())
	some := rescue
	some.Subject, some.Commands, some.RequirePassword, some.RequireLogging = "%ops", []string{"/usr/bin/systemctl restart pveproxy", "/usr/bin/id"}, false, false
	const (
		byHandFile = "/etc/sudoers.d/zz-pvesec-emergency-by-hand"
		byHandText = "# Emergency access by hand.\nalice ALL=(ALL:ALL) NOTAFTER=20261130040000Z NOPASSWD: LOG_INPUT: LOG_OUTPUT: ALL\n"
	)
	now := window.Granted
	later := window
	later.Begins, later.Ends = window.Begins+86400, window.Ends+86400
	for name, test := range map[string]struct {
		file, text string
		clock      int64
		want       string
	}{
		"ours":               {rescue.Path(), text, now, "db"},
		"after its end":      {rescue.Path(), text, now + 1e6, "db"},
		"another name":       {rescue.Path() + "x", text, now, ""},
		"elsewhere":          {"/etc/sudoers.d/db", text, now, ""},
		"no header":          {rescue.Path(), text[1:], now, ""},
		"a grant for good":   {rescue.Path(), text + "bob ALL=(ALL) ALL\n", now, ""},
		"a grant for long":   {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20991231000000Z ALL\n", now, ""},
		"scheduled":          {rescue.Path(), textOf(t, rescue, later, rescue.Path()), now, "db"},
		"its clock set back": {rescue.Path(), text, now - 3600, ""},
		"an include":         {rescue.Path(), text + "@include /etc/more\n", now, ""},
		"does not parse":     {rescue.Path(), text + "bob ALL=\n", now, ""},
		"an unknown clock":   {rescue.Path(), text, 0, ""},
		"another rule":       {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20261130040000Z LOG_INPUT: LOG_OUTPUT: ALL\n", now, ""},
		"another user":       {rescue.Path(), strings.Replace(text, "\nalice ", "\nalice, bob ", 1), now, ""},
		"everyone":           {rescue.Path(), strings.ReplaceAll(strings.ReplaceAll(text, ":alice ", ":ALL "), "\nalice ", "\nALL "), now, ""},
		"other options":      {rescue.Path(), strings.Replace(text, "!log_passwords", "!log_output", 1), now, ""},
		"one more option":    {rescue.Path(), text + "Defaults:alice !log_output\n", now, ""},
		"options of others":  {rescue.Path(), strings.ReplaceAll(text, "Defaults:alice", "Defaults:bob"), now, ""},
		"options of all":     {rescue.Path(), strings.Replace(text, "Defaults:alice use_pty", "Defaults use_pty", 1), now, ""},
		"no recording":       {rescue.Path(), strings.Replace(text, "LOG_INPUT", "NOLOG_INPUT", 1), now, ""},
		"some commands":      {some.Path(), textOf(t, some, window, some.Path()), now, "db"},
		"another option":     {rescue.Path(), strings.Replace(text, "NOTAFTER", "CWD=* NOTAFTER", 1), now, ""},
		"by hand":            {byHandFile, byHandText, now, "by-hand"},
		"by hand, elsewhere": {rescue.Path(), byHandText, now, ""},
		"by hand for good":   {byHandFile, strings.Replace(byHandText, "NOTAFTER=20261130040000Z ", "", 1), now, ""},
		"by hand, unmarked":  {byHandFile, byHandText[len("# Emergency access by hand.\n"):], now, ""},
		"the second command": {rescue.Path(), text + "bob ALL=(ALL) NOTAFTER=20261130040000Z /usr/bin/id, (root) ALL : ALL=(ALL) ALL\n", now, ""},
	} {
		if got := emergencyFor(test.file, test.text, limits{test.clock, 2 * time.Hour, true}); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestEmergencyWithin: how long an access may be open is the provider's limit. A begin counts only where sudo heeds it,
// and the printed page opens for two hours in any case.
func TestEmergencyWithin(t *testing.T) {
	t.Parallel()
	now := window.Granted
	later := window
	later.Begins, later.Ends = window.Begins+86400, window.Ends+86400
	const byHand = "# Emergency access by hand.\nalice ALL=(ALL:ALL) NOTAFTER=20261130040000Z NOPASSWD: LOG_INPUT: LOG_OUTPUT: ALL\n"
	for name, test := range map[string]struct {
		file, text string
		within     limits
		want       string
	}{
		"as long as allowed":        {rescue.Path(), textOf(t, rescue, window, rescue.Path()), limits{now, 2 * time.Hour, false}, "db"},
		"longer than allowed":       {rescue.Path(), textOf(t, rescue, window, rescue.Path()), limits{now, time.Hour, false}, ""},
		"for the rest of it":        {rescue.Path(), textOf(t, rescue, window, rescue.Path()), limits{now + 3600, time.Hour, false}, "db"},
		"scheduled, heeded":         {rescue.Path(), textOf(t, rescue, later, rescue.Path()), limits{now, 2 * time.Hour, true}, "db"},
		"scheduled, not heeded":     {rescue.Path(), textOf(t, rescue, later, rescue.Path()), limits{now, 2 * time.Hour, false}, ""},
		"by hand, a shorter limit":  {sudoersDir + "/zz-pvesec-emergency-by-hand", byHand, limits{now, time.Hour, false}, "by-hand"},
		"by hand, longer than that": {sudoersDir + "/zz-pvesec-emergency-by-hand", byHand, limits{now - 3600, time.Hour, false}, ""},
	} {
		if got := emergencyFor(test.file, test.text, test.within); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if longest := longestOf(Noting(InstallingPackages(limitedNodes{newMemoryNodes("pve1")}, nil), nil)); longest != time.Hour {
		t.Errorf("nodes within others know the limit %s", longest)
	}
}

// limitedNodes are nodes of a provider that allows an hour.
type limitedNodes struct{ *memoryNodes }

func (limitedNodes) LongestEmergency() time.Duration { return time.Hour }

// TestPoliciesKnowTheLimit: an exclusive policy takes an access that is open longer than the provider allows for what
// it is: a grant of somebody else.
func TestPoliciesKnowTheLimit(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.clock = window.Granted
	m.write("pve1", rescue.Path(), textOf(t, rescue, window, rescue.Path()))
	p := SudoersPolicy{Name: "alice", Subjects: []string{"alice"}, Content: "alice ALL=(root) /usr/bin/id\n", Exclusive: true}
	seen, err := p.Observe(t.Context(), limitedNodes{m}, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	if at := slices.IndexFunc(seen.Foreign, func(g ForeignGrant) bool { return g.File == rescue.Path() }); at < 0 || !seen.Foreign[at].Removable {
		t.Errorf("foreign grants %v", seen.Foreign)
	}
}

// TestPoliciesKnowAnEmergency: an exclusive policy leaves the file of an emergency access alone and is not judged by
// it, and says whose it is.
func TestPoliciesKnowAnEmergency(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.clock = window.Granted
	m.write("pve1", rescue.Path(), textOf(t, rescue, window, rescue.Path()))
	// The denial of the other file holds nothing back in an emergency access.
	m.write("pve1", "/etc/sudoers.d/old", "alice ALL=(ALL) ALL, !/usr/bin/su\n")
	p := SudoersPolicy{Name: "alice", Subjects: []string{"alice"}, Content: "alice ALL=(root) /usr/bin/id\n", Exclusive: true}
	seen := mustObserve(t, p, m, "pve1")
	at := slices.IndexFunc(seen.Foreign, func(g ForeignGrant) bool { return g.File == rescue.Path() })
	if at < 0 || seen.Foreign[at].Removable || !strings.HasSuffix(seen.Foreign[at].String(), `(its header says: of pvesec_break_glass "db")`) {
		t.Fatalf("foreign grants %v", seen.Foreign)
	}
	if text := seen.Around.Files[rescue.Path()]; strings.Contains(text, "NOTAFTER") || !strings.Contains(seen.Around.Files["/etc/sudoers.d/old"], "alice") {
		t.Errorf("the policy is judged by %q", seen.Around.Files)
	}
	if _, err := p.Install(t.Context(), m, targets("pve1"), nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	if !m.files["pve1"][rescue.Path()].Exists || m.files["pve1"]["/etc/sudoers.d/old"].Exists {
		t.Errorf("the node holds %v", m.files["pve1"])
	}
}
