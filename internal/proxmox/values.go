package proxmox

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// integer decodes a number that Perl may print as number, string, boolean or
// null.
type integer int64

// UnmarshalJSON accepts 1, "1", true, false, "" and null.
func (n *integer) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	switch text {
	case "null", "", "false":
		*n = 0
		return nil
	case "true":
		*n = 1
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("number expected, got %.40q", text)
	}
	*n = integer(v)
	return nil
}

// flag is how a boolean is sent: 0 or 1.
func flag(b bool) *int {
	n := 0
	if b {
		n = 1
	}
	return &n
}

// splitList splits a list as PVE prints it: separated by commas, "" when empty.
// The result is sorted and never nil.
func splitList(s string) []string {
	items := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	if items == nil {
		items = []string{}
	}
	slices.Sort(items)
	return items
}

// normalSet returns items sorted and without duplicates, never nil.
func normalSet(items []string) []string {
	set := append([]string{}, items...)
	slices.Sort(set)
	return slices.Compact(set)
}

// without returns the items of a that are not in b.
func without(a, b []string) []string {
	var rest []string
	for _, item := range a {
		if !slices.Contains(b, item) {
			rest = append(rest, item)
		}
	}
	return rest
}
