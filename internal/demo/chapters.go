package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (s *story) apply(ctx context.Context) error {
	s.chapter("terraform apply: a restricted operator on every node")
	s.say("examples/restricted-operator/main.tf: a PVE user with a role of its own and a token, what it may do with sudo, and the record of it.")
	if _, err := s.terraform(ctx, 0, "init"); err != nil {
		return err
	}
	if _, err := s.terraform(ctx, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	if _, err := s.terraform(ctx, 0, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	s.seen("a second plan is empty (exit code 0)")
	return nil
}

func (s *story) look(ctx context.Context) error {
	s.chapter("What is there now")
	node := s.cluster.Nodes[0]
	listed, err := s.on(ctx, node, "sudo -l -U agent")
	if err != nil {
		return err
	}
	if !strings.Contains(listed, "NOPASSWD: /usr/sbin/qm ^(start|stop|shutdown|status) 2[0-9]{3}$") {
		return errors.New("sudo does not list the policy")
	}
	if out, err := s.on(ctx, node, "runuser -u agent -- sudo -n qm start 2001"); err != nil || !strings.Contains(out, "qm start 2001") {
		return fmt.Errorf("agent should be allowed to start machine 2001: %w", err)
	}
	for _, denied := range []string{"qm start 100", "qm set 2001 --args x", "bash"} {
		if out, err := s.on(ctx, node, "runuser -u agent -- sudo -n "+denied+" 2>&1 || echo refused"); err != nil || !strings.HasSuffix(strings.TrimSpace(out), "refused") {
			return fmt.Errorf("agent should be refused %q: %w", denied, err)
		}
	}
	if out, err := s.on(ctx, node, "grep COMMAND= /var/log/sudo-agent.log"); err != nil || !strings.Contains(out, "start 2001") {
		return fmt.Errorf("sudo's log should have what agent ran: %w", err)
	}
	if out, err := s.on(ctx, node, "sudoreplay -d /var/log/sudo-io/agent -l"); err != nil || !strings.Contains(out, "start 2001") {
		return fmt.Errorf("the session should be recorded: %w", err)
	}
	for _, path := range []string{"/access/users/agent@pve", "/access/roles/restricted-agent-pve", "/access/acl"} {
		data, err := s.cluster.API.Do("GET", path, nil)
		if err != nil {
			return err
		}
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		s.command("", "pvesh get "+path+" --output-format json   (as the API tells it)")
		s.output(string(text))
	}
	return nil
}

func (s *story) tamper(ctx context.Context) error {
	s.chapter("Night falls, and somebody is on the nodes")
	pve1, pve2, pve3 := s.cluster.Nodes[0], s.cluster.Nodes[1], s.cluster.Nodes[2]
	if _, err := s.on(ctx, pve1, `echo 'agent ALL=(root) NOPASSWD: /usr/sbin/qm set *' >>/etc/sudoers.d/agent`); err != nil {
		return err
	}
	if _, err := s.on(ctx, pve2, `echo 'agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/emergency`); err != nil {
		return err
	}
	if out, err := s.on(ctx, pve2, "runuser -u agent -- sudo -n id -un"); err != nil || strings.TrimSpace(out) != "root" {
		return fmt.Errorf("the emergency file should make agent root: %w", err)
	}
	if _, err := s.on(ctx, pve3, "rm /etc/sudoers.d/pvesec-audit-pvesec && systemctl stop pvesec-security-pvesec.service"); err != nil {
		return err
	}
	s.command("", "pveum acl modify / --users agent@pve --roles PVEAdmin   (by another administrator)")
	return s.cluster.API.GrantACL("/", "agent@pve", "PVEAdmin", true)
}

func (s *story) drift(ctx context.Context) error {
	s.chapter("The next plan says exactly what drifted")
	out, err := s.terraform(ctx, 2, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	s.seen("exit code 2: there is drift")
	return s.expect(out, map[string]string{
		"+ agent ALL=(root) NOPASSWD: /usr/sbin/qm set *":           "pve1's policy has a line that nobody applied",
		"agent is root on pve2 today":                               "agent is root on pve2",
		"/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL": "it comes from the emergency file, line 1",
		`"PVEAdmin"`:                           "PVE gives agent@pve the role PVEAdmin on everything",
		`"/etc/sudoers.d/pvesec-audit-pvesec"`: "pve3 no longer logs what agent runs",
		`"pvesec-security-pvesec.service"`:     "and its security log has stopped",
	})
}

func (s *story) mend(ctx context.Context) error {
	s.chapter("terraform apply mends it, on all nodes or on none")
	if _, err := s.terraform(ctx, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	if out, err := s.on(ctx, s.cluster.Nodes[1], "runuser -u agent -- sudo -n id -un 2>&1 || echo refused; ls -R /var/backups/pvesec"); err != nil || !strings.Contains(out, "refused") {
		return fmt.Errorf("agent should no longer be root: %w", err)
	}
	s.seen("agent is no longer root on pve2, and the emergency file is kept as a backup")
	if _, err := s.terraform(ctx, 0, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	s.seen("the plan is empty again (exit code 0)")
	return nil
}

func (s *story) destroy(ctx context.Context) error {
	s.chapter("terraform destroy leaves nothing behind")
	if _, err := s.terraform(ctx, 0, "destroy", "-auto-approve"); err != nil {
		return err
	}
	after, err := s.traces(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(after, s.before) {
		return fmt.Errorf("something was left behind:\nbefore\n%s\nafter\n%s", strings.Join(s.before, "\n"), strings.Join(after, "\n"))
	}
	s.seen("configuration directories of all nodes and PVE's user.cfg are byte for byte what they were before the first apply")
	s.say("  The logs stay, since they are evidence, and so do the backups in /var/backups/pvesec.")
	return nil
}
