package node

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// proven tells why an answer does not prove which accounts there are: who finds no account in it would believe that it
// is gone. Every node has root. name is the account that was asked for alone.
func (r *localReader) proven(name string) error {
	for _, file := range []struct{ word, path string }{{"passwd", "/etc/passwd"}, {"group-file", "/etc/group"}, {"shadow", "/etc/shadow"}} {
		if !r.told[file.word] {
			return fmt.Errorf("the node told nothing of %s", file.path)
		}
	}
	root := false
	for line := range strings.Lines(r.passwd) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		root = root || len(fields) == 7 && fields[0] == "root" && fields[2] == "0"
		if fields[0] == "?" {
			return errors.New("/etc/passwd has a line that is no entry, so it may be cut off: look at it on the node, and run pwck")
		}
	}
	if !root {
		return errors.New("/etc/passwd has no entry of root, so it is not all that the node has: look at it there, and run pwck")
	}
	if name != "" {
		if problem := r.unreadable()[name]; problem != "" {
			return fmt.Errorf("account %s: %s", name, problem)
		}
	}
	return nil
}

// unreadable lists the accounts whose entry cannot be read, and why. The first entry of a name counts, as for the node
// itself.
func (r *localReader) unreadable() map[string]string {
	found, seen := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(r.passwd) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		name := strings.TrimSpace(fields[0])
		if name == "" || strings.ContainsAny(name[:1], "#+-?") || seen[name] { // comments, and what other sources add, nsswitch.conf(5)
			continue
		}
		seen[name] = true
		var uid, gid bool
		if len(fields) == 7 {
			_, uid = id(fields[2])
			_, gid = id(fields[3])
		}
		switch {
		case len(fields) != 7:
			found[name] = fmt.Sprintf("its entry in /etc/passwd has %d fields and not 7", len(fields))
		case !uid || !gid:
			found[name] = "its entry in /etc/passwd has a user or group id that is no number"
		case name != fields[0]:
			found[name] = "its entry in /etc/passwd has blanks beside the name"
		default:
			continue
		}
		found[name] += ": run pwck on the node"
	}
	return found
}

// unread adds the accounts that cannot be read, which are not gone by that.
func (r *localReader) unread(all map[string]LocalAccount) {
	for name, problem := range r.unreadable() {
		all[name] = LocalAccount{Name: untrusted.Line(name), Problem: problem, Expires: -1}
	}
}

// put notes a key file: NUMBER ACCOUNT FILE.
func (r *localReader) put(f frame, state KeyState) {
	name := f.arg(1)
	if r.keys == nil {
		r.keys = map[string]map[string]KeyState{}
	}
	if r.keys[name] == nil {
		r.keys[name] = map[string]KeyState{}
	}
	r.keys[name][f.arg(2)] = state
}

// key reads a key file, base64 lines up to the frame "key-end".
func (r *reader) key(about frame) error {
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	if err != nil {
		return err
	}
	if f.word != "key-end" {
		return fmt.Errorf("%w: %q instead of the end of a key file", errMalformed, f.word)
	}
	content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, &body))
	state := KeyState{Exists: true, Content: content}
	switch {
	case err != nil:
		return fmt.Errorf("%w: a key file: %w", errMalformed, err)
	case f.arg(0) != "0":
		state = KeyState{Exists: true, Problem: "its user cannot read it, or it is no file"}
	case len(content) > maxKeys:
		state = KeyState{Exists: true, Problem: fmt.Sprintf("it is larger than %d KiB", maxKeys>>10)}
	}
	r.local.put(about, state)
	return nil
}
