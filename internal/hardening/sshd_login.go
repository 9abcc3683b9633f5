package hardening

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// sshdGuards are the keywords that decide whether somebody gets in.
var sshdGuards = []string{
	"permitrootlogin", "pubkeyauthentication", "passwordauthentication", "kbdinteractiveauthentication", "authenticationmethods", "allowusers", "denyusers", "allowgroups", "denygroups",
	"forcecommand", "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "authorizedkeyscommand", "trustedusercakeys", "disableforwarding", "allowtcpforwarding", "permittty",
}

// A sshdLogin is a connection, its account, and what sshd makes of it.
type sshdLogin struct {
	connection node.SshdConnection
	account    node.Account
	judged     node.SshdJudgement
	// byKey and byPassword are the ways in which the user can prove who he is.
	byKey, byPassword bool
	// shell says that the user needs a shell, and not a forced command or a shell that ends.
	shell bool
	// node says that another node comes this way: PVE forwards sockets and opens terminals.
	node bool
}

// A sshdDenial is why a login does not work. Keyword decides it; it is empty where no setting does.
type sshdDenial struct{ Keyword, Why string }

func (l sshdLogin) value(keyword string) string {
	if values := l.judged.Settings[keyword]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// list is a setting of which sshd prints a line for each value, none where it is not set.
func (l sshdLogin) list(keyword string) []string {
	var all []string
	for _, value := range l.judged.Settings[keyword] {
		all = append(all, strings.Fields(value)...)
	}
	return all
}

// denials are why the login does not work, none where it does. What is not known counts as a denial.
func (l sshdLogin) denials() []sshdDenial {
	var denials []sshdDenial
	deny := func(keyword, format string, args ...any) {
		denials = append(denials, sshdDenial{keyword, fmt.Sprintf(format, args...)})
	}
	if l.judged.Problem != "" {
		deny("", "sshd refuses its configuration: %s", l.judged.Problem)
		return denials
	}
	user := l.connection.User
	if !l.account.Exists {
		deny("", "the node has no account %s", user)
		return denials
	}
	if l.shell {
		switch path.Base(l.account.Shell) {
		case "nologin", "false":
			deny("", "the shell of %s is %s", user, l.account.Shell)
		}
	}
	l.listed(deny)
	root := l.value("permitrootlogin")
	if l.account.UID == 0 {
		switch root {
		case "yes", "without-password", "prohibit-password":
		case "no":
			deny("permitrootlogin", "PermitRootLogin is no")
		default:
			deny("permitrootlogin", "PermitRootLogin is %s, and pvesec does not know the command of the key", root)
		}
	}
	if command := l.value("forcecommand"); l.shell && command != "none" && command != "" && (l.node || command != "sudo -n "+node.SudoersCommand) {
		deny("forcecommand", "ForceCommand runs %q instead of a shell", command)
	}
	if l.node {
		for _, needed := range []struct{ keyword, open string }{{"disableforwarding", "no"}, {"allowtcpforwarding", "yes"}, {"permittty", "yes"}} {
			if value := l.value(needed.keyword); value != needed.open {
				option, _ := sshdOption(sshdAttributeOf(needed.keyword))
				deny(needed.keyword, "%s is %s there, and nodes of a cluster need forwarding and terminals", option.Keyword, value)
			}
		}
	}
	l.authenticates(deny)
	return denials
}

// listed looks at the lists of users and groups, in the order of sshd: DenyUsers, AllowUsers, DenyGroups, AllowGroups.
func (l sshdLogin) listed(deny func(keyword, format string, args ...any)) {
	user := l.connection.User
	matches := func(keyword string, doubt bool) bool {
		return slices.ContainsFunc(l.list(keyword), func(pattern string) bool { return matchesUser(pattern, l.connection, doubt) })
	}
	inGroup := func(keyword string) bool {
		return slices.ContainsFunc(l.list(keyword), func(pattern string) bool {
			return slices.ContainsFunc(l.account.Groups, func(group string) bool { return matchesGlob(pattern, group) })
		})
	}
	if matches("denyusers", true) {
		deny("denyusers", "DenyUsers has %s", strings.Join(l.list("denyusers"), " "))
	}
	if allowed := l.list("allowusers"); len(allowed) > 0 && !matches("allowusers", false) {
		deny("allowusers", "AllowUsers is %s, without %s from %s", strings.Join(allowed, " "), user, l.connection.Address)
	}
	if inGroup("denygroups") {
		deny("denygroups", "DenyGroups has %s, and %s is in %s", strings.Join(l.list("denygroups"), " "), user, strings.Join(l.account.Groups, " "))
	}
	if allowed := l.list("allowgroups"); len(allowed) > 0 && !inGroup("allowgroups") {
		deny("allowgroups", "AllowGroups is %s, and %s is in %s", strings.Join(allowed, " "), user, strings.Join(l.account.Groups, " "))
	}
}

// authenticates looks at the ways to prove who one is.
func (l sshdLogin) authenticates(deny func(keyword, format string, args ...any)) {
	user := l.connection.User
	yes := func(keyword string) bool { return l.value(keyword) == "yes" }
	keys, passwords, questions := l.byKey && yes("pubkeyauthentication"), l.byPassword && yes("passwordauthentication"), l.byPassword && yes("kbdinteractiveauthentication")
	if l.account.UID == 0 && l.value("permitrootlogin") != "yes" {
		passwords, questions = false, false
	}
	has := map[string]bool{"publickey": keys, "password": passwords, "keyboard-interactive": questions}
	if methods := l.list("authenticationmethods"); len(methods) > 0 && !slices.Equal(methods, []string{"any"}) {
		if !slices.ContainsFunc(methods, func(list string) bool {
			return !slices.ContainsFunc(strings.Split(list, ","), func(method string) bool {
				name, _, _ := strings.Cut(method, ":")
				return !has[name]
			})
		}) {
			deny("authenticationmethods", "AuthenticationMethods is %s", strings.Join(methods, " "))
		}
		return
	}
	switch {
	case keys || passwords || questions:
	case l.byKey && !yes("pubkeyauthentication"):
		deny("pubkeyauthentication", "PubkeyAuthentication is %s", l.value("pubkeyauthentication"))
	case l.byPassword && l.account.UID == 0 && (yes("passwordauthentication") || yes("kbdinteractiveauthentication")):
		deny("permitrootlogin", "PermitRootLogin is %s, so that no password lets root in", l.value("permitrootlogin"))
	case l.byPassword && l.byKey || !l.byPassword:
		deny("passwordauthentication", "%s has no key there", user)
	default:
		deny("passwordauthentication", "PasswordAuthentication and KbdInteractiveAuthentication are off, and %s has no key there", user)
	}
}

// speaks tells the lists of algorithms of which a client has none.
func (l sshdLogin) speaks(client map[string][]string) []sshdDenial {
	var denials []sshdDenial
	authenticated := false // whether every cipher that both have needs no MAC
	for _, a := range sshdAlgorithms {
		option, _ := sshdOption(a.attribute)
		offered := strings.Split(l.value(option.word()), ",")
		both := slices.DeleteFunc(slices.Clone(offered), func(name string) bool { return !slices.Contains(client[a.query], name) })
		if a.query == "cipher" {
			authenticated = len(both) > 0 && !slices.ContainsFunc(both, func(name string) bool { return !strings.Contains(name, "gcm") && !strings.Contains(name, "poly1305") })
		}
		if len(both) == 0 && !(a.query == "mac" && authenticated) {
			denials = append(denials, sshdDenial{option.word(), fmt.Sprintf("it has none of the %s %s", option.Keyword, strings.Join(offered, ", "))})
		}
	}
	return denials
}

// matchesUser tells whether a word of AllowUsers or DenyUsers is about a connection. Doubt is what counts where that
// cannot be told. Behind the "@" is a list of addresses, networks and names with "," between them, of which one has to
// match, and none with a "!" may (PATTERNS of ssh_config(5)).
func matchesUser(pattern string, c node.SshdConnection, doubt bool) bool {
	user, places, at := strings.Cut(pattern, "@")
	if !matchesGlob(user, c.User) {
		return false
	}
	if !at {
		return true
	}
	address, err := netip.ParseAddr(c.Address)
	if err != nil {
		return doubt
	}
	matched := false
	for place := range strings.SplitSeq(places, ",") {
		place, not := strings.CutPrefix(place, "!")
		is, known := matchesPlace(place, c, address)
		switch {
		case !known:
			return doubt // sshd refuses such a list
		case is && not:
			return false
		case is:
			matched = true
		}
	}
	return matched
}

// matchesPlace tells whether an address, a network or a name with "*" and "?" is about a connection; known is false
// where it is none of them.
func matchesPlace(place string, c node.SshdConnection, address netip.Addr) (is, known bool) {
	if strings.Contains(place, "/") {
		network, err := netip.ParsePrefix(place)
		return err == nil && network.Contains(address), err == nil && network == network.Masked()
	}
	if one, err := netip.ParseAddr(place); err == nil {
		return one == address, true
	}
	return matchesGlob(strings.ToLower(place), strings.ToLower(c.Host)) || matchesGlob(place, c.Address), place != ""
}

// matchesGlob is match_pattern of ssh_config(5), PATTERNS: "*" is any text, "?" any character.
func matchesGlob(pattern, text string) bool {
	for len(pattern) > 0 {
		switch pattern[0] {
		case '*':
			pattern = strings.TrimLeft(pattern, "*")
			if pattern == "" {
				return true
			}
			for i := range len(text) {
				if matchesGlob(pattern, text[i:]) {
					return true
				}
			}
			return false
		case '?':
			if text == "" {
				return false
			}
		default:
			if text == "" || text[0] != pattern[0] {
				return false
			}
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
