package session

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Placed are the attributes that every resource on nodes has. Its model embeds them, and [PlacedAttributes] and
// [PlacedBlocks] describe them.
type Placed struct {
	Nodes         types.Set    `tfsdk:"nodes"`
	OnUnreachable types.String `tfsdk:"on_unreachable"`
	Deployed      types.Map    `tfsdk:"deployed"`
	NodesSkipped  types.List   `tfsdk:"nodes_skipped"`

	InstallPackages   types.Bool `tfsdk:"install_packages"`
	MissingPackages   types.Map  `tfsdk:"missing_packages"`
	InstalledPackages types.Map  `tfsdk:"installed_packages"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (p *Placed) placed() *Placed { return p } //nolint:unused // NodeModel asks for it

// PlacedAttributes adds the attributes of [Placed] to a schema. Entry describes a node's entry of deployed; its
// attribute changes, a list of strings, says of a skipped node that nothing is known.
func PlacedAttributes(attributes, entry map[string]schema.Attribute) map[string]schema.Attribute {
	attributes["nodes"] = schema.SetAttribute{
		MarkdownDescription: "Names of the nodes. All nodes of the provider or, where it names none, of the cluster by default; a node that joins later is then planned for.",
		ElementType:         types.StringType,
		Optional:            true,
		Validators:          []validator.Set{setvalidator.SizeAtLeast(1)},
	}
	attributes["on_unreachable"] = onUnreachableAttribute()
	attributes["deployed"] = schema.MapNestedAttribute{
		MarkdownDescription: "What each node holds, by node name. A difference from what was applied is drift; the plan shows it and the next apply mends it.",
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: entry},
	}
	attributes["nodes_skipped"] = skippedAttribute()
	packageAttributes(attributes)
	return attributes
}

// PlacedBlocks adds the blocks of [Placed] to a schema.
func PlacedBlocks(ctx context.Context, blocks map[string]schema.Block) map[string]schema.Block {
	blocks["timeouts"] = timeouts.Block(ctx, AllTimeouts)
	return blocks
}

func (p *Placed) setDeployed(ctx context.Context, entries map[string]attr.Value, diags *diag.Diagnostics) {
	deployed, problems := types.MapValue(p.Deployed.ElementType(ctx), entries)
	diags.Append(problems...)
	p.Deployed = deployed
}
