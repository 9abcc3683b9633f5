package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestSurvey asks a node under each shell. What a tool prints arrives byte by byte; a status and complaints are told, and so is a tool that is not there. Of a key file only
// keys travel, wherever a link leads.
func TestSurvey(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell, Noise: "Welcome\n"})
			s.Tool(t, "getent", `printf 'name:x:1\nstr\303\244nge \033[31m:%s\n' "$1"`)
			s.Tool(t, "passwd", `echo 'bob P'; echo 'passwd: one line is broken' >&2; exit 1`)
			s.Tool(t, "find", `printf 'F 4755 0 0 9 /a b\nc\000'; kill -9 $$`)
			s.Tool(t, "sshd", `echo permitrootlogin no`)
			dir := t.TempDir()
			secret, keys := filepath.Join(dir, "shadow"), filepath.Join(dir, "keys")
			if err := errors.Join(os.WriteFile(secret, []byte("root:$y$hash:1\nssh-ed25519 AAAAkey me\n# note\n"), 0o600), os.Symlink(secret, keys)); err != nil {
				t.Fatal(err)
			}
			seen, err := newPool(t, s).Survey(testContext(t), target("pve1", s), node.SurveyQuery{Accounts: true, Programs: true, Keys: []string{keys, dir + "/none"}, Owned: []string{"/bin/su"}})
			if err != nil {
				t.Fatal(err)
			}
			part := func(name string) node.Section { return seen.Sections[name] }
			if got, want := string(part(node.SectionPasswd).Data), "name:x:1\nstr\303\244nge \033[31m:passwd\n"; got != want {
				t.Errorf("passwd: %q", got)
			}
			if p := part(node.SectionPasswords); string(p.Data) != "bob P\n" || p.Status != 1 || !strings.Contains(p.Complaint, "one line is broken") {
				t.Errorf("passwords: %+v", p)
			}
			if p := part(node.SectionSetID); string(p.Data) != "F 4755 0 0 9 /a b\nc\000" || p.Status != 137 {
				t.Errorf("a find that was killed: %+v", p)
			}
			if p := part(node.SectionKeys); string(p.Data) != keys+"\x002:ssh-ed25519 AAAAkey me\n" || !strings.Contains(p.Complaint, "No such file") {
				t.Errorf("keys: %q %+v", p.Data, p)
			}
		})
	}
}

// TestSurveyRefusesBadQueries: nothing that could be taken for something else reaches a node.
func TestSurveyRefusesBadQueries(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	pool := newPool(t, s)
	for _, query := range []node.SurveyQuery{{Places: []string{"etc"}}, {Keys: []string{"/a/../b"}}, {Paths: []string{"/a\nb"}}, {Owned: []string{"/a\x00"}}, {Allowed: []string{"-x"}}, {Allowed: []string{"a b"}}} {
		if _, err := pool.Survey(testContext(t), target("pve1", s), query); err == nil {
			t.Errorf("%+v was taken", query)
		}
	}
	if len(s.Commands()) != 0 {
		t.Errorf("the node was asked: %v", s.Commands())
	}
}
