package pvesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// value is a raw parameter: a string, or an array (a key repeated in a form, or a
// JSON array), or something that no parameter may be.
type value struct {
	text string
	list []string
	kind string // "", "ARRAY" or "HASH" as Perl calls it
}

type rawParams map[string]value

// add puts one form pair; a repeated key becomes an array.
func (p rawParams) add(name, text string) {
	old, seen := p[name]
	switch {
	case !seen:
		p[name] = value{text: text}
	case old.kind == "":
		p[name] = value{kind: "ARRAY", list: []string{old.text, text}}
	default:
		old.list = append(old.list, text)
		p[name] = old
	}
}

// parseForm reads a query or a form as PVE does: ';' separates like '&', and a
// second unescaped '=' cuts the value off.
func parseForm(text string) rawParams {
	params := rawParams{}
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == '&' || r == ';' }) {
		parts := strings.Split(pair, "=")
		v := ""
		if len(parts) > 1 {
			v = parts[1]
		}
		params.add(formText(parts[0]), formText(v))
	}
	return params
}

// formText decodes percent signs and plus; what is not an escape stays.
func formText(v string) string {
	if text, err := url.QueryUnescape(v); err == nil {
		return text
	}
	return v
}

// parseJSON reads a JSON object. Numbers and booleans become the strings that the
// same form would hold, null is an absent parameter.
func parseJSON(body []byte) (rawParams, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return rawParams{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var top any
	if err := dec.Decode(&top); err != nil {
		return nil, fmt.Errorf("malformed JSON: %w", err)
	}
	object, ok := top.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Not a HASH reference") //nolint:staticcheck // PVE's text
	}
	params := rawParams{}
	for name, v := range object {
		switch v := v.(type) {
		case nil:
		case []any:
			list := make([]string, 0, len(v))
			for _, item := range v {
				list = append(list, scalar(item))
			}
			params[name] = value{kind: "ARRAY", list: list}
		case map[string]any:
			params[name] = value{kind: "HASH"}
		default:
			params[name] = value{text: scalar(v)}
		}
	}
	return params, nil
}

func scalar(v any) string {
	switch v := v.(type) {
	case bool:
		return flag(v)
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// merge lays the other parameters over p: PVE lets the query win over the body.
func (p rawParams) merge(over rawParams) {
	for name, v := range over {
		p[name] = v
	}
}
