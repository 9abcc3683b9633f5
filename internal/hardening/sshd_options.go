package hardening

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A SshdOption is a setting of an sshd policy.
type SshdOption struct {
	// Attribute is its name in a configuration, Keyword the one in sshd_config(5).
	Attribute, Keyword string
	// Kind is how its value is written.
	Kind SshdKind
	// Everywhere and InMatch say whether it may stand outside and inside of match blocks.
	Everywhere, InMatch bool
	// OneOf are the values that a SshdWord may have.
	OneOf []string
	// Description says what it does.
	Description string
}

// SshdKind is how a value is written.
type SshdKind int

// The kinds of values.
const (
	SshdFlag   SshdKind = iota // yes or no
	SshdWord                   // one of several words
	SshdNumber                 // a whole number
	SshdNames                  // names with spaces between them
	SshdList                   // names with commas between them, in order of preference
	SshdLine                   // the rest of the line
)

// SshdOptions are all settings, in the order in which they are written.
var SshdOptions = []SshdOption{
	{Attribute: "permit_root_login", Keyword: "PermitRootLogin", Kind: SshdWord, Everywhere: true, InMatch: true, OneOf: []string{"yes", "no", "prohibit-password", "forced-commands-only"},
		Description: "Whether root may log in: `yes`, `no`, `prohibit-password` (with keys only) or `forced-commands-only`."},
	{Attribute: "password_authentication", Keyword: "PasswordAuthentication", Kind: SshdFlag, Everywhere: true, InMatch: true, Description: "Whether a password lets a user in."},
	{Attribute: "kbd_interactive_authentication", Keyword: "KbdInteractiveAuthentication", Kind: SshdFlag, Everywhere: true, InMatch: true,
		Description: "Whether sshd asks questions through PAM, which are passwords too, and second factors. For keys only, set this and `password_authentication` to `false`."},
	{Attribute: "max_auth_tries", Keyword: "MaxAuthTries", Kind: SshdNumber, Everywhere: true, InMatch: true, Description: "How often a connection may try to log in. A client that offers many keys counts each."},
	{Attribute: "login_grace_time", Keyword: "LoginGraceTime", Kind: SshdNumber, Everywhere: true, Description: "Seconds that a login may take."},
	{Attribute: "allow_users", Keyword: "AllowUsers", Kind: SshdNames, Everywhere: true,
		Description: "Only these users may log in, as `user` or `user@address`, with `*` and `?`. sshd adds the users of other files to them, which `overruled` shows."},
	{Attribute: "allow_groups", Keyword: "AllowGroups", Kind: SshdNames, Everywhere: true,
		Description: "Only users in one of these groups may log in, with `*` and `?`. With `allow_users` a user must be in both. sshd adds the groups of other files to them."},
	{Attribute: "ciphers", Keyword: "Ciphers", Kind: SshdList, Everywhere: true, Description: "Ciphers, in order of preference."},
	{Attribute: "macs", Keyword: "MACs", Kind: SshdList, Everywhere: true, Description: "Message authentication codes, in order of preference."},
	{Attribute: "kex_algorithms", Keyword: "KexAlgorithms", Kind: SshdList, Everywhere: true, Description: "Key exchanges, in order of preference."},
	{Attribute: "host_key_algorithms", Keyword: "HostKeyAlgorithms", Kind: SshdList, Everywhere: true,
		Description: "Signatures with which the node proves who it is, in order of preference. The nodes of a cluster know each other by RSA keys: keep `rsa-sha2-512` or `rsa-sha2-256`."},
	{Attribute: "x11_forwarding", Keyword: "X11Forwarding", Kind: SshdFlag, Everywhere: true, InMatch: true, Description: "Whether X11 is forwarded."},
	{Attribute: "allow_agent_forwarding", Keyword: "AllowAgentForwarding", Kind: SshdFlag, Everywhere: true, InMatch: true, Description: "Whether SSH agents are forwarded."},
	{Attribute: "allow_tcp_forwarding", Keyword: "AllowTcpForwarding", Kind: SshdWord, Everywhere: true, InMatch: true, OneOf: []string{"yes", "no", "local", "remote"},
		Description: "Whether TCP connections are forwarded: `yes`, `no`, `local` or `remote`."},
	{Attribute: "disable_forwarding", Keyword: "DisableForwarding", Kind: SshdFlag, Everywhere: true, InMatch: true,
		Description: "Whether every kind of forwarding is off, whatever other settings say, Unix sockets included."},
	{Attribute: "permit_tunnel", Keyword: "PermitTunnel", Kind: SshdWord, Everywhere: true, InMatch: true, OneOf: []string{"yes", "no", "point-to-point", "ethernet"},
		Description: "Whether tunnels of whole networks are allowed: `yes`, `no`, `point-to-point` or `ethernet`."},
	{Attribute: "permit_tty", Keyword: "PermitTTY", Kind: SshdFlag, Everywhere: true, InMatch: true, Description: "Whether a terminal is given."},
	{Attribute: "force_command", Keyword: "ForceCommand", Kind: SshdLine, InMatch: true, Description: "The command that runs instead of what the client asks for, by the user's shell."},
}

// sshdOption finds a setting by its attribute.
func sshdOption(attribute string) (SshdOption, bool) {
	i := slices.IndexFunc(SshdOptions, func(o SshdOption) bool { return o.Attribute == attribute })
	if i < 0 {
		return SshdOption{}, false
	}
	return SshdOptions[i], true
}

// word is the keyword as sshd prints it.
func (o SshdOption) word() string { return strings.ToLower(o.Keyword) }

// sshdAliases are other names of keywords, in small letters.
var sshdAliases = map[string]string{"challengeresponseauthentication": "kbdinteractiveauthentication", "skeyauthentication": "kbdinteractiveauthentication"}

