package provider

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

const (
	defaultSSHUser        = "root"
	defaultSSHPort        = 22
	defaultConnectTimeout = 15 * time.Second
)

// environment reads one variable. An empty variable counts as not set, as CI systems often define all of them.
func environment(name string) (string, bool) {
	value := os.Getenv(name)
	return value, value != ""
}

// settingsReader takes values from attributes first and from the environment second, and notes what is wrong at the
// attribute.
type settingsReader struct {
	env     func(string) (string, bool)
	diags   *diag.Diagnostics
	unknown []string
}

func readSettings(ctx context.Context, model providerModel, env func(string) (string, bool), diags *diag.Diagnostics) session.Settings {
	r := &settingsReader{env: env, diags: diags}
	var tls tlsModel
	var ssh sshModel
	r.object(ctx, model.TLS, path.Root("tls"), &tls)
	r.object(ctx, model.SSH, path.Root("ssh"), &ssh)

	s := session.Settings{
		PVE: proxmox.Config{
			Endpoint:          r.text(model.Endpoint, path.Root("endpoint"), "PVESEC_ENDPOINT", ""),
			APIToken:          r.text(model.APIToken, path.Root("api_token"), "PVESEC_API_TOKEN", ""),
			CAPEM:             []byte(r.text(tls.CAPEM, path.Root("tls").AtName("ca_pem"), "PVESEC_CA_PEM", "")),
			FingerprintSHA256: r.text(tls.FingerprintSHA256, path.Root("tls").AtName("fingerprint_sha256"), "PVESEC_TLS_FINGERPRINT", ""),
			Insecure:          r.flag(tls.Insecure, path.Root("tls").AtName("insecure"), "PVESEC_INSECURE"),
		},
		SSH: node.Config{
			User:           r.text(ssh.User, sshPath("user"), "PVESEC_SSH_USER", defaultSSHUser),
			PrivateKey:     []byte(r.text(ssh.PrivateKey, sshPath("private_key"), "PVESEC_SSH_PRIVATE_KEY", "")),
			Passphrase:     []byte(r.text(ssh.Passphrase, sshPath("passphrase"), "PVESEC_SSH_PASSPHRASE", "")),
			Certificate:    []byte(r.text(ssh.Certificate, sshPath("certificate"), "PVESEC_SSH_CERTIFICATE", "")),
			KnownHosts:     r.text(ssh.KnownHosts, sshPath("known_hosts"), "PVESEC_SSH_KNOWN_HOSTS", ""),
			Fingerprints:   r.fingerprints(ctx, ssh.HostKeyFingerprints),
			ConnectTimeout: r.duration(ssh.ConnectTimeout, sshPath("connect_timeout"), "PVESEC_SSH_CONNECT_TIMEOUT", defaultConnectTimeout),
			AgentSocket:    r.text(ssh.AgentSocket, sshPath("agent_socket"), "PVESEC_SSH_AGENT_SOCKET", ""),
			Password:       []byte(r.text(ssh.Password, sshPath("password"), "PVESEC_SSH_PASSWORD", "")),
			SudoPassword:   []byte(r.text(ssh.SudoPassword, sshPath("sudo_password"), "PVESEC_SUDO_PASSWORD", "")),
			JumpHosts:      r.jumpHosts(ctx, ssh.JumpHosts),
		},
		SSHPort: r.port(ssh.Port, sshPath("port"), "PVESEC_SSH_PORT", defaultSSHPort),
	}
	s.BreakGlassMax = r.duration(model.BreakGlassMax, path.Root("break_glass_max_duration"), "PVESEC_BREAK_GLASS_MAX_DURATION", session.DefaultBreakGlassMax)
	if s.BreakGlassMax > session.MostBreakGlass {
		r.diags.AddAttributeError(path.Root("break_glass_max_duration"), "Invalid duration", fmt.Sprintf("%s is too long for an emergency. Write %s or less.", s.BreakGlassMax, session.MostBreakGlass))
	}
	s.Nodes = r.nodes(ctx, model.Nodes, s.SSHPort)
	s.Unknown = r.unknown
	r.checkPairs(s)
	return s
}

