package hardening

import "testing"

func TestSameForm(t *testing.T) {
	t.Parallel()
	const base = "# who\nagent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\n"
	for text, same := range map[string]bool{
		base: true,
		"# who\n\n\nagent   ALL = (root)\tNOPASSWD:/usr/bin/id,\\\n   /usr/bin/w": true,
		"# who else\nagent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\n":        false,
		"# who\nagent ALL=(root) NOPASSWD: /usr/bin/w, /usr/bin/id\n":             false,
		"# who\nagent ALL=(root) /usr/bin/id, /usr/bin/w\n":                       false,
		"# who\nagent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\nbroken\n":     false,
		"": false,
	} {
		if got := SameForm(base, text); got != same {
			t.Errorf("SameForm(%q) = %v", text, got)
		}
	}
	if !SameForm("broken", "broken") || SameForm("broken", "broken ") {
		t.Error("texts that do not parse are compared as they are")
	}
}
