package hardening

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// fingerprints are those of the keys that a line may let in. A line is one key at most, but of one that only sshd may
// understand every word counts.
func (l KeyLine) fingerprints() []string {
	if l.Type != "" {
		return []string{l.Fingerprint}
	}
	var found []string
	for _, word := range strings.Fields(l.text) {
		if blob, err := base64.StdEncoding.DecodeString(word); err == nil && strings.HasPrefix(word, "AAAA") {
			sum := sha256.Sum256(blob)
			found = append(found, "SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]))
		}
	}
	return found
}

// holds tells whether a line may let in one of the keys, told by their fingerprints.
func (l KeyLine) holds(fingerprints []string) bool {
	return slices.ContainsFunc(l.fingerprints(), func(one string) bool { return slices.Contains(fingerprints, one) })
}

// Fingerprints are those of keys, whatever their options and comments are.
func Fingerprints(keys []AuthorizedKey) []string {
	var all []string
	for _, key := range keys {
		if one := key.Fingerprint(); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// KeysAfter tells the keys of an account that may have others, as [KeyLine.String] tells them, after an apply that
// gives keys and takes those with the fingerprints drop away. known is false where authorized_keys2 changes too: only
// the node knows then what it says.
func KeysAfter(told []string, keys []AuthorizedKey, drop []string) (after []string, known bool) {
	drop = slices.Concat(drop, Fingerprints(keys))
	known = true
	for _, text := range told {
		words := strings.Fields(text)
		if len(words) < 2 || !slices.Contains(drop, words[1]) {
			after = append(after, text)
			continue
		}
		known = known && !strings.HasSuffix(text, " ("+keyFiles[1]+")")
	}
	for _, key := range keys {
		after = append(after, key.String())
	}
	slices.Sort(after)
	return slices.Compact(after), known
}

// keptKeys is the key file of an account that may have other keys: what is there stays, but for the keys that the
// resource gives or gave, told by their fingerprints, which come last. Where authorized_keys2 holds one of those, its
// other lines move here and it goes; what sshd does not read there today becomes a comment, so that the move lets
// nobody in. A change that only adds is held to the file that it was made from.
func keptKeys(now *AccountState, keys []AuthorizedKey, drop []string) (*node.KeyFile, error) {
	ours := slices.Concat(drop, Fingerprints(keys))
	var kept strings.Builder
	file := &node.KeyFile{Sum: now.LocalAccount.Keys[keyFiles[0]].Sum()}
	for _, name := range keyFiles {
		state := now.LocalAccount.Keys[name]
		second := name != keyFiles[0]
		if state.Problem != "" {
			return nil, fmt.Errorf("has a key file %s that may hold any key, and to which none can be added: %s. Set key_membership = \"exclusive\" to replace it", name, state.Problem)
		}
		lines := strings.Split(string(state.Content), "\n")
		if second {
			if !slices.ContainsFunc(lines, func(text string) bool { return !comment(text) && keyLine(name, 0, strings.TrimSpace(text)).holds(ours) }) {
				continue
			}
			file.Only = true
		}
		for _, text := range lines {
			if text == "" {
				continue
			}
			if !comment(text) && keyLine(name, 0, strings.TrimSpace(text)).holds(ours) {
				file.Sum = "" // who changes the file all the time keeps no key by that
				continue
			}
			if second && !comment(text) && !now.reads(name) {
				text = "# " + text
			}
			kept.WriteString(text + "\n")
		}
	}
	given, err := renderKeys(keys)
	file.Content = []byte(kept.String() + given)
	return file, err
}

// comment tells whether a line of a key file is none that sshd reads.
func comment(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "#") }

// reads tells whether sshd says that it reads a key file of the home.
func (s *AccountState) reads(name string) bool { return slices.Contains(s.keyFiles(), ".ssh/"+name) }

// keyFiles are the key files that sshd reads for the account, those of the home by their path below it.
func (s *AccountState) keyFiles() []string {
	var files []string
	for _, file := range strings.Fields(s.Ways["authorizedkeysfile"]) {
		file = strings.NewReplacer("%h", s.Home, "%u", s.Name, "%U", fmt.Sprint(s.UID), "%%", "%").Replace(file)
		files = append(files, strings.TrimPrefix(file, s.Home+"/"))
	}
	return files
}
