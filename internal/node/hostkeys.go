package node

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys knows which host keys are trusted for which target.
type hostKeys struct {
	known ssh.HostKeyCallback // nil without known_hosts content
	lines []string            // of that content, for its markers
	pins  map[string][]pin
}

// A pin is one configured fingerprint; family narrows the algorithms to ask for when the configuration tells.
type pin struct{ fingerprint, family string }

// plainAlgorithms are the signature algorithms asked for, by key family, strongest first. SHA-1 signatures (ssh-rsa)
// are left out.
var plainAlgorithms = []struct {
	family     string
	algorithms []string
}{
	{"ED25519", []string{ssh.KeyAlgoED25519}},
	{"ECDSA", []string{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521}},
	{"RSA", []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}},
}

var certAlgorithms = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// parseHostKeys checks known_hosts content and fingerprints.
func parseHostKeys(knownHosts string, fingerprints map[string][]string) (*hostKeys, error) {
	h := &hostKeys{pins: map[string][]pin{}}
	for name, list := range fingerprints {
		for _, text := range list {
			p, err := parsePin(text)
			if err != nil {
				return nil, &ConfigError{"host_key_fingerprints", fmt.Errorf("for %q: %w", name, err)}
			}
			h.pins[name] = append(h.pins[name], p)
		}
	}
	if strings.TrimSpace(knownHosts) != "" {
		if err := h.parseKnown(knownHosts); err != nil {
			return nil, &ConfigError{"known_hosts", err}
		}
	}
	if h.known == nil && len(h.pins) == 0 {
		return nil, &ConfigError{"known_hosts", errors.New("neither known_hosts nor host_key_fingerprints is given, and host keys are always verified; " +
			"`ssh-keyscan <node>` prints known_hosts lines to compare with `ssh-keygen -lf` on the node's console")}
	}
	return h, nil
}

var (
	pinText   = regexp.MustCompile(`^(?:\d+ )?(SHA256:[A-Za-z0-9+/]{43})=?(?: .*)?$`)
	pinFamily = regexp.MustCompile(`\((ED25519|ECDSA|RSA)\)$`)
)

// parsePin reads "SHA256:…" or a whole line of `ssh-keygen -l`, "256 SHA256:… comment (ED25519)".
func parsePin(text string) (pin, error) {
	text = strings.TrimSpace(text)
	m := pinText.FindStringSubmatch(text)
	if m == nil {
		if strings.HasPrefix(text, "MD5:") || strings.Count(text, ":") == 15 {
			return pin{}, errors.New("MD5 fingerprints are not taken: use the SHA256:… one that `ssh-keygen -lf` prints")
		}
		return pin{}, fmt.Errorf("%q is not a fingerprint: SHA256: and 43 characters are expected, as `ssh-keygen -lf` prints it", text)
	}
	p := pin{fingerprint: m[1]}
	if f := pinFamily.FindStringSubmatch(text); f != nil {
		p.family = f[1]
	}
	return p, nil
}

var atLine = regexp.MustCompile(`^knownhosts: .*:(\d+): (?:knownhosts: )?(.*)$`)

// parseKnown gives the content to x/crypto/ssh/knownhosts, which reads files only: a private one, removed at once.
func (h *hostKeys) parseKnown(content string) error {
	h.lines = strings.Split(content, "\n")
	for i, l := range h.lines {
		h.lines[i] = strings.TrimSpace(l)
	}
	f, err := os.CreateTemp("", "known_hosts-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(strings.Join(h.lines, "\n") + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	h.known, err = knownhosts.New(f.Name())
	if err == nil {
		return nil
	}
	if m := atLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("line %s: %s", m[1], m[2])
	}
	return err
}

// candidates are the names under which a target may stand in known_hosts, first come first served: address, then node
// name; with the port, then without, as OpenSSH falls back (sshconnect.c, check_host_key).
func candidates(t Target) []string {
	var c []string
	for _, port := range []int{t.Port, DefaultPort} {
		for _, host := range []string{t.Address, t.Name} {
			if a := net.JoinHostPort(host, strconv.Itoa(port)); !slices.Contains(c, a) {
				c = append(c, a)
			}
		}
	}
	return c
}

// noKey is a key that no host has: asking for it makes knownhosts list the keys that it knows.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }

// trust is what is trusted for one target.
type trust struct {
	keys        *hostKeys
	target      Target
	plain       []knownhosts.KnownKey // from known_hosts, under the first name that has any
	authorities []knownhosts.KnownKey
	pins        []pin
}

