package hardening

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// keyFiles are what sshd reads by default, below ~/.ssh (sshd_config(5), AuthorizedKeysFile).
var keyFiles = []string{"authorized_keys", "authorized_keys2"}

// AuthorizedKey is a public key with its options, sshd(8), "AUTHORIZED_KEYS FILE FORMAT".
type AuthorizedKey struct {
	// Key is the public key as it stands in a .pub file: type, base64, comment.
	Key string
	// Restrict switches off forwarding, terminals and ~/.ssh/rc, also what later releases add; PTY permits a terminal
	// again.
	Restrict, PTY bool
	// From are addresses, networks and host patterns; none means anywhere.
	From []string
	// Command runs instead of what the client asks for, "" for none.
	Command string
	// ExpiryTime is YYYYMMDD[HHMM[SS]][Z], "" for never.
	ExpiryTime string
}

var (
	fromPattern = regexp.MustCompile(`^!?[A-Za-z0-9*?][A-Za-z0-9.*?:_-]*$`)
	expiryTime  = regexp.MustCompile(`^[0-9]{8}(?:[0-9]{4}(?:[0-9]{2})?)?Z?$`)
)

// minRSABits is the least that OpenSSH's own documentation advises and Debian's sshd takes without a finding of its
// judges.
const minRSABits = 2048

// CheckPublicKey says why a text is not a public key that sshd takes, or returns nil.
func CheckPublicKey(text string) error {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	switch {
	case strings.Contains(text, "PRIVATE KEY"):
		return errors.New("this is a private key; give the public one, the content of the .pub file, and treat the private one as known to others")
	case err != nil || len(bytes.TrimSpace(rest)) > 0 || strings.ContainsAny(strings.TrimSpace(text), "\n\r"):
		return errors.New("this is not one public key: give one line as in a .pub file, for example ssh-ed25519 AAAA… operator@example")
	case len(options) > 0:
		return fmt.Errorf("the key begins with options (%s); write them as attributes of authorized_key", untrusted.Line(strings.Join(options, ",")))
	case strings.ContainsFunc(strings.TrimSpace(text), control):
		return errors.New("the key or its comment has a control character; give the line as ssh-keygen wrote it")
	case strings.HasSuffix(key.Type(), "-cert-v01@openssh.com"):
		return errors.New("this is a certificate, which authorized_keys cannot hold; give the public key that it is for")
	case key.Type() == "ssh-dss":
		return errors.New("this is a DSA key, which sshd no longer takes; make one with ssh-keygen -t ed25519")
	}
	if crypto, is := key.(ssh.CryptoPublicKey); is {
		if rsaKey, is := crypto.CryptoPublicKey().(*rsa.PublicKey); is && rsaKey.N.BitLen() < minRSABits {
			return fmt.Errorf("this RSA key has %d bits, which is too short; make one with ssh-keygen -t ed25519", rsaKey.N.BitLen())
		}
	}
	return nil
}

// CheckKeyOrigin says why a text cannot be part of from, or returns nil.
func CheckKeyOrigin(text string) error {
	if strings.ContainsFunc(text, control) {
		return fmt.Errorf("%q has a control character", text)
	}
	plain := strings.TrimPrefix(text, "!")
	if strings.Contains(plain, "/") {
		prefix, err := netip.ParsePrefix(plain)
		if err != nil {
			return fmt.Errorf("%q is not a network: write one such as 192.0.2.0/24 or 2001:db8::/32", text)
		}
		if prefix.Masked() != prefix {
			return fmt.Errorf("%q has bits beyond its length, and sshd refuses every key of the line then: write %s", text, prefix.Masked())
		}
		return nil
	}
	switch address, err := netip.ParseAddr(plain); {
	case err == nil && address.Zone() != "":
		return fmt.Errorf("%q has a zone, which may be any text and which sshd does not compare: write %s", text, address.WithZone(""))
	case err == nil || fromPattern.MatchString(text):
		return nil
	}
	return fmt.Errorf("%q is not an address, a network, or a pattern of host names with * and ?", text)
}

