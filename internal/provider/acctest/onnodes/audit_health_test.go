package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// refusals has sudo, sshd and Proxmox VE refuse something to agent, and a user send records that look the same.
const refusals = `
printf 'Defaults:agent !authenticate\n' >/etc/sudoers.d/count; chmod 0440 /etc/sudoers.d/count
runuser -u agent -- sudo -n /usr/bin/ls 2>/dev/null || true
rm /etc/sudoers.d/count
printf 'agent ALL=(root) /usr/bin/id\n' >/etc/sudoers.d/count; chmod 0440 /etc/sudoers.d/count
printf 'no\nno\nno\n' | runuser -u agent -- sudo -S -p '' /usr/bin/id 2>/dev/null || true
rm /etc/sudoers.d/count
ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$(sshd -T | sed -n 's/^port //p')" agent@127.0.0.1 true 2>/dev/null || true
systemd-run --quiet --wait --unit=pvedaemon.service sh -c 'echo "authentication failure; rhost=::ffff:10.0.0.1 user=agent@pam msg=Authentication failure"; sleep 1'
for i in 1 2 3; do
	runuser -u agent -- logger -t sshd -p auth.info 'Failed password for agent from 10.0.0.1 port 4711 ssh2'
	runuser -u agent -- logger -t sudo -p authpriv.notice 'agent : command not allowed ; PWD=/ ; USER=root ; COMMAND=/usr/bin/ls'
	runuser -u agent -- logger -t pvedaemon -p daemon.info 'authentication failure; rhost=::ffff:10.0.0.1 user=agent@pam msg=no'
done`

// TestAuditHealth: a check block sees that the trail is written and what was refused, and that it is no longer written.
func TestAuditHealth(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "pve2", Suite: lab.Trixie}}})
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+config(c)+example(t, filepath.Join(harness.Examples, "data-sources", "pvesec_audit_health", "data-source.tf"))+`
data "pvesec_audit_health" "now" { depends_on = [pvesec_audit_logging.agent] }
output "counts" {
  value = [for name in ["pve1", "pve2"] : "${name}: ${data.pvesec_audit_health.now.health[name].denials["agent"]} ${data.pvesec_audit_health.now.health[name].failures["agent"]}"]
}
output "all" { value = "${data.pvesec_audit_health.now.denials["agent"]} ${data.pvesec_audit_health.now.failures["agent"]}" }
output "figures" {
  value = [for h in values(data.pvesec_audit_health.now.health) : h.healthy && h.recordings > 0 && h.recordings_kib > 0 && h.last_event_age_seconds < 3600 && h.last_security_event_age_seconds < 3600 && h.free_percent > 5 && h.journal_since != null]
}
`)
	first := w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		shell(t, node, refusals)
	}
	said := first + w.Terraform("apply", "-auto-approve", "-no-color")
	if strings.Contains(said, "Check block assertion failed") {
		t.Errorf("a healthy trail fails the check:\n%s", said)
	}
	for name, want := range map[string]string{"counts": `["pve1: 1 3","pve2: 1 3"]`, "all": `"2 6"`, "figures": `[true,true]`} {
		if got := strings.TrimSpace(w.Terraform("output", "-json", name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	shell(t, c.Nodes[1], "systemctl stop pvesec-security-pvesec.service")
	// With depends_on Terraform reads a data source in the apply where the resource has drifted, and the check is
	// unknown in the plan.
	main, err := os.ReadFile(filepath.Join(w.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w.Write("main.tf", strings.ReplaceAll(string(main), "depends_on = [pvesec_audit_logging.agent]", ""))
	if said := w.Terraform("plan", "-no-color"); !strings.Contains(said, "Check block assertion failed") ||
		!strings.Contains(strings.Join(strings.Fields(said), " "), "pve2: pvesec-security-pvesec.service is inactive: nothing is written to /var/log/pvesec-security.log") {
		t.Errorf("the check does not tell that the collector is stopped:\n%s", said)
	}
	probeAsAction(t, c)
}

// probeAsAction runs action pvesec_probe_audit, as Terraform 1.14 does, on nodes of which the second has no collector.
func probeAsAction(t *testing.T, c *lab.Cluster) {
	t.Helper()
	server := provider.Server("test")
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	settings := given(t, schemas.Provider.ValueType(), map[string]any{
		"endpoint": c.API.URL(), "api_token": c.API.RootToken(), "tls": map[string]any{"ca_pem": c.API.CAPEM()},
		"ssh": map[string]any{"user": "root", "port": lab.SSHPort, "private_key": string(c.SSHKeyPEM), "known_hosts": c.KnownHosts()},
	})
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: settings})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatal(err, configured)
	}
	actions, can := server.(tfprotov6.ProviderServerWithActions) //nolint:staticcheck // what a server can do is asked by this until it moves
	if !can {
		t.Fatal("the server has no actions")
	}
	invoke := func(config map[string]any) string {
		t.Helper()
		stream, err := actions.InvokeAction(t.Context(), &tfprotov6.InvokeActionRequest{ActionType: "pvesec_probe_audit", Config: given(t, schemas.ActionSchemas["pvesec_probe_audit"].Schema.ValueType(), config)})
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		for event := range stream.Events {
			switch event := event.Type.(type) {
			case tfprotov6.ProgressInvokeActionEventType:
				fmt.Fprintln(&said, event.Message)
			case tfprotov6.CompletedInvokeActionEventType:
				for _, d := range event.Diagnostics {
					fmt.Fprintf(&said, "%s: %s: %s\n", d.Severity, d.Summary, d.Detail)
				}
			}
		}
		return said.String()
	}
	if said := invoke(map[string]any{"nodes": []any{"pve1"}}); strings.Contains(said, "ERROR") || !strings.Contains(said, "pve1: found the recording of agent in /var/log/sudo-io/agent") {
		t.Errorf("the probe of pve1 says\n%s", said)
	}
	if said := invoke(nil); !strings.Contains(said, `ERROR: Records of audit logging "pvesec" do not arrive on pve2: `) || !strings.Contains(said, "pvesec-security-pvesec.service did not write it to /var/log/pvesec-security.log") {
		t.Errorf("the probe of both says\n%s", said)
	}
	if said := invoke(map[string]any{"name": "other", "nodes": []any{"pve1"}}); !strings.Contains(said, `There is no audit logging "other"`) {
		t.Errorf("the probe of what is not there says\n%s", said)
	}
}

// given encodes a value of an object; what is not given is null.
func given(t *testing.T, typ tftypes.Type, fields map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	var complete func(typ tftypes.Type, value any) any
	complete = func(typ tftypes.Type, value any) any {
		object, is := typ.(tftypes.Object)
		if inner, nested := value.(map[string]any); is && nested {
			all := map[string]any{}
			for name, attribute := range object.AttributeTypes {
				all[name] = complete(attribute, inner[name])
			}
			return all
		}
		if list, is := typ.(tftypes.List); is && value == nil {
			if _, blocks := list.ElementType.(tftypes.Object); blocks {
				return []any{}
			}
		}
		return value
	}
	if fields == nil {
		fields = map[string]any{}
	}
	encoded, err := msgpack.Marshal(complete(typ, fields))
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{MsgPack: encoded}
}
