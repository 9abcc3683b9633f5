package harness

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
)

// recorder is a provider's server whose diagnostics are noted.
type recorder struct {
	memo.Framework
	said *diagnostics
}

// recorded makes a provider whose diagnostics are noted.
func recorded(factory func() (tfprotov6.ProviderServer, error), said *diagnostics) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) {
		server, err := factory()
		framework, whole := server.(memo.Framework)
		if err != nil || !whole {
			return server, err
		}
		return &recorder{framework, said}, nil
	}
}

// noted notes what an answer says, and hands it on.
func noted[A any](r *recorder, said func(*A) []*tfprotov6.Diagnostic) func(*A, error) (*A, error) {
	return func(answer *A, err error) (*A, error) {
		if answer != nil {
			r.said.add(said(answer))
		}
		return answer, err
	}
}

// ValidateProviderConfig notes the diagnostics of a provider block before anything is known.
func (r *recorder) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateProviderConfigResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ValidateProviderConfig(ctx, req))
}

// ConfigureProvider notes the diagnostics of the provider block.
func (r *recorder) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return noted(r, func(a *tfprotov6.ConfigureProviderResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ConfigureProvider(ctx, req))
}

// ValidateResourceConfig notes the diagnostics of a configuration.
func (r *recorder) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateResourceConfigResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ValidateResourceConfig(ctx, req))
}

// UpgradeResourceState notes the diagnostics of a state that an earlier version wrote.
func (r *recorder) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return noted(r, func(a *tfprotov6.UpgradeResourceStateResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.UpgradeResourceState(ctx, req))
}

// PlanResourceChange notes the diagnostics of a plan.
func (r *recorder) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return noted(r, func(a *tfprotov6.PlanResourceChangeResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.PlanResourceChange(ctx, req))
}

// ApplyResourceChange notes the diagnostics of an apply.
func (r *recorder) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return noted(r, func(a *tfprotov6.ApplyResourceChangeResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ApplyResourceChange(ctx, req))
}

// ReadResource notes the diagnostics of a refresh.
func (r *recorder) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return noted(r, func(a *tfprotov6.ReadResourceResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ReadResource(ctx, req))
}

// ImportResourceState notes the diagnostics of an import.
func (r *recorder) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return noted(r, func(a *tfprotov6.ImportResourceStateResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ImportResourceState(ctx, req))
}

// MoveResourceState notes the diagnostics of a move between types.
func (r *recorder) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return noted(r, func(a *tfprotov6.MoveResourceStateResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.MoveResourceState(ctx, req))
}

// ValidateDataResourceConfig notes the diagnostics of a data source's configuration.
func (r *recorder) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateDataResourceConfigResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ValidateDataResourceConfig(ctx, req))
}

// ReadDataSource notes the diagnostics of a data source.
func (r *recorder) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return noted(r, func(a *tfprotov6.ReadDataSourceResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ReadDataSource(ctx, req))
}

// ValidateEphemeralResourceConfig notes the diagnostics of an ephemeral resource's configuration.
func (r *recorder) ValidateEphemeralResourceConfig(ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateEphemeralResourceConfigResponse) []*tfprotov6.Diagnostic {
		return a.Diagnostics
	})(r.Framework.ValidateEphemeralResourceConfig(ctx, req))
}

// OpenEphemeralResource notes the diagnostics of an opening.
func (r *recorder) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return noted(r, func(a *tfprotov6.OpenEphemeralResourceResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.OpenEphemeralResource(ctx, req))
}

// RenewEphemeralResource notes the diagnostics of a renewal.
func (r *recorder) RenewEphemeralResource(ctx context.Context, req *tfprotov6.RenewEphemeralResourceRequest) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return noted(r, func(a *tfprotov6.RenewEphemeralResourceResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.RenewEphemeralResource(ctx, req))
}

// CloseEphemeralResource notes the diagnostics of a closing.
func (r *recorder) CloseEphemeralResource(ctx context.Context, req *tfprotov6.CloseEphemeralResourceRequest) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return noted(r, func(a *tfprotov6.CloseEphemeralResourceResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.CloseEphemeralResource(ctx, req))
}

// ValidateListResourceConfig notes the diagnostics of a list's configuration.
func (r *recorder) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateListResourceConfigResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ValidateListResourceConfig(ctx, req))
}

// ValidateActionConfig notes the diagnostics of an action's configuration.
func (r *recorder) ValidateActionConfig(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return noted(r, func(a *tfprotov6.ValidateActionConfigResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.ValidateActionConfig(ctx, req))
}

// PlanAction notes the diagnostics of an action's plan.
func (r *recorder) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return noted(r, func(a *tfprotov6.PlanActionResponse) []*tfprotov6.Diagnostic { return a.Diagnostics })(r.Framework.PlanAction(ctx, req))
}

// CallFunction notes the error of a function.
func (r *recorder) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return noted(r, func(a *tfprotov6.CallFunctionResponse) []*tfprotov6.Diagnostic {
		if a.Error == nil {
			return nil
		}
		return []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "function " + req.Name, Detail: a.Error.Text}}
	})(r.Framework.CallFunction(ctx, req))
}

// ListResource notes the diagnostics of each result of a list.
func (r *recorder) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	stream, err := r.Framework.ListResource(ctx, req)
	if stream != nil && stream.Results != nil {
		results := stream.Results
		stream.Results = func(yield func(tfprotov6.ListResourceResult) bool) {
			for result := range results {
				r.said.add(result.Diagnostics)
				if !yield(result) {
					return
				}
			}
		}
	}
	return stream, err
}

// InvokeAction notes the diagnostics with which an action ends.
func (r *recorder) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := r.Framework.InvokeAction(ctx, req)
	if stream != nil && stream.Events != nil {
		events := stream.Events
		stream.Events = func(yield func(tfprotov6.InvokeActionEvent) bool) {
			for event := range events {
				if completed, is := event.Type.(tfprotov6.CompletedInvokeActionEventType); is {
					r.said.add(completed.Diagnostics)
				}
				if !yield(event) {
					return
				}
			}
		}
	}
	return stream, err
}
