package hardening

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// variablesSense tells what a setting of a list of variables does that sudo lets through. Without a value of its own
// sudo has a list in which every variable is harmless.
func variablesSense(option *sudoers.Setting, staying *optionsBeside) sense {
	checksAll := staying.say(factOff, "env_reset")
	rest := closed(*option)
	switch {
	case rest == *option, option.Name == "env_check" && checksAll: // without env_reset a variable that is not in env_check is not checked
		return mayRestrain
	case rest.Operator == sudoers.OpAdd && rest.Value == "":
		return loosens
	case rest.Operator != sudoers.OpAdd && !staying.say(factSet, option.Name):
		return loosens
	}
	return mixed
}

// closed is a setting of a list of variables without those whose value may name code, programs or files. A list in
// which nothing is left is off.
func closed(option sudoers.Setting) sudoers.Setting {
	if option.Operator != sudoers.OpAssign && option.Operator != sudoers.OpAdd || policy.OpenVariable(option.Value) == "" {
		return option
	}
	words := slices.DeleteFunc(strings.Fields(option.Value), func(word string) bool { return policy.OpenVariable(word) != "" })
	option.Value = strings.Join(words, " ")
	if option.Value == "" && option.Operator == sudoers.OpAssign {
		option.Operator = sudoers.OpFalse
	}
	return option
}