func sshPath(name string) path.Path { return path.Root("ssh").AtName(name) }

// checkPairs reports values that need another value.
func (r *settingsReader) checkPairs(s session.Settings) {
	if r.diags.HasError() || len(r.unknown) > 0 {
		return
	}
	if s.PVE.Endpoint != "" && s.PVE.APIToken == "" {
		r.diags.AddAttributeError(path.Root("api_token"), "Missing API token",
			"The provider has an endpoint but no API token. Set api_token or the environment variable PVESEC_API_TOKEN to USER@REALM!TOKENID=SECRET.")
	}
	if s.PVE.Endpoint == "" && s.PVE.APIToken != "" {
		r.diags.AddAttributeError(path.Root("endpoint"), "Missing API endpoint",
			"The provider has an API token but no endpoint. Set endpoint or the environment variable PVESEC_ENDPOINT, for example to https://pve1.example.com:8006.")
	}
	if s.ReachesNodes() && s.SSH.KnownHosts == "" && len(s.SSH.Fingerprints) == 0 {
		r.diags.AddAttributeError(sshPath("known_hosts"), "Missing host keys",
			"The provider has a login on the nodes but no host keys, and pvesec never trusts an unknown host key. Set ssh.known_hosts or the environment "+
				"variable PVESEC_SSH_KNOWN_HOSTS to the lines that ssh-keyscan prints for the nodes (compare them with the nodes first), or set "+
				"ssh.host_key_fingerprints to the fingerprints.")
	}
}

func (r *settingsReader) object(ctx context.Context, value basetypes.ObjectValue, at path.Path, target any) {
	if value.IsUnknown() {
		r.unknown = append(r.unknown, at.String())
		return
	}
	if !value.IsNull() {
		r.diags.Append(value.As(ctx, target, basetypes.ObjectAsOptions{})...)
	}
}

// known reports whether an attribute is set. It notes attributes whose values Terraform does not know yet.
func (r *settingsReader) known(value attr.Value, at path.Path) (set, unknown bool) {
	if value.IsUnknown() {
		r.unknown = append(r.unknown, at.String())
		return false, true
	}
	return !value.IsNull(), false
}

func (r *settingsReader) text(value basetypes.StringValue, at path.Path, variable, fallback string) string {
	set, unknown := r.known(value, at)
	switch {
	case unknown:
		return ""
	case set && value.ValueString() == "":
		r.diags.AddAttributeError(at, "Invalid empty value", fmt.Sprintf("%s is an empty string. Set a value, or remove the attribute to use the environment variable %s.", at, variable))
		return ""
	case set:
		return value.ValueString()
	}
	if fromEnv, ok := r.env(variable); ok {
		return fromEnv
	}
	return fallback
}

func (r *settingsReader) flag(value basetypes.BoolValue, at path.Path, variable string) bool {
	set, unknown := r.known(value, at)
	if set || unknown {
		return value.ValueBool()
	}
	fromEnv, ok := r.env(variable)
	if !ok {
		return false
	}
	parsed, err := strconv.ParseBool(fromEnv)
	if err != nil {
		r.diags.AddAttributeError(at, "Invalid boolean", fmt.Sprintf("The environment variable %s is %q; set it to true or false.", variable, fromEnv))
	}
	return parsed
}

func (r *settingsReader) port(value values.Whole, at path.Path, variable string, fallback int) int {
	set, unknown := r.known(value, at)
	if unknown {
		return fallback
	}
	port := int64(fallback)
	if set {
		port = value.ValueInt64()
	} else if fromEnv, ok := r.env(variable); ok {
		parsed, err := strconv.ParseInt(fromEnv, 10, 32)
		if err != nil {
			r.diags.AddAttributeError(at, "Invalid port", fmt.Sprintf("The environment variable %s is %q; set it to a number from 1 to 65535.", variable, fromEnv))
			return fallback
		}
		port = parsed
	}
	if port < 1 || port > 65535 {
		r.diags.AddAttributeError(at, "Invalid port", fmt.Sprintf("%d is not a port. Set a number from 1 to 65535.", port))
		return fallback
	}
	return int(port)
}

