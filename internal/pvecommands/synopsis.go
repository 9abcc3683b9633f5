package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

var (
	// heading begins a subcommand: *qm clone* `<vmid> <newid>` `[OPTIONS]`
	heading = regexp.MustCompile(`^\*([a-z-]+)((?: [A-Za-z0-9_-]+)*)\*(?: (.*))?$`)
	// optionLine is one option: `--full` `<boolean>` ('default =' `0`)::
	optionLine = regexp.MustCompile("^`--?([A-Za-z0-9_-]+(?:\\[n\\])?)` `(.*?)`(?: \\('default =' .*)? ?(?:\\(.*\\))? ?::")
	// operandLine is one operand: `<vmid>`: `<integer> (100 - 999999999)` ::
	operandLine = regexp.MustCompile("^`<([A-Za-z0-9_-]+)>`: `(.*?)`(?: \\('default =' .*)? ?::")
	operandName = regexp.MustCompile(`(\[?)(?:--([A-Za-z0-9_-]+) )?<([^>]+)>`)
	aliasLine   = regexp.MustCompile(`^An alias for '[a-z-]+ ([^']+)'`)
	propertyKey = regexp.MustCompile(`(?:^|[\[,])\[?([A-Za-z0-9_-]+)=`)
)

// read takes the subcommands of a program from its synopsis.
func read(commands map[string]*command, program, release, text string) error {
	var c *command
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch found := heading.FindStringSubmatch(line); {
		case found != nil && found[1] == program && !strings.Contains(found[3], "<COMMAND>"):
			name := strings.TrimSpace(found[2])
			if name == "" && strings.HasPrefix(found[3], "`help`") {
				name = "help"
			}
			c = begin(commands, name, release, found[3])
		case c == nil:
		case aliasLine.MatchString(line):
			c.Alias = aliasLine.FindStringSubmatch(line)[1]
		default:
			c.add(line, release)
		}
	}
	if len(commands) == 0 {
		return errors.New("no subcommand was found")
	}
	return nil
}

// begin notes a subcommand and the operands that stand behind its name.
func begin(commands map[string]*command, name, release, rest string) *command {
	c := commands[name]
	if c == nil {
		c = &command{Options: map[string]option{}}
		commands[name] = c
	}
	c.releases = append(c.releases, release)
	for _, found := range operandName.FindAllStringSubmatch(rest, -1) {
		if found[2] != "" { // an option that must be there, which is listed below too
			c.option(found[2], found[3], release)
			c.Required = append(slices.DeleteFunc(c.Required, func(name string) bool { return name == found[2] }), found[2])
			continue
		}
		o := operand{Name: found[3], Optional: found[1] == "["}
		if !slices.ContainsFunc(c.Operands, func(x operand) bool { return x.Name == o.Name }) {
			c.Operands = append(c.Operands, o)
		}
	}
	if strings.Contains(rest, "FORMAT_OPTIONS") {
		for name, kind := range formatOptions {
			c.option(name, kind, release)
		}
	}
	return c
}

// add takes an option, or the type of an operand, of a line.
func (c *command) add(line, release string) {
	if found := optionLine.FindStringSubmatch(line); found != nil {
		if found[1] == "extra-args" { // PVE::CLIHandler's name for all further operands
			return
		}
		c.option(found[1], formal(found[2]), release)
		return
	}
	if found := operandLine.FindStringSubmatch(line); found != nil {
		for i := range c.Operands {
			if c.Operands[i].Name == found[1] {
				c.Operands[i].Type = formal(found[2])
			}
		}
	}
}

func (c *command) option(name, kind, release string) {
	o := c.Options[name]
	o.Type = kind // of the newest release
	if !slices.Contains(o.releases, release) {
		o.releases = append(o.releases, release)
	}
	c.Options[name] = o
}

// formal is the formal type, short: boolean, integer, number, "a | b", "properties" with their keys, or what PVE calls
// it.
func formal(kind string) string {
	if word, _, ok := strings.Cut(strings.TrimPrefix(kind, "<"), ">"); ok && strings.HasPrefix(kind, "<") && !strings.Contains(kind, ",") {
		return word
	}
	var keys []string
	for _, found := range propertyKey.FindAllStringSubmatch(kind, -1) {
		if !slices.Contains(keys, found[1]) {
			keys = append(keys, found[1])
		}
	}
	if len(keys) > 0 {
		return "properties " + strings.Join(keys, " ")
	}
	return "text"
}
