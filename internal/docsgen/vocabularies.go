package main

import (
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
)

// vocabularies are the values that a computed attribute can have, where they are fixed, by the resource type and the
// path of the attribute. The values of an attribute that a person writes come from its validators.
var vocabularies = map[string][]string{
	"pvesec_sudoers_policy.analysis.findings.severity": severities,
	"pvesec_sudoers_policy.analysis.foreign.severity":  severities,
	"pvesec_sudoers_policy.change.verdict": {
		string(policy.Equal), string(policy.Narrower), string(policy.Wider), string(policy.Incomparable), string(policy.UnknownChange),
	},
	"pvesec_sudoers_policy.lint.severity":      {string(lint.Error), string(lint.Warning), string(lint.Notice)},
	"pvesec_restricted_user.findings.severity": severities,
	"pvesec_api_token.findings.severity":       severities,
}

var severities = []string{string(escalation.Critical), string(escalation.High), string(escalation.Medium)}

// nullables are the attributes within computed ones that can be null. All others always have a value. An attribute of
// the resource itself can be null unless a person must write it: an older release may have written the state.
var nullables = []string{
	"pvesec_audit_logging.deployed.audit_rules",
	"pvesec_sudoers_policy.analysis.findings.accepted", "pvesec_sudoers_policy.analysis.foreign.accepted",
	"pvesec_sudoers_policy.expires.earliest", "pvesec_sudoers_policy.expires.latest",
	"pvesec_restricted_user.findings.accepted", "pvesec_api_token.findings.accepted",
	"pvesec_restricted_user.expires.earliest", "pvesec_restricted_user.expires.latest",
	"pvesec_restricted_user.tokens.expires_at", "pvesec_api_token.previous.expires_at",
}

// oneOf finds the values in what stringvalidator.OneOf says of itself.
var (
	oneOf  = regexp.MustCompile(`^value must be one of: \[(.*)\]$`)
	quoted = regexp.MustCompile(`"([^"]*)"`)
)

// vocabulary are the values that an attribute can have, nil where they are not fixed.
func (w schemaWriter) vocabulary(here string, attribute schema.Attribute) []any {
	words := slices.Clone(vocabularies[here])
	if text, is := attribute.(schema.StringAttribute); is {
		for _, check := range text.Validators {
			words = append(words, w.choices(check)...)
		}
	}
	var values []any
	for _, word := range words {
		values = append(values, word)
	}
	return values
}

func (w schemaWriter) choices(check validator.String) (words []string) {
	found := oneOf.FindStringSubmatch(check.Description(w.ctx))
	if found == nil {
		return nil
	}
	for _, word := range quoted.FindAllStringSubmatch(found[1], -1) {
		words = append(words, word[1])
	}
	return words
}
