package hardening

import "testing"

// TestBuiltLinesSayWhatEachSays: a built file of sudoers is refused where one of its lines takes in the next.
func TestBuiltLinesSayWhatEachSays(t *testing.T) {
	t.Parallel()
	for text, fits := range map[string]bool{
		"Defaults:agent passprompt_regex=\"[Pp]assword: *$\"\nDefaults:agent log_output\n": true,
		"Defaults:agent passprompt_regex=x\\\nDefaults:agent log_output\n":                 false,
		"Defaults:agent passprompt_regex=x, \\\n!log_output\n":                             false,
		"Defaults:agent passprompt_regex=\"x\n":                                            false,
	} {
		if err := checkLines("/etc/sudoers.d/x", text); (err == nil) != fits {
			t.Errorf("%q: %v", text, err)
		}
	}
	a := AuditLogging{Name: "a", Subjects: []string{"agent"}, IOLogs: &IOLogs{Directory: "/var/log/x", Mode: "0600", Output: true, PasswordPrompts: []string{`x\`, `"`, `a b\\`, `,`, `#`, "=!"}}}
	if err := checkLines(a.DropInPath(), a.renderSudoers()); err != nil {
		t.Errorf("%v:\n%s", err, a.renderSudoers())
	}
}
