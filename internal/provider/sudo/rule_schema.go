package sudo

import (
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// sudoersRuleTexts, sudoersRuleFlags and sudoersRuleLists describe the attributes of a rule, which a resource and a
// data source have alike.
var (
	sudoersRuleLists = map[string]string{
		"commands": "Commands in sudoers syntax: an absolute path, then nothing (any arguments), `\"\"` (no arguments), a pattern in which `*` also matches spaces and `/`, " +
			"or a regular expression `^…$` over the joined arguments. A command after `!` is denied. A rule with an empty list grants nothing.",
		"run_as_users":  "Users as whom the commands may run, `[\"root\"]` by default.",
		"run_as_groups": "Groups as which the commands may run (`sudo -g`), none by default.",
		"hosts":         "Hosts on which the rule holds, as sudo knows them; `[\"ALL\"]` by default.",
	}
	sudoersRuleFlags = map[string]string{
		"nopasswd":   "Whether no password is asked (`NOPASSWD`).",
		"noexec":     "Whether the command is kept from running others (`NOEXEC`). It holds for dynamically linked programs and breaks PVE's own tools, which run helpers.",
		"setenv":     "Whether the subject may set any environment variable (`SETENV`), which usually leads to root.",
		"log_input":  "Whether terminal input is recorded (`LOG_INPUT`); `false` switches it off for this rule.",
		"log_output": "Whether terminal output is recorded (`LOG_OUTPUT`); `false` switches it off for this rule.",
	}
	sudoersRuleTexts = map[string]string{
		"timeout":    "Longest run time, such as `30m` or `1h30m`, after which sudo ends the command.",
		"not_before": "Time from which the rule holds, in generalized time as sudoers(5) writes it: `20260101000000Z`.",
		"not_after":  "Time after which the rule no longer holds, in the same form. Write one of the two: the sudo of Proxmox VE 9 ignores `not_before` beside `not_after`, so a rule with both is refused.",
		"cwd":        "Directory in which the command runs, or `*` to let the subject choose.",
	}
)

// requiredInRule is the one list that every rule has.
const requiredInRule = "commands"

// listValidators are those of a list of a rule. A rule without commands grants nothing; a list of users, groups or
// hosts that is empty would mean the default, which is more than was written.
func listValidators(name string) []validator.List {
	if name == requiredInRule {
		return nil
	}
	return values.NotEmptyList()
}

func resourceRuleAttributes() map[string]resource.Attribute {
	attributes := map[string]resource.Attribute{}
	for name, description := range sudoersRuleLists {
		attributes[name] = resource.ListAttribute{
			MarkdownDescription: description, ElementType: types.StringType, Required: name == requiredInRule, Optional: name != requiredInRule, Validators: listValidators(name),
		}
	}
	for name, description := range sudoersRuleFlags {
		attributes[name] = resource.BoolAttribute{MarkdownDescription: description, Optional: true}
	}
	for name, description := range sudoersRuleTexts {
		attributes[name] = resource.StringAttribute{MarkdownDescription: description, Optional: true, Validators: values.NotEmptyText()}
	}
	return attributes
}

func dataSourceRuleAttributes() map[string]datasource.Attribute {
	attributes := map[string]datasource.Attribute{}
	for name, description := range sudoersRuleLists {
		attributes[name] = datasource.ListAttribute{
			MarkdownDescription: description, ElementType: types.StringType, Required: name == requiredInRule, Optional: name != requiredInRule, Validators: listValidators(name),
		}
	}
	for name, description := range sudoersRuleFlags {
		attributes[name] = datasource.BoolAttribute{MarkdownDescription: description, Optional: true}
	}
	for name, description := range sudoersRuleTexts {
		attributes[name] = datasource.StringAttribute{MarkdownDescription: description, Optional: true, Validators: values.NotEmptyText()}
	}
	return attributes
}
