package provider

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	tlsType = map[string]attr.Type{"ca_pem": types.StringType, "fingerprint_sha256": types.StringType, "insecure": types.BoolType}
	sshType = map[string]attr.Type{
		"user": types.StringType, "port": values.WholeType{}, "private_key": types.StringType, "passphrase": types.StringType, "certificate": types.StringType,
		"known_hosts": types.StringType, "host_key_fingerprints": types.MapType{ElemType: types.StringType}, "connect_timeout": types.StringType,
		"agent_socket": types.StringType, "password": types.StringType, "sudo_password": types.StringType, "jump_host": types.ListType{ElemType: jumpType},
	}
	jumpType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"address": types.StringType, "port": values.WholeType{}, "user": types.StringType, "private_key": types.StringType, "passphrase": types.StringType,
		"certificate": types.StringType, "password": types.StringType, "known_hosts": types.StringType, "host_key_fingerprints": types.SetType{ElemType: types.StringType},
	}}
	nodeType = types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "address": types.StringType, "port": values.WholeType{}}}
)

// emptyModel is a provider block in which nothing is set.
func emptyModel() providerModel {
	return providerModel{TLS: types.ObjectNull(tlsType), SSH: types.ObjectNull(sshType), Nodes: types.ListNull(nodeType)}
}

// sshBlock sets some attributes of ssh.
func sshBlock(set map[string]attr.Value) types.Object {
	values := map[string]attr.Value{
		"user": types.StringNull(), "port": values.NoWhole(), "private_key": types.StringNull(), "passphrase": types.StringNull(), "certificate": types.StringNull(),
		"known_hosts": types.StringNull(), "host_key_fingerprints": types.MapNull(types.StringType), "connect_timeout": types.StringNull(),
		"agent_socket": types.StringNull(), "password": types.StringNull(), "sudo_password": types.StringNull(), "jump_host": types.ListNull(jumpType),
	}
	for name, value := range set {
		values[name] = value
	}
	return types.ObjectValueMust(sshType, values)
}

func nodesBlock(address attr.Value, port attr.Value) types.List {
	return types.ListValueMust(nodeType, []attr.Value{types.ObjectValueMust(nodeType.AttrTypes, map[string]attr.Value{"name": types.StringValue("pve1"), "address": address, "port": port})})
}

// in makes an environment of a map; an empty value counts as not set, as in [environment].
func in(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value := variables[name]
		return value, value != ""
	}
}

func read(model providerModel, variables map[string]string) (session.Settings, diag.Diagnostics) {
	var diags diag.Diagnostics
	s := readSettings(context.Background(), model, in(variables), &diags)
	return s, diags
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	s, diags := read(emptyModel(), map[string]string{
		"PVESEC_ENDPOINT": "https://pve1:8006", "PVESEC_API_TOKEN": "root@pam!ci=x", "PVESEC_CA_PEM": "ca", "PVESEC_TLS_FINGERPRINT": "aa", "PVESEC_INSECURE": "true",
		"PVESEC_SSH_USER": "admin", "PVESEC_SSH_PORT": "2222", "PVESEC_SSH_PRIVATE_KEY": "key", "PVESEC_SSH_PASSPHRASE": "pass", "PVESEC_SSH_CERTIFICATE": "cert",
		"PVESEC_SSH_KNOWN_HOSTS": "hosts", "PVESEC_SSH_CONNECT_TIMEOUT": "3s",
		"PVESEC_SSH_AGENT_SOCKET": "/run/agent", "PVESEC_SSH_PASSWORD": "login", "PVESEC_SUDO_PASSWORD": "sudo",
		"PVESEC_BREAK_GLASS_MAX_DURATION": "2h",
	})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if s.BreakGlassMax != 2*time.Hour {
		t.Errorf("an emergency access may be open for %s", s.BreakGlassMax)
	}
	if s.PVE.Endpoint != "https://pve1:8006" || s.PVE.APIToken != "root@pam!ci=x" || string(s.PVE.CAPEM) != "ca" || s.PVE.FingerprintSHA256 != "aa" || !s.PVE.Insecure {
		t.Errorf("API settings %+v", s.PVE)
	}
	if s.SSH.User != "admin" || s.SSHPort != 2222 || string(s.SSH.PrivateKey) != "key" || string(s.SSH.Passphrase) != "pass" || string(s.SSH.Certificate) != "cert" ||
		string(s.SSH.Password) != "login" || string(s.SSH.SudoPassword) != "sudo" || s.SSH.AgentSocket != "/run/agent" || s.SSH.KnownHosts != "hosts" || s.SSH.ConnectTimeout.Seconds() != 3 {
		t.Errorf("SSH settings %+v", s.SSH)
	}
}

