package sudo

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// What the attributes vouched and vouched_effects are for, in the resource and in the data source.
const (
	vouchedDescription = "Programs of your own that somebody has reviewed, by path, with who reviewed them and what they do: " +
		"`{ \"/usr/local/sbin/report\" = \"reads only; reviewed 2026-11 by the storage team\" }`. pvesec does not know what such a program does, so without it no `never` is proven."
	vouchedEffectsDescription = "Effects that a vouched program has: `{ \"/usr/local/sbin/nightly\" = [\"changes-storage\"] }`. The guide [root findings](../guides/root-findings) lists all effects. A program that is not named here only reads."
)

func vouchedValidators() []validator.Map {
	return []validator.Map{
		values.KeysCheckedBy("be absolute paths of programs", checkProgramPath),
		mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
	}
}

func vouchedEffectsValidators() []validator.Map {
	return []validator.Map{
		values.KeysCheckedBy("be absolute paths of programs", checkProgramPath),
		mapvalidator.ValueListsAre(listvalidator.ValueStringsAre(values.CheckedBy("be effects", checkEffect))),
	}
}

// vouchedAttribute describes vouched.
func vouchedAttribute() schema.MapAttribute {
	return schema.MapAttribute{MarkdownDescription: vouchedDescription, ElementType: types.StringType, Optional: true, Validators: vouchedValidators()}
}

// vouchedEffectsAttribute describes vouched_effects.
func vouchedEffectsAttribute() schema.MapAttribute {
	return schema.MapAttribute{MarkdownDescription: vouchedEffectsDescription, ElementType: values.StringListType, Optional: true, Validators: vouchedEffectsValidators()}
}

func checkProgramPath(text string) error {
	if !path.IsAbs(text) || path.Clean(text) != text {
		return fmt.Errorf("%q is not the absolute path of a program", text)
	}
	return nil
}

func checkEffect(text string) error {
	if program.Effect(text).Info() != nil {
		return nil
	}
	var names []string
	for _, e := range program.Effects() {
		names = append(names, string(e.Effect))
	}
	return fmt.Errorf("there is no effect %q; there are %s", text, strings.Join(names, ", "))
}

// vouched returns the programs that the configuration vouches for.
func (m *sudoersPolicyModel) vouched(diags *diag.Diagnostics) escalation.Vouched {
	return vouchedOf(m.Vouched, m.VouchedEffects, diags)
}

func vouchedOf(reasons, effects types.Map, diags *diag.Diagnostics) escalation.Vouched {
	said := escalation.Vouched{}
	for name, value := range reasons.Elements() {
		if reason, is := value.(types.String); is {
			said[name] = escalation.Vouch{Reason: reason.ValueString()}
		}
	}
	for name, value := range effects.Elements() {
		vouch, known := said[name]
		if !known {
			diags.AddAttributeError(tfpath.Root("vouched_effects").AtMapKey(name), "Invalid vouched_effects",
				fmt.Sprintf("vouched does not contain %s. Add it there, with the name of the reviewer.", name))
			continue
		}
		if list, is := value.(types.List); is {
			for _, text := range values.StringsInList(context.Background(), list, diags) {
				vouch.Effects = append(vouch.Effects, program.Effect(text))
			}
		}
		said[name] = vouch
	}
	return said
}
