package values

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// AcceptedRisks are the reasons by finding.
func AcceptedRisks(ctx context.Context, value types.Map, diags *diag.Diagnostics) map[string]string {
	accepted := map[string]string{}
	if !value.IsNull() && !value.IsUnknown() {
		diags.Append(PresentInMap(value).ElementsAs(ctx, &accepted, false)...)
	}
	return accepted
}

// AcceptedRisksAttribute describes accepted_risks with an example. The check tells ids of findings from other texts.
func AcceptedRisksAttribute(example, purpose string, check func(id string) error) schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "Findings that are accepted, by id, with the reason: " + example + ".",
		ElementType:         types.StringType,
		Optional:            true,
		Validators: []validator.Map{
			KeysCheckedBy(purpose, check),
			mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(3)),
		},
	}
}
