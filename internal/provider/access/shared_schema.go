package access

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// The attributes by which resources about PVE access control show what follows from them.

func effectiveAttribute(whose string) schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "What " + whose + " can really do, by path of the access control tree, resolved by PVE's own rules (inheritance, propagation, groups, `NoAccess`, " +
			"pools). Listed are the paths that an ACL entry names; a path with no privilege is one where everything is taken away. What holds on `/pool/NAME` " +
			"holds on the pool's members too.",
		Computed: true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"privileges": schema.SetAttribute{
				MarkdownDescription: "Privileges that hold on the path.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"this_path_only": schema.SetAttribute{
				MarkdownDescription: "Those of them that do not hold below the path.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"extra": schema.ListAttribute{
				MarkdownDescription: "Those of them that the resource's own grants do not explain, with where they come from.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		}},
	}
}

// accessFindingFields are the fields of a finding about privileges.
var accessFindingFields = []values.Field{
	{Name: "id", Type: types.StringType, Description: "Id of the finding, `PVESEC-P` and four digits. It never changes its meaning."},
	{Name: "severity", Type: types.StringType, Description: "`critical`: with these privileges, today. `high`: under an additional condition, such as a server that the node can reach."},
	{Name: "privileges_held", Type: values.StringListType, Description: "The privileges that the finding rests on, each with its path and where it comes from."},
	{Name: "why", Type: types.StringType, Description: "Why this leads to root."},
	{Name: "example", Type: types.StringType, Description: "A request that shows it. Words in capitals stand for names."},
	{Name: "fix", Type: types.StringType, Description: "What to grant instead."},
	{Name: "accepted", Type: types.StringType, Description: "The reason for which `accepted_risks` accepts it."},
}

func accessFindingsAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Ways that lead from these privileges to root on a node, or to `root@pam`. A finding fails the plan unless `accepted_risks` names it.",
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: values.ResourceFields(accessFindingFields)},
	}
}

// acceptedPrivileges describes accepted_risks of users and tokens.
func acceptedPrivileges() schema.MapAttribute {
	return values.AcceptedRisksAttribute("`{ \"PVESEC-P0009\" = \"the network team configures bridges\" }`", "be ids of findings about privileges", checkRiskID)
}
