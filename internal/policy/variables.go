package policy

import (
	"slices"
	"strings"
)

// harmlessVariables are those whose value cannot name code, programs or files, whatever program reads them. A name
// ending in a star is a prefix. Sources: sudo's own initial list (sudo -V, "Environment variables to preserve"),
// locale(7), terminfo(5), tzset(3) for values that env_check lets through.
var harmlessVariables = []string{
	"LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "COLUMNS", "LINES", "COLORS", "LS_COLORS", "NO_COLOR", "HOSTNAME", "USER", "USERNAME", "LOGNAME", "MAIL", "SUDO_*",
	"SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_AUTH_SOCK", "DISPLAY", "WINDOWID", "WAYLAND_DISPLAY", "XAUTHORIZATION", "KRB5CCNAME", "PS1", "PS2", "XDG_CURRENT_DESKTOP", "XAUTHORITY", "DEBIAN_FRONTEND", "LINGUAS", "HISTSIZE", "HISTFILESIZE", "HISTCONTROL", "HISTTIMEFORMAT", "QTDIR", "KDEDIR", "_XKB_CHARSET",
}

// OpenVariable gives the first word of a list of variables whose value may name code, programs or files, "" for none. A
// pattern is harmless only if everything it matches is.
func OpenVariable(list string) string {
	for _, word := range strings.Fields(list) {
		name, _, _ := strings.Cut(word, "=")
		known := slices.ContainsFunc(harmlessVariables, func(h string) bool {
			prefix, open := strings.CutSuffix(h, "*")
			if stem, pattern := strings.CutSuffix(name, "*"); pattern {
				return open && strings.HasPrefix(stem, prefix)
			}
			return name == h || open && strings.HasPrefix(name, prefix)
		})
		if !known || strings.ContainsAny(strings.TrimSuffix(name, "*"), "*?[") {
			return word
		}
	}
	return ""
}
