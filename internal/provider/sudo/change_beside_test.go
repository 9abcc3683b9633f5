package sudo

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// besideCase is a change of a policy on pve1, whose other files say something too.
type besideCase struct {
	held, wanted string
	foreign      string   // a grant of another file
	other        string   // what else another file has
	elsewhere    []string // defined_elsewhere
	left         bool     // the policy leaves the node
	unread       bool     // nothing is recorded of the node's files
	takesAway    bool
	says         string // by on_new_access = "deny", "" for nothing
}

// TestLinesThatHeldBack: a policy that loses a line can allow more, where the line held back what another file grants.
// Such a plan is not one that takes access away, and on_new_access = "deny" refuses it.
func TestLinesThatHeldBack(t *testing.T) {
	t.Parallel()
	const (
		group  = "%ops ALL=(root) /usr/bin/less /var/log/syslog"
		free   = "%ops ALL=(root) NOPASSWD: /usr/bin/less /var/log/syslog"
		two    = "agent ALL=(root) /usr/bin/id, /usr/bin/uptime\n"
		denies = "agent ALL=(root) /usr/bin/id, /usr/bin/uptime, !/usr/bin/less\n"
	)
	for name, c := range map[string]besideCase{
		"a denial goes":           {held: denies, wanted: "agent ALL=(root) /usr/bin/id\n", foreign: group, says: "/usr/bin/less"},
		"a denial stays":          {held: denies, wanted: "agent ALL=(root) /usr/bin/id, !/usr/bin/less\n", foreign: group, takesAway: true},
		"nobody grants it":        {held: denies, wanted: "agent ALL=(root) /usr/bin/id\n", takesAway: true},
		"off the node":            {held: denies, wanted: denies, foreign: group, left: true, says: "/usr/bin/less"},
		"a tag goes":              {held: "agent ALL=(root) NOEXEC: /usr/bin/less /var/log/syslog\n" + two, wanted: two, foreign: group, says: `noexec "on" -> "off"`},
		"a password goes":         {held: "agent ALL=(root) PASSWD: /usr/bin/less /var/log/syslog\n" + two, wanted: two, foreign: free, says: `nopasswd "off" -> "on"`},
		"a tag comes":             {held: two, wanted: "agent ALL=(root) /usr/bin/id\nagent ALL=(root) NOEXEC: /usr/bin/less /var/log/syslog\n", foreign: group, says: "/usr/bin/less"},
		"a tag stays":             {held: "agent ALL=(root) NOEXEC: /usr/bin/less /var/log/syslog\n" + two, wanted: "agent ALL=(root) NOEXEC: /usr/bin/less /var/log/syslog\n", foreign: group, takesAway: true},
		"a node that is not read": {held: denies, wanted: "agent ALL=(root) /usr/bin/id\n", foreign: group, unread: true, says: "what other sudoers files of pve1 grant"},
	} {
		c.check(t, name)
	}
}

// TestLinesThatOthersExplain: aliases and options of another file decide what a policy that loses a line allows. What
// they make more of is not taken for less.
func TestLinesThatOthersExplain(t *testing.T) {
	t.Parallel()
	const (
		stock  = "Defaults env_reset, mail_badpass, use_pty"
		two    = "agent ALL=(root) /usr/bin/id, /usr/bin/uptime\n"
		one    = "agent ALL=(root) /usr/bin/id\n"
		shells = "agent ALL=(root) /usr/bin/id, SHELLS\n"
		noexec = "agent ALL=(root) NOEXEC: /usr/bin/id\n"
		alias  = "Cmnd_Alias SHELLS = /bin/bash"
	)
	named := []string{"SHELLS"}
	for name, c := range map[string]besideCase{
		"an alias of commands":           {held: two, wanted: shells, other: alias, elsewhere: named, says: "/bin/bash"},
		"an alias that was there":        {held: two + shells, wanted: shells, other: alias, elsewhere: named, takesAway: true},
		"an alias that nobody has read":  {held: two, wanted: shells, elsewhere: named, unread: true, says: "which aliases other sudoers files of pve1 define"},
		"an alias of users":              {held: two, wanted: one + "OPS ALL=(root) /bin/bash\n", other: "User_Alias OPS = agent", elsewhere: []string{"OPS"}, says: "/bin/bash"},
		"the environment":                {held: "Defaults:agent env_reset\n" + two, wanted: one, other: "Defaults !env_reset", says: `env_reset "on" -> "off"`},
		"variables":                      {held: "Defaults:agent !setenv\n" + two, wanted: one, other: "Defaults setenv", says: `setenv "off" -> "on"`},
		"a password":                     {held: "Defaults:agent authenticate\n" + two, wanted: one, other: "Defaults !authenticate", says: `nopasswd "off" -> "on"`},
		"an option that the policy sets": {held: "Defaults:agent !setenv\n" + two, wanted: "Defaults:agent !setenv\n" + one, other: "Defaults setenv", takesAway: true},
		"an option for somebody else":    {held: "Defaults:agent !setenv\n" + two, wanted: one, other: "Defaults:carol setenv", takesAway: true},
		"Debian's options":               {held: "Defaults:agent env_reset\n" + two, wanted: one, other: stock, takesAway: true},
		"stricter":                       {held: two, wanted: noexec, other: "Defaults timestamp_timeout=0", takesAway: true},
		"off the node":                   {held: "Defaults:agent !setenv\nDefaults!/usr/bin/i* noexec\n" + two, wanted: two, other: "Defaults setenv", left: true, takesAway: true},
		"nobody has read the options":    {held: two, wanted: one, unread: true, takesAway: true},
	} {
		c.check(t, name)
	}
}

