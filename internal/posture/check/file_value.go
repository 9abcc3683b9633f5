package check

import (
	"fmt"
	"strings"
)

// fileValue is a check of the last value of a keyword in a file.
func fileValue(id string, family Family, severity Severity, level Level, title, why, expected, remedy string, references []Reference, file, keyword string, wrong func(string) bool) Check {
	return Check{ID: id, Title: title, Family: family, Severity: severity, Level: level, Why: why, Expected: expected, Remedy: remedy, References: references, node: func(n *Node) Outcome {
		if n.config.reason != "" {
			return unknown(n.config.reason)
		}
		v, at, found := value(n.config.in(file), keyword)
		if !found {
			return fail(fmt.Sprintf("%s does not set %s", file, keyword))
		}
		return passIf(!wrong(v), at.String())
	}}
}

// pamModule looks for a module of PAM in a file.
func (n *Node) pamModule(file, module string) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	lines := n.config.in(file)
	for _, l := range lines {
		if strings.Contains(l.text, module) {
			return pass(l.String())
		}
	}
	if len(lines) == 0 {
		return unknown(file + " has no line of a module that pvesec knows")
	}
	return fail(file + " does not have " + module)
}

func nullok(n *Node) Outcome {
	lines := n.config.in("/etc/pam.d/common-*")
	var wrong []string
	unix := false
	for _, l := range lines {
		if !strings.Contains(l.text, "pam_unix.so") {
			continue
		}
		unix = true
		if strings.Contains(l.text, "nullok") {
			wrong = append(wrong, l.String())
		}
	}
	reason := n.config.reason
	if !unix && reason == "" {
		reason = "no line with pam_unix was told"
	}
	return judged(wrong, reason, "no pam_unix with nullok")
}

func wheelOfSu(n *Node) Outcome {
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	for _, l := range n.config.in("/etc/pam.d/su") {
		if words := strings.Fields(l.text); len(words) > 2 && words[0] == "auth" && (words[1] == "required" || words[1] == "requisite") && words[2] == "pam_wheel.so" {
			return pass(l.String())
		}
	}
	return fail("/etc/pam.d/su does not require pam_wheel")
}
