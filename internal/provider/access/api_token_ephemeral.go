package access

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*apiTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*apiTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithRenew     = (*apiTokenEphemeral)(nil)
)

// apiTokenEphemeral is a token for one run. Terraform opens it while it plans and again while it applies, perhaps on
// another machine, and may be killed before it closes it: so each has a name of its own, PVE ends it by itself, and the
// next run sweeps what is left.
type apiTokenEphemeral struct {
	session.Configured
}

// NewAPITokenEphemeral is ephemeral resource pvesec_api_token.
func NewAPITokenEphemeral() ephemeral.EphemeralResource { return &apiTokenEphemeral{} }

type ephemeralTokenModel struct {
	UserID        types.String `tfsdk:"user_id"`
	Grants        types.Set    `tfsdk:"grant"`
	ExpiresIn     types.String `tfsdk:"expires_in"`
	AcceptedRisks types.Map    `tfsdk:"accepted_risks"`
	TokenID       types.String `tfsdk:"token_id"`
	FullTokenID   types.String `tfsdk:"full_token_id"`
	ExpiresAt     types.String `tfsdk:"expires_at"`
	Secret        types.String `tfsdk:"secret"`
	APIToken      types.String `tfsdk:"api_token"`
}

// openToken is what renewing and closing need. It holds no secret, since Terraform may store it.
type openToken struct {
	User, Token string
	Lifetime    time.Duration
}

const openTokenKey = "token"

func (e *apiTokenEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (e *apiTokenEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	if shared, ok := req.ProviderData.(*session.Clients); ok {
		e.Clients = shared
	}
}

func (e *apiTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token that lives for one run and is in no state and no plan: to configure another provider, for example.\n\n" +
			"Terraform opens it while it plans and again while it applies. Each time it is a new token with a name of its own (`" + ephemeralPrefix + "…`), with privilege separation, " +
			"that is deleted when the run ends. If the run is killed, PVE ends the token after `expires_in`, and the next run removes it. The user must exist before.",
		Attributes: map[string]schema.Attribute{
			"user_id": schema.StringAttribute{
				MarkdownDescription: "User that the token belongs to, `name@realm`.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a user id other than root@pam", checkUserID)},
			},
			"expires_in": schema.StringAttribute{
				MarkdownDescription: "How long PVE accepts the token if nobody deletes it: `1h` by default, `5m` to `24h`. While the run lasts it is prolonged.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be between 5m and 24h", checkEphemeralLifetime)},
			},
			"accepted_risks": schema.MapAttribute{
				MarkdownDescription: "Ways to root that are accepted, by id of the finding, with the reason; others are refused.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Map{values.KeysCheckedBy("be ids of findings about privileges", checkRiskID), mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(3))},
			},
			"token_id":      schema.StringAttribute{MarkdownDescription: "Id of the token.", Computed: true},
			"full_token_id": schema.StringAttribute{MarkdownDescription: "The same with its user: `name@realm!token`.", Computed: true},
			"expires_at":    schema.StringAttribute{MarkdownDescription: "When PVE ends the token if nobody deletes it.", Computed: true},
			"secret":        schema.StringAttribute{MarkdownDescription: "The secret.", Computed: true, Sensitive: true},
			"api_token": schema.StringAttribute{
				MarkdownDescription: "Token and secret as most clients want them: `name@realm!token=secret`.",
				Computed:            true,
				Sensitive:           true,
			},
		},
		Blocks: map[string]schema.Block{
			"grant": schema.SetNestedBlock{
				MarkdownDescription: "What the token may do, within the rights of its user. At least one is required.",
				Validators:          []validator.Set{setvalidator.IsRequired()},
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"path": schema.StringAttribute{
						MarkdownDescription: "Path in PVE's access control tree, such as `/pool/build`.",
						Required:            true,
						Validators:          []validator.String{values.CheckedBy("be a path of PVE's access control tree", proxmox.ValidateACLPath)},
					},
					"role": schema.StringAttribute{
						MarkdownDescription: "Role granted on the path. It must exist, or come with a `pvesec_restricted_user` of the same run that this refers to; the token of the plan is then without it.",
						Required:            true,
						Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
					},
					"propagate": schema.BoolAttribute{
						MarkdownDescription: "Whether the grant holds below the path too; `true` by default.",
						Optional:            true,
					},
				}},
			},
		},
	}
}

func checkEphemeralLifetime(text string) error {
	d, err := values.ParseLifetime(text)
	if err == nil && (d < 5*time.Minute || d > ephemeralLimit) {
		return fmt.Errorf("%q is not between 5m and 24h", text)
	}
	return err
}

