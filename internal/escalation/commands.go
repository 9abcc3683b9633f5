package escalation

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Class says what a command line gives to whom may run it as root.
type Class string

// The classes of command rules.
const (
	Shell       Class = "shell"        // a shell, or any program through one
	Command     Class = "command"      // a program or script of the caller's choice
	LibraryLoad Class = "library-load" // code of the caller's choice in a running program or the kernel
	FileWrite   Class = "file-write"   // files of the caller's choice written, moved, mounted or given away
	FileRead    Class = "file-read"    // files of the caller's choice read: keys of root among them
	PrivGrant   Class = "priv-grant"   // rights in PVE or on the node
	Credential  Class = "credential"   // passwords, keys, tickets and tokens
	AuditTamper Class = "audit-tamper" // records or guards changed or removed
	DoS         Class = "dos"          // guests, services or data stopped or lost
)

var classes = []Class{Shell, Command, LibraryLoad, FileWrite, FileRead, PrivGrant, Credential, AuditTamper, DoS}

// Family is the rules about tools that belong together, one file of the data.
type Family struct {
	Title string `json:"title"`
	// Fix says how a grant of these tools is written safely. A rule can say it better.
	Fix string `json:"fix"`
	// BeforeSubcommand is an ERE of what may stand before a subcommand.
	BeforeSubcommand string         `json:"before_subcommand"`
	Rules            []*CommandRule `json:"rules"`
}

// CommandRule is knowledge about one way to use commands as root: which arguments it takes, and what follows.
//
// The arguments are named by Arguments alone, or by an ERE alone, or by Subcommands, Options and Value together. Tools of
// PVE take a subcommand by any prefix that is unambiguous (PVE::CLIHandler::expand_command_name), and an option likewise, in any
// case, with one dash or two, its value behind a blank or "=" (PVE::JSONSchema::get_options calls Getopt::Long with its
// defaults). A bar in a word stands behind its shortest such prefix: "cr|eate" is cr, cre, crea, creat and create. An option
// of another tool is written with its dashes; a long one also stands for its prefixes, here and in an ERE (see abbreviate).
type CommandRule struct {
	ID       string   `json:"id"`       // PVESEC-E and four digits
	Commands []string `json:"commands"` // canonical paths
	About    string   `json:"about"`    // which arguments it is about
	// ArgumentsAre is "any", "some" or "sensitive-path".
	ArgumentsAre string   `json:"arguments"`
	Subcommands  []string `json:"subcommands"`
	Options      []string `json:"options"` // "#" at the end stands for a number
	Value        string   `json:"value"`   // shape of an option's value, see commands/shapes.json
	Rest         string   `json:"rest"`    // ERE of what follows a subcommand
	ERE          string   `json:"ere"`     // searched in the arguments joined by blanks

	Class    Class    `json:"class"`
	Root     bool     `json:"root"` // as good as root
	Severity Severity `json:"severity"`
	Needs    string   `json:"needs"` // the circumstance that it takes besides
	// NoExecStops tells whether the tag NOEXEC stops it; nil where nobody has found out.
	NoExecStops *bool  `json:"noexec_stops"`
	Why         string `json:"why"`
	Fix         string `json:"fix"`
	Evidence    string `json:"evidence"`
	// Match and NoMatch are arguments that the rule is about, and others that come near.
	Match   []string `json:"match"`
	NoMatch []string `json:"no_match"`

	family   *Family
	compiled func() (regular.Expr, error)
}

// Exploit is a command line that shows the rule at work.
func (r *CommandRule) Exploit() string {
	return "sudo " + strings.TrimSpace(r.Commands[0]+" "+r.Match[0])
}

// SafeGrant says how to grant the command safely.
func (r *CommandRule) SafeGrant() string {
	if r.Fix != "" {
		return r.Fix
	}
	return r.family.Fix
}

// Arguments is the language of the arguments that the rule is about, in the form of regular.Arguments. It is compiled once.
func (r *CommandRule) Arguments() (regular.Expr, error) { return r.compiled() }

//go:embed commands/*.json
var commandsData embed.FS

//go:embed harmless.json
var harmlessData embed.FS

// knowledge is what is embedded about commands.
type knowledge struct {
	// harmless are commands that can be granted whatever their arguments.
	harmless map[string]bool
	// known are programs without rules, by name, of which it is known what they can be made to do.
	known    map[string]knownUse
	families []*Family
	rules    []*CommandRule
	byPath   map[string][]*CommandRule
}

var commandKnowledge = sync.OnceValues(func() (*knowledge, error) {
	k, err := loadCommands(commandsData)
	if err == nil {
		err = k.loadHarmless(harmlessData)
	}
	if err == nil {
		err = k.loadKnownPrograms(knownProgramsData)
	}
	return k, err
})

