package sudoers

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// DefaultType is the type of the value of a Defaults option.
type DefaultType uint8

// The types of Defaults options (defaults.h).
const (
	TypeFlag     DefaultType = iota + 1 // on or off, takes no value
	TypeString                          // any text
	TypeInt                             // a number
	TypeUint                            // a number, not negative
	TypeMode                            // an octal file mode
	TypeList                            // words, with += and -=
	TypeTuple                           // one of Values
	TypeTimeout                         // as TIMEOUT: 1h30m
	TypeMinutes                         // minutes, with fraction
	TypeLimit                           // a resource limit: soft,hard
	TypeFacility                        // a syslog facility
	TypePriority                        // a syslog priority
)

// PathRule says which paths a string option takes.
type PathRule uint8

// The path rules.
const (
	PathAny      PathRule = iota // no path, or any
	PathAbsolute                 // begins with '/'
	PathChange                   // begins with '/' or '~', or is '*'
)

// Default describes one option of the Defaults catalogue.
type Default struct {
	Name string
	Type DefaultType
	// Since is the first release with the option, Until the last (zero: still there).
	Since Version
	Until Version
	// Boolean tells whether "!name" is allowed.
	Boolean bool
	Path    PathRule
	// Values of a tuple; in a boolean context the first means off, the second on.
	Values []string
	// Whole tells a list whose value is one element, spaces included.
	Whole bool
	// Effects are what the option does, in either setting; see Setting.Effects for one as it is written. Every option
	// has some.
	Effects []Effect
}

// lookup finds an option in the catalogue, which is sorted.
func lookup(name string) (*Default, bool) {
	i, ok := slices.BinarySearchFunc(catalogue, name, func(d Default, name string) int { return strings.Compare(d.Name, name) })
	if !ok {
		return nil, false
	}
	return &catalogue[i], true
}

// LookupDefault finds an option by name, whatever the version.
func LookupDefault(name string) (Default, bool) {
	d, ok := lookup(name)
	if !ok {
		return Default{}, false
	}
	return *d, true
}

// Catalogue gives all options, sorted by name.
func Catalogue() []Default {
	return append([]Default(nil), catalogue...)
}

// In tells whether a version of sudo knows the option.
func (d Default) In(v Version) bool {
	if !v.AtLeast(d.Since) {
		return false
	}
	return d.Until.IsZero() || !v.IsZero() && d.Until.AtLeast(v)
}

// Check says what visudo would reject about the setting, and what to write
// instead; the empty string for nothing (defaults.c, parse_default_entry). sudo
// itself logs a warning and ignores such a setting.
func (s *Setting) Check(v Version) (msg, hint string) {
	d, ok := lookup(s.Name)
	if !ok {
		return "unknown defaults entry " + quoteForMessage(s.Name), unknownHint(s.Name)
	}
	if !d.In(v) {
		msg = "unknown defaults entry " + quoteForMessage(s.Name)
		if !v.AtLeast(d.Since) {
			return msg, s.Name + " came with sudo " + d.Since.String() + ", the target is " + v.String() + "; leave it out, or set the target version"
		}
		return msg, s.Name + " left sudo after " + d.Until.String() + "; remove it"
	}
	if s.Operator == OpTrue || s.Operator == OpFalse {
		return s.checkBoolean(d, v)
	}
	if (s.Operator == OpAdd || s.Operator == OpRemove) && d.Type != TypeList {
		op := map[Operator]string{OpAdd: "+=", OpRemove: "-="}[s.Operator]
		return "invalid operator " + quoteForMessage(op) + " for " + quoteForMessage(s.Name), "only lists can be added to; write " + s.Name + "=value"
	}
	return s.checkValue(d, v)
}

func (s *Setting) checkBoolean(d *Default, v Version) (msg, hint string) {
	switch {
	case d.Type == TypeFlag, d.Type == TypeFacility && s.Operator == OpTrue:
		return "", ""
	case d.Boolean && (s.Operator == OpFalse || d.Type == TypeTuple):
		return "", ""
	case d.Type == TypeTuple && s.Operator == OpFalse && !v.has(1, 9, 14):
		// Older versions took a negated tuple for its first value.
		return "", ""
	}
	return "no value specified for " + quoteForMessage(s.Name), "write " + s.Name + "=" + d.example()
}

