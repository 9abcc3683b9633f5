package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Document is a policy without a subject, as data source pvesec_sudoers_document writes it and resource
// pvesec_sudoers_policy reads it.
type Document struct {
	// Version is the version of this format, 1.
	Version  int      `json:"version"`
	Defaults []string `json:"defaults,omitempty"`
	Rules    []Rule   `json:"rules"`
}

// Version is the version of the format that this package reads and writes.
const Version = 1

// Rule is one rule. A flag that is null is left out of the rendered line.
type Rule struct {
	ID          string   `json:"id,omitempty"`
	Commands    []string `json:"commands"`
	RunAsUsers  []string `json:"run_as_users,omitempty"`
	RunAsGroups []string `json:"run_as_groups,omitempty"`
	Hosts       []string `json:"hosts,omitempty"`
	NoPasswd    *bool    `json:"nopasswd,omitempty"`
	NoExec      *bool    `json:"noexec,omitempty"`
	SetEnv      *bool    `json:"setenv,omitempty"`
	LogInput    *bool    `json:"log_input,omitempty"`
	LogOutput   *bool    `json:"log_output,omitempty"`
	Timeout     string   `json:"timeout,omitempty"`
	NotBefore   string   `json:"not_before,omitempty"`
	NotAfter    string   `json:"not_after,omitempty"`
	Cwd         string   `json:"cwd,omitempty"`
}

// Parse reads a document. A field that it does not know is an error: ignoring one could turn a narrow rule into a wide
// one.
func Parse(text string) (*Document, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	var document Document
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("not a document of pvesec_sudoers_document: %w", err)
	}
	if decoder.More() {
		return nil, fmt.Errorf("not a document of pvesec_sudoers_document: text follows after its end")
	}
	if document.Version != Version {
		return nil, fmt.Errorf("the document has format version %d; this provider reads version %d", document.Version, Version)
	}
	return &document, nil
}

// String is the document in JSON, the same text for the same document.
func (d *Document) String() string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		panic(err) // only texts, flags and lists: nothing that JSON can't hold
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// rule is the rule for one of its commands.
func (r Rule) rule(command string) sudoers.Rule {
	return sudoers.Rule{
		Commands:    []string{command},
		RunAsUsers:  r.RunAsUsers,
		RunAsGroups: r.RunAsGroups,
		Hosts:       r.Hosts,
		NoPasswd:    tri(r.NoPasswd),
		NoExec:      tri(r.NoExec),
		Setenv:      tri(r.SetEnv),
		LogInput:    tri(r.LogInput),
		LogOutput:   tri(r.LogOutput),
		Timeout:     r.Timeout,
		NotBefore:   r.NotBefore,
		NotAfter:    r.NotAfter,
		Cwd:         r.Cwd,
	}
}

func tri(flag *bool) sudoers.Tri {
	switch {
	case flag == nil:
		return sudoers.Unset
	case *flag:
		return sudoers.Yes
	}
	return sudoers.No
}

// Origin is the element of rules, and of its commands, that a rendered line comes from.
type Origin struct{ Rule, Command int }

// Build renders the document for a subject. Each command gets a line of its own, so that a plan shows one line for one
// command gained or lost. origins leads from a rule of an error back to the document.
func (d *Document) Build(name, subject, header string) (file *sudoers.File, problems []*sudoers.RuleError, origins []Origin) {
	structured := sudoers.Policy{Name: name, Subject: subject, Header: header, Defaults: d.Defaults}
	for i, rule := range d.Rules {
		for j, command := range rule.Commands {
			structured.Rules = append(structured.Rules, rule.rule(command))
			origins = append(origins, Origin{Rule: i, Command: j})
		}
	}
	file, problems = sudoers.Build(structured, sudoers.Version{}) // the newest sudo knows all that older ones know
	return file, problems, origins
}

// Merge appends another document. Two rules with the same id are an error, because one of them would silently win.
func (d *Document) Merge(other *Document) error {
	for _, rule := range other.Rules {
		if rule.ID != "" && d.find(rule.ID) >= 0 {
			return fmt.Errorf("two documents have a rule with the id %q; give the rule another id, or put the document that takes precedence into override_documents", rule.ID)
		}
		d.Rules = append(d.Rules, rule)
	}
	for _, setting := range other.Defaults {
		if !slices.Contains(d.Defaults, setting) {
			d.Defaults = append(d.Defaults, setting)
		}
	}
	return nil
}

// Override replaces rules of the same id and options of the same name, and appends the others.
func (d *Document) Override(other *Document) {
	for _, rule := range other.Rules {
		if at := d.find(rule.ID); rule.ID != "" && at >= 0 {
			d.Rules[at] = rule
			continue
		}
		d.Rules = append(d.Rules, rule)
	}
	for _, setting := range other.Defaults {
		d.Defaults = slices.DeleteFunc(d.Defaults, func(old string) bool { return optionName(old) == optionName(setting) })
		d.Defaults = append(d.Defaults, setting)
	}
}

func (d *Document) find(id string) int {
	return slices.IndexFunc(d.Rules, func(rule Rule) bool { return rule.ID == id })
}

// optionName is the name of a Defaults setting: "env_keep" of "env_keep += LANG".
func optionName(setting string) string {
	name := strings.TrimLeft(setting, "! \t")
	if end := strings.IndexAny(name, "=+- \t"); end >= 0 {
		name = name[:end]
	}
	return name
}
