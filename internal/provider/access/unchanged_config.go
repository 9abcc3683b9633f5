package access

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// userShape is what the schema of pvesec_restricted_user says, resolved once.
type userShape struct {
	schema   schema.Schema
	typ      basetypes.ObjectType
	defaults map[string]any // of attributes at the top that have one
}

func newUserShape() *userShape {
	ctx := context.Background()
	var answer resource.SchemaResponse
	(&restrictedUserResource{}).Schema(ctx, resource.SchemaRequest{}, &answer)
	shape := &userShape{schema: answer.Schema, typ: basetypes.ObjectType{AttrTypes: map[string]attr.Type{}}, defaults: map[string]any{}}
	for name, attribute := range answer.Schema.Attributes {
		shape.typ.AttrTypes[name] = attribute.GetType()
		if value := defaultOf(ctx, attribute); value != nil {
			plainDefault, err := plainValue(value)
			if err != nil {
				panic(name + ": " + err.Error()) // the schema is fixed, and every test meets this
			}
			shape.defaults[name] = plainDefault
		}
	}
	return shape
}

// defaultOf is the default of an attribute, nil for none.
func defaultOf(ctx context.Context, attribute schema.Attribute) attr.Value {
	switch a := attribute.(type) {
	case schema.StringAttribute:
		if a.Default != nil {
			var answer defaults.StringResponse
			a.Default.DefaultString(ctx, defaults.StringRequest{}, &answer)
			return answer.PlanValue
		}
	case schema.BoolAttribute:
		if a.Default != nil {
			var answer defaults.BoolResponse
			a.Default.DefaultBool(ctx, defaults.BoolRequest{}, &answer)
			return answer.PlanValue
		}
	case schema.SetAttribute:
		return setDefault(ctx, a.Default)
	case schema.SetNestedAttribute:
		return setDefault(ctx, a.Default)
	case schema.MapNestedAttribute:
		if a.Default != nil {
			var answer defaults.MapResponse
			a.Default.DefaultMap(ctx, defaults.MapRequest{}, &answer)
			return answer.PlanValue
		}
	}
	return nil
}

func setDefault(ctx context.Context, given defaults.Set) attr.Value {
	if given == nil {
		return nil
	}
	var answer defaults.SetResponse
	given.DefaultSet(ctx, defaults.SetRequest{}, &answer)
	return answer.PlanValue
}

// asksNothing tells whether a configuration wants what state records. Terraform merged it into the state before and found nothing new; what
// Terraform leaves to the provider are defaults, the name of the role, and the tokens, which it merges key by key.
func (s *userShape) asksNothing(config plain, user recordedUser) bool {
	for name, wanted := range s.defaults {
		if config[name] != nil {
			wanted = config[name]
		}
		if name == "tokens" {
			if tokens, ok := wanted.(map[string]any); !ok || !user.keepsTokens(tokens) {
				return false
			}
			continue
		}
		if !samePlain(user.state[name], wanted) {
			return false
		}
	}
	if role := config.object("role"); role != nil && role["name"] == nil && user.managedRole() != managedRoleName(string(user.UserID)) {
		return false
	}
	return keepsSecrets(user.state)
}

// keepsSecrets tells whether state has the secrets that it is to have: those of tokens that exist, and none where none are wanted.
func keepsSecrets(state plain) bool {
	return state["secret_in_state"] == true || len(state.object("token_secrets")) == 0
}

// samePlain compares plain values. Terraform has one order for the elements of a set.
func samePlain(a, b any) bool { return reflect.DeepEqual(a, b) }

