package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

var _ list.ListResourceWithConfigure = (*policyList)(nil)

type policyList struct {
	session.ListedOnNodes[sudoersPolicyModel, hardening.SudoersState, *sudoersPolicyModel]
}

// NewPolicyList is list resource pvesec_sudoers_policy.
func NewPolicyList() list.ListResource {
	return &policyList{session.ListedOnNodes[sudoersPolicyModel, hardening.SudoersState, *sudoersPolicyModel]{Find: hardening.SudoersFilesOn, What: "files in `/etc/sudoers.d`, without those that packages ship, of audit logging and of emergency accesses"}}
}

func (l *policyList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_policy"
}
