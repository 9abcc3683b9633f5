package hardening

import (
	"fmt"
	"slices"
	"strings"
)

// sshdAlgorithmList is one setting that chooses algorithms.
type sshdAlgorithmList struct {
	attribute, query string
	strict           []string
}

// sshdAlgorithms are the settings that choose algorithms, with the names that `ssh -Q` has for them, and what the
// strict profile takes, best first: nothing with SHA-1, CBC, a modulus below 4096 bits, a curve of NIST, or a MAC that
// is made before the encryption. The RSA signatures stay, since the nodes of a cluster know each other by RSA keys.
var sshdAlgorithms = []sshdAlgorithmList{
	{"ciphers", "cipher", []string{"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"}},
	{"macs", "mac", []string{"hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com"}},
	{"kex_algorithms", "kex", []string{"mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org",
		"diffie-hellman-group18-sha512", "diffie-hellman-group16-sha512"}},
	{"host_key_algorithms", "HostKeyAlgorithms", []string{"ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com", "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}},
}

// strictAlgorithms are the settings of the strict profile for a node that has these algorithms.
func strictAlgorithms(has map[string][]string) (map[string]string, error) {
	settings := map[string]string{}
	for _, a := range sshdAlgorithms {
		if len(has[a.query]) == 0 {
			return nil, fmt.Errorf("the node does not tell which algorithms its OpenSSH has (ssh -Q %s): install openssh-client there, or list the algorithms instead of crypto_profile", a.query)
		}
		chosen := slices.DeleteFunc(slices.Clone(a.strict), func(name string) bool { return !slices.Contains(has[a.query], name) })
		if len(chosen) == 0 {
			return nil, fmt.Errorf("the node has none of the algorithms that crypto_profile = \"strict\" takes for %s", a.attribute)
		}
		settings[a.attribute] = strings.Join(chosen, ",")
	}
	return settings, nil
}

// offered are what a client of OpenSSH 9.2 offers, the oldest of a release of PVE, where nobody configured it:
// myproposal.h of that version. Nodes know each other by RSA keys.
var offered = map[string][]string{
	"cipher": {"chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"},
	"mac": {
		"umac-64-etm@openssh.com", "umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha1-etm@openssh.com",
		"umac-64@openssh.com", "umac-128@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1",
	},
	"kex": {
		"sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
		"diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256",
	},
	"HostKeyAlgorithms": {"rsa-sha2-512", "rsa-sha2-256"},
}

// nodesSpeak are the algorithms that nodes of a cluster have as clients: those that every release of PVE offers and
// that this node has, or all of them where it does not tell what it has.
func (l *sshdLook) nodesSpeak() map[string][]string {
	speak := map[string][]string{}
	for query, names := range offered {
		speak[query] = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return query != "HostKeyAlgorithms" && len(l.algorithms[query]) > 0 && !slices.Contains(l.algorithms[query], name)
		})
	}
	return speak
}
