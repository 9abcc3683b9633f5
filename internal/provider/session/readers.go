package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// ConfiguredData is what data sources share: the clients that the provider was configured with.
type ConfiguredData struct {
	Clients *Clients
}

// Configure takes what the provider shares.
func (c *ConfiguredData) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // validation before the provider is configured
	}
	shared, ok := req.ProviderData.(*Clients)
	if !ok {
		resp.Diagnostics.AddError("Invalid provider data", fmt.Sprintf("Got %T. This is always a bug in the provider; please report it.", req.ProviderData))
		return
	}
	c.Clients = shared
}

// ConfiguredAction is what actions share: the clients that the provider was configured with.
type ConfiguredAction struct {
	Clients *Clients
}

// Configure takes what the provider shares.
func (c *ConfiguredAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	if req.ProviderData == nil {
		return // validation before the provider is configured
	}
	shared, ok := req.ProviderData.(*Clients)
	if !ok {
		resp.Diagnostics.AddError("Invalid provider data", fmt.Sprintf("Got %T. This is always a bug in the provider; please report it.", req.ProviderData))
		return
	}
	c.Clients = shared
}

// Pool is the connections to the nodes, for who looks at more than files, or an error that says what to configure.
func (c *Clients) Pool() (*node.Pool, error) {
	if _, err := c.Nodes(); err != nil {
		return nil, err
	}
	return c.pool, nil
}

// NotConfigured tells whether an error says that the provider block lacks something, as opposed to something that
// failed.
func NotConfigured(err error) bool {
	var missing *errNotConfigured
	return errors.As(err, &missing)
}