// sshdWordOf is the keyword that a word stands for.
func sshdWordOf(word string) string {
	if is := sshdAliases[word]; is != "" {
		return is
	}
	return word
}

// sshdAttributeOf is the attribute that sets a keyword, or the keyword itself.
func sshdAttributeOf(word string) string {
	for _, option := range SshdOptions {
		if option.word() == word {
			return option.Attribute
		}
	}
	return word
}

var (
	sshdPattern   = regexp.MustCompile(`^[A-Za-z0-9_.*?][A-Za-z0-9_.*?-]*\$?$`)
	sshdAlgorithm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*(?:@[A-Za-z0-9.-]+)?$`)
	sshdHostWord  = regexp.MustCompile(`^[A-Za-z0-9.*?:_-]+$`)
)

// CheckSshdPattern says why a text cannot name users or groups in a match block, or returns nil.
func CheckSshdPattern(text string) error {
	if !sshdPattern.MatchString(strings.TrimPrefix(text, "!")) {
		return fmt.Errorf("%q is not a name of users or groups: use letters, digits, \"_\", \".\", \"-\", and the wildcards \"*\" and \"?\", with \"!\" before it to leave them out", text)
	}
	return nil
}

// CheckSshdGroup says why a text cannot stand in allow_groups, or returns nil.
func CheckSshdGroup(text string) error {
	if !sshdPattern.MatchString(text) {
		return fmt.Errorf("%q is not a name of groups: use letters, digits, \"_\", \".\", \"-\", and the wildcards \"*\" and \"?\"", text)
	}
	return nil
}

// CheckSshdAllowedUser says why a text cannot stand in allow_users, or returns nil.
func CheckSshdAllowedUser(text string) error {
	user, host, at := strings.Cut(text, "@")
	if !sshdPattern.MatchString(user) {
		return fmt.Errorf("%q is not a name of users: use letters, digits, \"_\", \".\", \"-\", and the wildcards \"*\" and \"?\", and \"@\" before an address", text)
	}
	if !at || sshdHostWord.MatchString(host) && !strings.Contains(host, "/") {
		return nil
	}
	return CheckSshdAddress(host)
}

// CheckSshdAddress says why a text cannot be an address or a network, or returns nil. sshd refuses a network with bits
// beyond its length.
func CheckSshdAddress(text string) error {
	if !strings.Contains(text, "/") {
		if address, err := netip.ParseAddr(text); err != nil || address.Zone() != "" {
			return fmt.Errorf("%q is neither an IP address nor a network such as 192.0.2.0/24", text)
		}
		return nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is neither an IP address nor a network such as 192.0.2.0/24", text)
	}
	if network != network.Masked() {
		return fmt.Errorf("%q is no network, since its address has bits beyond its length: write %s", text, network.Masked())
	}
	return nil
}

// CheckSshdMatchAddress is CheckSshdAddress for a match block, where "!" leaves addresses out.
func CheckSshdMatchAddress(text string) error { return CheckSshdAddress(strings.TrimPrefix(text, "!")) }

// CheckSshdAlgorithm says why a text cannot be the name of an algorithm, or returns nil. Whether a node has it only the
// node knows.
func CheckSshdAlgorithm(text string) error {
	if !sshdAlgorithm.MatchString(text) {
		return fmt.Errorf("%q is not the name of an algorithm: \"+\", \"-\", \"^\" and wildcards, which change what the node has by default, are not taken", text)
	}
	return nil
}

// CheckSshdCommand says why a text cannot be a forced command, or returns nil: sshd_config(5) takes the rest of one
// line, with quotes in pairs.
func CheckSshdCommand(text string) error {
	switch {
	case text == "" || strings.TrimSpace(text) != text:
		return fmt.Errorf("a command is not empty, and has no space before or after it")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || !unicode.IsPrint(r) }):
		return fmt.Errorf("a command is one line without control characters")
	case strings.EqualFold(text, "none"):
		return fmt.Errorf("\"none\" means to sshd that no command is forced; leave the attribute out")
	case len(text) > 1000:
		return fmt.Errorf("a command has 1000 characters at most here; write a script")
	case strings.Count(text, `"`)%2 != 0 || strings.Count(text, `'`)%2 != 0:
		return fmt.Errorf("sshd takes quotes in pairs only: %q has one without the other", text)
	}
	return nil
}

// check says why a value cannot be one of the setting.
func (o SshdOption) check(value string) error {
	switch o.Kind {
	case SshdFlag:
		if value != "yes" && value != "no" {
			return fmt.Errorf("%q is neither yes nor no", value)
		}
	case SshdWord:
		if !slices.Contains(o.OneOf, value) {
			return fmt.Errorf("%q is none of %s", value, strings.Join(o.OneOf, ", "))
		}
	case SshdNumber:
		if value == "" || len(value) > 6 || strings.Trim(value, "0123456789") != "" {
			return fmt.Errorf("%q is not a number", value)
		}
	case SshdNames:
		names := strings.Split(value, " ")
		for _, name := range names {
			check := CheckSshdGroup
			if o.Attribute == "allow_users" {
				check = CheckSshdAllowedUser
			}
			if err := check(name); err != nil {
				return err
			}
		}
	case SshdList:
		for _, name := range strings.Split(value, ",") {
			if err := CheckSshdAlgorithm(name); err != nil {
				return err
			}
		}
	case SshdLine:
		return CheckSshdCommand(value)
	}
	return nil
}

// CheckSshdSource says why a text cannot be the address of one connection, or returns nil.
func CheckSshdSource(text string) error {
	if address, err := netip.ParseAddr(text); err != nil || address.Zone() != "" {
		return fmt.Errorf("%q is not an IP address", text)
	}
	return nil
}
