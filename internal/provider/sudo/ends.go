package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// endsModel is when a policy ends.
type endsModel struct {
	Earliest types.String `tfsdk:"earliest"`
	Latest   types.String `tfsdk:"latest"`
}

var endsFields = []values.Field{
	{Name: "earliest", Type: types.StringType, Description: "When the first of it ends, in RFC 3339; null where nothing does."},
	{Name: "latest", Type: types.StringType, Description: "When the last of it ends; null where something never does."},
}

var endsType = values.TypeOfFields(endsFields)

// showEnds fills in expires, over the rules and the subjects' accounts on nodes. Of a node of which nothing is known,
// or that is open, the rules alone count: no account lasts longer than its rules let it use sudo.
func (m *sudoersPolicyModel) showEnds(ctx context.Context, text *review.Policy, nodes []string, around surroundings, open map[string]bool, diags *diag.Diagnostics) {
	var accounts []map[string]time.Time
	for _, name := range nodes {
		if on, known := around.on[name]; known && !open[name] {
			accounts = append(accounts, review.AccountEnds(m.policy(), on))
		} else {
			accounts = append(accounts, nil)
		}
	}
	if len(accounts) == 0 {
		accounts = append(accounts, nil)
	}
	ends := text.EndsOn(accounts)
	m.Expires = values.WriteObject(ctx, endsType.AttrTypes, endsModel{endValue(ends.Earliest), endValue(ends.Latest)}, diags)
}

func endValue(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return values.TimeValue(at.Unix())
}

// planEnds fills in expires for a plan. Where the same run may make the account of a subject on a node that the policy
// is new on, or give it an end, and the rules do not end the policy, its end is left for the apply.
func (r *sudoersPolicyResource) planEnds(ctx context.Context, m, state *sudoersPolicyModel, text *review.Policy, targets []node.Target, around surroundings, observed map[string]observedNode, diags *diag.Diagnostics) {
	m.Expires = types.ObjectUnknown(endsType.AttrTypes)
	if text == nil {
		return
	}
	var names []string
	open := map[string]bool{}
	for _, target := range targets {
		names = append(names, target.Name)
		if m.mustLook(state, target.Name, observed) && r.openAccounts(m, target.Name, around) {
			open[target.Name] = true
		}
	}
	m.showEnds(ctx, text, names, around, open, diags)
	if (len(open) > 0 || len(targets) == 0) && m.Expires.Attributes()["latest"].IsNull() && slices.ContainsFunc(m.subjects(), isAccount) {
		m.Expires = types.ObjectUnknown(endsType.AttrTypes)
	}
}

// openAccounts tells that a subject may have another account on a node when the policy gets there than it has now. The
// plan during the apply, before or after the account is made, finds the same.
func (r *sudoersPolicyResource) openAccounts(m *sudoersPolicyModel, onNode string, around surroundings) bool {
	on, looked := around.on[onNode]
	return slices.ContainsFunc(m.subjects(), func(name string) bool {
		has := slices.ContainsFunc(on.Subjects, func(s policy.Subject) bool { return s.Name == name && s.UID != nil })
		return isAccount(name) && (!looked || !has || r.Clients.MayChangeAccount(name, onNode))
	})
}

// isAccount tells that a subject is an account. A group has no end: anybody may join it.
func isAccount(subject string) bool { return !strings.HasPrefix(subject, "%") }

// settleEnds fills in expires from what the nodes said, or what a plan left open of it.
func (m *sudoersPolicyModel) settleEnds(ctx context.Context, text *review.Policy, around surroundings, refresh bool, diags *diag.Diagnostics) {
	planned := m.Expires
	if text == nil || !refresh && values.FullyKnown(planned) {
		return
	}
	m.showEnds(ctx, text, slices.Sorted(maps.Keys(m.Deployed.Elements())), around, nil, diags)
	if !refresh {
		m.Expires = values.Settled(planned, m.Expires)
	}
}

// warnOfEnds warns of rules that have ended: the policy says more than it allows.
func (m *sudoersPolicyModel) warnOfEnds(text *review.Policy, diags *diag.Diagnostics) {
	var lines []string
	for _, end := range text.GrantEnds() {
		line := fmt.Sprintf("line %d, ended %s: %s", end.Line, endValue(end.At).ValueString(), end.Text)
		if !end.At.IsZero() && !m.time().Before(end.At) && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		diags.AddAttributeWarning(m.textAttribute(), "Rules of the policy have ended", strings.Join(lines, "\n")+"\n\nsudo refuses them since then. Remove them, or write a later time.")
	}
}

func endsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "When what the policy grants ends, over its rules (`not_after`) and the ends of its subjects' accounts on each node (`chage -E`, `expires` of `pvesec_node_account`), whichever comes first. A time without a zone is shown as UTC; each node takes it in its own zone. " +
			"Where an option such as `!pam_acct_mgmt` or `targetpw` has sudo not ask about the account, and for a group, only the rules count. Of an account that the same run makes or changes, the end counts after the apply, or after the next refresh where the rules alone end the policy. " +
			"API tokens do not count, since sudo does not know them: see `expires` of `pvesec_restricted_user` and `expires_at` of `pvesec_api_token`.",
		Computed:   true,
		Attributes: values.ResourceFields(endsFields),
	}
}
