package preset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// maxPattern is the longest regular expression that sudo compiles (lib/util/regex.c).
const maxPattern = 1024

// Render gives the preset's rules for values of its parameters. Errors are [ParameterError]s, all of them joined as
// [Errors].
func (p *Preset) Render(parameters map[string]string) ([]Rule, error) {
	values, problems := p.values(parameters)
	if len(problems) > 0 {
		return nil, problems
	}
	expand := expander{values: values, blocks: blocks()}
	var rules []Rule
	for _, grant := range p.Grants {
		rule := Rule{Grant: grant.Name, Does: grant.Does, NoExec: grant.NoExec}
		for _, template := range grant.Commands {
			command, missing := expand.command(template)
			if len(missing) > 0 {
				continue
			}
			if _, pattern, _ := strings.Cut(command, " "); len(pattern) > maxPattern {
				return nil, Errors{p.tooLong(template, values)}
			}
			if _, errs := sudoers.ParseCommand(command, sudoers.PVE8); len(errs) > 0 {
				return nil, fmt.Errorf("preset %s, grant %s: %w", p.Name, grant.Name, errs.Err())
			}
			rule.Commands = append(rule.Commands, command)
		}
		if len(rule.Commands) > 0 {
			rules = append(rules, rule)
		}
	}
	return rules, nil
}

// Errors are several errors.
type Errors []*ParameterError

// Error gives one line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// values checks the parameters and fills in defaults.
func (p *Preset) values(given map[string]string) (map[string]string, Errors) {
	values := map[string]string{}
	var problems Errors
	for _, parameter := range p.Parameters {
		value, ok := given[parameter.Name]
		switch {
		case !ok && parameter.Required:
			problems = append(problems, &ParameterError{
				Parameter: parameter.Name, Reason: "it is required", Hint: fmt.Sprintf("write a pattern for %s, for example %q", parameter.What(), parameter.Example),
			})
			continue
		case !ok && parameter.Default == "":
			continue
		case !ok:
			value = parameter.Default
		}
		if err := parameter.check(value); err != nil {
			problem, isProblem := err.(*ParameterError) //nolint:errorlint // check gives it as it is
			if !isProblem {
				problem = &ParameterError{Parameter: parameter.Name, Value: value, Reason: err.Error()}
			}
			problems = append(problems, problem)
		}
		values[parameter.Name] = value
	}
	for _, name := range sorted(given) {
		if _, ok := p.parameter(name); !ok {
			problems = append(problems, &ParameterError{Parameter: name, Value: given[name], Reason: "preset " + p.Name + " has no such parameter", Hint: "its parameters are " + p.parameterNames()})
		}
	}
	return values, problems
}

func (p *Preset) parameterNames() string {
	names := make([]string, len(p.Parameters))
	for i := range p.Parameters {
		names[i] = p.Parameters[i].Name
	}
	return strings.Join(names, ", ")
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// tooLong blames the longest value of a command.
func (p *Preset) tooLong(template string, values map[string]string) *ParameterError {
	longest := ""
	for name := range values {
		if len(values[name]) > len(values[longest]) || len(values[name]) == len(values[longest]) && name < longest {
			longest = name
		}
	}
	program, _, _ := strings.Cut(template, " ")
	return &ParameterError{
		Parameter: longest, Value: values[longest],
		Reason: fmt.Sprintf("with it a pattern for %s is longer than the %d bytes that sudo takes", program, maxPattern), Hint: "write a shorter pattern",
	}
}

// expander puts parameters and blocks in their places.
type expander struct {
	values, blocks map[string]string
}

// command expands a template. A parameter without a value is missing.
func (e expander) command(template string) (command string, missing []string) {
	var b strings.Builder
	for rest := template; ; {
		before, after, found := strings.Cut(rest, "<")
		b.WriteString(before)
		if !found {
			return b.String(), missing
		}
		name, behind, _ := strings.Cut(after, ">")
		rest = behind
		if block, ok := e.blocks[name]; ok {
			text, lacks := e.command(block)
			b.WriteString("(" + text + ")")
			missing = append(missing, lacks...)
			continue
		}
		value, ok := e.values[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		b.WriteString("(" + value + ")")
	}
}

// names are the parameters that a template needs.
func (e expander) names(template string) []string {
	_, names := expander{blocks: e.blocks}.command(template)
	slices.Sort(names)
	return slices.Compact(names)
}

// Needs are the optional parameters without which the command is left out.
func (p *Preset) Needs(command string) []string {
	var needed []string
	for _, name := range (expander{blocks: blocks()}).names(command) {
		if parameter, ok := p.parameter(name); ok && !parameter.Required && parameter.Default == "" {
			needed = append(needed, name)
		}
	}
	return needed
}
