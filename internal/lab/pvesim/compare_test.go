package pvesim

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Values that are different on every server are compared by their shape.
var shapes = []struct {
	pattern *regexp.Regexp
	shape   string
}{
	{regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`), "<uuid>"},
	{regexp.MustCompile(`^PVE:([^:]+):[0-9A-F]{8}::[A-Za-z0-9+/]{342}==$`), "<ticket of $1>"},
	{regexp.MustCompile(`^[0-9A-F]{8}:[A-Za-z0-9+/]{43}$`), "<csrf token>"},
}

// canonical renders a JSON value so that equal values are equal texts: keys
// sorted, numbers and strings told apart, lists sorted where PVE's order is random.
func canonical(v any, sortLists bool) string {
	switch v := v.(type) {
	case map[string]any:
		parts := []string{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("%q: %s", name, canonical(v[name], sortLists)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := []string{}
		for _, item := range v {
			parts = append(parts, canonical(item, sortLists))
		}
		if sortLists {
			slices.Sort(parts)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		for _, s := range shapes {
			if s.pattern.MatchString(v) {
				return s.pattern.ReplaceAllString(v, s.shape)
			}
		}
		return fmt.Sprintf("%q", v)
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// inOrder tells whether the lists that an endpoint answers have an order.
func inOrder(endpoint string) bool {
	return endpoint == "GET /access/users" || endpoint == "GET /access/users/{userid}"
}

// aclOrder is the part of an ACL list's order that is not random.
func aclOrder(body any) string {
	top, _ := body.(map[string]any)
	list, _ := top["data"].([]any)
	var keys []string
	for _, item := range list {
		entry, _ := item.(map[string]any)
		key := fmt.Sprint(entry["path"], " ", entry["type"])
		if len(keys) == 0 || keys[len(keys)-1] != key {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, "\n")
}

// compare returns what differs between a recorded answer and ours, "" for nothing.
func compare(endpoint string, rec *pair, got answer) string {
	want := rec.Response
	if want.Status != got.status || want.Reason != got.reason {
		return fmt.Sprintf("status line\n  want %d %q\n   got %d %q", want.Status, want.Reason, got.status, got.reason)
	}
	if want.Status == 0 {
		return ""
	}
	w, g := canonical(want.Body, !inOrder(endpoint)), canonical(got.body, !inOrder(endpoint))
	if w != g {
		return fmt.Sprintf("body\n  want %s\n   got %s", w, g)
	}
	if endpoint == "GET /access/acl" {
		if w, g := aclOrder(want.Body), aclOrder(got.body); w != g {
			return fmt.Sprintf("order\n  want %s\n   got %s", w, g)
		}
	}
	for _, name := range []string{"content-type", "connection", "content-encoding"} {
		if w, g := want.Headers[name], strings.Join(got.header.Values(name), ", "); w != g {
			return fmt.Sprintf("header %s\n  want %q\n   got %q", name, w, g)
		}
	}
	return ""
}

// configLines is a configuration file as a set of lines.
func configLines(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
