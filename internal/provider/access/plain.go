package access

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// plain is an object as Terraform's protocol writes it, in Go's own types: nil, string, bool, integers, []any and map[string]any. There is no
// unknown: what holds one cannot be read.
type plain map[string]any

// readPlain reads a value that is an object and fully known.
func readPlain(value *tfprotov6.DynamicValue) (plain, bool) {
	if value == nil || len(value.MsgPack) == 0 {
		return nil, false
	}
	var object map[string]any
	if err := msgpack.Unmarshal(value.MsgPack, &object); err != nil || object == nil {
		return nil, false // null, or with something unknown, which is an extension of the form
	}
	return object, true
}

// text is an attribute that is a text, "" for null.
func (p plain) text(name string) string { text, _ := p[name].(string); return text }

func (p plain) object(name string) plain { object, _ := p[name].(map[string]any); return object }

func (p plain) list(name string) []any { list, _ := p[name].([]any); return list }

// texts are the elements of a list or set of texts.
func (p plain) texts(name string) []string {
	list := p.list(name)
	texts := make([]string, 0, len(list))
	for _, item := range list {
		text, _ := item.(string)
		texts = append(texts, text)
	}
	return texts
}

// sameTexts compares sets.
func sameTexts(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// attrValue makes the framework's value of a plain one; false where it does not fit the type.
func attrValue(typ attr.Type, value any) (attr.Value, bool) {
	switch typ := typ.(type) {
	case basetypes.StringType:
		text, ok := value.(string)
		if value == nil {
			return types.StringNull(), true
		}
		return types.StringValue(text), ok
	case basetypes.BoolType:
		flag, ok := value.(bool)
		if value == nil {
			return types.BoolNull(), true
		}
		return types.BoolValue(flag), ok
	case basetypes.Int64Type:
		if value == nil {
			return types.Int64Null(), true
		}
		number := reflect.ValueOf(value)
		if !number.CanInt() {
			return nil, false
		}
		return types.Int64Value(number.Int()), true
	case basetypes.SetType:
		elements, ok := attrValues(typ.ElemType, value)
		if value == nil {
			return types.SetNull(typ.ElemType), true
		}
		return types.SetValueMust(typ.ElemType, elements), ok
	case basetypes.ListType:
		elements, ok := attrValues(typ.ElemType, value)
		if value == nil {
			return types.ListNull(typ.ElemType), true
		}
		return types.ListValueMust(typ.ElemType, elements), ok
	case basetypes.MapType:
		entries, ok := value.(map[string]any)
		if value == nil {
			return types.MapNull(typ.ElemType), true
		}
		elements := make(map[string]attr.Value, len(entries))
		for key, entry := range entries {
			element, fits := attrValue(typ.ElemType, entry)
			if !fits {
				return nil, false
			}
			elements[key] = element
		}
		return types.MapValueMust(typ.ElemType, elements), ok
	case attr.TypeWithAttributeTypes:
		fields, ok := value.(map[string]any)
		if value == nil {
			return types.ObjectNull(typ.AttributeTypes()), true
		}
		return attrObject(typ.AttributeTypes(), fields, ok)
	}
	return nil, false
}

func attrObject(typ map[string]attr.Type, fields map[string]any, ok bool) (attr.Value, bool) {
	if !ok || len(fields) != len(typ) {
		return nil, false
	}
	attributes := make(map[string]attr.Value, len(fields))
	for name, inner := range typ {
		field, given := fields[name]
		attribute, fits := attrValue(inner, field)
		if !given || !fits {
			return nil, false
		}
		attributes[name] = attribute
	}
	return types.ObjectValueMust(typ, attributes), true
}

func attrValues(typ attr.Type, value any) (elements []attr.Value, ok bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	elements = make([]attr.Value, len(list))
	for i, item := range list {
		if elements[i], ok = attrValue(typ, item); !ok {
			return nil, false
		}
	}
	return elements, true
}

// fits tells whether a plain value has exactly the form of a type: every attribute, and no other.
func fits(typ attr.Type, value any) bool {
	if value == nil {
		return true
	}
	switch typ := typ.(type) {
	case basetypes.StringType:
		_, ok := value.(string)
		return ok
	case basetypes.BoolType:
		_, ok := value.(bool)
		return ok
	case basetypes.Int64Type:
		number := reflect.ValueOf(value)
		return number.CanInt() || number.CanFloat() && number.Float() == float64(int64(number.Float()))
	case attr.TypeWithElementType:
		inside := func(item any) bool { return fits(typ.ElementType(), item) }
		switch items := value.(type) {
		case []any:
			return !isMap(typ) && !slices.ContainsFunc(items, func(item any) bool { return !inside(item) })
		case map[string]any:
			for _, item := range items {
				if !inside(item) {
					return false
				}
			}
			return isMap(typ)
		}
		return false
	case attr.TypeWithAttributeTypes:
		fields, ok := value.(map[string]any)
		if !ok || len(fields) != len(typ.AttributeTypes()) {
			return false
		}
		for name, inner := range typ.AttributeTypes() {
			if field, given := fields[name]; !given || !fits(inner, field) {
				return false
			}
		}
		return true
	}
	return false
}

func isMap(typ attr.Type) bool { _, ok := typ.(basetypes.MapType); return ok }

// plainValue is the plain form of a default.
func plainValue(value attr.Value) (any, error) {
	if value.IsNull() {
		return nil, nil
	}
	switch value := value.(type) {
	case types.String:
		return value.ValueString(), nil
	case types.Bool:
		return value.ValueBool(), nil
	case types.Set:
		if len(value.Elements()) == 0 {
			return []any{}, nil
		}
	case types.Map:
		if len(value.Elements()) == 0 {
			return map[string]any{}, nil
		}
	}
	return nil, fmt.Errorf("a default of the type %T has no plain form yet", value)
}
