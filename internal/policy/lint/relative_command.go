package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// relativeCommand looks for patterns that no absolute path matches (match_command.c, command_matches_regex).
var relativeCommand = Rule{
	ID: "PVESEC-S0009", Name: "relative-command", Severity: Error,
	Summary: "A regular expression for a command matches no path that begins with a slash.",
	Why:     "sudo compares it with the full path of the command, so it never matches.",
	Bad:     "alice ALL = ^systemctl$ ^status .*$",
	Good:    "alice ALL = ^/usr/bin/systemctl$ ^status .*$",
	check:   patternCheck(sudoers.RelativePattern),
}