func (r *settingsReader) duration(value basetypes.StringValue, at path.Path, variable string, fallback time.Duration) time.Duration {
	text := r.text(value, at, variable, "")
	if text == "" {
		return fallback
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed <= 0 {
		r.diags.AddAttributeError(at, "Invalid duration", fmt.Sprintf("%q is not a duration. Write a number and a unit, such as 15s or 1m.", text))
		return fallback
	}
	return parsed
}

func (r *settingsReader) fingerprints(ctx context.Context, value basetypes.MapValue) map[string][]string {
	at := sshPath("host_key_fingerprints")
	if set, _ := r.known(value, at); !set {
		return nil
	}
	var byNode map[string]basetypes.StringValue
	r.diags.Append(values.PresentInMap(value).ElementsAs(ctx, &byNode, false)...)
	fingerprints := map[string][]string{}
	for name, text := range byNode {
		if set, _ := r.known(text, at.AtMapKey(name)); set {
			fingerprints[name] = strings.Fields(text.ValueString())
		}
	}
	return fingerprints
}

func (r *settingsReader) jumpHosts(ctx context.Context, value basetypes.ListValue) []node.JumpHost {
	at := sshPath("jump_host")
	if set, _ := r.known(value, at); !set {
		return nil
	}
	var models []jumpHostModel
	r.diags.Append(values.PresentInList(value).ElementsAs(ctx, &models, false)...)
	hops := make([]node.JumpHost, 0, len(models))
	for i, model := range models {
		entry := at.AtListIndex(i)
		plain := func(value basetypes.StringValue, name string) string {
			if set, _ := r.known(value, entry.AtName(name)); set {
				return value.ValueString()
			}
			return ""
		}
		hop := node.JumpHost{
			Address: plain(model.Address, "address"), User: plain(model.User, "user"), Port: r.port(model.Port, entry.AtName("port"), "", defaultSSHPort),
			PrivateKey: []byte(plain(model.PrivateKey, "private_key")), Passphrase: []byte(plain(model.Passphrase, "passphrase")),
			Certificate: []byte(plain(model.Certificate, "certificate")), Password: []byte(plain(model.Password, "password")),
			KnownHosts: plain(model.KnownHosts, "known_hosts"),
		}
		if set, _ := r.known(model.HostKeyFingerprints, entry.AtName("host_key_fingerprints")); set {
			r.diags.Append(values.Present(model.HostKeyFingerprints).ElementsAs(ctx, &hop.Fingerprints, false)...)
		}
		hops = append(hops, hop)
	}
	return hops
}

func (r *settingsReader) nodes(ctx context.Context, value basetypes.ListValue, defaultPort int) []node.Target {
	at := path.Root("node")
	if set, _ := r.known(value, at); !set {
		return nil
	}
	var models []nodeModel
	r.diags.Append(value.ElementsAs(ctx, &models, false)...)
	targets := make([]node.Target, 0, len(models))
	seen := map[string]bool{}
	for i, model := range models {
		entry := at.AtListIndex(i)
		if _, unknown := r.known(model.Name, entry.AtName("name")); unknown {
			continue
		}
		name := model.Name.ValueString()
		if seen[name] {
			r.diags.AddAttributeError(entry.AtName("name"), "Invalid node blocks", fmt.Sprintf("Two node blocks have the name %q. Give each node one block.", name))
		}
		seen[name] = true
		target := node.Target{Name: name, Port: r.port(model.Port, entry.AtName("port"), "", defaultPort)}
		if set, unknown := r.known(model.Address, entry.AtName("address")); set {
			target.Address = model.Address.ValueString()
		} else if !unknown {
			r.diags.AddAttributeError(entry.AtName("address"), "Missing address", fmt.Sprintf("Set the host name or IP address of node %q.", name))
		}
		targets = append(targets, target)
	}
	sort.Slice(targets, func(i, j int) bool { return targets[i].Name < targets[j].Name })
	return targets
}
