package escalation

import (
	"regexp"
	"strings"
	"testing"
)

// proposed finds where a fix names a command.
var proposed = regexp.MustCompile(`(^|[ (])(/usr/(local/)?s?bin/|/usr/lib/)`)

// endOfProposal ends a command that has no expression: the sentence goes on.
var endOfProposal = regexp.MustCompile(`[.,:;]( |$)`)

// proposals are the commands that a fix tells a reader to grant.
func proposals(fix string) (commands []string) {
	for {
		at := proposed.FindStringIndex(fix)
		if at == nil {
			return commands
		}
		fix = strings.TrimLeft(fix[at[0]:], " (")
		end := endOfProposal.FindStringIndex(fix)
		if _, arguments, has := strings.Cut(fix, " "); has && strings.HasPrefix(arguments, "^") {
			end = []int{strings.Index(fix, "$") + 1}
		}
		if end == nil {
			end = []int{len(fix)}
		}
		if command := fix[:end[0]]; strings.Contains(command, " ") || !strings.HasPrefix(command, "/usr/local/") { // else it only names a script
			commands = append(commands, command)
		}
		fix = fix[end[0]:]
	}
}

// TestFixes obeys every fix that is ever proposed: what it tells to grant has no finding.
func TestFixes(t *testing.T) {
	t.Parallel()
	fixes := allFixes()
	count := 0
	for _, fix := range fixes {
		for _, command := range proposals(fix) {
			count++
			a := analyseFor(t, "agent ALL=(root) NOPASSWD: "+command, "agent", "ops")
			for _, f := range a.Findings {
				t.Errorf("%q\nproposes %s, which %s: %s", fix, command, f.Does, f.Example)
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d commands are found in the fixes", count)
	}
	t.Logf("%d fixes, %d commands", len(fixes), count)
}
