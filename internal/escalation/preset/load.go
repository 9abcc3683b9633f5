package preset

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed data/*.json
var data embed.FS

// files are the presets in the order in which people read them.
var files = []string{"vm_operator", "container_operator", "storage", "network_monitoring", "monitoring", "user_management", "backup", "replication", "power_failure"}

var presets = sync.OnceValue(func() []Preset {
	all, err := loadAll(data)
	if err != nil {
		panic("the embedded presets: " + err.Error()) // a test reads them
	}
	return all
})

// loadAll reads the presets that files names. A file that it does not name is an error, because it would have no
// effect.
func loadAll(data fs.FS) ([]Preset, error) {
	entries, err := fs.ReadDir(data, "data")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".json"); name != "blocks" && !slices.Contains(files, name) {
			return nil, fmt.Errorf("data/%s: the list of presets does not name it", entry.Name())
		}
	}
	var all []Preset
	for _, name := range files {
		text, err := fs.ReadFile(data, "data/"+name+".json")
		if err != nil {
			return nil, fmt.Errorf("preset %s: %w", name, err)
		}
		p, err := load(text)
		if err == nil && p.Name != name {
			err = fmt.Errorf("its name is %q", p.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("preset %s: %w", name, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// Presets returns all presets in the order in which people read them.
func Presets() []Preset { return slices.Clone(presets()) }

// blocks are the named parts of patterns.
var blocks = sync.OnceValue(func() map[string]string {
	text, err := data.ReadFile("data/blocks.json")
	if err != nil {
		panic(err) // it is embedded
	}
	var all map[string]string
	if err := json.Unmarshal(text, &all); err != nil {
		panic(err) // a test reads it
	}
	return all
})

var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// load decodes and checks a preset: what a reviewer could overlook.
func load(text []byte) (Preset, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p Preset
	if err := decoder.Decode(&p); err != nil {
		return Preset{}, fmt.Errorf("decoding: %w", err)
	}
	if !identifier.MatchString(p.Name) || p.Title == "" || p.Description == "" {
		return Preset{}, errors.New("no name, title or description")
	}
	return p, errors.Join(p.checkParameters(), p.checkGrants(), p.checkNotSafe())
}

func (p *Preset) checkParameters() error {
	seen := map[string]bool{}
	for _, parameter := range p.Parameters {
		_, isBlock := blocks()[parameter.Name]
		_, known := kinds[parameter.Kind]
		switch {
		case !identifier.MatchString(parameter.Name) || seen[parameter.Name] || isBlock:
			return fmt.Errorf("parameter %q: its name is none, or stands twice", parameter.Name)
		case !known:
			return fmt.Errorf("parameter %s: kind %q is none", parameter.Name, parameter.Kind)
		case parameter.Description == "":
			return fmt.Errorf("parameter %s: no description", parameter.Name)
		case parameter.Required && parameter.Default != "":
			return fmt.Errorf("parameter %s: required, and has a default", parameter.Name)
		}
		seen[parameter.Name] = true
		for _, value := range []string{parameter.Example, parameter.Default} {
			if value == "" && value != parameter.Example {
				continue
			}
			if err := parameter.check(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Preset) checkGrants() error {
	seen, used := map[string]bool{}, map[string]bool{}
	for _, grant := range p.Grants {
		if !identifier.MatchString(grant.Name) || seen[grant.Name] || grant.Does == "" || len(grant.Commands) == 0 || len(grant.Allows) == 0 {
			return fmt.Errorf("grant %q: its name is none or stands twice, or it lacks what it does, commands or examples", grant.Name)
		}
		seen[grant.Name] = true
		for _, command := range grant.Commands {
			if err := checkTemplate(command); err != nil {
				return fmt.Errorf("grant %s: %q: %w", grant.Name, command, err)
			}
			for _, name := range (expander{blocks: blocks()}).names(command) {
				if _, ok := p.parameter(name); !ok {
					return fmt.Errorf("grant %s: <%s> is neither a parameter nor a block", grant.Name, name)
				}
				used[name] = true
			}
		}
	}
	for _, parameter := range p.Parameters {
		if !used[parameter.Name] {
			return fmt.Errorf("parameter %s: no command needs it", parameter.Name)
		}
	}
	return nil
}

// checkTemplate sees to it that the arguments of a command are pinned.
func checkTemplate(command string) error {
	program, pattern, _ := strings.Cut(command, " ")
	expanded, _ := expander{blocks: blocks()}.command(pattern)
	switch {
	case !strings.HasPrefix(program, "/usr/bin/") && !strings.HasPrefix(program, "/usr/sbin/"):
		return errors.New("not a program in /usr/bin or /usr/sbin")
	case pattern == `""`:
		return nil
	case len(pattern) < 3 || pattern[0] != '^' || pattern[len(pattern)-1] != '$':
		return errors.New(`the arguments are neither "" nor ^…$`)
	case strings.ContainsAny(expanded[1:len(expanded)-1], "^$#*\\\n"):
		return errors.New("a wildcard, a negated class, an anchor or a sign of sudoers in the pattern")
	case dotOutsideClass.MatchString(expanded):
		return errors.New("a dot that matches any character")
	}
	return nil
}

// dotOutsideClass finds a dot that is no element of a class.
var dotOutsideClass = regexp.MustCompile(`^([^\[.]|\[[^\]]*\])*\.`)

func (p *Preset) checkNotSafe() error {
	if len(p.NotSafe) == 0 {
		return errors.New("nothing is said about what sudo cannot grant safely")
	}
	for _, entry := range p.NotSafe {
		if entry.Operation == "" || entry.Why == "" || len(entry.Commands) == 0 || len(entry.Instead) == 0 && entry.Note == "" {
			return fmt.Errorf("what cannot be granted safely, %q: no operation, reason, command or way out", entry.Operation)
		}
	}
	return nil
}
