package hardening

import (
	"testing"
)

func TestSubjects(t *testing.T) {
	t.Parallel()
	for subject, usable := range map[string]bool{
		"agent": true, "%operators": true, "first.last": true, "agent@example.com": true, "_x": true, "Agent": true,
		"root": false, "%root": false, "ALL": false, "OPERATORS": false, "": false, "%": false, "a b": false, "a,b": false, "a=b": false, "#0": false, "!agent": false, "a\nb": false, "+net": false,
	} {
		if err := CheckSubject(subject); (err == nil) != usable {
			t.Errorf("checkSubject(%q) = %v", subject, err)
		}
	}
}