func (s *Setting) checkValue(d *Default, v Version) (msg, hint string) {
	ok := true
	switch d.Type {
	case TypeFlag:
		return "option " + quoteForMessage(s.Name) + " does not take a value", "write " + s.Name + " or !" + s.Name
	case TypeString:
		return s.checkPath(d)
	case TypeInt:
		ok = inRange(s.Value, math.MinInt32, math.MaxInt32)
	case TypeUint:
		ok = inRange(s.Value, 0, math.MaxUint32)
	case TypeMode:
		ok = validMode(s.Value)
	case TypeTuple:
		ok = d.hasValue(s.Value, v)
	case TypeTimeout:
		_, err := ParseTimeout(s.Value)
		ok = err == nil
	case TypeMinutes:
		ok = validMinutes(s.Value)
	case TypeLimit:
		ok = validLimit(s.Value)
	case TypeFacility:
		ok = slices.Contains(facilities, s.Value)
	case TypePriority:
		ok = slices.Contains(priorities, s.Value)
	}
	if ok {
		return "", ""
	}
	return "value " + quoteForMessage(s.Value) + " is invalid for option " + quoteForMessage(s.Name), "write " + s.Name + "=" + d.example()
}

func (s *Setting) checkPath(d *Default) (msg, hint string) {
	if d.Path != PathAny && len(s.Value) >= maxPath {
		return "path name for " + quoteForMessage(s.Name) + " too long", "use a path shorter than 4096 bytes"
	}
	switch {
	case d.Path == PathAbsolute && !strings.HasPrefix(s.Value, "/"):
		return "values for " + quoteForMessage(s.Name) + " must start with a '/'", "write an absolute path"
	case d.Path == PathChange && s.Value != "*" && !strings.HasPrefix(s.Value, "/") && !strings.HasPrefix(s.Value, "~"):
		return "values for " + quoteForMessage(s.Name) + " must start with a '/', '~', or '*'", "write an absolute path, ~user/path, or *"
	}
	return "", ""
}

// example is a value of the type, for hints.
func (d *Default) example() string {
	switch d.Type {
	case TypeInt, TypeUint:
		return "a number, for example 3"
	case TypeMode:
		return "an octal mode up to 0777, for example 0027"
	case TypeList:
		return `"words separated by spaces"`
	case TypeTuple:
		return strings.Join(d.Values, ", or ")
	case TypeTimeout:
		return "a timeout, for example 1h30m"
	case TypeMinutes:
		return "minutes, for example 2.5"
	case TypeLimit:
		return `a limit, for example 1024, infinity, "1024,2048", user or default`
	case TypeFacility:
		return "a syslog facility, for example authpriv"
	case TypePriority:
		return "a syslog priority, for example notice, or none"
	}
	return "value"
}

// hasValue tells whether a version knows the value of a tuple.
func (d *Default) hasValue(s string, v Version) bool {
	if strings.HasPrefix(s, "json_") && !v.has(1, 9, 15) {
		return false
	}
	for _, want := range d.Values {
		if s == want {
			return true
		}
	}
	return false
}

// inRange reads a number as sudo_strtonum does: spaces before it, a sign, digits.
func inRange(s string, low, high int64) bool {
	if numberLength(s) != len(s) {
		return false
	}
	n, err := strconv.ParseInt(trimSpace(s), 10, 64)
	return err == nil && n >= low && n <= high
}

func validMode(s string) bool {
	n, err := strconv.ParseInt(trimSpace(s), 8, 64)
	return err == nil && n >= 0 && n <= 0o777 && !strings.Contains(s, "_")
}

// validMinutes reads a sign, digits and a fraction of which nine digits count.
func validMinutes(s string) bool {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	const maxSeconds = math.MaxInt64
	var sec int64
	for s != "" && s[0] != '.' {
		if !isDigit(s[0]) {
			return false
		}
		add := int64(s[0]-'0') * 60
		if sec > (maxSeconds-add)/10 {
			return false
		}
		sec = sec*10 + add
		s = s[1:]
	}
	if s == "" {
		return true
	}
	const fraction = 9
	for i := 1; i < len(s) && i <= fraction; i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func validLimit(s string) bool {
	if s == "user" || s == "default" {
		return true
	}
	soft, hard, both := strings.Cut(s, ",")
	if !both {
		return limit(soft)
	}
	return limit(soft) && limit(hard)
}

func limit(s string) bool {
	if s == "infinity" {
		return true
	}
	if !allDigits(s) {
		return false
	}
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

var (
	facilities = []string{"authpriv", "auth", "daemon", "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	priorities = []string{"alert", "crit", "debug", "emerg", "err", "info", "notice", "warning", "none"}
)

// unknownHint names the option that was perhaps meant.
func unknownHint(name string) string {
	best, distance := "", 3
	for i := range catalogue {
		if d := editDistance(name, catalogue[i].Name, distance); d < distance {
			best, distance = catalogue[i].Name, d
		}
	}
	if best == "" {
		return "remove it; sudoers(5) lists the options under SUDOERS OPTIONS"
	}
	return "write " + best + ", if that is meant"
}

// editDistance counts inserted, removed and changed bytes, up to limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], limit)
}
