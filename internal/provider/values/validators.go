package values

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// CheckDate says why a text is not a date (RFC 3339, full-date).
func CheckDate(text string) error {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("%q is not a date: write year, month and day, as in 2027-03-31", text)
	}
	return nil
}

// NotEmptyList are the validators of a list with at least one element.
func NotEmptyList() []validator.List { return []validator.List{listvalidator.SizeAtLeast(1)} }

// NotEmptyText are the validators of a text with at least one character.
func NotEmptyText() []validator.String {
	return []validator.String{stringvalidator.LengthAtLeast(1)}
}

// CheckedBy returns a validator that calls check. must completes "The value must …".
func CheckedBy(must string, check func(string) error) validator.String {
	return checkValidator{must: must, check: check}
}

type checkValidator struct {
	must  string
	check func(string) error
}

func (v checkValidator) Description(context.Context) string { return "value must " + v.must }

func (v checkValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v checkValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", UpperFirst(err.Error())+".")
	}
}

// KeysCheckedBy is CheckedBy for the keys of a map.
func KeysCheckedBy(must string, check func(string) error) validator.Map {
	return keysValidator{must: must, check: check}
}

type keysValidator struct {
	must  string
	check func(string) error
}

func (v keysValidator) Description(context.Context) string { return "keys must " + v.must }

func (v keysValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v keysValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, key := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		if err := v.check(key); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "Invalid key", UpperFirst(err.Error())+".")
		}
	}
}
