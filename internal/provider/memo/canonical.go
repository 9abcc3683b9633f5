package memo

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
)

// digestValue is the digest of a value by its meaning: Terraform and the framework have different orders for the
// elements of a set. It is false for what is not fully known, and for what has a form that is not known here.
func digestValue(typ tftypes.Type, value *tfprotov6.DynamicValue) (string, bool) {
	decoded, ok := decode(value)
	if !ok {
		return "", false
	}
	var b bytes.Buffer
	if !canonical(&b, typ, decoded) {
		return "", false
	}
	return digest(b.Bytes()), true
}

// decode reads a value into Go's own types. What is unknown is an extension of the form, and cannot be read.
func decode(value *tfprotov6.DynamicValue) (any, bool) {
	if value == nil || len(value.MsgPack) == 0 {
		return nil, false
	}
	var decoded any
	if err := msgpack.Unmarshal(value.MsgPack, &decoded); err != nil {
		return nil, false
	}
	return decoded, true
}

// faded is a state after a reading that found nothing new: without what tells of the last change. It is the very state
// where there is nothing of that kind.
func (s *schema) faded(state *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, bool) {
	if len(s.fades) == 0 {
		return state, true
	}
	decoded, ok := decode(state)
	fields, is := decoded.(map[string]any)
	if !ok || !is {
		return nil, false
	}
	fresh := true
	for _, name := range s.fades {
		if fields[name] != nil {
			fields[name], fresh = nil, false
		}
	}
	if fresh {
		return state, true
	}
	encoded, err := msgpack.Marshal(fields)
	return &tfprotov6.DynamicValue{MsgPack: encoded}, err == nil
}

// canonical writes a value of a type, everything with its length, so that no two values are written alike.
func canonical(b *bytes.Buffer, typ tftypes.Type, value any) bool {
	if value == nil {
		return b.WriteByte('n') == nil
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		fields, ok := value.(map[string]any)
		if !ok || len(fields) != len(typ.AttributeTypes) {
			return false
		}
		b.WriteByte('o')
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			inner, known := typ.AttributeTypes[name]
			if !known {
				return false
			}
			writeText(b, name)
			if !canonical(b, inner, fields[name]) {
				return false
			}
		}
		return true
	case tftypes.Map:
		entries, ok := value.(map[string]any)
		if !ok {
			return false
		}
		b.WriteByte('m')
		writeLength(b, len(entries))
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			writeText(b, key)
			if !canonical(b, typ.ElementType, entries[key]) {
				return false
			}
		}
		return true
	case tftypes.List:
		return canonicalList(b, 'l', typ.ElementType, value, false)
	case tftypes.Set:
		return canonicalList(b, 's', typ.ElementType, value, true)
	}
	return canonicalScalar(b, typ, value)
}

func canonicalList(b *bytes.Buffer, kind byte, element tftypes.Type, value any, sorted bool) bool {
	items, ok := value.([]any)
	if !ok {
		return false
	}
	written := make([][]byte, len(items))
	for i, item := range items {
		var one bytes.Buffer
		if !canonical(&one, element, item) {
			return false
		}
		written[i] = one.Bytes()
	}
	if sorted {
		slices.SortFunc(written, bytes.Compare)
	}
	b.WriteByte(kind)
	writeLength(b, len(written))
	for _, one := range written {
		writeText(b, string(one))
	}
	return true
}

func canonicalScalar(b *bytes.Buffer, typ tftypes.Type, value any) bool {
	switch {
	case typ.Is(tftypes.String):
		text, ok := value.(string)
		b.WriteByte('t')
		writeText(b, text)
		return ok
	case typ.Is(tftypes.Bool):
		flag, ok := value.(bool)
		b.WriteByte('b')
		writeText(b, strconv.FormatBool(flag))
		return ok
	case typ.Is(tftypes.Number):
		number, ok := decimal(value)
		b.WriteByte('d')
		writeText(b, number)
		return ok
	}
	return false
}

// decimal writes a whole number, however it is encoded.
func decimal(value any) (string, bool) {
	switch number := value.(type) {
	case int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return fmt.Sprint(number), true
	case float64:
		return strconv.FormatInt(int64(number), 10), number == float64(int64(number))
	}
	return "", false
}

func writeText(b *bytes.Buffer, text string) {
	writeLength(b, len(text))
	b.WriteString(text)
}

func writeLength(b *bytes.Buffer, n int) {
	b.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// fits tells whether JSON has exactly the form of a type: every attribute, and no other.
func fits(typ tftypes.Type, text []byte) bool {
	var value any
	return json.Unmarshal(text, &value) == nil && value != nil && fitsValue(typ, value)
}

func fitsValue(typ tftypes.Type, value any) bool {
	if value == nil {
		return true
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		fields, ok := value.(map[string]any)
		if !ok || len(fields) != len(typ.AttributeTypes) {
			return false
		}
		for name, field := range fields {
			if inner, known := typ.AttributeTypes[name]; !known || !fitsValue(inner, field) {
				return false
			}
		}
		return true
	case tftypes.Map:
		entries, ok := value.(map[string]any)
		for _, entry := range entries {
			ok = ok && fitsValue(typ.ElementType, entry)
		}
		return ok
	case tftypes.List:
		return fitsList(typ.ElementType, value)
	case tftypes.Set:
		return fitsList(typ.ElementType, value)
	}
	var ok bool
	switch {
	case typ.Is(tftypes.String):
		_, ok = value.(string)
	case typ.Is(tftypes.Bool):
		_, ok = value.(bool)
	case typ.Is(tftypes.Number):
		_, ok = decimal(value)
	}
	return ok
}

func fitsList(element tftypes.Type, value any) bool {
	items, ok := value.([]any)
	for _, item := range items {
		ok = ok && fitsValue(element, item)
	}
	return ok
}
