package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

func (r *sudoersPolicyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What one subject, or several, may do with sudo, as one file in `/etc/sudoers.d` of every chosen node.\n\n" +
			"The text is rendered and parsed while planning. An apply stages it on every node, has each node's own `visudo` check the file and the whole " +
			"tree with it, keeps a backup, and renames it into place on all nodes or on none. The node's file, its mode and owner, and what any " +
			"other sudoers file grants the subject are read at every refresh and shown in `deployed`.",
		Attributes: session.PlacedAttributes(map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the file in `/etc/sudoers.d`: letters, digits, `_` and `-`. sudo skips names with `.` or a trailing `~`, so they are " +
					"refused. Names that begin with `pvesec-audit-` or `zz-pvesec-emergency-` belong to `pvesec_audit_logging` and `pvesec_break_glass`. Changing it creates a new file.",
				Required:      true,
				Validators:    []validator.String{values.CheckedBy("be a file name that sudo reads in an include directory", hardening.CheckPolicyName)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"subject": schema.StringAttribute{
				MarkdownDescription: "Whom the policy is about: a Linux user name, or a group name after `%`. Without it, `content` is about every user and group that its rules name, and is judged for each of them: " +
					"aliases are resolved, and `ALL`, `root`, numbers and netgroups are refused.",
				Optional:   true,
				Validators: []validator.String{values.CheckedBy("be a user name, or a group name after %", hardening.CheckSubject)},
			},
			"defaults": schema.ListAttribute{
				MarkdownDescription: "sudo options for this subject, each as after `Defaults` in sudoers(5): `use_pty`, `!env_editor`, `secure_path=/usr/sbin:/usr/bin`. With `rule` only.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators: []validator.List{
					listvalidator.ConflictsWith(path.MatchRoot("document"), path.MatchRoot("content")),
				},
			},
			"document": schema.StringAttribute{
				MarkdownDescription: "Rules and options composed by data source `pvesec_sudoers_document`: its `json`.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("content"))},
			},
			"content": schema.StringAttribute{
				MarkdownDescription: "The file's text. Given, it is a hand-written sudoers file about the subject alone, or about several where `subject` is left out, without `@include`; otherwise it is rendered from `rule` and `defaults`, or from `document`.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"exclusive": schema.BoolAttribute{
				MarkdownDescription: "Whether every other grant that names the subject is removed from the nodes' sudoers files; a backup of each file is kept on the node. What reaches " +
					"the subject through a group, an alias or `ALL` concerns others too, is never removed, and stays visible in `deployed`. " +
					"The files of other policies are left alone: those that pvesec wrote from `rule` or `document`, known by the first line that pvesec writes (a copy of that line in a file of that name counts too), and those in `shared_with`. " +
					"A policy with a `content` of its own has no such line: name it in `shared_with`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"sha256": schema.StringAttribute{
				MarkdownDescription: "SHA-256 of `content` in hexadecimal, as `sha256sum` prints it.",
				Computed:            true,
			},
			"grants": schema.ListAttribute{
				MarkdownDescription: "What the policy grants the subject, one line for each command with its run-as and tags, aliases resolved.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"lint":     lintAttribute(),
			"analysis": sudoersAnalysisAttribute(),
			"change":   sudoersChangeAttribute(),
			"never": schema.ListAttribute{
				MarkdownDescription: "What the policy must never allow as root, proven while planning over every command line: a command as in a rule (`/usr/bin/apt-get`, `/usr/sbin/qm set *`, `ALL ^destroy `; an expression " +
					"that does not end in `$` is searched), or one of " + statementNames() + " (see the guide [statements](../guides/statements)). A command line that is allowed all the same is an error, " +
					"also where an option, an alias or a rule in another sudoers file of a node gives the policy another meaning. What another file grants itself is in `analysis.foreign`.",
				ElementType: types.StringType,
				Optional:    true,
			},
			"always": schema.ListAttribute{
				MarkdownDescription: "Command lines that the policy must allow as root on every host that it names, split into words as a POSIX shell would: `/usr/sbin/qm start 2001`. One that is not allowed is an error in the plan, also where another sudoers file of a node takes it away.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"on_new_access": schema.StringAttribute{
				MarkdownDescription: "What to do in a plan that allows the subject of an existing policy more than the nodes do: `warn`, or `deny`, which is an error. By default it is only shown in `change`. A plan with `-refresh=false` does not warn. " +
					"A text that is not known before the apply may allow more. A tainted policy is compared with what the nodes hold. With `deny`, a policy whose file is gone from every node stays in the state, so that writing it again is new access.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(warnOfNewAccess, denyNewAccess)},
			},
			"accepted_risks": values.AcceptedRisksAttribute(
				"`{ \"PVESEC-E0107\" = \"hook scripts are reviewed in the same repository\" }`. A key is the id of a finding, an effect (`reads-secret`) or the path of a program (`/usr/bin/less`). What another file of the nodes brings in is accepted in that file only by "+
					"`{ \"PVESEC-E0001 in /etc/sudoers\" = \"administrators\" }`", "be ids of findings about sudo", escalation.CheckSudoRisk),
			"accepted_until": schema.MapAttribute{
				MarkdownDescription: "Last day (UTC) of an acceptance, as in `accepted_risks`: `{ \"PVESEC-E0107\" = \"2027-03-31\" }`. From the next day on, a plan that changes the policy fails again. While nobody changes the configuration, " +
					"every plan warns, `refused` says why, and an apply that writes fails, but the policy can be destroyed. What has no date here is accepted for good.",
				ElementType: types.StringType,
				Optional:    true,
				Validators: []validator.Map{
					values.KeysCheckedBy("be ids of findings about sudo", escalation.CheckSudoRisk),
					mapvalidator.ValueStringsAre(values.CheckedBy("be a date such as 2027-03-31", values.CheckDate)),
				},
			},
			"vouched":         vouchedAttribute(),
			"vouched_effects": vouchedEffectsAttribute(),
			"enforcement": schema.StringAttribute{
				MarkdownDescription: "What a way to root that nobody accepted does to a plan: `refuse` fails it, `warn` warns only, so that an imported policy can be adopted first and tightened later. " +
					"A pattern that matches nothing is refused in both cases, since a denial with one denies nothing.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(enforceRefuse),
				Validators: []validator.String{stringvalidator.OneOf(enforceRefuse, enforceWarn)},
			},
			"removed_grants": removedGrantsAttribute(),
			"refused":        refusedAttribute(),
			"not_enforced":   notEnforcedAttribute(),
			"logged":         loggedAttribute(),
			"overruled":      overruledAttribute(),
			"shared_with": schema.SetAttribute{
				MarkdownDescription: "Names (`name`) of other policies that grant the same subject, for example in another workspace. `exclusive` leaves their files alone, and a plan does not warn of them; `deployed` still shows what they grant. " +
					"A way to root in them is refused as in any other file.",
				ElementType: types.StringType,
				Optional:    true,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1),
					setvalidator.ValueStringsAre(values.CheckedBy("be the name of a policy", hardening.CheckPolicyName)),
				},
			},
			"defined_elsewhere":  elsewhereAttribute(),
			"expires":            endsAttribute(),
			"restore_on_destroy": restoreAttribute(),
		}, deployedAttributes()),
		Blocks: session.PlacedBlocks(ctx, map[string]schema.Block{
			"rule": schema.ListNestedBlock{
				MarkdownDescription: "What the subject may run. Where several rules match a command line, the last one decides. Of `rule`, `document` and `content` one is given; without any, the policy grants nothing.",
				Validators:          []validator.List{listvalidator.ConflictsWith(path.MatchRoot("document"), path.MatchRoot("content"))},
				NestedObject:        schema.NestedBlockObject{Attributes: resourceRuleAttributes()},
			},
		}),
	}
}

