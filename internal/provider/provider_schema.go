package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// providerModel is the provider block.
type providerModel struct {
	Endpoint types.String `tfsdk:"endpoint"`
	APIToken types.String `tfsdk:"api_token"`
	TLS      types.Object `tfsdk:"tls"`
	SSH      types.Object `tfsdk:"ssh"`
	Nodes    types.List   `tfsdk:"node"`

	BreakGlassMax types.String `tfsdk:"break_glass_max_duration"`
}

type tlsModel struct {
	CAPEM             types.String `tfsdk:"ca_pem"`
	FingerprintSHA256 types.String `tfsdk:"fingerprint_sha256"`
	Insecure          types.Bool   `tfsdk:"insecure"`
}

type sshModel struct {
	User                types.String `tfsdk:"user"`
	Port                values.Whole `tfsdk:"port"`
	PrivateKey          types.String `tfsdk:"private_key"`
	Passphrase          types.String `tfsdk:"passphrase"`
	Certificate         types.String `tfsdk:"certificate"`
	KnownHosts          types.String `tfsdk:"known_hosts"`
	HostKeyFingerprints types.Map    `tfsdk:"host_key_fingerprints"`
	ConnectTimeout      types.String `tfsdk:"connect_timeout"`
	AgentSocket         types.String `tfsdk:"agent_socket"`
	Password            types.String `tfsdk:"password"`
	SudoPassword        types.String `tfsdk:"sudo_password"`
	JumpHosts           types.List   `tfsdk:"jump_host"`
}

type jumpHostModel struct {
	Address             types.String `tfsdk:"address"`
	Port                values.Whole `tfsdk:"port"`
	User                types.String `tfsdk:"user"`
	PrivateKey          types.String `tfsdk:"private_key"`
	Passphrase          types.String `tfsdk:"passphrase"`
	Certificate         types.String `tfsdk:"certificate"`
	Password            types.String `tfsdk:"password"`
	KnownHosts          types.String `tfsdk:"known_hosts"`
	HostKeyFingerprints types.Set    `tfsdk:"host_key_fingerprints"`
}

type nodeModel struct {
	Name    types.String `tfsdk:"name"`
	Address types.String `tfsdk:"address"`
	Port    values.Whole `tfsdk:"port"`
}

func jumpHostObject() schema.NestedBlockObject {
	return schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
		"address": schema.StringAttribute{
			MarkdownDescription: "Host name or IP address, as seen from the hop before.",
			Required:            true,
		},
		"port": schema.Int64Attribute{
			CustomType:          values.WholeType{},
			MarkdownDescription: "Port of its sshd, 22 by default.",
			Optional:            true,
		},
		"user": schema.StringAttribute{
			MarkdownDescription: "User to log in as, `ssh.user` by default.",
			Optional:            true,
		},
		"private_key": schema.StringAttribute{
			MarkdownDescription: "Private key for this jump host. Defaults to `ssh.private_key`.",
			Optional:            true,
			Sensitive:           true,
		},
		"passphrase": schema.StringAttribute{
			MarkdownDescription: "Passphrase of this private key.",
			Optional:            true,
			Sensitive:           true,
		},
		"certificate": schema.StringAttribute{
			MarkdownDescription: "SSH user certificate that belongs to this private key.",
			Optional:            true,
		},
		"password": schema.StringAttribute{
			MarkdownDescription: "Password for this jump host, instead of a key.",
			Optional:            true,
			Sensitive:           true,
		},
		"known_hosts": schema.StringAttribute{
			MarkdownDescription: "Host keys of this jump host as lines of a `known_hosts` file; those of `ssh.known_hosts` by default.",
			Optional:            true,
		},
		"host_key_fingerprints": schema.SetAttribute{
			MarkdownDescription: "Fingerprints of its host keys, `SHA256:…` as `ssh-keygen -l` prints them.",
			ElementType:         types.StringType,
			Optional:            true,
		},
	}}
}

