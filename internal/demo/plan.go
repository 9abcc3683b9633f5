package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// demonstratePlan shows what pvesec does on a laptop without access to anything.
func demonstratePlan(ctx context.Context, n *narrator) (err error) {
	n.say("pvesec at plan time: no node, no API, no credentials. What you see is the real terraform with the provider built from this tree.")
	w, err := newWorkspace(ctx, n, nil)
	if w != nil {
		defer func() { err = errors.Join(err, w.remove()) }()
	}
	if err != nil {
		return err
	}
	n.chapter("A plan with what each rule grants")
	if _, err := w.terraform(ctx, 0, "init"); err != nil {
		return err
	}
	out, err := w.terraform(ctx, 0, "plan")
	if err != nil {
		return err
	}
	err = w.expect(out, map[string]string{
		"agent ALL=(root) NOPASSWD: /usr/bin/pveversion \\\"\\\"": "agent may run pveversion without arguments, as root, with no password",
		"Defaults:agent logfile=/var/log/sudo-agent.log":          "what agent runs is logged",
	})
	if err != nil {
		return err
	}

	n.chapter("A slip of the pen, found before anything is pushed")
	n.say("Somebody forgets a slash: %s becomes %s.", "/usr/bin/pveversion", "usr/bin/pveversion")
	name := filepath.Join(w.dir, "main.tf")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), "/usr/bin/pveversion", "usr/bin/pveversion", 1)), 0o600); err != nil {
		return err
	}
	out, err = w.terraform(ctx, 1, "validate")
	if err != nil {
		return err
	}
	if err := w.expect(out, map[string]string{"usr/bin/pveversion": "the command is not an absolute path, at the very rule"}); err != nil {
		return err
	}
	n.say("\nThat is all of it that needs no node. The whole story: make demo")
	return nil
}
