package nodeaccount

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// What group_membership and key_membership may say.
const (
	exclusive = "exclusive"
	additive  = "additive"
)

const defaultShell = "/bin/bash"

func (r *nodeAccountResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The Linux account behind an operator or an agent, on every node or on none: who it is, its groups, and the SSH keys that let it in.\n\n" +
			"An apply creates, changes and removes the account with the nodes' own tools (`useradd`, `usermod`, `userdel`, `chage`, `chpasswd`), on every node or on none. The password is locked unless you set `password_hash`. " +
			"pvesec always refuses root, system accounts (user ids below 1000, and 65534) and accounts of a directory service. It takes over an account that exists already only with `adopt = true` or by an import. " +
			"It does not touch subordinate user and group ids.\n\n" +
			"The user controls the home, so a process with the user's ids and no other power reads and writes the key file there: no link, fifo or mode that the user puts there makes root follow it. " +
			"A destroy removes the account that the resource created, by its user id. It leaves a node alone that it never reached, or on which another account has the name now, and a warning names these nodes. " +
			"The home stays unless `remove_home` is true, and the user's processes run on unless `end_sessions` is true.",
		Attributes: session.PlacedAttributes(map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Login name: a lower-case letter or `_` first, then lower-case letters, digits, `_` and `-`. Changing it creates another account.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a login name", node.CheckAccountName)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"uid": schema.Int64Attribute{
				CustomType: values.WholeType{},
				MarkdownDescription: "User id, 1000 or more. By default each node chooses one, and nodes may choose different ones. A change gives the files in the home to the new id; files elsewhere keep the old one. " +
					"An apply refuses to change the id of an existing account without `end_sessions = true`.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.Between(1000, 4294967293), int64validator.NoneOf(65534, 65535)},
			},
			"comment": schema.StringAttribute{
				MarkdownDescription: "What the account is for: the comment field of `passwd(5)`. Empty by default.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(""),
				Validators:          []validator.String{values.CheckedBy("be one line without a colon", checkComment), stringvalidator.LengthAtMost(200)},
			},
			"home": schema.StringAttribute{
				MarkdownDescription: "Home directory, `/home/<name>` by default. A node that has none creates it with mode 0700. A change does not move the files of the old one, and an apply refuses it without `end_sessions = true`. " +
					"Directories of the system, such as `/etc` and `/tmp`, and a home that belongs to another account are refused.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.String{values.CheckedBy("be a directory of its own", hardening.CheckAccountHome)},
			},
			"shell": schema.StringAttribute{
				MarkdownDescription: "Login shell, `" + defaultShell + "` by default. `/usr/sbin/nologin` lets nobody log in with a terminal; a key can forward ports all the same, unless it has `restrict`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(defaultShell),
				Validators:          []validator.String{values.CheckedBy("be a clean absolute path", checkPath)},
			},
			"groups": schema.SetAttribute{
				MarkdownDescription: "Groups beside the account's own; they must be on the nodes. A group that leads to root or past the logs is a finding.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{})),
				Validators:          []validator.Set{setvalidator.ValueStringsAre(values.CheckedBy("be the name of a group", checkGroup))},
			},
			"group_membership": schema.StringAttribute{
				MarkdownDescription: "`exclusive`, the default: the account is in `groups` and in no other; another membership is drift. `additive`: it is in `groups` at least; `problems` then shows a powerful group that a node adds, " +
					"and `adopt` refuses to take over an account with one. With both, the primary group is the account's own.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(exclusive),
				Validators: []validator.String{stringvalidator.OneOf(exclusive, additive)},
			},
			"key_membership": schema.StringAttribute{
				MarkdownDescription: "`exclusive`, the default: only the keys of the `authorized_key` blocks let the user in; another key is drift, also in `authorized_keys2`. `additive`: other keys and comments of the file stay. " +
					"With both, an apply removes a key whose block is gone, by its fingerprint, even if the user changed the line.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(exclusive),
				Validators: []validator.String{stringvalidator.OneOf(exclusive, additive)},
			},
			"expires": schema.StringAttribute{
				MarkdownDescription: "Date from which nobody can log in with the account by any way, such as `2027-01-31`. Without it the account does not expire.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a date", hardening.CheckAccountDate)},
			},
			"password_hash": schema.StringAttribute{
				MarkdownDescription: "Hash of the password in the form of `crypt(5)`, as `mkpasswd` prints it. Write-only: it is in no plan and no state, and in no argument of a process on the node. Needs `password_version`. " +
					"Without it the password is locked, and a password that somebody sets is drift.",
				Optional:   true,
				WriteOnly:  true,
				Sensitive:  true,
				Validators: []validator.String{values.CheckedBy("be a hash such as $y$…", checkHash)},
			},
			"password_version": schema.Int64Attribute{
				CustomType:          values.WholeType{},
				MarkdownDescription: "Number of the password, since Terraform does not remember the hash. The nodes get the hash anew when it changes.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"adopt": schema.BoolAttribute{
				MarkdownDescription: "Whether an account of this name that is on a node already is taken over, with its user id; `false` by default. Its primary group becomes its own one. System accounts never are.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"remove_home": schema.BoolAttribute{
				MarkdownDescription: "Whether the home goes with the account; `false` by default. It is removed only if it is the user's own directory in one that only root can write. Any other stays, and the account goes all the same.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"end_sessions": schema.BoolAttribute{
				MarkdownDescription: "Whether everything that the user runs, also with sub-uids that are his alone, ends when the account is removed and before it is changed; `false` by default. Without it sessions go on until they end by themselves, and who is logged in " +
					"may write the key file against the change, which fails then. The account that pvesec logs in with cannot have it.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"accepted_risks": values.AcceptedRisksAttribute("`{ \"PVESEC-A0010\" = \"reads the logs of the web server\" }`", "be ids of findings about accounts", hardening.CheckAccountFindingID),
			"findings": schema.ListNestedAttribute{
				MarkdownDescription: "What makes the account more than its name says. A finding that is `critical` or `high` fails the plan unless `accepted_risks` contains it.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: values.ResourceFields(findingFields)},
			},
		}, deployedAttributes()),
		Blocks: session.PlacedBlocks(ctx, map[string]schema.Block{
			"authorized_key": schema.SetNestedBlock{
				MarkdownDescription: "A public key that lets the user in, a line of `~/.ssh/authorized_keys`.",
				NestedObject:        schema.NestedBlockObject{Attributes: keyAttributes()},
			},
		}),
	}
}

func keyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"key": schema.StringAttribute{
			MarkdownDescription: "The public key, one line as in a `.pub` file. DSA, RSA below 2048 bits and certificates are refused.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be a public key", hardening.CheckPublicKey)},
		},
		"restrict": schema.BoolAttribute{
			MarkdownDescription: "Whether forwarding of ports, agents and X11, terminals and `~/.ssh/rc` are switched off, and what later releases of OpenSSH add.",
			Optional:            true,
		},
		"pty": schema.BoolAttribute{MarkdownDescription: "Whether a key with `restrict` gets a terminal all the same.", Optional: true},
		"from": schema.ListAttribute{
			MarkdownDescription: "Addresses, networks and patterns of host names from which the key is taken; `!` before one refuses it. Anywhere by default.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          append(values.NotEmptyList(), listvalidator.ValueStringsAre(values.CheckedBy("be an address, a network or a host", hardening.CheckKeyOrigin))),
		},
		"command": schema.StringAttribute{
			MarkdownDescription: "Command that runs whatever the client asks for, which is in `SSH_ORIGINAL_COMMAND` then.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be one line", hardening.CheckKeyCommand)},
		},
		"expiry_time": schema.StringAttribute{
			MarkdownDescription: "When sshd no longer takes the key: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in the time zone of the node or with `Z` in UTC.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be a time as sshd reads it", hardening.CheckExpiryTime)},
		},
	}
}

// deployedAttributes describes a node's entry of deployed.
func deployedAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	return map[string]schema.Attribute{
		"present":       schema.BoolAttribute{MarkdownDescription: "Whether the node has the account.", Computed: true},
		"uid":           schema.Int64Attribute{MarkdownDescription: "User id.", Computed: true},
		"comment":       text("Comment field of `passwd(5)`."),
		"home":          text("Home directory."),
		"shell":         text("Login shell."),
		"primary_group": text("Primary group of `passwd(5)`, by its name; by its number where the node has no name for it. An apply makes it the account's own group."),
		"groups":        schema.SetAttribute{MarkdownDescription: "Groups beside the account's own.", ElementType: types.StringType, Computed: true},
		"password":      text("`locked`: nobody logs in with one. `set`. `empty`: everyone logs in without one."),
		"expires":       text("Date from which nobody can log in with the account; empty for never."),
		"keys": schema.SetAttribute{
			MarkdownDescription: "Keys that let the user in: type, fingerprint, comment and options. A key file that cannot be read, or a line that is no key, says so.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"problems": schema.ListAttribute{
			MarkdownDescription: "What an apply does not mend, each with the id of its finding: a home that others write or own, powerful groups that " +
				"`additive` membership leaves or that hide behind another name of their id, other ways in that sshd has for the user (`sshd -T -C user=…`) or cannot tell, and a key file that sshd does not read. " +
				"A refresh warns of each that `accepted_risks` does not contain.",
			ElementType: types.StringType,
			Computed:    true,
		},
		"changes": schema.ListAttribute{
			MarkdownDescription: "That nothing is known of the node because it was not reached. Otherwise empty.",
			ElementType:         types.StringType,
			Computed:            true,
		},
	}
}

var findingFields = []values.Field{
	{Name: "id", Type: types.StringType, Description: "Id of the finding, `PVESEC-A` and four digits. It never changes its meaning. The table below says why each matters."},
	{Name: "severity", Type: types.StringType, Description: "`critical`: the account is root by this. `high`: it reads or falsifies what protects the node. `medium`: it may do more than its author expects."},
	{Name: "about", Type: types.StringType, Description: "The group or the key that shows it."},
	{Name: "accepted", Type: types.StringType, Description: "The reason from `accepted_risks`, if it accepts the finding."},
}

// checkComment refuses what cannot stand in passwd(5), and what a reading of the node shows in another form than it was
// written.
func checkComment(text string) error {
	if strings.Contains(text, ":") || !untrusted.Safe(text) || strings.TrimSpace(text) != text {
		return errors.New("a comment has no colon, no control or invisible character, no space of another kind than the plain one, and no space at its ends")
	}
	return nil
}

func checkPath(text string) error {
	if !path.IsAbs(text) || path.Clean(text) != text || text == "/" || strings.ContainsAny(text, " :") || !untrusted.Safe(text) {
		return errors.New("give a clean absolute path without spaces, colons and invisible characters, such as /bin/bash")
	}
	return nil
}

func checkGroup(text string) error {
	if node.CheckAccountName(text) != nil && text != "root" {
		return errors.New("a group has a name such as www-data: small letters, digits, \"_\" and \"-\"")
	}
	return nil
}

func checkHash(text string) error {
	if !strings.HasPrefix(text, "$") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' || r == '!' || r == '*' }) {
		return errors.New("this is no hash of crypt(5); it begins with $, as mkpasswd prints it. The password itself does not belong here")
	}
	return nil
}
