package opatest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/cmd"
)

// TestMain is the program opa where the test runs a command of the guide.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "opa" {
		os.Exit(m.Run())
	}
	if err := cmd.RootCommand.Execute(); err != nil {
		var exit *cmd.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.Exit)
		}
		os.Exit(1)
	}
}

// TestGuide runs the commands of the guide on a plan that is refused, and on one that is not.
func TestGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "guides", "review.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```shell\n(.*?)```").FindSubmatch(guide)
	entries := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(guide)
	if block == nil || entries == nil {
		t.Fatal("the guide has no commands, or no exceptions")
	}
	if example, err := os.ReadFile(filepath.Join("..", "exceptions.json")); err != nil || string(example) != string(entries[1]) {
		t.Errorf("exceptions.json is not the one of the guide: %v", err)
	}
	for plan, want := range map[string]struct {
		fails bool
		says  []string
	}{
		"widened":  {true, []string{"**Refused.**", "`pvesec_sudoers_policy.widened`", "pvesec_sudoers_policy.widened: new_access: wider: sudo /usr/bin/uptime"}},
		"narrowed": {false, []string{"**Nothing stands against this plan.**", "`pvesec_sudoers_policy.narrowed`"}},
	} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			recorded, err := filepath.Abs(filepath.Join("..", "plans", plan+".json"))
			if err != nil {
				t.Fatal(err)
			}
			// Terraform is one that made its plan before.
			terraform := "#!/bin/sh\ncase $1 in show) exec cat '" + recorded + "' ;; esac\n"
			if err := errors.Join(os.Symlink(self, filepath.Join(dir, "opa")), os.WriteFile(filepath.Join(dir, "terraform"), []byte(terraform), 0o700)); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"review.rego", "exceptions.json"} {
				text, err := os.ReadFile(filepath.Join("..", name))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			shell := exec.CommandContext(t.Context(), "sh", "-ec", string(block[1]))
			shell.Dir = dir
			shell.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir)
			output, err := shell.CombinedOutput()
			if (err != nil) != want.fails {
				t.Errorf("failed: %v, want %t:\n%s", err, want.fails, output)
			}
			for _, text := range want.says {
				if !strings.Contains(string(output), text) {
					t.Errorf("no %q in\n%s", text, output)
				}
			}
		})
	}
}