// deployedAttributes describes a node's entry of deployed.
func deployedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"present": schema.BoolAttribute{
			MarkdownDescription: "Whether the file is there.",
			Computed:            true,
		},
		"mode": schema.StringAttribute{
			MarkdownDescription: "Mode of the file in octal, `0440` as applied; empty without a file.",
			Computed:            true,
		},
		"owner": schema.StringAttribute{
			MarkdownDescription: "Owner and group of the file, `root:root` as applied; empty without a file.",
			Computed:            true,
		},
		"sha256": schema.StringAttribute{
			MarkdownDescription: "SHA-256 of the file's content; empty without a file.",
			Computed:            true,
		},
		"changes": schema.ListAttribute{
			MarkdownDescription: "Lines by which the file differs from what was applied: `+` the node has, `-` it lacks.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"foreign_grants": schema.ListAttribute{
			MarkdownDescription: "Everything that other sudoers files of the node grant the subject, as `file:line: grant`.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"beyond": schema.ListAttribute{
			MarkdownDescription: "What the node allows the subject and the policy does not, by another file or by the policy's own file where somebody changed it: a command line for each path and rule, proven as `change` is.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"root_equivalent": schema.BoolAttribute{
			MarkdownDescription: "Whether what the node allows beyond the policy leads to root.",
			Computed:            true,
		},
	}
}
