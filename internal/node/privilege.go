package node

import "strings"

// privilege recognises what sudo(8) says when it does not run the command, in the C locale; nil when it is nothing of
// that. The texts are those of Todd Miller's sudo 1.8 to 1.9.17 (check.c, sudoers.c, auth/sudo_auth.c) and of sudo-rs.
func privilege(node, user string, status int, said string) *PrivilegeError {
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(said, t) {
				return true
			}
		}
		return false
	}
	e := &PrivilegeError{Node: node, User: user, Output: firstLine(said, "sudo")}
	switch {
	// env(1) answers 127 when it finds no such command; sudo itself would have found /bin/sh.
	case status == 127 && !has("sudo:"):
		e.Kind = SudoMissing
	case has("password is required", "terminal is required", "authentication is required", "no askpass program"):
		e.Kind = PasswordNeeded
	case has("must have a tty"):
		e.Kind = TerminalRequired
	case has("not allowed to execute", "not in the sudoers file", "may not run sudo", "I'm afraid I can't do that",
		"no valid sudoers sources", "account validation failure", "effective uid is not 0", "must be owned by uid 0 and have the setuid bit"):
		e.Kind = NotPermitted
	default:
		return nil
	}
	return e
}

// firstLine returns the first line that speaks of the word, or the first line.
func firstLine(s, word string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	for line := range strings.Lines(s) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return first
}
