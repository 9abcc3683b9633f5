package preset

import (
	"fmt"
	"slices"
	"strings"
)

// Preset is an allow-list for one job.
type Preset struct {
	Name        string      `json:"name"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Parameters  []Parameter `json:"parameters"`
	Grants      []Grant     `json:"grants"`
	NotSafe     []NotSafe   `json:"not_safe"`
}

// Grant is what one operation takes.
type Grant struct {
	// Name is unique in the preset.
	Name string `json:"name"`
	// Does says what the operation is, in one sentence.
	Does string `json:"does"`
	// Commands in sudoers syntax, with <parameters> and <blocks> in their argument patterns.
	Commands []string `json:"commands"`
	// Disproves are the named statements that the grant disproves, because it is there for that. A grant of required
	// parameters disproves none.
	Disproves []string `json:"disproves"`
	// NoExec is set only for programs that run no other.
	NoExec bool `json:"noexec"`
	// Allows are command lines that the grant is there for, Refuses such that come near and lead somewhere else. Both
	// hold for Example.
	Allows  []string `json:"allows"`
	Refuses []string `json:"refuses"`
}

// NotSafe is what sudo cannot grant without giving root away.
type NotSafe struct {
	Operation string `json:"operation"`
	// Commands show it; no preset allows them.
	Commands []string `json:"commands"`
	Why      string   `json:"why"`
	// Instead are privileges of the PVE API that allow it within bounds; none if nothing does.
	Instead []Privilege `json:"instead"`
	// Note says what Instead leaves open, or what to do where no privilege helps.
	Note string `json:"note"`
}

// Privilege is a privilege of the PVE API on a path of its access control tree. Capitals stand for names.
type Privilege struct {
	Privilege string `json:"privilege"`
	On        string `json:"on"`
}

// Rule is a rendered grant: commands in sudoers syntax, to be run as root.
type Rule struct {
	Grant    string
	Does     string
	Commands []string
	NoExec   bool
}

// Defaults are the sudo options that presets take for granted, one each, to be bound to the subject. They stand on a
// node whatever its own configuration says: a terminal of its own for each command, so that what it leaves behind
// cannot type into the operator's; a fresh environment, of which the operator chooses nothing; and programs found where
// Debian and PVE have them.
func Defaults() []string {
	return []string{"use_pty", "env_reset", "!setenv", `secure_path="/usr/sbin:/usr/bin:/sbin:/bin"`}
}

// Find gives a preset by its name.
func Find(name string) (Preset, error) {
	all := presets()
	at := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if at < 0 {
		names := make([]string, len(all))
		for i := range all {
			names[i] = all[i].Name
		}
		return Preset{}, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(names, ", "))
	}
	return all[at], nil
}

// Example are values for all parameters, those that the preset's command lines are written for.
func (p *Preset) Example() map[string]string {
	values := map[string]string{}
	for _, parameter := range p.Parameters {
		values[parameter.Name] = parameter.Example
	}
	return values
}

// parameter finds one by its name.
func (p *Preset) parameter(name string) (Parameter, bool) {
	at := slices.IndexFunc(p.Parameters, func(known Parameter) bool { return known.Name == name })
	if at < 0 {
		return Parameter{}, false
	}
	return p.Parameters[at], true
}
