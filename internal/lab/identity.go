//go:build linux

package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshKey is a key pair in the forms that OpenSSH reads.
type sshKey struct {
	private []byte // PEM, the format of OpenSSH
	public  string // "ssh-ed25519 AAAA…", one line without a comment or a line end
}

// newSSHKey makes a key pair: "ed25519" or "ecdsa" (P-256).
func newSSHKey(algorithm, comment string) (sshKey, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("unknown key algorithm %q", algorithm)
	}
	if err != nil {
		return sshKey{}, err
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return sshKey{}, err
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return sshKey{}, err
	}
	return sshKey{pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))}, nil
}

// identity is what makes a node this node: it survives Reset.
type identity struct {
	name       string
	machineID  string // machine-id(5)
	hostKeys   map[string]sshKey
	authorized string // root's authorized_keys
}

// newIdentity invents an identity whose root accepts the given public key.
func newIdentity(name, authorized string) (*identity, error) {
	random := make([]byte, 16)
	rand.Read(random)
	id := &identity{name: name, machineID: hex.EncodeToString(random), hostKeys: map[string]sshKey{}, authorized: authorized}
	for _, algorithm := range []string{"ed25519", "ecdsa"} {
		key, err := newSSHKey(algorithm, "root@"+name)
		if err != nil {
			return nil, err
		}
		id.hostKeys[algorithm] = key
	}
	return id, nil
}

// knownHosts renders the lines of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) for the node at this address.
func (id *identity) knownHosts(address string) string {
	var text strings.Builder
	for _, algorithm := range []string{"ed25519", "ecdsa"} {
		fmt.Fprintf(&text, "[%s]:%d %s\n", address, SSHPort, id.hostKeys[algorithm].public)
	}
	return text.String()
}

// seedFile is a file that a node's disk has before its first boot.
type seedFile struct {
	path    string
	mode    os.FileMode
	content string
	link    string // target; makes it a symbolic link
}

// sshdDropIn lets a test connect as often and as wrongly as it needs to: OpenSSH 9.8 and later refuse a source address
// for a while after failed logins (sshd_config(5), PerSourcePenalties), older ones do not know the keyword.
func sshdDropIn(suite Suite) string {
	text := "# Written by the pvesec lab.\nMaxStartups 200\nMaxSessions 100\nUseDNS no\n"
	if suite != Bookworm {
		text += "PerSourcePenalties no\n"
	}
	return text
}

// seed lists the files that carry the identity, and those that adapt a Debian system to its life as a node.
func (id *identity) seed(suite Suite, address string, masked []string) []seedFile {
	files := []seedFile{
		{path: "etc/hostname", mode: 0o644, content: id.name + "\n"},
		// sudo asks for the fully qualified name of its host (sudoers(5), fqdn); there is no DNS here.
		{path: "etc/hosts", mode: 0o644, content: fmt.Sprintf("127.0.0.1 localhost\n%s %s.lab.invalid %s\n", address, id.name, id.name)},
		{path: "etc/resolv.conf", mode: 0o644, content: "# A lab node has no name server.\n"},
		{path: "etc/machine-id", mode: 0o444, content: id.machineID + "\n"},
		{path: "etc/ssh/sshd_config.d/00-lab.conf", mode: 0o644, content: sshdDropIn(suite)},
		{path: "root/.ssh/authorized_keys", mode: 0o600, content: id.authorized + "\n"},
	}
	for algorithm, key := range id.hostKeys {
		file := "etc/ssh/ssh_host_" + algorithm + "_key"
		files = append(files,
			seedFile{path: file, mode: 0o600, content: string(key.private)},
			seedFile{path: file + ".pub", mode: 0o644, content: key.public + "\n"})
	}
	for _, unit := range masked {
		files = append(files, seedFile{path: "etc/systemd/system/" + unit, link: "/dev/null"})
	}
	return files
}

// writeSeed writes the files below root, which becomes part of the node's disk. Directories get the modes that Debian
// gives them, whatever this process's umask.
func writeSeed(root string, files []seedFile) error {
	for _, file := range files {
		if err := seedDirectory(root, filepath.Dir(file.path)); err != nil {
			return err
		}
		path := filepath.Join(root, file.path)
		if file.link != "" {
			if err := os.Symlink(file.link, path); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, []byte(file.content), file.mode); err != nil {
			return err
		}
		if err := os.Chmod(path, file.mode); err != nil {
			return err
		}
	}
	return nil
}

// seedDirectory makes the directory dir below root with its ancestors; only root's home is closed to others.
func seedDirectory(root, dir string) error {
	if dir == "." {
		return nil
	}
	if err := seedDirectory(root, filepath.Dir(dir)); err != nil {
		return err
	}
	path := filepath.Join(root, dir)
	if err := os.Mkdir(path, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	if dir == "root" || strings.HasPrefix(dir, "root/") {
		return nil
	}
	return os.Chmod(path, 0o755)
}

// login is what it takes to log in to the node as root with the key (PEM), and with no other host than this node.
func (id *identity) login(key []byte) (*ssh.ClientConfig, error) {
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		return nil, err
	}
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(id.hostKeys["ed25519"].public))
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{
		User:              "root",
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback:   ssh.FixedHostKey(host),
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	}, nil
}

// fingerprint is the SHA-256 fingerprint of a host key, empty for an algorithm the node has no key of.
func (id *identity) fingerprint(algorithm string) string {
	key, ok := id.hostKeys[algorithm]
	if !ok {
		return ""
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key.public))
	if err != nil {
		return ""
	}
	return ssh.FingerprintSHA256(public)
}