// Open makes a token.
func (e *apiTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model ephemeralTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	pve, err := e.Clients.PVE()
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to open a token for "+model.UserID.ValueString(), err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	open := openToken{User: model.UserID.ValueString(), Token: ephemeralPrefix + strings.ToLower(rand.Text()[:16]), Lifetime: time.Hour}
	if !model.ExpiresIn.IsNull() {
		open.Lifetime = values.Lifetime(model.ExpiresIn)
	}
	user := proxmox.UserID(open.User)
	if owner, err := pve.ReadPrincipal(ctx, user, ""); err == nil && owner != nil {
		user = owner.UserID // as PVE spells it
		open.User = string(user)
	}
	sweep(ctx, pve, user, &resp.Diagnostics)
	expires := time.Now().Add(open.Lifetime).Truncate(time.Second)
	token := proxmox.Token{OneRun: true, Expire: expires.Unix(), PrivilegeSeparation: true, Grants: grantsOf(ctx, model.Grants, "", &resp.Diagnostics)}
	problems := pve.CheckPrincipal(ctx, proxmox.Principal{UserID: user, Tokens: map[string]proxmox.Token{open.Token: token}})
	if problems = e.withoutComingRoles(&token, problems, &resp.Diagnostics); len(problems) > 0 {
		values.AddError(&resp.Diagnostics, "Unable to open a token for "+open.User, &proxmox.InvalidError{Problems: problems})
		return
	}
	e.refuse(ctx, pve, user, open.Token, token, values.AcceptedRisks(ctx, model.AcceptedRisks, &resp.Diagnostics), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	secret, err := pve.CreateToken(ctx, user, open.Token, token)
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to open a token for "+open.User, err)
		return
	}
	model.TokenID, model.FullTokenID = types.StringValue(open.Token), types.StringValue(user.Token(open.Token))
	model.ExpiresAt = values.TimeValue(expires.Unix())
	model.Secret, model.APIToken = types.StringValue(secret), types.StringValue(user.Token(open.Token)+"="+secret)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
	resp.RenewAt = time.Now().Add(open.Lifetime / 2)
	text, err := json.Marshal(open)
	if err != nil {
		resp.Diagnostics.AddError("Unable to store the token's id", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, openTokenKey, text)...)
}

// refuse finds the ways to root that the token would have.
func (e *apiTokenEphemeral) refuse(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, id string, token proxmox.Token, accepted map[string]string, diags *diag.Diagnostics) {
	planned := proxmox.Principal{UserID: user, Tokens: map[string]proxmox.Token{id: token}}
	owner, err := pve.ReadPrincipal(ctx, user, "")
	if err == nil && owner != nil {
		planned.Groups, planned.Grants = owner.Groups, owner.Grants
	}
	var review accessReview
	if err == nil {
		review, err = reviewAccess(ctx, pve, user, user.Token(id), &planned)
	}
	if err != nil {
		values.AddError(diags, "Unable to open a token for "+string(user), err)
		return
	}
	review.refuseFindings(user.Token(id), accepted, diags)
}

// sweep removes the tokens of killed runs, regardless of who created them: PVE refuses them already.
func sweep(ctx context.Context, pve *proxmox.Client, user proxmox.UserID, diags *diag.Diagnostics) {
	if _, ids := expiredOf(ctx, pve, user); len(ids) == 0 {
		return
	}
	// Another run may have prolonged its token since the lists of this one were read.
	pve.AskAgain(user)
	owner, ids := expiredOf(ctx, pve, user)
	for _, id := range ids {
		if err := pve.DeleteToken(ctx, user, id, owner.Tokens[id]); err != nil {
			diags.AddWarning("A token of an earlier run is left", fmt.Sprintf("%s has expired and could not be removed: %v. The next run tries again.", user.Token(id), err))
		}
	}
}

// expiredOf gives a user, and which of its short-lived tokens have ended. A user that cannot be read has none: opening
// the token says what is wrong.
func expiredOf(ctx context.Context, pve *proxmox.Client, user proxmox.UserID) (owner *proxmox.Principal, ids []string) {
	owner, err := pve.ReadPrincipal(ctx, user, "")
	if err != nil || owner == nil {
		return nil, nil
	}
	now := time.Now()
	for id, token := range owner.Tokens {
		if shortLived(id, token, now) && time.Unix(token.Expire, 0).Add(time.Minute).Before(now) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return owner, ids
}

// Renew lets PVE accept the token for another while.
func (e *apiTokenEphemeral) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	open, pve := e.opened(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	user := proxmox.UserID(open.User)
	err := pve.ProlongToken(ctx, user, open.Token, time.Now().Add(open.Lifetime).Unix())
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to prolong token "+user.Token(open.Token), err)
		return
	}
	resp.RenewAt = time.Now().Add(open.Lifetime / 2)
}

// Close deletes the token.
func (e *apiTokenEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	open, pve := e.opened(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	if err := pve.DeleteToken(ctx, proxmox.UserID(open.User), open.Token, proxmox.Token{}); err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to delete token %s!%s, which PVE ends within %s", open.User, open.Token, open.Lifetime), err)
	}
}

func (e *apiTokenEphemeral) opened(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) (openToken, *proxmox.Client) {
	var open openToken
	text, problems := private.GetKey(ctx, openTokenKey)
	diags.Append(problems...)
	if err := json.Unmarshal(text, &open); err != nil {
		diags.AddError("Unable to read the token's id", err.Error())
		return open, nil
	}
	pve, err := e.Clients.PVE()
	if err != nil {
		values.AddError(diags, "Unable to reach token "+open.User+"!"+open.Token, err)
	}
	return open, pve
}
