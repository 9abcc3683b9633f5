package acctest

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAuditLoggingInAPlan: every attribute of audit logging is in the files that are planned.
func TestAuditLoggingInAPlan(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, userAPI(t, pvesim.Version91))
	plan := func(config map[string]any) string {
		answer, _, err := p.plan(t.Context(), p.absent("pvesec_audit_logging"), build(p.typeOf("pvesec_audit_logging"), config))
		if err != nil {
			t.Fatal(err)
		}
		state, err := answer.PlannedState.Unmarshal(p.typeOf("pvesec_audit_logging"))
		if err != nil {
			t.Fatal(err)
		}
		return canonical(t, state)
	}
	ca := harness.NewAuthority(t)
	certificate, key := ca.Issue("node.example.com")
	planned := plan(map[string]any{
		"name": "all", "subjects": []any{"agent"}, "purge_logs": true,
		"sudo_log":     map[string]any{"format": "json_compact"},
		"io_logs":      map[string]any{"input": true, "log_passwords": false, "password_prompts": []any{"PIN: ", "(?i)code.*: "}},
		"sub_commands": map[string]any{"log": false, "intercept": true, "method": "trace"},
		"sudo_syslog":  map[string]any{"facility": "auth", "accepted": "info", "refused": "crit"},
		"sudo_mail":    map[string]any{"to": "a@example.com", "from": "b@example.com", "events": []any{"every_use", "other_host"}},
		"audit_rules":  map[string]any{"areas": []any{"time", "root_commands"}, "paths": []any{"/srv"}, "backlog": 9000, "on_loss": "panic", "immutable": true},
		"forward_to":   map[string]any{"host": "192.0.2.1", "port": 10514, "ca_pem": ca.PEM, "certificate_pem": certificate, "private_key": key},
		"journald": map[string]any{"storage": "volatile", "compress": false, "seal": false, "max_use_mib": 1, "keep_free_mib": 2, "max_file_mib": 3, "max_age_days": 4,
			"rate_limit_seconds": 5, "rate_limit_messages": 6, "forward_to_syslog": true},
	})
	for _, want := range []string{
		"log_format=json_compact", "!log_passwords", `passprompt_regex=\"PIN: \"`, `passprompt_regex+=\"(?i)code.*: \"`, "!log_subcmds, intercept, intercept_type=trace",
		"syslog=auth, syslog_goodpri=info, syslog_badpri=crit", "mailto=a@example.com", "mailfrom=b@example.com", "mail_always", "mail_no_host", "!mail_badpass", "!mail_no_perms", "!mail_no_user", "!mail_all_cmnds",
		`-c\n-b 9000\n-f 2\n`, "-F auid=agent -F key=pvesec-root_commands", "-w /etc/localtime -p wa -k pvesec-time", `-w /srv -p wa -k pvesec-paths\n-e 2\n`,
		`url=https://192.0.2.1:10514\n`, `.ca.pem": "-----BEGIN CERTIFICATE-----\nMII`, `.cert.pem": "-----BEGIN CERTIFICATE-----\nMII`,
		`Storage=volatile\nCompress=no\nSeal=no\nSystemMaxUse=1M\nSystemKeepFree=2M\nSystemMaxFileSize=3M\nMaxRetentionSec=4day\nRateLimitIntervalSec=5s\nRateLimitBurst=6\nForwardToSyslog=yes\n`,
	} {
		if !strings.Contains(planned, want) {
			t.Errorf("no %s in the plan", want)
		}
	}
	if strings.Contains(planned, "pvesec-pve") || strings.Contains(planned, "pve-cluster") {
		t.Error("an area is planned that was left out")
	}
	if t.Failed() {
		t.Log(planned)
	}
}
