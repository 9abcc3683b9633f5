package values

import (
	"context"
	"sort"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// StringListType is the type of a list of strings.
var StringListType = types.ListType{ElemType: types.StringType}

// StringsInSet are the elements of a set of strings, none while it is null or unknown.
func StringsInSet(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	var list []string
	if !set.IsNull() && !set.IsUnknown() {
		diags.Append(Present(set).ElementsAs(ctx, &list, false)...)
	}
	return list
}

// Present is a set without its null elements: [condition ? x : null] leaves an element out, as people expect it.
func Present(set types.Set) types.Set {
	elements, null := present(set.Elements())
	if !null {
		return set
	}
	return types.SetValueMust(set.ElementType(context.Background()), elements)
}

// PresentInList is Present for a list.
func PresentInList(list types.List) types.List {
	elements, null := present(list.Elements())
	if !null {
		return list
	}
	return types.ListValueMust(list.ElementType(context.Background()), elements)
}

// PresentInMap is Present for a map: a key whose value is null is not there.
func PresentInMap(value types.Map) types.Map {
	kept := map[string]attr.Value{}
	for key, element := range value.Elements() {
		if !element.IsNull() {
			kept[key] = element
		}
	}
	if len(kept) == len(value.Elements()) {
		return value
	}
	return types.MapValueMust(value.ElementType(context.Background()), kept)
}

func present(elements []attr.Value) (kept []attr.Value, null bool) {
	for _, element := range elements {
		if element.IsNull() {
			null = true
		} else {
			kept = append(kept, element)
		}
	}
	return kept, null
}

// ReadObject reads an object into the model that target points to, and leaves it as it is while the object is null or
// unknown.
func ReadObject(ctx context.Context, object types.Object, target any) diag.Diagnostics {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	return object.As(ctx, target, basetypes.ObjectAsOptions{})
}

// WriteObject makes an object of a model.
func WriteObject(ctx context.Context, attributes map[string]attr.Type, model any, diags *diag.Diagnostics) types.Object {
	object, problems := types.ObjectValueFrom(ctx, attributes, model)
	diags.Append(problems...)
	return object
}

// BoolOr is a bool, or the fallback where it is null.
func BoolOr(value types.Bool, fallback bool) bool {
	if value.IsNull() {
		return fallback
	}
	return value.ValueBool()
}

// StringOr is a string, or the fallback where it is null.
func StringOr(value types.String, fallback string) string {
	if value.IsNull() {
		return fallback
	}
	return value.ValueString()
}

// StringMap is a known map of texts.
func StringMap(texts map[string]string) types.Map {
	values := map[string]attr.Value{}
	for name, text := range texts {
		values[name] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, values)
}

// StringsInMap are the elements of a known map of texts.
func StringsInMap(value types.Map) map[string]string {
	result := map[string]string{}
	for name, element := range value.Elements() {
		if text, ok := element.(types.String); ok {
			result[name] = text.ValueString()
		}
	}
	return result
}

// StringSet is a known set, empty and not null for no texts.
func StringSet(texts []string) types.Set {
	sorted := append([]string(nil), texts...)
	sort.Strings(sorted)
	values := make([]attr.Value, len(sorted))
	for i, text := range sorted {
		values[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, values)
}

// FullyKnown tells that neither a value nor anything within it is unknown.
func FullyKnown(value attr.Value) bool {
	terraform, err := value.ToTerraformValue(context.Background())
	return err == nil && terraform.IsFullyKnown()
}

// Settled fills in what a plan left open of an object. What the plan knew stays, since Terraform holds an apply to it;
// what nobody found out is null.
func Settled(planned, found types.Object) types.Object {
	if planned.IsNull() || planned.IsUnknown() {
		return found
	}
	ctx := context.Background()
	settled, read := planned.Attributes(), found.Attributes()
	for name, kind := range planned.AttributeTypes(ctx) {
		if FullyKnown(settled[name]) {
			continue
		}
		value, is := read[name]
		if !is {
			value, _ = kind.ValueFromTerraform(ctx, tftypes.NewValue(kind.TerraformType(ctx), nil)) // null, which every type has
		}
		settled[name] = value
	}
	return types.ObjectValueMust(planned.AttributeTypes(ctx), settled)
}

// KeepString keeps null for an empty text that was never set.
func KeepString(recorded types.String, found string) types.String {
	if recorded.IsNull() && found == "" {
		return recorded
	}
	return types.StringValue(found)
}

// Comment is a comment as it was found. One that is as recorded may have several lines; another one is written on one
// line, so that nobody who can write comments in PVE adds lines to a plan.
func Comment(recorded types.String, found string) types.String {
	if recorded.ValueString() == found {
		return KeepString(recorded, found)
	}
	return types.StringValue(untrusted.Line(found))
}

// KeepBool keeps null for a flag that was never set and has its default.
func KeepBool(recorded types.Bool, found, byDefault bool) types.Bool {
	if recorded.IsNull() && found == byDefault {
		return recorded
	}
	return types.BoolValue(found)
}

// StringList is a known list, empty and not null for no texts.
func StringList(texts []string) types.List {
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}

// StringsInList are the elements of a known list, nil for a null one.
func StringsInList(ctx context.Context, list types.List, diags *diag.Diagnostics) []string {
	var texts []string
	if !list.IsNull() {
		diags.Append(PresentInList(list).ElementsAs(ctx, &texts, false)...)
	}
	return texts
}