// valid tells whether the validators of the schema and of the resource have nothing to say. It asks them without the configuration around the
// attribute: a validator in this schema looks at its own value alone.
func (s *userShape) valid(ctx context.Context, config plain) bool {
	if len(config) != len(s.schema.Attributes) || config["password"] != nil { // what is write-only needs a Terraform that knows it
		return false
	}
	values := make(map[string]attr.Value, len(config))
	for name, attribute := range s.schema.Attributes {
		value, ok := attrValue(s.typ.AttrTypes[name], config[name])
		if !ok || !accepts(ctx, attribute, value) {
			return false
		}
		values[name] = value
	}
	model := restrictedUserModel{}
	var ok [5]bool
	model.UserID, ok[0] = values["user_id"].(types.String)
	model.Role, ok[1] = values["role"].(types.Object)
	model.Grants, ok[2] = values["grants"].(types.Set)
	model.Tokens, ok[3] = values["tokens"].(types.Map)
	model.PasswordVersion, ok[4] = values["password_version"].(types.Int64)
	var diags diag.Diagnostics
	model.validate(&diags)
	return ok == [5]bool{true, true, true, true, true} && len(diags) == 0
}

// accepts tells whether the validators of an attribute, and of those within, have nothing to say about a value.
func accepts(ctx context.Context, attribute schema.Attribute, value attr.Value) bool {
	if value.IsNull() {
		return true // every validator here takes null for not given
	}
	var diags diag.Diagnostics
	var within map[string]schema.Attribute
	var objects []attr.Value
	here := path.Root("any")
	switch a := attribute.(type) {
	case schema.StringAttribute:
		text, ok := value.(types.String)
		for _, v := range a.Validators {
			var answer validator.StringResponse
			v.ValidateString(ctx, validator.StringRequest{Path: here, ConfigValue: text}, &answer)
			diags.Append(answer.Diagnostics...)
		}
		return ok && len(diags) == 0
	case schema.Int64Attribute:
		number, ok := value.(types.Int64)
		for _, v := range a.Validators {
			var answer validator.Int64Response
			v.ValidateInt64(ctx, validator.Int64Request{Path: here, ConfigValue: number}, &answer)
			diags.Append(answer.Diagnostics...)
		}
		return ok && len(diags) == 0
	case schema.BoolAttribute:
		return len(a.Validators) == 0
	case schema.SetAttribute:
		return acceptsSet(ctx, a.Validators, value)
	case schema.MapAttribute:
		return acceptsMap(ctx, a.Validators, value)
	case schema.SetNestedAttribute:
		if !acceptsSet(ctx, a.Validators, value) || len(a.NestedObject.Validators) > 0 {
			return false
		}
		within = a.NestedObject.Attributes
		if set, ok := value.(types.Set); ok {
			objects = set.Elements()
		}
	case schema.MapNestedAttribute:
		if !acceptsMap(ctx, a.Validators, value) || len(a.NestedObject.Validators) > 0 {
			return false
		}
		within = a.NestedObject.Attributes
		if entries, ok := value.(types.Map); ok {
			for _, entry := range entries.Elements() {
				objects = append(objects, entry)
			}
		}
	case schema.SingleNestedAttribute:
		if len(a.Validators) > 0 {
			return false
		}
		within, objects = a.Attributes, []attr.Value{value}
	default:
		return false // a kind that is not known here
	}
	for _, item := range objects {
		object, ok := item.(types.Object)
		if !ok || object.IsNull() {
			return false
		}
		for name, field := range object.Attributes() {
			if !accepts(ctx, within[name], field) {
				return false
			}
		}
	}
	return true
}

func acceptsSet(ctx context.Context, validators []validator.Set, value attr.Value) bool {
	set, ok := value.(types.Set)
	for _, v := range validators {
		var answer validator.SetResponse
		v.ValidateSet(ctx, validator.SetRequest{Path: path.Root("any"), ConfigValue: set}, &answer)
		ok = ok && len(answer.Diagnostics) == 0
	}
	return ok
}

func acceptsMap(ctx context.Context, validators []validator.Map, value attr.Value) bool {
	entries, ok := value.(types.Map)
	for _, v := range validators {
		var answer validator.MapResponse
		v.ValidateMap(ctx, validator.MapRequest{Path: path.Root("any"), ConfigValue: entries}, &answer)
		ok = ok && len(answer.Diagnostics) == 0
	}
	return ok
}