func TestAttributesWinOverTheEnvironment(t *testing.T) {
	t.Parallel()
	model := emptyModel()
	model.Endpoint = types.StringValue("https://attribute:8006")
	model.SSH = sshBlock(map[string]attr.Value{"port": values.WholeValue(2200), "host_key_fingerprints": types.MapValueMust(types.StringType, map[string]attr.Value{
		"pve1": types.StringValue("SHA256:a  SHA256:b"),
	})})
	model.Nodes = nodesBlock(types.StringValue("10.0.0.1"), values.NoWhole())
	s, diags := read(model, map[string]string{"PVESEC_ENDPOINT": "https://variable:8006", "PVESEC_API_TOKEN": "t", "PVESEC_SSH_PORT": "1"})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if s.PVE.Endpoint != "https://attribute:8006" || s.SSHPort != 2200 {
		t.Errorf("endpoint %s, port %d", s.PVE.Endpoint, s.SSHPort)
	}
	if len(s.Nodes) != 1 || s.Nodes[0].Name != "pve1" || s.Nodes[0].Address != "10.0.0.1" || s.Nodes[0].Port != 2200 {
		t.Errorf("nodes %v", s.Nodes)
	}
	if got := s.SSH.Fingerprints["pve1"]; len(got) != 2 {
		t.Errorf("fingerprints %v", got)
	}
	if s.SSH.User != defaultSSHUser || s.SSH.ConnectTimeout != defaultConnectTimeout {
		t.Errorf("defaults: user %q, timeout %s", s.SSH.User, s.SSH.ConnectTimeout)
	}
}

func TestJumpHostsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	hop := func(address string, port attr.Value) attr.Value {
		values := map[string]attr.Value{"address": types.StringValue(address), "port": port, "host_key_fingerprints": types.SetValueMust(types.StringType, []attr.Value{types.StringValue("SHA256:a")})}
		for name := range jumpType.AttrTypes {
			if values[name] == nil {
				values[name] = types.StringNull()
			}
		}
		values["user"] = types.StringValue("jumper")
		return types.ObjectValueMust(jumpType.AttrTypes, values)
	}
	model := emptyModel()
	model.SSH = sshBlock(map[string]attr.Value{"jump_host": types.ListValueMust(jumpType, []attr.Value{hop("b", values.NoWhole()), hop("a", values.WholeValue(2200))})})
	s, diags := read(model, nil)
	if diags.HasError() || len(s.SSH.JumpHosts) != 2 {
		t.Fatalf("%v %v", s.SSH.JumpHosts, diags)
	}
	first, second := s.SSH.JumpHosts[0], s.SSH.JumpHosts[1]
	if first.Address != "b" || first.Port != 22 || first.User != "jumper" || len(first.Fingerprints) != 1 || second.Address != "a" || second.Port != 2200 {
		t.Errorf("jump hosts %+v", s.SSH.JumpHosts)
	}
	at := session.SSHFieldPath("jump_host.1.private_key").String()
	if at != "ssh.jump_host[1].private_key" {
		t.Errorf("a fault of a jump host is reported at %s", at)
	}
}

