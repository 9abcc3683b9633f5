package opatest

import (
	"slices"
	"strings"
	"testing"
)

// TestExceptions: an exception counts for one rule at one address until its end, and one that says less has no effect
// and is told.
func TestExceptions(t *testing.T) {
	t.Parallel()
	plan := recordedPlans(t)["widened"]
	const address = "pvesec_sudoers_policy.widened"
	good := exception{Address: address, Rule: "new_access", Reason: "ticket 4711", Until: "2026-11-29"}
	change := func(how func(*exception)) exception {
		changed := good
		how(&changed)
		return changed
	}
	for name, test := range map[string]struct {
		exceptions any
		refused    bool
		warns      string
	}{
		"none":                  {nil, true, ""},
		"until today":           {[]exception{good}, false, "(excepted until 2026-11-29: ticket 4711)"},
		"until yesterday":       {[]exception{change(func(e *exception) { e.Until = "2026-11-28" })}, true, "it has no effect, since it has ended"},
		"no date":               {[]exception{change(func(e *exception) { e.Until = "soon" })}, true, "it has no effect"},
		"no such day":           {[]exception{change(func(e *exception) { e.Until = "2027-02-31" })}, true, "it has no effect"},
		"without an end":        {[]exception{change(func(e *exception) { e.Until = "" })}, true, "it has no effect"},
		"without a reason":      {[]exception{change(func(e *exception) { e.Reason = " " })}, true, "it has no effect"},
		"another rule":          {[]exception{change(func(e *exception) { e.Rule = "root" })}, true, "nothing in the plan needs it"},
		"another address":       {[]exception{change(func(e *exception) { e.Address = "pvesec_sudoers_policy.wide" })}, true, "nothing in the plan needs it"},
		"no pattern but *":      {[]exception{change(func(e *exception) { e.Address = "pvesec_sudoers_policy.w.dened" })}, true, "nothing in the plan needs it"},
		"a star":                {[]exception{change(func(e *exception) { e.Address = "pvesec_*.wid*" })}, false, "ticket 4711"},
		"the text":              {[]exception{change(func(e *exception) { e.Text = "/usr/bin/uptime" })}, false, "ticket 4711"},
		"another text":          {[]exception{change(func(e *exception) { e.Text = "/usr/bin/bash" })}, true, "nothing in the plan needs it"},
		"no list":               {map[string]any{"a": good}, true, "data.pvesec.exceptions is no list"},
		"no objects":            {[]any{"pvesec_sudoers_policy.widened", nil, 7}, true, "it has no effect"},
		"one good among others": {[]any{nil, good}, false, "ticket 4711"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := newEngine(t, test.exceptions).judge(t, plan)
			if refused := len(said.Deny) > 0; refused != test.refused {
				t.Errorf("refused %t, want %t: %q", refused, test.refused, said.Deny)
			}
			if !slices.ContainsFunc(said.Warn, func(line string) bool { return strings.Contains(line, test.warns) }) && test.warns != "" {
				t.Errorf("no warning has %q: %q", test.warns, said.Warn)
			}
		})
	}
	broken := newEngine(t, []exception{{Address: "*", Rule: "plan", Reason: "all is well", Until: "2027-01-01"}})
	if said := broken.judge(t, recordedPlans(t)["root-refused"]); len(said.Deny) == 0 {
		t.Errorf("a plan with errors was excepted: %q", said.Warn)
	}
}

// TestIndexedAddresses: the brackets and quotes of an address mean themselves in an exception.
func TestIndexedAddresses(t *testing.T) {
	t.Parallel()
	plan := recordedPlans(t)["modules"]
	var exceptions []exception
	for _, rule := range []string{"new_access", "root", "root_on_node", "unlogged"} {
		exceptions = append(exceptions, exception{Address: `module.operators["moda"].pvesec_sudoers_policy.this["moda"]`, Rule: rule, Reason: "tested", Until: "2027-01-01"})
	}
	for _, message := range newEngine(t, exceptions).judge(t, plan).Deny {
		if strings.Contains(message, "moda") {
			t.Errorf("not excepted: %s", message)
		}
	}
	if len(newEngine(t, exceptions).judge(t, plan).Deny) == 0 {
		t.Error("the other operator was excepted too")
	}
}

// TestNewAccessMayBeUnlogged: an exception for new access lets no policy in of which nobody knows whether it is logged.
func TestNewAccessMayBeUnlogged(t *testing.T) {
	t.Parallel()
	const address = "pvesec_sudoers_policy.newunlogged"
	exceptions := []exception{{Address: address, Rule: "new_access", Reason: "tested", Until: "2027-01-01"}}
	want := []string{address + ": unlogged: whether node pve1 logs what it allows is not known before the apply"}
	if said := newEngine(t, exceptions).judge(t, recordedPlans(t)["new-unlogged"]); !slices.Equal(said.Deny, want) {
		t.Errorf("refused: %q, want %q", said.Deny, want)
	}
	exceptions = append(exceptions, exception{Address: address, Rule: "unlogged", Reason: "the next plan shows it", Until: "2027-01-01"})
	if said := newEngine(t, exceptions).judge(t, recordedPlans(t)["new-unlogged"]); len(said.Deny) > 0 {
		t.Errorf("refused with both exceptions: %q", said.Deny)
	}
}
