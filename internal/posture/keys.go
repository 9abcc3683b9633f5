package posture

import (
	"crypto/rsa"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// AuthorizedKey is a public key that logs in as an account.
type AuthorizedKey struct {
	// Fingerprint is SHA256:…, as ssh-keygen -l prints it.
	Fingerprint, Type, Comment string
	// Options are those before the key, such as from="10.0.0.0/8" or command="…": their names only, since an
	// environment may hold secrets.
	Options []string
	File    string
	Line    int
	// Bits is the length of an RSA key, 0 for other types.
	Bits int
}

// String is the fingerprint with its type.
func (k AuthorizedKey) String() string { return k.Type + " " + k.Fingerprint }

// nameLists are the settings that name users or groups.
var nameLists = []string{"allowusers", "allowgroups", "denyusers", "denygroups"}

// sshdSettings reads what sshd -T prints: a keyword and its value in each line.
func (n *Node) sshdSettings(s *node.Survey) {
	n.sshd = map[string][]string{}
	for line := range strings.Lines(n.text(s, node.SectionSSHD, "sshd's settings")) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case slices.Contains(nameLists, words[0]): // each name has a line of its own
			n.sshd[words[0]] = append(n.sshd[words[0]], strings.Join(words[1:], " "))
		default:
			n.sshd[words[0]] = append(n.sshd[words[0]], words[1:]...)
		}
	}
	for _, name := range []string{"allowusers", "allowgroups"} {
		if odd := slices.IndexFunc(n.sshd[name], func(p string) bool { return strings.ContainsAny(p, " \\\"") }); odd >= 0 {
			n.unknown("ways to log in", "sshd has "+name+" "+n.sshd[name][odd]+", whom it lets in is not known; pvesec takes it that it lets everyone in")
		}
	}
	for _, name := range []string{"hostbasedauthentication", "gssapiauthentication", "kerberosauthentication"} {
		if n.setting(name, "no") == "yes" {
			n.unknown("ways to log in", "sshd has "+name+" on: other hosts or a directory decide who logs in")
		}
	}
	for line := range strings.Lines(n.text(s, node.SectionMatch, "sshd's Match blocks")) {
		line = strings.TrimSpace(line)
		if ownInclude.MatchString(line) {
			continue
		}
		n.unknown("ways to log in", "sshd has a Match block, or includes files, which are not looked at: "+line)
	}
}

// ownInclude is the line of Debian's sshd_config that includes the files which are looked at.
var ownInclude = regexp.MustCompile(`(?i)^/etc/ssh/sshd_config:\d+:\s*include\s+/etc/ssh/sshd_config\.d/\*\.conf$`)

// setting is the first value of a setting of sshd, or the default where sshd did not tell.
func (n *Node) setting(name, byDefault string) string {
	if values := n.sshd[name]; len(values) > 0 {
		return values[0]
	}
	return byDefault
}

