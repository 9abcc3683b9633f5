package access

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var endsFields = []values.Field{
	{Name: "earliest", Type: types.StringType, Description: "When the first of the user and its tokens ends, in RFC 3339; null where none does."},
	{Name: "latest", Type: types.StringType, Description: "When the last of them ends: the user, with whom its tokens end; null where it never does."},
}

var endsType = values.TypeOfFields(endsFields)

// showEnds fills in expires from the ends of the user and of its tokens. What is not known of one of them is not known
// of the first end.
func (m *restrictedUserModel) showEnds() {
	m.Expires = types.ObjectUnknown(endsType.AttrTypes)
	if m.ExpiresAt.IsUnknown() {
		return
	}
	latest := types.StringNull()
	if at := values.UnixTime(m.ExpiresAt); at != 0 {
		latest = values.TimeValue(at)
	}
	m.Expires = types.ObjectValueMust(endsType.AttrTypes, map[string]attr.Value{"earliest": m.earliestEnd(), "latest": latest})
}

func (m *restrictedUserModel) earliestEnd() types.String {
	if m.Tokens.IsUnknown() {
		return types.StringUnknown()
	}
	first := values.UnixTime(m.ExpiresAt)
	for id := range m.Tokens.Elements() {
		end := m.recordedEnd(id)
		if end.IsUnknown() {
			return types.StringUnknown()
		}
		if at := values.UnixTime(end); at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return types.StringNull()
	}
	return values.TimeValue(first)
}

func endsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "When the access of the user ends, over `expires_at` of the user and the ends of its tokens. `external_tokens` do not count: they have ends of their own.",
		Computed:            true,
		Attributes:          values.ResourceFields(endsFields),
	}
}
