package hardening

import "testing"

// TestExclusiveKnowsAuditLogging: what audit logging writes stays, in every shape, and what somebody wrote under its header goes.
func TestExclusiveKnowsAuditLogging(t *testing.T) {
	t.Parallel()
	for name, audit := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, writes := audit.Render()[audit.DropInPath()]
			if !writes {
				return
			}
			exclusiveCase{files: map[string]string{audit.fileName(): text}, kept: []string{audit.DropInPath() + ` (pvesec_audit_logging "` + audit.Name + `")`}}.check(t)
		})
	}
	const file, head = "pvesec-audit-evil", "# Managed by Terraform: pvesec_audit_logging \"evil\".\nDefaults use_pty\n"
	for _, line := range []string{
		"Defaults !env_reset, setenv, !authenticate", "Defaults env_keep+=LD_PRELOAD", "Defaults secure_path=/home/mallory", "Defaults !use_pty", "Defaults !log_allowed", "Defaults syslog_goodpri=none",
		"Defaults logfile=/etc/cron.d/x", "Defaults iolog_dir=/var/log/../../etc", "Defaults iolog_file=x", "Defaults !syslog",
		"Defaults!/bin/bash !log_output", "Defaults>root !log_output", "Defaults@pve1 !log_output",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			exclusiveCase{
				files: map[string]string{file: head + line + "\n"}, foreign: []string{"/etc/sudoers.d/" + file + ":3: " + canonicalLine(line)}, kept: []string{"/etc/sudoers.d/" + file + ` (pvesec_audit_logging "evil")`},
				left: map[string]string{file: head},
			}.check(t)
		})
	}
}