// keyFilesOf are the files of authorized keys of an account, sshd_config(5) AuthorizedKeysFile.
func (n *Node) keyFilesOf(a *Account) []string {
	if a.keyFiles != nil {
		return a.keyFiles
	}
	patterns := n.sshd["authorizedkeysfile"]
	if len(patterns) == 0 {
		patterns = []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
	}
	files := []string{}
	for _, pattern := range patterns {
		if pattern == "none" {
			continue
		}
		file := strings.NewReplacer("%%", "%", "%h", a.Home, "%u", a.Name, "%U", strconv.Itoa(a.UID)).Replace(pattern)
		if !strings.HasPrefix(file, "/") {
			file = a.Home + "/" + file
		}
		if file = path.Clean(file); !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	a.keyFiles = files
	return files
}

// keyFiles are the files of authorized keys, with the accounts that they let in.
func (n *Node) keyFiles() map[string][]*Account {
	files := map[string][]*Account{}
	for _, a := range n.Accounts {
		for _, file := range n.keyFilesOf(a) {
			files[file] = append(files[file], a)
		}
	}
	return files
}

// ownKeyFiles are the public keys of a node's root. PVE makes one and lets it in on all nodes of the cluster (Proxmox
// VE Administration Guide, "Role of SSH in Proxmox VE Clusters").
var ownKeyFiles = []string{"/root/.ssh/id_ecdsa.pub", "/root/.ssh/id_ed25519.pub", "/root/.ssh/id_rsa.pub"}

// ownPrivateKeys are the private halves of them.
var ownPrivateKeys = []string{"/root/.ssh/id_ecdsa", "/root/.ssh/id_ed25519", "/root/.ssh/id_rsa"}

// ownsKey tells whether root has the private half of one of ownKeyFiles as a file of its own. Without it, the key is
// somebody else's.
func (n *Node) ownsKey(public string) bool {
	end := n.endOf(strings.TrimSuffix(public, ".pub"))
	return end.state.regular() && end.state.uid == 0
}

// authorizedFiles are the files of keys as the node is asked for them, those of root first. An account whose files
// cannot be asked for is a gap.
func (n *Node) authorizedFiles() []node.AuthorizedFile {
	var list []node.AuthorizedFile
	for _, file := range ownKeyFiles {
		list = append(list, node.AuthorizedFile{Path: file, UID: 0, GIDs: []int{0}})
	}
	for _, mine := range []bool{true, false} {
		for _, a := range n.Accounts {
			if mine != (a.UID == 0) {
				continue
			}
			for _, file := range n.keyFilesOf(a) {
				switch {
				case strings.HasPrefix(file, "/") && !strings.ContainsAny(file, "\n\x00"):
					list = append(list, node.AuthorizedFile{Path: file, UID: a.UID, GIDs: a.GIDs})
				case a.LogsIn():
					n.unknown("authorized keys", "those of "+a.Name+" are in "+file+", which is no plain absolute path")
				}
			}
		}
	}
	return list
}

// keys reads the lines with public keys: FILE, NUL, LINE:TEXT.
func (n *Node) keys(s *node.Survey) {
	files := n.keyFiles()
	broken, authorities := map[string][]string{}, map[string][]string{} // lines by file
	for line := range strings.Lines(n.text(s, node.SectionKeys, "authorized keys")) {
		file, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\x00")
		number, text, _ := strings.Cut(rest, ":")
		at, _ := strconv.Atoi(number)
		if strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		key, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			broken[file] = append(broken[file], number)
			continue
		}
		if slices.Contains(ownKeyFiles, file) {
			if n.ownsKey(file) {
				n.rootKeys = append(n.rootKeys, ssh.FingerprintSHA256(key))
			}
			continue
		}
		found := AuthorizedKey{Fingerprint: ssh.FingerprintSHA256(key), Type: key.Type(), Comment: untrusted.Line(comment), File: untrusted.Line(file), Line: at}
		if public, is := key.(ssh.CryptoPublicKey); is {
			if of, isRSA := public.CryptoPublicKey().(*rsa.PublicKey); isRSA {
				found.Bits = of.N.BitLen()
			}
		}
		for _, option := range options {
			name, _, _ := strings.Cut(option, "=")
			found.Options = append(found.Options, untrusted.Line(name))
		}
		if slices.Contains(found.Options, "cert-authority") {
			authorities[file] = append(authorities[file], number)
		}
		for _, a := range files[file] {
			a.Keys = append(a.Keys, found)
		}
	}
	// Users write these files: what is in one of them is one gap, which hides no other.
	for file, lines := range broken {
		n.unknown("authorized keys in "+untrusted.Line(file), "line "+lines[0]+" of "+file+" cannot be read as a key"+andMore(lines))
	}
	for file, lines := range authorities {
		n.unknown("authorities in "+untrusted.Line(file), file+":"+lines[0]+" trusts the certificates of an authority; who has one is not known"+andMore(lines))
	}
	if command := n.setting("authorizedkeyscommand", "none"); command != "none" {
		n.unknown("authorized keys", "sshd asks "+command+" for more keys, which is not run")
	}
	if authorities := n.setting("trustedusercakeys", "none"); authorities != "none" {
		n.unknown("ways to log in", "sshd trusts the certificates of the authorities in "+authorities+"; who has one is not known")
	}
}

// andMore tells how many lines there are after the first.
func andMore(lines []string) string {
	if len(lines) < 2 {
		return ""
	}
	return fmt.Sprintf(", and %d more lines like it", len(lines)-1)
}

// letsIn tells whether sshd lets an account in with a key, and on what condition.
func (n *Node) letsIn(a *Account, k AuthorizedKey) (lets bool, condition string) {
	if n.setting("pubkeyauthentication", "yes") == "no" {
		return false, ""
	}
	if a.UID == 0 {
		switch n.setting("permitrootlogin", "prohibit-password") {
		case "no":
			return false, ""
		case "forced-commands-only":
			if !slices.Contains(k.Options, "command") {
				return false, ""
			}
		}
	}
	if !n.listed(a) {
		return false, ""
	}
	var conditions []string
	if slices.Contains(k.Options, "command") {
		conditions = append(conditions, "the key runs one command only (command=)")
	}
	if slices.Contains(k.Options, "from") {
		conditions = append(conditions, "from the addresses that from= names")
	}
	if slices.Contains(k.Options, "expiry-time") {
		conditions = append(conditions, "until the time that expiry-time= names")
	}
	if slices.Contains(k.Options, "cert-authority") {
		conditions = append(conditions, "the key signs certificates (cert-authority): everyone who has one of them logs in as well")
	}
	if !a.LogsIn() {
		conditions = append(conditions, "the shell is "+untrusted.Line(a.Shell)+": for what needs none, such as forwarding")
	}
	return true, strings.Join(conditions, "; ")
}

// listed tells whether AllowUsers and its like let an account in. What they say of addresses is taken as met, and so is
// an allow list with a name that has a blank or a backslash, as directory services have them: unknown is not safe.
func (n *Node) listed(a *Account) bool {
	matches := func(patterns, names []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			user, _, _ := strings.Cut(pattern, "@")
			return slices.ContainsFunc(names, func(name string) bool { return wildcard(user, name) })
		})
	}
	allows := func(keyword string, names []string) bool {
		patterns := n.sshd[keyword]
		return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return strings.ContainsAny(p, " \\\"") }) || matches(patterns, names)
	}
	denied := slices.DeleteFunc(slices.Clone(n.sshd["denyusers"]), func(p string) bool { return strings.Contains(p, "@") })
	if matches(denied, []string{a.Name}) || matches(n.sshd["denygroups"], n.names(a)) {
		return false
	}
	return allows("allowusers", []string{a.Name}) && allows("allowgroups", n.names(a))
}

// wildcard tells whether a pattern of sshd matches a name: * is any text, ? one character, and everything else is
// itself (ssh_config(5), PATTERNS).
func wildcard(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return wildcard(pattern[1:], name) || name != "" && wildcard(pattern, name[1:])
	case name == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == name[0]) && wildcard(pattern[1:], name[1:])
}