func (c *besideCase) check(t *testing.T, name string) {
	t.Helper()
	ctx := context.Background()
	var diags diag.Diagnostics
	model := func(content string) *sudoersPolicyModel {
		return &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), SHA256: types.StringValue(hardening.Digest(content)),
			OnNewAccess: types.StringValue(denyNewAccess), Elsewhere: values.StringSet(c.elsewhere)}
	}
	state, plan := model(c.held), model(c.wanted)
	state.Elsewhere = values.StringSet(nil)
	entry := deployedPolicyModel{Present: types.BoolValue(true), Mode: types.StringValue("0440"), Owner: types.StringValue("root:root"), SHA256: state.SHA256,
		Changes: values.StringList(nil), ForeignGrants: values.StringList(nil), Beyond: values.StringList(nil)}
	files := map[string]string{"/etc/sudoers": strings.TrimLeft(c.foreign+"\n"+c.other+"\n", "\n") + "@includedir /etc/sudoers.d\n"}
	if c.foreign != "" {
		entry.ForeignGrants = values.StringList([]string{"/etc/sudoers:1: " + c.foreign})
	}
	observed := map[string]observedNode{}
	if !c.unread {
		observed["pve1"] = observedNode{Around: &hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16", Subjects: []policy.Subject{{Name: "agent", Groups: []string{"ops"}}}, Files: files}}
	}
	state.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": deployedEntry(ctx, entry, &diags)})
	plan.Deployed = state.Deployed
	targets := []node.Target{{Name: "pve1"}}
	if c.left {
		plan.Deployed, targets = types.MapValueMust(deployedPolicyType, map[string]attr.Value{}), nil
	}
	text, malformed := review.ParsePolicy("agent", "agent", c.wanted)
	if len(malformed) > 0 || diags.HasError() {
		t.Fatal(malformed, diags)
	}
	if got := plan.takesAway(ctx, text, state, observed, targets); got != c.takesAway {
		t.Errorf("%s: takes access away: %t", name, got)
	}
	plan.judgeNewAccess(ctx, text, state, held{state, observed}, true, &diags)
	if said := detailOf(diags); diags.HasError() != (c.says != "") || !strings.Contains(said, c.says) {
		t.Errorf("%s: said %q, want %q", name, said, c.says)
	}
}

// TestSkippedNodesStayJudged: what was read last of a node that did not answer is kept, and what was read of a node
// that the policy left is not.
func TestSkippedNodesStayJudged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var diags diag.Diagnostics
	private := privateMap{}
	around := func(text string) *hardening.SudoersState {
		return &hardening.SudoersState{Around: hardening.Surroundings{Files: map[string]string{"/etc/sudoers": text}}}
	}
	m := &sudoersPolicyModel{}
	m.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": types.ObjectNull(deployedPolicyType.AttrTypes), "pve3": types.ObjectNull(deployedPolicyType.AttrTypes)})
	m.setObserved(ctx, private, map[string]*hardening.SudoersState{"pve1": around("old"), "pve2": around("old"), "pve3": around("Defaults setenv")}, &diags)
	m.setObserved(ctx, private, map[string]*hardening.SudoersState{"pve1": around("new")}, &diags)
	observed := getObserved(ctx, private, &diags)
	if diags.HasError() {
		t.Fatal(diags)
	}
	if len(observed) != 2 || observed["pve1"].Around.Files["/etc/sudoers"] != "new" || observed["pve3"].Around.Files["/etc/sudoers"] != "Defaults setenv" {
		t.Errorf("recorded: %+v", observed)
	}
}

// privateMap is private state in memory.
type privateMap map[string][]byte

func (p privateMap) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privateMap) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}
