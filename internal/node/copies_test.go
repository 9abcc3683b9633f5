package node_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// documented are the lines of shell in the section on restoring a file, with the name of a policy and the root of a
// pretended node.
func documented(t *testing.T, name, root string) (show, restore string) {
	t.Helper()
	page, err := os.ReadFile("../../templates/resources/sudoers_policy.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Restoring a file by hand")
	found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(found) != 2 {
		t.Fatalf("%d listings", len(found))
	}
	rooted := strings.NewReplacer("n=agent ", "n="+name+" ", "/etc/", root+"/etc/", "/var/", root+"/var/")
	show = rooted.Replace(found[0][1])
	return show, show + found[1][1]
}

// runIn runs lines of shell with the tools of a pretended node.
func runIn(t *testing.T, s *nodetest.Server, lines string) string {
	t.Helper()
	shell := exec.CommandContext(testContext(t), "/bin/sh", "-c", lines)
	shell.Env = append(os.Environ(), "PVESEC_TEST_ROOT="+s.Root, "PATH="+filepath.Join(s.Root, "test/bin")+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	var ended *exec.ExitError // diff ends with 1 where it shows something
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return string(out)
}

// TestCopiesAreKeptApart: copies of what was applied and of what somebody else left are told apart by name, and the
// documented way back takes the last applied one, whatever the policy is called, and shows the difference before it
// changes anything.
func TestCopiesAreKeptApart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"agent", "night-shift-2_x", "a-"} {
		s := nodetest.Start(t, nodetest.Options{})
		fakes(t, s)
		file := "etc/sudoers.d/" + name
		p := newPool(t, s)
		apply := func(kind node.Kind, text, applied string) {
			t.Helper()
			f := sudoers("/"+file, text)
			f.Kind, f.Applied = kind, applied
			if err := p.Apply(testContext(t), []node.Change{{Target: target("pve1", s), Files: mine(t, f)}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		apply(node.Regular, "one\n", "")
		apply(node.Regular, "two\n", sum("one\n"))
		s.Write(t, file, "tampered\n", 0o440)
		apply(node.Regular, "three\n", sum("two\n"))
		s.Write(t, file, "tampered again\n", 0o440)
		apply(node.Absent, "", sum("three\n"))
		var kinds []string
		copies, err := filepath.Glob(filepath.Join(s.Root, "var/backups/pvesec/*/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, copied := range copies {
			text, err := os.ReadFile(copied)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.SplitN(filepath.Base(copied), "-", 3)
			kinds = append(kinds, parts[2]+" "+strings.TrimSpace(string(text)))
		}
		if got := strings.Join(kinds, ", "); got != "applied-replaced one, found-replaced tampered, found-removed tampered again" {
			t.Errorf("%s: copies: %s", name, got)
		}
		show, restore := documented(t, name, s.Root)
		if said := runIn(t, s, show); !strings.Contains(said, "\n+one\n") || s.Read(t, file) != "(absent)" {
			t.Errorf("%s: shown:\n%s", name, said)
		}
		runIn(t, s, restore)
		if got := s.Read(t, file); got != "one\n" {
			t.Errorf("%s: restored %q", name, got)
		}
	}
}

// TestLastAppliedCopyStays: however often somebody changes a file behind pvesec's back, the last copy of what was
// applied is kept.
func TestLastAppliedCopyStays(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	fakes(t, s)
	dir := "var/backups/pvesec/etc-sudoers.d-agent/"
	s.Write(t, dir+"00000001-20270101T000000Z-applied-replaced", "good\n", 0o600)
	for _, n := range []string{"2", "3", "4", "5", "6", "7", "8", "9"} {
		s.Write(t, dir+"0000000"+n+"-20270101T000000Z-found-replaced", n, 0o600)
	}
	p := newPool(t, s)
	for _, n := range []string{"a", "b", "c"} {
		s.Write(t, "etc/sudoers.d/agent", "tampered "+n, 0o440)
		f := sudoers("/etc/sudoers.d/agent", "new\n")
		f.Applied = sum("new\n")
		if err := p.Apply(testContext(t), []node.Change{{Target: target("pve1", s), Files: mine(t, f)}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Read(t, dir+"00000001-20270101T000000Z-applied-replaced"); got != "good\n" {
		t.Errorf("the applied copy: %q", got)
	}
	copies, err := filepath.Glob(filepath.Join(s.Root, dir, "*"))
	if err != nil || len(copies) != 10 {
		t.Errorf("%d copies %v: %q", len(copies), err, copies)
	}
}

// TestSecretsLeaveNoCopy: of a secret that is replaced or removed nothing stays, and a change that fails puts it back.
func TestSecretsLeaveNoCopy(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		for what, kind := range map[string]node.Kind{"replaced": node.Regular, "removed": node.Absent} {
			for _, fails := range []bool{false, true} {
				s := nodetest.Start(t, nodetest.Options{Shell: shell})
				fakes(t, s)
				s.Write(t, "etc/key.pem", "hush\n", 0o600)
				file := node.File{Path: "/etc/key.pem", Kind: kind, Mode: 0o600, Secret: true}
				if kind == node.Regular {
					file.Content = []byte("new\n")
				}
				change := node.Change{Target: target("pve1", s), Files: mine(t, file)}
				if fails {
					s.Write(t, "etc/failing/cron", "", 0o644)
					change.RequireActive = []string{"cron"}
				}
				if err := newPool(t, s).Apply(testContext(t), []node.Change{change}, nil); (err != nil) != fails {
					t.Fatal(err)
				}
				held := 0
				for line := range strings.Lines(s.List(t, ".")) {
					_, file, _ := strings.Cut(line, "/")
					file, _, _ = strings.Cut(file, " ")
					if text, err := os.ReadFile(filepath.Join(s.Root, file)); err == nil && strings.Contains(string(text), "hush") {
						held++
						if file != "etc/key.pem" {
							t.Errorf("%s, %s: the secret is in %s", name, what, file)
						}
					}
				}
				if (held > 0) != fails {
					t.Errorf("%s, %s, undone %t: the secret is in %d files:\n%s", name, what, fails, held, s.List(t, "."))
				}
			}
		}
	}
}
