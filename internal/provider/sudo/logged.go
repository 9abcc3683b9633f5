package sudo

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// loggedModel is what one node logs of what the subject runs.
type loggedModel struct {
	Events      bool     `tfsdk:"events"`
	Syslog      string   `tfsdk:"syslog"`
	LogFile     string   `tfsdk:"logfile"`
	Input       bool     `tfsdk:"input"`
	Output      bool     `tfsdk:"output"`
	SwitchedOff []string `tfsdk:"switched_off"`
	Unlogged    []string `tfsdk:"unlogged"`
}

var loggedFields = []values.Field{
	{Name: "events", Type: types.BoolType, Description: "Whether sudo logs every command that the policy allows: to syslog, to a file, or to a log server without which it runs none (`!ignore_logfile_errors`)."},
	{Name: "syslog", Type: types.StringType, Description: "Facility of syslog; empty for none."},
	{Name: "logfile", Type: types.StringType, Description: "File of the events; empty for none."},
	{Name: "input", Type: types.BoolType, Description: "Whether sudo records the terminal input of all commands that the policy allows."},
	{Name: "output", Type: types.BoolType, Description: "Whether sudo records the terminal output of all commands that the policy allows."},
	{Name: "switched_off", Type: values.StringListType, Description: "Lines that switch a log off, as `file:line: option`."},
	{Name: "unlogged", Type: values.StringListType, Description: "Command lines of which sudo writes neither an event nor a recording, one for each path and rule. A rule with `(not known)` behind it allows some of which pvesec cannot tell."},
}

var loggedType = values.TypeOfFields(loggedFields)

// showLogged fills in logged from the policy and what is around it on each node, and warns of nodes that log nothing.
// More is said with each warning.
func (m *sudoersPolicyModel) showLogged(ctx context.Context, around surroundings, warn bool, more string, diags *diag.Diagnostics) {
	m.Logged = types.MapUnknown(loggedType)
	if m.Content.IsUnknown() || m.cutsUnknown() || !m.knowsSubjects() {
		return
	}
	entries := map[string]attr.Value{}
	var said warnings
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		l := review.LoggedOn(m.policy(), around.on[name])
		switch {
		case !around.looked[name]:
			entries[name] = values.WriteObject(ctx, loggedType.AttrTypes, loggedModel{l.Events, l.Syslog, l.LogFile, l.Input, l.Output, append([]string{}, l.Off...), append([]string{}, l.Unlogged...)}, diags)
		case review.StaysLogged(m.policy(), around.on[name], &l):
			entries[name] = loggedForSure()
		default:
			entries[name] = types.ObjectUnknown(loggedType.AttrTypes)
		}
		switch {
		case len(l.Off) == 0 && len(l.Unlogged) == 0:
		case !l.Nothing() && len(l.Unlogged) > 0:
			said.add(name, path.Root("logged"), "Not everything that %s runs is logged on %s", unloggedText(&l)+more)
		case l.Nothing():
			said.add(name, path.Root("logged"), "Nothing that %s runs is logged on %s",
				"sudo writes no event and no recording of it. These lines switch the logs off:\n\n  "+strings.Join(l.Off, "\n  ")+"\n\nRemove them, or add pvesec_audit_logging for the subject."+more)
		}
	}
	if warn {
		said.report(m.subjects(), diags)
	}
	if !around.open {
		m.Logged = types.MapValueMust(loggedType, entries)
	}
}

// loggedForSure is the entry of a node that the policy is new on and that logs all of it: audit logging of the same run
// may add files and recordings.
func loggedForSure() types.Object {
	attributes := map[string]attr.Value{
		"syslog": types.StringUnknown(), "logfile": types.StringUnknown(), "input": types.BoolUnknown(), "output": types.BoolUnknown(), "switched_off": types.ListUnknown(types.StringType),
	}
	attributes["events"], attributes["unlogged"] = types.BoolValue(true), values.StringList(nil)
	return types.ObjectValueMust(loggedType.AttrTypes, attributes)
}

// nothingLogged is the entry of a node of which nobody knows what it logs.
func nothingLogged() types.Object {
	return values.WriteObject(context.Background(), loggedType.AttrTypes, loggedModel{SwitchedOff: []string{}, Unlogged: []string{}}, &diag.Diagnostics{})
}

// settleLogged fills in what a plan left open, from what the nodes said after the apply. What the plan knew stays,
// since Terraform holds an apply to it: the next refresh tells what has changed since.
func settleLogged(planned, found types.Map) types.Map {
	if planned.IsUnknown() || planned.IsNull() {
		return found
	}
	entries := map[string]attr.Value{}
	for name, entry := range planned.Elements() {
		read, is := found.Elements()[name].(types.Object)
		if !is {
			read = nothingLogged() // a node that could not be read back
		}
		entries[name] = read
		if of, is := entry.(types.Object); is {
			entries[name] = values.Settled(of, read)
		}
	}
	return types.MapValueMust(loggedType, entries)
}

// unloggedText lists what is not logged, apart from what is not known, and the lines that switch logs off.
func unloggedText(l *review.Logged) string {
	var not, unknown []string
	for _, line := range l.Unlogged {
		if rule, open := strings.CutSuffix(line, review.NotKnown); open {
			unknown = append(unknown, rule)
		} else {
			not = append(not, line)
		}
	}
	var parts []string
	for _, list := range []struct {
		says  string
		lines []string
	}{
		{"sudo writes no event and no recording of:", not},
		{"It is not known whether these are logged:", unknown},
		{"These lines switch logs off. Remove them:", l.Off},
	} {
		if len(list.lines) > 0 {
			parts = append(parts, list.says+"\n\n  "+strings.Join(list.lines, "\n  "))
		}
	}
	return strings.Join(parts, "\n\n")
}

func loggedAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "What sudo logs on each node of what the policy allows, by node name, with the options of all sudoers files that bind to the subject. A plan that leaves a node without any log warns. Of a node that the policy is new on, a plan knows `events` where all of it is logged now; the rest shows after the apply, " +
			"since audit logging of the same run may add to it. An apply is refused where a node logs less by now than its plan said, unless it only takes access away.",
		Computed:     true,
		NestedObject: schema.NestedAttributeObject{Attributes: values.ResourceFields(loggedFields)},
	}
}