func (h *hostKeys) trustFor(t Target) *trust {
	tr := &trust{keys: h, target: t, pins: slices.Concat(h.pins[t.Name], h.pins["*"])}
	if t.Address != t.Name {
		tr.pins = append(tr.pins, h.pins[t.Address]...)
	}
	if h.known == nil {
		return tr
	}
	for _, addr := range candidates(t) {
		var unknown *knownhosts.KeyError
		if !errors.As(h.known(addr, &net.TCPAddr{}, noKey{}), &unknown) {
			continue
		}
		var plain []knownhosts.KnownKey
		for _, k := range unknown.Want {
			if strings.HasPrefix(h.lines[k.Line-1], "@cert-authority") {
				tr.authorities = append(tr.authorities, k)
			} else {
				plain = append(plain, k)
			}
		}
		if len(tr.plain) == 0 {
			tr.plain = plain
		}
	}
	return tr
}

// algorithms lists what to ask the server for, so that it shows a key that is pinned rather than the one it likes best.
// Families in without are left out: they were shown and did not match.
func (tr *trust) algorithms(without map[string]bool) []string {
	var algos []string
	if len(tr.authorities) > 0 && !without["certificate"] {
		algos = append(algos, certAlgorithms...)
	}
	open := len(tr.plain) == 0 && len(tr.authorities) == 0 && len(tr.pins) == 0
	for _, f := range plainAlgorithms {
		if without[f.family] {
			continue
		}
		everyAlgorithm := open || slices.ContainsFunc(tr.pins, func(p pin) bool { return p.family == "" || p.family == f.family })
		for _, a := range f.algorithms {
			if everyAlgorithm || slices.ContainsFunc(tr.plain, func(k knownhosts.KnownKey) bool {
				return k.Key.Type() == a || f.family == "RSA" && k.Key.Type() == ssh.KeyAlgoRSA
			}) {
				algos = append(algos, a)
			}
		}
	}
	return algos
}

// check decides about the key that the server showed. The reason is empty for a plain mismatch.
func (tr *trust) check(key ssh.PublicKey) (ok bool, reason string) {
	if cert, is := key.(*ssh.Certificate); is {
		if tr.keys.known == nil {
			return false, "no @cert-authority in known_hosts signed its certificate"
		}
		// A certificate does not bring back a host's own key that is revoked.
		if line := tr.revoked(cert.Key); line > 0 {
			return false, fmt.Sprintf("known_hosts line %d marks its key @revoked", line)
		}
		for _, addr := range candidates(tr.target) {
			err := tr.keys.known(addr, &net.TCPAddr{}, cert)
			if err == nil {
				return true, ""
			}
			if reason == "" && !strings.Contains(err.Error(), "no authorities") {
				reason = strings.TrimPrefix(err.Error(), "ssh: ")
			}
		}
		if reason == "" {
			reason = "no @cert-authority in known_hosts signed its certificate"
		}
		return false, reason
	}
	if line := tr.revoked(key); line > 0 {
		return false, fmt.Sprintf("known_hosts line %d marks it @revoked", line)
	}
	// Only plain lines count here: knownhosts itself would also take the key of an authority as a host's own key.
	for _, k := range tr.plain {
		if bytes.Equal(k.Key.Marshal(), key.Marshal()) {
			return true, ""
		}
	}
	fp := ssh.FingerprintSHA256(key)
	return slices.ContainsFunc(tr.pins, func(p pin) bool { return p.fingerprint == fp }), ""
}

// revoked is the line of known_hosts that revokes a plain key, 0 for none.
func (tr *trust) revoked(key ssh.PublicKey) int {
	var revoked *knownhosts.RevokedError
	if tr.keys.known != nil && errors.As(tr.keys.known(tr.target.hostPort(), &net.TCPAddr{}, key), &revoked) {
		return revoked.Revoked.Line
	}
	return 0
}

// expected describes everything that would have been accepted.
func (tr *trust) expected() string {
	var e []string
	for _, k := range tr.plain {
		e = append(e, fmt.Sprintf("%s (known_hosts line %d)", describeKey(k.Key), k.Line))
	}
	for _, k := range tr.authorities {
		e = append(e, fmt.Sprintf("a certificate signed by %s (known_hosts line %d)", describeKey(k.Key), k.Line))
	}
	for _, p := range tr.pins {
		e = append(e, strings.TrimSpace(p.family+" "+p.fingerprint))
	}
	return strings.Join(e, "\n            ")
}

// familyOf names the family of plainAlgorithms that a key belongs to.
func familyOf(key ssh.PublicKey) string {
	if _, is := key.(*ssh.Certificate); is {
		return "certificate"
	}
	for _, f := range plainAlgorithms {
		if slices.Contains(f.algorithms, key.Type()) || f.family == "RSA" && key.Type() == ssh.KeyAlgoRSA {
			return f.family
		}
	}
	return key.Type()
}
