package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

type sudoersParseFunction struct{}

// NewParseFunction is function sudoers_parse.
func NewParseFunction() function.Function { return sudoersParseFunction{} }

func (sudoersParseFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sudoers_parse"
}

// The object that sudoers_parse returns.
type (
	parsedPolicy struct {
		Defaults []parsedDefault `tfsdk:"defaults"`
		Aliases  []parsedAlias   `tfsdk:"aliases"`
		Rules    []parsedRule    `tfsdk:"rules"`
		Includes []parsedInclude `tfsdk:"includes"`
	}
	parsedDefault struct {
		Line     int64    `tfsdk:"line"`
		Binding  []string `tfsdk:"binding"`
		Scope    string   `tfsdk:"scope"`
		Name     string   `tfsdk:"name"`
		Operator string   `tfsdk:"operator"`
		Value    string   `tfsdk:"value"`
	}
	parsedAlias struct {
		Line    int64    `tfsdk:"line"`
		Kind    string   `tfsdk:"kind"`
		Name    string   `tfsdk:"name"`
		Members []string `tfsdk:"members"`
	}
	parsedRule struct {
		Line     int64           `tfsdk:"line"`
		Users    []string        `tfsdk:"users"`
		Hosts    []string        `tfsdk:"hosts"`
		Commands []parsedCommand `tfsdk:"commands"`
	}
	parsedCommand struct {
		Line        int64             `tfsdk:"line"`
		Command     string            `tfsdk:"command"`
		Denied      bool              `tfsdk:"denied"`
		RunAsUsers  []string          `tfsdk:"run_as_users"`
		RunAsGroups []string          `tfsdk:"run_as_groups"`
		Tags        []string          `tfsdk:"tags"`
		Options     map[string]string `tfsdk:"options"`
	}
	parsedInclude struct {
		Line      int64  `tfsdk:"line"`
		Path      string `tfsdk:"path"`
		Directory bool   `tfsdk:"directory"`
	}
)

var (
	parsedDefaultType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"line": types.Int64Type, "binding": values.StringListType, "scope": types.StringType, "name": types.StringType, "operator": types.StringType, "value": types.StringType,
	}}
	parsedAliasType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"line": types.Int64Type, "kind": types.StringType, "name": types.StringType, "members": values.StringListType,
	}}
	parsedCommandType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"line": types.Int64Type, "command": types.StringType, "denied": types.BoolType, "run_as_users": values.StringListType, "run_as_groups": values.StringListType, "tags": values.StringListType,
		"options": types.MapType{ElemType: types.StringType},
	}}
	parsedRuleType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"line": types.Int64Type, "users": values.StringListType, "hosts": values.StringListType, "commands": types.ListType{ElemType: parsedCommandType},
	}}
	parsedIncludeType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"line": types.Int64Type, "path": types.StringType, "directory": types.BoolType,
	}}
)

func (sudoersParseFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Parses a sudoers policy",
		MarkdownDescription: "Parses a policy as visudo would and returns an object with its `defaults`, `aliases`, `rules` and `includes`, each with its line. " +
			"Run-as lists, tags and options of a command are those in force, whether written at the command or taken over from one before it. A malformed policy is an error with line and column.",
		Parameters: []function.Parameter{policyParameter()},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"defaults": types.ListType{ElemType: parsedDefaultType},
			"aliases":  types.ListType{ElemType: parsedAliasType},
			"rules":    types.ListType{ElemType: parsedRuleType},
			"includes": types.ListType{ElemType: parsedIncludeType},
		}},
	}
}

func (sudoersParseFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	file, problem := parseArgument(0, text)
	if problem != nil {
		resp.Error = problem
		return
	}
	resp.Error = resp.Result.Set(ctx, describe(file))
}

// describe turns a parsed file into the object that Terraform sees.
func describe(file *sudoers.File) parsedPolicy {
	parsed := parsedPolicy{Defaults: []parsedDefault{}, Aliases: []parsedAlias{}, Rules: []parsedRule{}, Includes: []parsedInclude{}}
	for _, entry := range file.Entries {
		line := int64(entry.Pos().Line)
		switch entry := entry.(type) {
		case *sudoers.Defaults:
			for _, setting := range entry.Settings {
				parsed.Defaults = append(parsed.Defaults, parsedDefault{
					Line: line, Scope: scopes[entry.Scope], Binding: append(members(entry.Members), commandMembers(entry.Commands)...),
					Name: setting.Name, Operator: operators[setting.Operator], Value: setting.Value,
				})
			}
		case *sudoers.AliasDef:
			for _, alias := range entry.Aliases {
				parsed.Aliases = append(parsed.Aliases, parsedAlias{
					Line: int64(alias.Pos.Line), Kind: entry.Kind.String(), Name: alias.Name, Members: append(members(alias.Members), commandMembers(alias.Commands)...),
				})
			}
		case *sudoers.UserSpec:
			for i := range entry.Privileges {
				privilege := &entry.Privileges[i]
				parsed.Rules = append(parsed.Rules, parsedRule{Line: line, Users: members(entry.Users), Hosts: members(privilege.Hosts), Commands: commands(privilege)})
			}
		case *sudoers.Include:
			parsed.Includes = append(parsed.Includes, parsedInclude{Line: line, Path: entry.Path, Directory: entry.Dir})
		}
	}
	return parsed
}

var (
	scopes = map[sudoers.Scope]string{
		sudoers.ScopeGlobal: "all", sudoers.ScopeHost: "host", sudoers.ScopeUser: "user", sudoers.ScopeRunAs: "run_as", sudoers.ScopeCommand: "command",
	}
	operators = map[sudoers.Operator]string{
		sudoers.OpTrue: "on", sudoers.OpFalse: "off", sudoers.OpAssign: "=", sudoers.OpAdd: "+=", sudoers.OpRemove: "-=",
	}
)

func commands(privilege *sudoers.Privilege) []parsedCommand {
	var list []parsedCommand
	for _, effective := range privilege.Effective() {
		command := parsedCommand{
			Line: int64(effective.Pos.Line), Command: effective.Command.String(), Denied: effective.Negated,
			RunAsUsers: []string{}, RunAsGroups: []string{}, Tags: []string{}, Options: map[string]string{},
		}
		if effective.RunAs != nil {
			command.RunAsUsers, command.RunAsGroups = members(effective.RunAs.Users), members(effective.RunAs.Groups)
		}
		for _, tag := range effective.Tags.Tags() {
			command.Tags = append(command.Tags, tag.String())
		}
		for _, option := range effective.Options() {
			command.Options[string(option.Kind)] = option.Value
		}
		list = append(list, command)
	}
	return list
}

func members(list []sudoers.Member) []string {
	texts := make([]string, len(list))
	for i, member := range list {
		texts[i] = member.String()
	}
	return texts
}

func commandMembers(list []sudoers.CommandMember) []string {
	texts := make([]string, len(list))
	for i, member := range list {
		texts[i] = member.String()
	}
	return texts
}
