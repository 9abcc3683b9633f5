package values

import (
	"context"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestNullElementsAreLeftOut: [condition ? x : null] is a list without x.
func TestNullElementsAreLeftOut(t *testing.T) {
	t.Parallel()
	elements := []attr.Value{types.StringValue("b"), types.StringNull(), types.StringValue("a")}
	var diags diag.Diagnostics
	list := StringsInList(t.Context(), types.ListValueMust(types.StringType, elements), &diags)
	set := StringsInSet(t.Context(), types.SetValueMust(types.StringType, elements), &diags)
	risks := AcceptedRisks(t.Context(), types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringNull(), "b": types.StringValue("reason")}), &diags)
	if strings.Join(list, " ") != "b a" || len(set) != 2 || len(risks) != 1 || risks["b"] != "reason" || diags.HasError() {
		t.Errorf("%q %q %q %v", list, set, risks, diags)
	}
	if got := StringsInList(t.Context(), types.ListNull(types.StringType), &diags); got != nil {
		t.Errorf("null has %q", got)
	}
}

// TestWholeNumbers: a fraction, or a number too large, is an error of the configuration with its place.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"22": "", "-5": "", "1.5": "1.5 is not a whole number", "1e30": "1e+30 is not a whole number", "9223372036854775808": "is not a whole number"} {
		number, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		value, err := WholeType{}.ValueFromTerraform(t.Context(), tftypes.NewValue(tftypes.Number, number))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		whole, ok := value.(Whole)
		if !ok {
			t.Fatalf("%s is a %T", text, value)
		}
		var resp xattr.ValidateAttributeResponse
		whole.ValidateAttribute(context.Background(), xattr.ValidateAttributeRequest{Path: path.Root("port")}, &resp)
		got := ""
		if resp.Diagnostics.HasError() {
			got = resp.Diagnostics[0].Detail()
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, none := range []tftypes.Value{tftypes.NewValue(tftypes.Number, nil), tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)} {
		value, err := WholeType{}.ValueFromTerraform(t.Context(), none)
		if err != nil || value.IsNull() != none.IsNull() || value.IsUnknown() == none.IsKnown() {
			t.Errorf("%s is %v, %v", none, value, err)
		}
	}
}

// TestUpperFirst: a text that begins with a letter beyond ASCII stays one.
func TestUpperFirst(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a": "A", "österreich": "Österreich", "京": "京", "1a": "1a", "no user": "No user", "name, and": "Name, and",
		"root@pam is": "root@pam is", "expires_in: 2d": "expires_in: 2d", "tokens[0].id": "tokens[0].id", "pve1.example has": "pve1.example has",
	} {
		if got := UpperFirst(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
