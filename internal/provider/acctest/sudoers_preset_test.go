package acctest

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestPresetParametersAreValidated: a parameter that a preset does not take is an error at its key, before anything is
// planned; what is not known yet is not.
func TestPresetParametersAreValidated(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, api(t, "9.1"))
	typ := p.schemas.DataSourceSchemas["pvesec_sudoers_document"].ValueType()
	validate := func(parameters ...any) []*tfprotov6.Diagnostic {
		t.Helper()
		presets := make([]any, len(parameters))
		for i, of := range parameters {
			presets[i] = map[string]any{"name": "vm_operator", "parameters": of}
		}
		answer, err := p.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: "pvesec_sudoers_document", Config: dynamic(build(typ, map[string]any{"preset": presets})),
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Diagnostics
	}
	good := map[string]any{"vmids": "2[0-9]{3}"}
	if found := validate(good, map[string]any{"vmids": "5[0-9]{3}"}); len(found) > 0 {
		t.Errorf("%s: %s", found[0].Summary, found[0].Detail)
	}
	if found := validate(map[string]any{"vmids": tftypes.UnknownValue}); len(found) > 0 {
		t.Errorf("what is not known yet: %s: %s", found[0].Summary, found[0].Detail)
	}
	for _, c := range []struct {
		parameters any
		text       string
		at         *tftypes.AttributePath
	}{
		{map[string]any{"vmids": ".*"}, "matches", tftypes.NewAttributePath().WithAttributeName("preset").WithElementKeyInt(1).WithAttributeName("parameters").WithElementKeyString("vmids")},
		{map[string]any{"vmids": "2[0-9]{3}", "vmid": "2"}, "no such parameter", tftypes.NewAttributePath().WithAttributeName("preset").WithElementKeyInt(1).WithAttributeName("parameters").WithElementKeyString("vmid")},
		{map[string]any{"bridge": "vmbr0"}, "it is required", tftypes.NewAttributePath().WithAttributeName("preset").WithElementKeyInt(1).WithAttributeName("parameters")},
	} {
		found := validate(good, c.parameters)
		if len(found) != 1 || !strings.Contains(found[0].Detail, c.text) || !found[0].Attribute.Equal(c.at) {
			for _, d := range found {
				t.Errorf("%v: at %v: %s", c.parameters, d.Attribute, d.Detail)
			}
			t.Errorf("%v: want one error at %v", c.parameters, c.at)
		}
	}
}