// CheckKeyCommand says why a text cannot be a forced command, or returns nil.
func CheckKeyCommand(text string) error {
	if text == "" || strings.ContainsAny(text, "\t") || strings.ContainsFunc(text, control) || strings.HasSuffix(text, `\`) {
		return errors.New("a forced command is one line that does not end in a backslash")
	}
	return nil
}

// CheckExpiryTime says why a text cannot be the end of a key, or returns nil.
func CheckExpiryTime(text string) error {
	if !expiryTime.MatchString(text) {
		return fmt.Errorf("%q is not a time as sshd reads it: write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z at the end for UTC", text)
	}
	return nil
}

// control tells characters that would end a line or hide in it. A tab only parts words.
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// Check says what of a key cannot stand in a line of authorized_keys, or returns nil.
func (k AuthorizedKey) Check() error {
	problems := []error{CheckPublicKey(k.Key)}
	for _, origin := range k.From {
		problems = append(problems, CheckKeyOrigin(origin))
	}
	if k.Command != "" {
		problems = append(problems, CheckKeyCommand(k.Command))
	}
	if k.ExpiryTime != "" {
		problems = append(problems, CheckExpiryTime(k.ExpiryTime))
	}
	return errors.Join(problems...)
}

// Line is the line of authorized_keys. It is one line whatever the key holds; a control character, which
// [AuthorizedKey.Check] refuses, is a question mark.
func (k AuthorizedKey) Line() string {
	var options []string
	add := func(name, value string) {
		if value != "" {
			options = append(options, name+`="`+strings.ReplaceAll(value, `"`, `\"`)+`"`)
		}
	}
	if k.Restrict {
		options = append(options, "restrict")
	}
	if k.PTY {
		options = append(options, "pty")
	}
	add("from", strings.Join(k.From, ","))
	add("command", k.Command)
	add("expiry-time", k.ExpiryTime)
	text := strings.Join(strings.Fields(k.Key), " ")
	if len(options) > 0 {
		text = strings.Join(options, ",") + " " + text
	}
	return strings.Map(func(r rune) rune {
		if control(r) || r == '\t' {
			return '?'
		}
		return r
	}, text)
}

// String tells a key in short, as [KeyLine.String] does of one that a node has.
func (k AuthorizedKey) String() string { return keyLine(keyFiles[0], 0, k.Line()).String() }

// Fingerprint tells the key apart from others, "" where it is none.
func (k AuthorizedKey) Fingerprint() string { return keyLine(keyFiles[0], 0, k.Key).Fingerprint }

// Parse gives the key of a line; ok is false where the line is no key, or has options that an [AuthorizedKey] cannot
// say.
func (l KeyLine) Parse() (key AuthorizedKey, ok bool) {
	if l.Type == "" || l.File != keyFiles[0] {
		return key, false
	}
	public, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(l.text))
	if err != nil {
		return key, false
	}
	key.Key = strings.TrimSpace(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " " + comment)
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		value = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`), `\"`, `"`)
		switch strings.ToLower(name) {
		case "restrict":
			key.Restrict = true
		case "pty":
			key.PTY = true
		case "from":
			key.From = strings.Split(value, ",")
		case "command":
			key.Command = value
		case "expiry-time":
			key.ExpiryTime = value
		default:
			return key, false
		}
	}
	return key, CheckPublicKey(key.Key) == nil
}

// renderKeys is a key file. Nothing is written of a key that another line could come from.
func renderKeys(keys []AuthorizedKey) (string, error) {
	var b strings.Builder
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return "", err
		}
		b.WriteString(key.Line() + "\n")
	}
	return b.String(), nil
}

// KeyLine is a line of a key file on a node.
type KeyLine struct {
	// File is the name of the key file, Number the line in it.
	File   string
	Number int
	// Type, Fingerprint and Comment are those of the key, Options what stands before it. Type is empty where the line
	// is none that sshd understands.
	Type, Fingerprint, Comment string
	Options                    []string
	// Problem is why a whole file could not be read.
	Problem string
	text    string
}

// String tells the line without what nobody has to compare: "ssh-ed25519 SHA256:… operator@example restrict,pty".
func (l KeyLine) String() string {
	var told string
	switch {
	case l.Problem != "":
		return l.File + ": " + l.Problem
	case l.Type == "":
		return fmt.Sprintf("%s line %d: no key", l.File, l.Number)
	default:
		parts := []string{l.Type, l.Fingerprint}
		if l.Comment != "" {
			parts = append(parts, l.Comment)
		}
		if len(l.Options) > 0 {
			parts = append(parts, strings.Join(l.Options, ","))
		}
		told = strings.Join(parts, " ")
	}
	if l.File != keyFiles[0] {
		told += " (" + l.File + ")"
	}
	return told
}

// restricted tells whether a key does less than its account could at the console: restrict switches everything off, and
// nothing but a terminal is permitted again. A forced command alone restricts nothing else: ports and agents are
// forwarded all the same (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
func (l KeyLine) restricted() bool {
	restrict := false
	for _, option := range l.Options {
		switch name, _, _ := strings.Cut(strings.ToLower(option), "="); name {
		case "restrict":
			restrict = true
		case "port-forwarding", "agent-forwarding", "x11-forwarding", "user-rc":
			return false
		}
	}
	return restrict
}

// forced tells whether a key runs a command whatever the client asks for.
func (l KeyLine) forced() bool {
	return slices.ContainsFunc(l.Options, func(o string) bool { return strings.HasPrefix(strings.ToLower(o), "command=") })
}

func keyLine(file string, number int, text string) KeyLine {
	line := KeyLine{File: file, Number: number, text: text}
	key, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return line
	}
	line.Type, line.Fingerprint, line.Comment = key.Type(), ssh.FingerprintSHA256(key), untrusted.Line(comment)
	for _, option := range options {
		line.Options = append(line.Options, untrusted.Line(option))
	}
	return line
}

// keyLines are the keys of a file. Empty lines and comments are none. A file that cannot be read is one line that says
// so: it may hold any key.
func keyLines(file string, state node.KeyState) []KeyLine {
	if state.Problem != "" {
		return []KeyLine{{File: file, Problem: state.Problem}}
	}
	var lines []KeyLine
	for i, text := range strings.Split(string(state.Content), "\n") {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		lines = append(lines, keyLine(file, i+1, text))
	}
	return lines
}