// Each mistake is reported at the attribute to change, and says which variable or attribute to set.
func TestWrongSettingsAreReportedAtTheAttribute(t *testing.T) {
	t.Parallel()
	with := func(change func(*providerModel)) providerModel {
		model := emptyModel()
		change(&model)
		return model
	}
	for name, c := range map[string]struct {
		model     providerModel
		variables map[string]string
		at, says  string
	}{
		"token missing":     {emptyModel(), map[string]string{"PVESEC_ENDPOINT": "https://x:8006"}, "api_token", "PVESEC_API_TOKEN"},
		"endpoint missing":  {emptyModel(), map[string]string{"PVESEC_API_TOKEN": "x"}, "endpoint", "PVESEC_ENDPOINT"},
		"host keys missing": {emptyModel(), map[string]string{"PVESEC_SSH_PRIVATE_KEY": "x"}, "ssh.known_hosts", "PVESEC_SSH_KNOWN_HOSTS"},
		"port no number":    {emptyModel(), map[string]string{"PVESEC_SSH_PORT": "ssh"}, "ssh.port", "PVESEC_SSH_PORT"},
		"port out of range": {with(func(m *providerModel) { m.SSH = sshBlock(map[string]attr.Value{"port": values.WholeValue(70000)}) }), nil, "ssh.port", "65535"},
		"no boolean":        {emptyModel(), map[string]string{"PVESEC_INSECURE": "maybe"}, "tls.insecure", "PVESEC_INSECURE"},
		"no duration":       {emptyModel(), map[string]string{"PVESEC_SSH_CONNECT_TIMEOUT": "soon"}, "ssh.connect_timeout", "15s"},
		"empty value":       {with(func(m *providerModel) { m.Endpoint = types.StringValue("") }), nil, "endpoint", "PVESEC_ENDPOINT"},
		"a node twice": {with(func(m *providerModel) {
			one := nodesBlock(types.StringValue("192.0.2.1"), values.NoWhole()).Elements()[0]
			m.Nodes = types.ListValueMust(nodeType, []attr.Value{one, one})
		}), nil, "node[1].name", "pve1"},
		"no address": {with(func(m *providerModel) { m.Nodes = nodesBlock(types.StringNull(), values.NoWhole()) }), nil, "node[0].address", "pve1"},
	} {
		_, diags := read(c.model, c.variables)
		if len(diags) != 1 {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		found, ok := diags[0].(diag.DiagnosticWithPath)
		if !ok || found.Path().String() != c.at || !strings.Contains(found.Detail(), c.says) {
			t.Errorf("%s: %v", name, diags[0])
		}
	}
}

func TestUnknownSettingsAreTolerated(t *testing.T) {
	t.Parallel()
	model := emptyModel()
	model.APIToken = types.StringUnknown()
	model.SSH = types.ObjectUnknown(sshType)
	model.Nodes = nodesBlock(types.StringUnknown(), values.Whole{Int64Value: types.Int64Unknown()})
	s, diags := read(model, map[string]string{"PVESEC_ENDPOINT": "https://x:8006"})
	if diags.HasError() || len(s.Unknown) != 4 {
		t.Fatalf("unknown %v, %v", s.Unknown, diags)
	}
	c, problems := session.NewClients(s, "test")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := c.PVE(); !errors.Is(err, session.ErrUnknownSettings) {
		t.Errorf("PVE: %v", err)
	}
	if _, err := c.Targets(t.Context(), nil); !errors.Is(err, session.ErrUnknownSettings) {
		t.Errorf("Targets: %v", err)
	}
}

func TestMissingSettingsSayWhatToSet(t *testing.T) {
	t.Parallel()
	s, diags := read(emptyModel(), nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	c, problems := session.NewClients(s, "test")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for variable, ask := range map[string]func() error{
		"PVESEC_API_TOKEN":       func() error { _, err := c.PVE(); return err },
		"PVESEC_SSH_PRIVATE_KEY": func() error { _, err := c.Nodes(); return err },
		"endpoint":               func() error { _, err := c.Targets(t.Context(), nil); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s is not named: %v", variable, err)
		}
	}
}

func TestUnusableCredentialsAreReportedAtTheAttribute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variables map[string]string
		at        string
	}{
		"endpoint":    {map[string]string{"PVESEC_ENDPOINT": "ftp://x", "PVESEC_API_TOKEN": "root@pam!ci=x"}, "endpoint"},
		"token":       {map[string]string{"PVESEC_ENDPOINT": "https://x:8006", "PVESEC_API_TOKEN": "hunter2"}, "api_token"},
		"ca":          {map[string]string{"PVESEC_ENDPOINT": "https://x:8006", "PVESEC_API_TOKEN": "root@pam!ci=hunter2", "PVESEC_CA_PEM": "no pem"}, "tls.ca_pem"},
		"private key": {map[string]string{"PVESEC_SSH_PRIVATE_KEY": "hunter2", "PVESEC_SSH_KNOWN_HOSTS": "pve1 ssh-ed25519 AAAA"}, "ssh.private_key"},
	} {
		s, diags := read(emptyModel(), c.variables)
		if diags.HasError() {
			t.Fatal(diags)
		}
		_, problems := session.NewClients(s, "test")
		if len(problems) != 1 || problems[0].Path.String() != c.at || strings.Contains(problems[0].Detail, "hunter2") {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}

// TestBreakGlassMaxIsBounded: what lasts longer than a month is no emergency, and without a setting it is a shift.
func TestBreakGlassMaxIsBounded(t *testing.T) {
	t.Parallel()
	if s, diags := read(emptyModel(), nil); diags.HasError() || s.BreakGlassMax != 8*time.Hour {
		t.Errorf("without a setting: %s, %v", s.BreakGlassMax, diags)
	}
	unknown := emptyModel()
	unknown.BreakGlassMax = types.StringUnknown()
	s, diags := read(unknown, nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	// A limit that Terraform does not know yet refuses nothing.
	if clients, _ := session.NewClients(s, "test"); clients.BreakGlassMax() != session.MostBreakGlass {
		t.Errorf("with a limit that is not known yet: %s", clients.BreakGlassMax())
	}
	for _, text := range []string{"721h", "-1h", "0", "a day"} {
		if _, diags := read(emptyModel(), map[string]string{"PVESEC_BREAK_GLASS_MAX_DURATION": text}); !diags.HasError() {
			t.Errorf("%s is accepted", text)
		}
	}
}
