package auditlog

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// forwardModel is the block forward_to.
type forwardModel struct {
	Host        types.String `tfsdk:"host"`
	Port        values.Whole `tfsdk:"port"`
	CA          types.String `tfsdk:"ca_pem"`
	Certificate types.String `tfsdk:"certificate_pem"`
	Key         types.String `tfsdk:"private_key"`
}

// defaultForwardPort is the port of systemd-journal-remote.
const defaultForwardPort = 19532

var forwardType = values.ObjectTypeOf(forwardAttributes()).AttrTypes

// noForward is a block of which nothing is known.
func noForward() forwardModel { return forwardModel{Port: values.NoWhole()} }

func forwardBlock() schema.SingleNestedBlock {
	return schema.SingleNestedBlock{
		MarkdownDescription: "Sends the whole journal of the nodes to a collector over HTTPS, with `systemd-journal-upload` of the package `systemd-journal-remote` (`install_packages`), from the apply on and in the order of the journal. " +
			"The collector acknowledges what it has, and the rest waits in the journal. A record can arrive twice.",
		Attributes: forwardAttributes(),
	}
}

func forwardAttributes() map[string]schema.Attribute {
	pem := values.CheckedBy("be certificates in PEM", hardening.CheckCertificates)
	return map[string]schema.Attribute{
		"host": schema.StringAttribute{
			MarkdownDescription: "Host of the collector, a name that the nodes can resolve or an IP address. The certificate of the collector must be of it. Required in the block.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be a host", hardening.CheckCollectorHost)},
		},
		"port": schema.Int64Attribute{
			CustomType: values.WholeType{}, MarkdownDescription: "Port of the collector; 19532 by default, the port of `systemd-journal-remote`.", Optional: true, Validators: []validator.Int64{int64validator.Between(1, 65535)},
		},
		"ca_pem": schema.StringAttribute{
			MarkdownDescription: "Certificates of the authorities of which the certificate of the collector must be, in PEM. Required in the block.",
			Optional:            true,
			Validators:          []validator.String{pem},
		},
		"certificate_pem": schema.StringAttribute{
			MarkdownDescription: "Certificate that the nodes show the collector, in PEM, with those between it and its authority. Required in the block.",
			Optional:            true,
			Validators:          []validator.String{pem},
		},
		"private_key": schema.StringAttribute{
			MarkdownDescription: "Private key of `certificate_pem`, in PEM and without a passphrase. Write-only: it is in no plan and no state. Each apply that changes the resource writes it to a file that only root can read. " +
				"A new key comes with a new certificate, which is what a plan shows. Required in the block.",
			Optional:  true,
			WriteOnly: true,
			Sensitive: true,
		},
	}
}

// TakeWriteOnly takes the private key.
func (m *auditLoggingModel) TakeWriteOnly(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	var key types.String
	diags.Append(config.GetAttribute(ctx, path.Root("forward_to").AtName("private_key"), &key)...)
	m.key = key.ValueString()
}

// forward is the block as package hardening needs it, nil without one.
func (m *auditLoggingModel) forward(ctx context.Context, diags *diag.Diagnostics) *hardening.Forward {
	if m.Forward.IsNull() {
		return nil
	}
	model := noForward()
	diags.Append(values.ReadObject(ctx, m.Forward, &model)...)
	return &hardening.Forward{
		Host: model.Host.ValueString(), Port: wholeOr(model.Port, defaultForwardPort), CA: lines(model.CA), Certificate: lines(model.Certificate), Key: lines(types.StringValue(m.key)),
	}
}

// lines is a text with one newline at its end.
func lines(text types.String) string {
	if trimmed := strings.TrimSpace(text.ValueString()); trimmed != "" {
		return trimmed + "\n"
	}
	return ""
}

// setForward writes what was found on a node.
func (m *auditLoggingModel) setForward(ctx context.Context, f *hardening.Forward, diags *diag.Diagnostics) {
	m.Forward = types.ObjectNull(forwardType)
	if f == nil {
		return
	}
	model := noForward()
	model.Host, model.Port = types.StringValue(f.Host), numberUnless(f.Port, defaultForwardPort)
	model.CA, model.Certificate = types.StringValue(f.CA), types.StringValue(f.Certificate)
	m.Forward = values.WriteObject(ctx, forwardType, model, diags)
}

// refuseUnsent refuses a block that says too little, and a key of something else.
func (m *auditLoggingModel) refuseUnsent(ctx context.Context, diags *diag.Diagnostics) {
	if m.Forward.IsNull() {
		return
	}
	model := noForward()
	diags.Append(values.ReadObject(ctx, m.Forward, &model)...)
	at := path.Root("forward_to")
	if model.Host.IsNull() || model.CA.IsNull() || model.Certificate.IsNull() || model.Key.IsNull() {
		diags.AddAttributeError(at, "Missing collector", "forward_to needs host, ca_pem, certificate_pem and private_key: where the records go, of which authority the certificate of the collector must be, and what the nodes show it. "+
			"Set all four, or leave the block out.")
		return
	}
	if err := hardening.CheckKeyPair(model.Certificate.ValueString(), model.Key.ValueString()); err != nil {
		diags.AddAttributeError(at.AtName("private_key"), "Invalid private_key", values.UpperFirst(err.Error())+".")
	}
}
