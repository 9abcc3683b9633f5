package access

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// The computed attributes of resources about PVE access control.

func effectiveAttribute(whose string) schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "Effective permissions of " + whose + " by path of the access control tree, resolved by PVE's own rules (inheritance, propagation, groups, `NoAccess`, " +
			"pools). It lists the paths of ACL entries; on a path without privileges, an entry removes all of them. Privileges on `/pool/NAME` " +
			"also hold on the pool's members.",
		Computed: true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"privileges": schema.SetAttribute{
				MarkdownDescription: "Privileges on the path.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"this_path_only": schema.SetAttribute{
				MarkdownDescription: "The privileges among them that do not hold below the path.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"extra": schema.ListAttribute{
				MarkdownDescription: "The privileges among them that do not come from the resource's own grants, with their origin.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		}},
	}
}

// accessFindingFields are the fields of a finding about privileges.
var accessFindingFields = []values.Field{
	{Name: "id", Type: types.StringType, Description: "Id of the finding, `PVESEC-P` and four digits. It never changes its meaning. The guide [PVE findings](../guides/pve-findings) says why it matters and what to grant instead."},
	{Name: "severity", Type: types.StringType, Description: "`critical`: these privileges alone lead to root. `high`: they do under an additional condition, such as a server that the node can reach."},
	{Name: "privileges_held", Type: values.StringListType, Description: "The privileges that the finding is based on, each with its path and origin."},
	{Name: "example", Type: types.StringType, Description: "A request that proves it. Words in capitals stand for names."},
	{Name: "accepted", Type: types.StringType, Description: "The reason from `accepted_risks`, if it accepts the finding."},
}

func accessFindingsAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Paths from these privileges to root on a node, or to `root@pam`. A finding fails the plan unless `accepted_risks` contains it. See the guide [PVE findings](../guides/pve-findings).",
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: values.ResourceFields(accessFindingFields)},
	}
}

// acceptedPrivileges describes accepted_risks of users and tokens.
func acceptedPrivileges() schema.MapAttribute {
	return values.AcceptedRisksAttribute("`{ \"PVESEC-P0009\" = \"the network team configures bridges\" }`", "be ids of findings about privileges", checkRiskID)
}
