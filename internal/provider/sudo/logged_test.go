package sudo

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// TestSettleLogged: what a plan knew of a node stays after the apply, the rest is as the node said it, and nothing
// counts as logged of a node that could not be read back.
func TestSettleLogged(t *testing.T) {
	t.Parallel()
	read := nothingLogged().Attributes()
	read["events"], read["logfile"] = types.BoolValue(true), types.StringValue("/var/log/sudo.log")
	said := types.ObjectValueMust(loggedType.AttrTypes, read)
	kept := nothingLogged().Attributes()
	kept["events"] = types.BoolValue(true)
	entries := func(sure, open attr.Value) types.Map {
		return types.MapValueMust(loggedType, map[string]attr.Value{"sure": sure, "open": open})
	}
	planned := entries(loggedForSure(), types.ObjectUnknown(loggedType.AttrTypes))
	for name, c := range map[string]struct{ planned, found, want types.Map }{
		"read":          {planned, entries(said, said), entries(said, said)},
		"not read":      {planned, types.MapValueMust(loggedType, nil), entries(types.ObjectValueMust(loggedType.AttrTypes, kept), nothingLogged())},
		"changed since": {planned, entries(nothingLogged(), nothingLogged()), entries(types.ObjectValueMust(loggedType.AttrTypes, kept), nothingLogged())},
		"nothing known": {types.MapUnknown(loggedType), entries(said, said), entries(said, said)},
	} {
		got := settleLogged(c.planned, c.found)
		if !got.Equal(c.want) || !values.FullyKnown(got) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestLessLogged: what a plan said of logs is lost where events are, or where more commands are not logged.
func TestLessLogged(t *testing.T) {
	t.Parallel()
	const off, id, w = "/etc/sudoers:1: !syslog", "/usr/bin/id", "/usr/bin/w"
	all, some, none := loggedModel{Events: true}, loggedModel{Unlogged: []string{id}}, loggedModel{}
	for name, c := range map[string]struct {
		planned loggedModel
		now     review.Logged
		want    string
	}{
		"as planned":              {all, review.Logged{Events: true}, ""},
		"more than planned":       {some, review.Logged{Events: true}, ""},
		"off, and planned so":     {some, review.Logged{Unlogged: []string{id}, Off: []string{off}}, ""},
		"a recording is enough":   {none, review.Logged{Off: []string{off}}, ""},
		"events are off":          {all, review.Logged{Off: []string{off}}, off},
		"events are not known":    {all, review.Logged{}, "not every command is logged"},
		"another command":         {some, review.Logged{Unlogged: []string{id, w}}, w},
		"another command, by off": {some, review.Logged{Unlogged: []string{id, w}, Off: []string{off}}, off},
	} {
		if got := strings.Join(lessLogged(c.planned, c.now), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
