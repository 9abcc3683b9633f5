package escalation

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// PrivilegeRule is a set of PVE privileges that leads to root.
type PrivilegeRule struct {
	ID       string   `json:"id"` // PVESEC-P and four digits
	Severity Severity `json:"severity"`
	// Releases is "8" for a path that PVE 9 has closed, "" for all releases.
	Releases string `json:"releases"`
	Needs    []Need `json:"needs"` // all of them
	Why      string `json:"why"`
	Witness  string `json:"witness"` // requests that prove it; capitals stand for names, and PATH for the path of the first need
	// Instead are the requests where a need is met so: "PRIVILEGE on PATH", of those in Needs.
	Instead  map[string]string `json:"instead"`
	Fix      string            `json:"fix"` // what to grant instead
	Evidence string            `json:"evidence"`
}

// Need is a privilege on one of several paths. A part in capitals is any name, also one that does not exist yet; the
// same word in two needs is the same name.
type Need struct {
	Privilege string   `json:"privilege"`
	On        []string `json:"on"`
	// Apart tells that a request of its own asks for the privilege: somebody else may make it.
	Apart bool `json:"apart"`
	// PowerfulMember requires that the group of the path also has a member that
	// leads to root.
	PowerfulMember bool `json:"powerful_member"`
	// PowerfulGroup requires that the group of the path has rights that lead to root. It needs no member: a user who
	// joins it has them.
	PowerfulGroup bool `json:"powerful_group"`
	// AnyMember requires that the group of the path has a member.
	AnyMember bool `json:"any_member"`
}

// ofGroup tells whether the need asks something about the group of its path.
func (n *Need) ofGroup() bool { return n.PowerfulMember || n.PowerfulGroup || n.AnyMember }

//go:embed privileges.json
var privilegesJSON []byte

var privilegeRules = sync.OnceValue(func() []PrivilegeRule {
	rules, err := loadPrivileges(privilegesJSON)
	if err != nil {
		panic("the embedded privilege rules: " + err.Error()) // a test reads them
	}
	return rules
})

// Privileges returns all rules about PVE privileges in the order of their ids.
func Privileges() []PrivilegeRule { return slices.Clone(privilegeRules()) }

var (
	privilegeRuleID = regexp.MustCompile(`^PVESEC-P[0-9]{4}$`)
	privilegeName   = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)+$`)
	needPath        = regexp.MustCompile(`^/$|^(/[a-z]+)+(/[A-Z]+)?$`)
)

// loadPrivileges decodes the data and checks it for mistakes that a reviewer could overlook.
func loadPrivileges(data []byte) ([]PrivilegeRule, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var rules []PrivilegeRule
	if err := decoder.Decode(&rules); err != nil {
		return nil, fmt.Errorf("decoding the privilege rules: %w", err)
	}
	last := ""
	for _, rule := range rules {
		if err := rule.check(); err != nil {
			return nil, fmt.Errorf("privilege rule %q: %w", rule.ID, err)
		}
		if rule.ID <= last {
			return nil, fmt.Errorf("privilege rule %q: does not come after %q", rule.ID, last)
		}
		last = rule.ID
	}
	return rules, nil
}

func (r PrivilegeRule) check() error {
	switch {
	case !privilegeRuleID.MatchString(r.ID):
		return errors.New("id is not PVESEC-P and four digits")
	case r.Severity != Critical && r.Severity != High:
		return fmt.Errorf("severity %q is neither critical nor high", r.Severity)
	case r.Releases != "" && r.Releases != "8":
		return fmt.Errorf("releases %q is neither empty nor 8", r.Releases)
	case len(r.Needs) == 0:
		return errors.New("needs no privilege")
	}
	for name, text := range map[string]string{"why": r.Why, "witness": r.Witness, "fix": r.Fix, "evidence": r.Evidence} {
		if strings.TrimSpace(text) != text || text == "" {
			return fmt.Errorf("%s is empty or has spaces around it", name)
		}
	}
	for where, witness := range r.Instead {
		privilege, path, _ := strings.Cut(where, " on ")
		if witness == "" || !slices.ContainsFunc(r.Needs, func(n Need) bool { return n.Privilege == privilege && slices.Contains(n.On, path) }) {
			return fmt.Errorf("instead of the witness for %q: no need is so, or there is no witness", where)
		}
	}
	for _, need := range r.Needs {
		if !privilegeName.MatchString(need.Privilege) {
			return fmt.Errorf("%q is not a privilege", need.Privilege)
		}
		if len(need.On) == 0 {
			return fmt.Errorf("%s has no path", need.Privilege)
		}
		for _, path := range need.On {
			if !needPath.MatchString(path) {
				return fmt.Errorf("%s on %q: not a path", need.Privilege, path)
			}
			if need.ofGroup() && !strings.HasPrefix(path, "/access/groups/") {
				return fmt.Errorf("%s on %q: only groups have members", need.Privilege, path)
			}
		}
	}
	return nil
}
