package nodeaccount

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

var _ list.ListResourceWithConfigure = (*accountList)(nil)

type accountList struct {
	session.ListedOnNodes[nodeAccountModel, hardening.AccountState, *nodeAccountModel]
}

// NewList is list resource pvesec_node_account.
func NewList() list.ListResource {
	return &accountList{session.ListedOnNodes[nodeAccountModel, hardening.AccountState, *nodeAccountModel]{Find: hardening.AccountsOn, What: "Linux accounts of persons and agents, without those of the system,"}}
}

func (l *accountList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_node_account"
}
