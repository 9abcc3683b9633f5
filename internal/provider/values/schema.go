package values

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Field is a computed attribute that a resource and a data source have alike: a string, a number, a bool, or a list of
// strings.
type Field struct {
	Name        string
	Type        attr.Type
	Description string
}

// ResourceFields are fields as attributes of a resource.
func ResourceFields(fields []Field) map[string]resource.Attribute {
	attributes := map[string]resource.Attribute{}
	for _, f := range fields {
		switch f.Type {
		case types.StringType:
			attributes[f.Name] = resource.StringAttribute{MarkdownDescription: f.Description, Computed: true}
		case types.Int64Type:
			attributes[f.Name] = resource.Int64Attribute{MarkdownDescription: f.Description, Computed: true}
		case types.BoolType:
			attributes[f.Name] = resource.BoolAttribute{MarkdownDescription: f.Description, Computed: true}
		default:
			attributes[f.Name] = resource.ListAttribute{MarkdownDescription: f.Description, ElementType: elementOf(f), Computed: true}
		}
	}
	return attributes
}

// DataSourceFields are fields as attributes of a data source.
func DataSourceFields(fields []Field) map[string]datasource.Attribute {
	attributes := map[string]datasource.Attribute{}
	for _, f := range fields {
		switch f.Type {
		case types.StringType:
			attributes[f.Name] = datasource.StringAttribute{MarkdownDescription: f.Description, Computed: true}
		case types.Int64Type:
			attributes[f.Name] = datasource.Int64Attribute{MarkdownDescription: f.Description, Computed: true}
		case types.BoolType:
			attributes[f.Name] = datasource.BoolAttribute{MarkdownDescription: f.Description, Computed: true}
		default:
			attributes[f.Name] = datasource.ListAttribute{MarkdownDescription: f.Description, ElementType: elementOf(f), Computed: true}
		}
	}
	return attributes
}

func elementOf(f Field) attr.Type {
	if list, ok := f.Type.(types.ListType); ok {
		return list.ElemType
	}
	panic(fmt.Sprintf("field %s has the type %s, for which there is no attribute yet", f.Name, f.Type)) // the fields are fixed, and every test meets this
}

// TypeOfFields is the type of an object of these fields.
func TypeOfFields(fields []Field) types.ObjectType {
	attributes := map[string]attr.Type{}
	for _, f := range fields {
		attributes[f.Name] = f.Type
	}
	return types.ObjectType{AttrTypes: attributes}
}

// ObjectTypeOf is the type of the objects that nested attributes of a schema describe.
func ObjectTypeOf(attributes map[string]resource.Attribute) types.ObjectType {
	typed := map[string]attr.Type{}
	for name, attribute := range attributes {
		typed[name] = attribute.GetType()
	}
	return types.ObjectType{AttrTypes: typed}
}

// NullModel sets a model to one in which every attribute of the state's schema is null, as it is before an import fills
// it in.
func NullModel(ctx context.Context, state tfsdk.State, model any) diag.Diagnostics {
	object, ok := state.Schema.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		panic("a schema that is no object") // the framework has none
	}
	attributes := map[string]tftypes.Value{}
	for name, typ := range object.AttributeTypes {
		attributes[name] = tftypes.NewValue(typ, nil)
	}
	state.Raw = tftypes.NewValue(object, attributes)
	return state.Get(ctx, model)
}