// CommandFamilies are all rules about commands, in families, in the order of their ids. The error can only come from broken
// embedded data.
func CommandFamilies() ([]*Family, error) {
	k, err := commandKnowledge()
	if err != nil {
		return nil, err
	}
	return k.families, nil
}

// Commands are all rules about commands in the order of their ids.
func Commands() ([]*CommandRule, error) {
	k, err := commandKnowledge()
	if err != nil {
		return nil, err
	}
	return k.rules, nil
}

var (
	commandRuleID = regexp.MustCompile(`^PVESEC-E[0-9]{4}$`)
	commandPath   = regexp.MustCompile(`^(/[A-Za-z0-9._+-]+)+$|^sudoedit$`)
	wordPrefix    = regexp.MustCompile(`^[a-z0-9-]+(\|[a-z0-9-]+)?#?$`)
	plainOption   = regexp.MustCompile(`^--?[A-Za-z0-9-]+$`)
)

// loadCommands decodes and checks the data.
func loadCommands(data fs.FS) (*knowledge, error) {
	shapes := map[string]struct{ About, ERE string }{}
	if err := decodeFile(data, "commands/shapes.json", &shapes); err != nil {
		return nil, err
	}
	files, err := fs.Glob(data, "commands/*.json")
	if err != nil {
		return nil, err
	}
	k := &knowledge{byPath: map[string][]*CommandRule{}}
	for _, name := range files {
		if path.Base(name) == "shapes.json" {
			continue
		}
		family := &Family{}
		if err := decodeFile(data, name, family); err != nil {
			return nil, err
		}
		for _, rule := range family.Rules {
			rule.family = family
			source, err := rule.source(func(shape string) (string, bool) { s, ok := shapes[shape]; return s.ERE, ok })
			if err == nil {
				err = rule.check()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: rule %q: %w", name, rule.ID, err)
			}
			rule.compiled = sync.OnceValues(source)
			k.rules = append(k.rules, rule)
			for _, command := range rule.Commands {
				k.byPath[command] = append(k.byPath[command], rule)
			}
		}
		k.families = append(k.families, family)
	}
	slices.SortFunc(k.families, func(a, b *Family) int { return strings.Compare(a.Rules[0].ID, b.Rules[0].ID) })
	slices.SortFunc(k.rules, func(a, b *CommandRule) int { return strings.Compare(a.ID, b.ID) })
	for i := 1; i < len(k.rules); i++ {
		if k.rules[i].ID == k.rules[i-1].ID {
			return nil, fmt.Errorf("two command rules are %s", k.rules[i].ID)
		}
	}
	return k, nil
}

// loadHarmless decodes and checks the list of harmless commands.
func (k *knowledge) loadHarmless(data fs.FS) error {
	var list struct {
		Why      string   `json:"why"`
		Evidence string   `json:"evidence"`
		Commands []string `json:"commands"`
	}
	if err := decodeFile(data, "harmless.json", &list); err != nil {
		return err
	}
	k.harmless = map[string]bool{}
	for _, command := range list.Commands {
		if !commandPath.MatchString(command) || k.byPath[command] != nil || k.harmless[command] {
			return fmt.Errorf("harmless command %q is no canonical path, has rules, or comes twice", command)
		}
		k.harmless[command] = true
	}
	return nil
}

func decodeFile(data fs.FS, name string, into any) error {
	content, err := fs.ReadFile(data, name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding %s: %w", name, err)
	}
	return nil
}

// check sees what a reviewer could overlook. What a rule's words mean is checked by source.
func (r *CommandRule) check() error {
	switch {
	case !commandRuleID.MatchString(r.ID):
		return errors.New("id is not PVESEC-E and four digits")
	case !slices.Contains(classes, r.Class):
		return fmt.Errorf("class %q is none", r.Class)
	case !slices.Contains([]Severity{Critical, High, Medium, Disruptive}, r.Severity):
		return fmt.Errorf("severity %q is none", r.Severity)
	case r.Root != (r.Severity == Critical || r.Severity == High):
		return errors.New("critical and high are the severities of what is as good as root, and of nothing else")
	case len(r.Commands) == 0, len(r.Match) == 0:
		return errors.New("no command, or no arguments that match")
	}
	for _, command := range r.Commands {
		if !commandPath.MatchString(command) {
			return fmt.Errorf("%q is no canonical path", command)
		}
	}
	for name, text := range map[string]string{"about": r.About, "why": r.Why, "evidence": r.Evidence, "fix": r.SafeGrant()} {
		if strings.TrimSpace(text) != text || text == "" {
			return fmt.Errorf("%s is empty or has blanks around it", name)
		}
	}
	return nil
}