func (p *pvesecProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Hardens Proxmox VE: restricted users and API tokens through the PVE API, validated sudoers policies and audit " +
			"logging on the nodes over SSH, with drift shown in the plan.\n\nEvery credential is a value, from an attribute or an environment " +
			"variable; an attribute wins. Nothing is read from the home directory, `~/.ssh/config` included, and no agent is asked unless " +
			"`ssh.agent_socket` names one, so that a remote runner needs nothing but variables. The provider connects when a resource first needs it, never while it is being configured.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				MarkdownDescription: "Address of the PVE API of any node, such as `https://pve1.example.com:8006`. Environment: `PVESEC_ENDPOINT`.",
				Optional:            true,
			},
			"api_token": schema.StringAttribute{
				MarkdownDescription: "API token as `USER@REALM!TOKENID=SECRET`. Managing users, roles, ACL entries and tokens needs " +
					"`Sys.Audit` and `Sys.Modify` on `/access`, `User.Modify` on `/access/groups`, `Realm.AllocateUser` on the realm and " +
					"`Permissions.Modify` on every granted path; together this is as powerful as root@pam, so keep this token where you keep root's " +
					"password. Environment: `PVESEC_API_TOKEN`.",
				Optional:  true,
				Sensitive: true,
			},
			"break_glass_max_duration": schema.StringAttribute{
				MarkdownDescription: "Longest time that an emergency access (`pvesec_break_glass`) may be open, such as `2h`; `8h` by default, `720h` at most. Environment: `PVESEC_BREAK_GLASS_MAX_DURATION`.",
				Optional:            true,
			},
		},
		Blocks: map[string]schema.Block{
			"tls": schema.SingleNestedBlock{
				MarkdownDescription: "How the API's certificate is verified. Without it, the runner's trusted certification authorities are used.",
				Attributes: map[string]schema.Attribute{
					"ca_pem": schema.StringAttribute{
						MarkdownDescription: "Certificates in PEM of the authorities to trust instead, for example a node's `/etc/pve/pve-root-ca.pem`. " +
							"Environment: `PVESEC_CA_PEM`.",
						Optional: true,
					},
					"fingerprint_sha256": schema.StringAttribute{
						MarkdownDescription: "SHA-256 fingerprint of the API's own certificate, in hexadecimal with or without colons, as PVE shows it " +
							"under *Certificates*. The certificate is then accepted for this fingerprint alone. Environment: `PVESEC_TLS_FINGERPRINT`.",
						Optional: true,
					},
					"insecure": schema.BoolAttribute{
						MarkdownDescription: "Accept any certificate. Everyone who can answer for the endpoint then receives the API token. Environment:  " +
							"`PVESEC_INSECURE` (`true` or `false`).",
						Optional: true,
					},
				},
			},
			"ssh": schema.SingleNestedBlock{
				MarkdownDescription: "How the nodes are reached. Host keys are always verified, by `known_hosts` or `host_key_fingerprints`.",
				Attributes: map[string]schema.Attribute{
					"user": schema.StringAttribute{
						MarkdownDescription: "User to log in as, `root` by default. Another user works through sudo and must be allowed to run `/bin/sh -s` as root, " +
							"without a password or with `sudo_password`. Environment: `PVESEC_SSH_USER`.",
						Optional: true,
					},
					"port": schema.Int64Attribute{
						CustomType:          values.WholeType{},
						MarkdownDescription: "Port of sshd where `node` does not say otherwise, 22 by default. Environment: `PVESEC_SSH_PORT`.",
						Optional:            true,
					},
					"private_key": schema.StringAttribute{
						MarkdownDescription: "The private key itself, not a path: PEM or OpenSSH format, or base64 of it. Environment: `PVESEC_SSH_PRIVATE_KEY`.",
						Optional:            true,
						Sensitive:           true,
					},
					"passphrase": schema.StringAttribute{
						MarkdownDescription: "Passphrase of an encrypted private key. Environment: `PVESEC_SSH_PASSPHRASE`.",
						Optional:            true,
						Sensitive:           true,
					},
					"certificate": schema.StringAttribute{
						MarkdownDescription: "SSH user certificate that belongs to the private key, as in `id_ed25519-cert.pub`. Environment: `PVESEC_SSH_CERTIFICATE`.",
						Optional:            true,
					},
					"known_hosts": schema.StringAttribute{
						MarkdownDescription: "Host keys of the nodes as lines of a `known_hosts` file, hashed names, `@cert-authority` and `@revoked` " +
							"included. `ssh-keyscan` prints such lines; compare them with what the nodes themselves say. Environment: `PVESEC_SSH_KNOWN_HOSTS`.",
						Optional: true,
					},
					"host_key_fingerprints": schema.MapAttribute{
						MarkdownDescription: "Fingerprints of the host keys by node name, `SHA256:…` as `ssh-keygen -l` prints them, several separated by " +
							"spaces; the name `*` holds for every node. A node without an entry is looked up in `known_hosts`.",
						ElementType: types.StringType,
						Optional:    true,
					},
					"agent_socket": schema.StringAttribute{
						MarkdownDescription: "Path of an SSH agent's socket, for example what `SSH_AUTH_SOCK` says on a workstation. Its keys are offered to the nodes " +
							"and jump hosts, after `private_key` where that is set too. Without this attribute no agent is asked. Environment: `PVESEC_SSH_AGENT_SOCKET`.",
						Optional: true,
					},
					"password": schema.StringAttribute{
						MarkdownDescription: "Password to log in with where sshd takes nothing else. It excludes `private_key` and `agent_socket`, so that a password is " +
							"never what a refused key falls back to. Environment: `PVESEC_SSH_PASSWORD`.",
						Optional:  true,
						Sensitive: true,
					},
					"sudo_password": schema.StringAttribute{
						MarkdownDescription: "Password that sudo on the nodes asks `user` for. It travels over standard input and only when sudo asks; it is never in a " +
							"process list, a log or the state. Environment: `PVESEC_SUDO_PASSWORD`.",
						Optional:  true,
						Sensitive: true,
					},
					"connect_timeout": schema.StringAttribute{
						MarkdownDescription: "Longest time to reach a node and log in, such as `15s`, which is the default. Environment: `PVESEC_SSH_CONNECT_TIMEOUT`.",
						Optional:            true,
					},
				},
				Blocks: map[string]schema.Block{
					"jump_host": schema.ListNestedBlock{
						MarkdownDescription: "SSH server to pass on the way to every node, in this order, as `ssh -J` does. All nodes share one connection to each. The " +
							"addresses of the nodes are looked up on the last one. A jump host needs `AllowTcpForwarding` and nothing else; it sees no secret of the nodes, " +
							"since each connection is encrypted up to its end and each host key is verified here.",
						NestedObject: jumpHostObject(),
					},
				},
			},
			"node": schema.ListNestedBlock{
				MarkdownDescription: "A node. Without any, the nodes are those that the cluster's API names, at the addresses that it gives.",
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"name": schema.StringAttribute{
							MarkdownDescription: "Name of the node, as PVE and the resources call it.",
							Required:            true,
							Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
						},
						"address": schema.StringAttribute{
							MarkdownDescription: "Host name or IP address at which the runner reaches the node's sshd.",
							Required:            true,
						},
						"port": schema.Int64Attribute{
							CustomType:          values.WholeType{},
							MarkdownDescription: "Port of the node's sshd, the one under `ssh` by default.",
							Optional:            true,
						},
					},
				},
			},
		},
	}
}
