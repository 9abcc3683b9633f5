package values

import (
	"context"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// WholeType is the type of a whole number. The framework's own takes a fraction for a fault of the provider; here it is
// one of the configuration, with its attribute and what was written.
type WholeType struct{ basetypes.Int64Type }

// Whole is a whole number.
type Whole struct {
	basetypes.Int64Value
	wrong string // what was written that is none
}

var (
	_ basetypes.Int64Typable      = WholeType{}
	_ basetypes.Int64Valuable     = Whole{}
	_ xattr.ValidateableAttribute = Whole{}
)

// NoWhole is null.
func NoWhole() Whole { return Whole{Int64Value: basetypes.NewInt64Null()} }

// WholeValue is a known number.
func WholeValue(n int64) Whole { return Whole{Int64Value: basetypes.NewInt64Value(n)} }

func (WholeType) String() string { return "values.WholeType" }

// Equal implements attr.Type.
func (WholeType) Equal(other attr.Type) bool { _, same := other.(WholeType); return same }

// ValueType implements attr.Type.
func (WholeType) ValueType(context.Context) attr.Value { return Whole{} }

// ValueFromInt64 implements basetypes.Int64Typable.
func (WholeType) ValueFromInt64(_ context.Context, in basetypes.Int64Value) (basetypes.Int64Valuable, diag.Diagnostics) {
	return Whole{Int64Value: in}, nil
}

// ValueFromTerraform implements attr.Type.
func (t WholeType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	var number *big.Float
	if in.IsKnown() && !in.IsNull() {
		if err := in.As(&number); err != nil {
			return nil, err
		}
		if _, accuracy := number.Int64(); accuracy != big.Exact {
			return Whole{Int64Value: basetypes.NewInt64Unknown(), wrong: number.Text('g', -1)}, nil
		}
	}
	value, err := t.Int64Type.ValueFromTerraform(ctx, in)
	whole, ok := value.(basetypes.Int64Value)
	if err != nil || !ok {
		return nil, err
	}
	return Whole{Int64Value: whole}, nil
}

// Type implements attr.Value.
func (Whole) Type(context.Context) attr.Type { return WholeType{} }

// Equal implements attr.Value.
func (w Whole) Equal(other attr.Value) bool {
	o, ok := other.(Whole)
	return ok && w.Int64Value.Equal(o.Int64Value) && w.wrong == o.wrong
}

// ValidateAttribute refuses values that are not whole numbers.
func (w Whole) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if w.wrong != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid number", w.wrong+" is not a whole number in the allowed range. Write a number without a fraction, or use floor(), ceil() or parseint().")
	}
}
