package pvesim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the JSON schema type of a parameter.
type kind int

const (
	kindString kind = iota
	kindBoolean
	kindInteger
)

// param is the schema of one parameter, in PVE's terms (PVE::JSONSchema).
type param struct {
	kind     kind
	required bool
	list     bool               // a "-list" format: arrays are joined, items checked
	format   func(string) error // text follows "invalid format - "
	pattern  *regexp.Regexp
	enum     []string
	min, max int // lengths of a string; a max of 0 is no limit
	minimum  *int64
	requires string // another parameter that must be there too
}

type schema map[string]param

// verify checks all parameters at once and returns them as strings. The errors
// are those of PVE, one text per parameter.
func (s schema) verify(raw rawParams, version string) (map[string]string, error) {
	args := map[string]string{}
	bad := paramsError{}
	for name, v := range raw {
		p, ok := s[name]
		if !ok {
			bad[name] = "property is not defined in schema and the schema does not allow additional properties"
			continue
		}
		text, err := p.check(v)
		if err != nil {
			bad[name] = err.Error()
			continue
		}
		args[name] = text
	}
	for name, p := range s {
		_, given := raw[name]
		if p.required && !given {
			bad[name] = "property is missing and it is not optional"
		}
		if p.requires == "" || !given {
			continue
		}
		if _, ok := raw[p.requires]; !ok {
			bad[p.requires] = missingRequired(name, version)
		}
	}
	if len(bad) > 0 {
		return nil, bad
	}
	return args, nil
}

func missingRequired(by, version string) string {
	if version == Version84 {
		return fmt.Sprintf("missing property - '%s' requires this property", by)
	}
	return fmt.Sprintf("missing property required by '%s'", by)
}

var integerPattern = regexp.MustCompile(`^[+-]?\d+$`)

// check returns the parameter as a string, or PVE's text about it.
func (p param) check(v value) (string, error) {
	text := v.text
	if v.kind != "" {
		if v.kind != "ARRAY" || !p.list {
			return "", fmt.Errorf("type check ('%s') failed - got %s", p.kind.name(), v.kind)
		}
		text = strings.Join(v.list, ",")
	}
	switch p.kind {
	case kindBoolean:
		if text != "0" && text != "1" {
			return "", fmt.Errorf("type check ('boolean') failed - got '%s'", text)
		}
	case kindInteger:
		if !integerPattern.MatchString(text) {
			return "", fmt.Errorf("type check ('integer') failed - got '%s'", text)
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && p.minimum != nil && n < *p.minimum {
			return "", fmt.Errorf("value must have a minimum value of %d", *p.minimum)
		}
	case kindString:
		return text, p.checkString(text)
	}
	return text, nil
}

func (p param) checkString(text string) error {
	length := utf8.RuneCountInString(text)
	if p.max > 0 && length > p.max {
		return fmt.Errorf("value may only be %d characters long", p.max)
	}
	if length < p.min {
		return fmt.Errorf("value must be at least %d characters long", p.min)
	}
	if p.format != nil {
		items := []string{text}
		if p.list {
			items = splitList(text)
		}
		for _, item := range items {
			if err := p.format(item); err != nil {
				return fmt.Errorf("invalid format - %w\n", err) //nolint:staticcheck // PVE ends it so
			}
		}
	}
	if p.pattern != nil && !p.pattern.MatchString(text) {
		return fmt.Errorf("value does not match the regex pattern")
	}
	return p.checkEnum(text)
}

func (p param) checkEnum(text string) error {
	if len(p.enum) == 0 || slices.Contains(p.enum, text) {
		return nil
	}
	return fmt.Errorf("value '%s' does not have a value in the enumeration '%s'", text, strings.Join(p.enum, ", "))
}

func (k kind) name() string {
	switch k {
	case kindBoolean:
		return "boolean"
	case kindInteger:
		return "integer"
	default:
		return "string"
	}
}

// Parameters that many calls share.
var (
	zero       = int64(0)
	boolArg    = param{kind: kindBoolean}
	textArg    = param{}
	secondsArg = param{kind: kindInteger, minimum: &zero}
	userIDArg  = param{required: true, format: checkUserID}
	tokenIDArg = param{required: true, pattern: realmPattern}
	groupIDArg = param{required: true, format: checkGroupID}
	roleIDArg  = param{required: true, format: checkRoleID}
	realmArg   = param{required: true, format: checkRealm, max: 32}
	nameArg    = param{max: 1024}
	groupsArg  = param{list: true, format: checkGroupID}
	rolesArg   = param{required: true, list: true, format: checkRoleID}
	usersArg   = param{list: true, format: checkUserID}
	tokensArg  = param{list: true, format: checkTokenID}
	newSecret  = param{min: 8, max: 64}
)
