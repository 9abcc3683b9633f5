package pvesim

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// method is a method of the API as PVE's own schema describes it: what it asks of the caller, and the parameters it
// takes. The data is made by internal/pvecommands.
type method struct {
	User  string `json:"user"`  // "all" or "world"
	Check any    `json:"check"` // as PVE writes it
	Takes string `json:"takes"` // a parameter with a star must be there
}

//go:embed methods/8.json methods/9.json
var methodFiles embed.FS

// methodsOf are the methods of a release by "VERB /path".
func methodsOf(version string) map[string]method {
	if version == Version84 {
		return methods8()
	}
	return methods9()
}

var (
	methods8 = sync.OnceValue(func() map[string]method { return readMethods("methods/8.json") })
	methods9 = sync.OnceValue(func() map[string]method { return readMethods("methods/9.json") })
)

func readMethods(name string) map[string]method {
	text, err := methodFiles.ReadFile(name)
	var all map[string]method
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic("pvesim: " + name + ": " + err.Error()) // it is embedded, and a test reads it
	}
	return all
}

// mostNumbered is how many options such as net[n] a call may have.
const mostNumbered = 32

// schema are the parameters, without their types.
func (m method) schema() schema {
	all := schema{}
	for name := range strings.FieldsSeq(m.Takes) {
		name, required := strings.CutSuffix(name, "*")
		if of, numbered := strings.CutSuffix(name, "[n]"); numbered {
			for i := range mostNumbered {
				all[of+strconv.Itoa(i)] = param{list: true}
			}
			continue
		}
		all[name] = param{required: required, list: true}
	}
	return all
}

// check is what PVE asks of the caller before it runs the method.
func (m method) check() check {
	switch {
	case m.User == "all" || m.User == "world":
		return nil
	case m.Check == nil:
		return func(*call) error { return &forbiddenError{"user != root@pam"} }
	}
	return checkOf(m.Check)
}

// checkOf reads a permission check of the schema. It panics on a kind that it does not know: a check that is left out
// would make the simulation kinder than PVE.
func checkOf(of any) check {
	list, _ := of.([]any)
	if len(list) < 2 {
		panic(fmt.Sprintf("pvesim: no permission check: %v", of))
	}
	switch kind := text(list[0]); kind {
	case "and", "or":
		parts := make([]check, len(list)-1)
		for i, part := range list[1:] {
			parts[i] = checkOf(part)
		}
		if kind == "or" {
			return either(parts...)
		}
		return both(parts...)
	case "perm":
		return permCheck(list)
	case "perm-modify":
		path := text(list[1])
		return func(c *call) error { return c.cfg.checkModify(c.authid, c.filled(path)) }
	case "userid-param":
		if list[1] == "self" {
			return self
		}
		return inRealm
	case "userid-group":
		scope := scopeMember
		if of := option(list, "groups_param"); of == "create" {
			scope = scopeCreate
		} else if of == "update" {
			scope = scopeUpdate
		}
		return userGroup(scope, names(list[1])...)
	default:
		panic("pvesim: unknown permission check " + kind)
	}
}

// permCheck wants privileges on a path with parameters of the call: all of them, or with the option "any" one.
func permCheck(list []any) check {
	path, privs := text(list[1]), names(list[2])
	one, needs := option(list, "any"), option(list, "require_param")
	return func(c *call) error {
		if needs != "" && !c.given(needs) {
			return &forbiddenError{}
		}
		if one != "" {
			return c.cfg.checkAny(c.authid, c.filled(path), privs)
		}
		return c.cfg.checkAll(c.authid, c.filled(path), privs)
	}
}

// option is an option that follows the operands of a check, "" for none.
func option(list []any, name string) string {
	at := slices.Index(list, any(name))
	if at < 0 || at+1 == len(list) {
		return ""
	}
	return fmt.Sprint(list[at+1])
}

// text is a text in a check. It panics where the schema has something else there.
func text(of any) string {
	text, is := of.(string)
	if !is {
		panic(fmt.Sprintf("pvesim: no text in a permission check: %v", of))
	}
	return text
}

func names(of any) []string {
	list, _ := of.([]any)
	all := make([]string, len(list))
	for i, name := range list {
		all[i] = text(name)
	}
	return all
}

// filled puts the parameters of the call into a path.
func (c *call) filled(path string) string {
	for name := range c.raw {
		path = strings.ReplaceAll(path, "{"+name+"}", c.arg(name))
	}
	return path
}
