package acctest

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

func TestAuditLoggingBadInput(t *testing.T) {
	t.Parallel()
	server := api(t, "9.1")
	provider := apiConfig(server, server.RootToken())
	ca := harness.NewAuthority(t)
	certificate, _ := ca.Issue("node.example.com")
	_, otherKey := ca.Issue("other.example.com")
	var steps []resource.TestStep
	for _, bad := range []struct{ attributes, message string }{
		{`io_logs { directory = "/etc/logs" }`, "under /var/log"},
		{`io_logs { directory = "/var/log/../../etc" }`, "under /var/log"},
		{`io_logs { output = false }`, "Invalid I/O logs"},
		{`sudo_log { mode = "0666" }`, "mode for a log"},
		{"sudo_log { enabled = false }\n  io_logs { enabled = false }\n  security_log { enabled = false }", "Nothing is logged"},
		{`rotation { frequency = "hourly" }`, "frequency"},
		{`sudo_syslog { facility = "local3" }`, "the security log would lose sudo's messages"},
		{`io_logs { password_prompts = ["PIN: "] }`, "nothing is left out"},
		{"io_logs {\n  input = true\n  password_prompts = [\"(\"]\n  }", "extended regular expression"},
		{`sudo_mail { to = "a@example.com, b@example.com" }`, "mail address"},
		{`audit_rules { paths = ["/srv -p r"] }`, "clean absolute path"},
		{`audit_rules { on_loss = "stop" }`, "on_loss"},
		{`audit_rules { immutable = true }`, "before a node mounts /etc/pve"},
		{`forward_to { host = "logs.example.com" }`, "Missing collector"},
		{`forward_to { host = "logs example.com" }`, "is no host"},
		{`forward_to { ca_pem = "nonsense" }`, "it is not in PEM"},
		{fmt.Sprintf("forward_to {\n host = \"logs.example.com\"\n ca_pem = %q\n certificate_pem = %q\n private_key = %q\n}", ca.PEM, certificate, otherKey), "not the private key of the certificate"},
		{`journald { rate_limit_messages = 10 }`, "rate_limit_seconds"},
	} {
		steps = append(steps, resource.TestStep{Config: provider + harness.AuditConfig(bad.attributes), ExpectError: harness.Matches(bad.message)})
	}
	harness.Run(t, append(steps, resource.TestStep{Config: provider})...)
}
