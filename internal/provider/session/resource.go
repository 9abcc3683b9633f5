package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// DefaultTimeout bounds one operation of one resource where its timeouts say nothing.
const DefaultTimeout = 5 * time.Minute

// AllTimeouts switches every operation's timeout on.
var AllTimeouts = timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}

// maxParallelNodes bounds how many nodes one resource talks to at once.
const maxParallelNodes = 16

// Configured is the part that all resources share: the clients that the provider was configured with.
type Configured struct {
	Clients *Clients
}

// Configure takes what the provider shares.
func (c *Configured) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
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

// WithTimeout bounds an operation by the timeout that the configuration gives it.
func WithTimeout(ctx context.Context, read func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	limit, problems := read(ctx, DefaultTimeout)
	diags.Append(problems...)
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("the %s that timeouts allows are over: %w", limit, context.DeadlineExceeded))
}

// Progress shows the steps of a long operation in Terraform's log.
func Progress(ctx context.Context) func(nodeName, step string) {
	return func(nodeName, step string) {
		tflog.Info(ctx, step, map[string]any{"node": nodeName})
	}
}

// One is what became of one node.
type One[T any] struct {
	Target node.Target
	Value  *T
	Err    error
}

// Each runs a question per target, several at a time, and gives every answer and every error, in the order of targets.
func Each[T any](ctx context.Context, targets []node.Target, ask func(context.Context, node.Target) (*T, error)) []One[T] {
	all := make([]One[T], len(targets))
	var group errgroup.Group
	group.SetLimit(maxParallelNodes)
	for i, target := range targets {
		group.Go(func() error {
			value, err := ask(ctx, target)
			all[i] = One[T]{target, value, err}
			return nil
		})
	}
	_ = group.Wait() // no question ends the others
	return all
}

// onEach runs one observation per target, several at a time, and collects the results by node name. The error names
// every node that failed.
func onEach[T any](ctx context.Context, targets []node.Target, observe func(context.Context, node.Target) (*T, error)) (map[string]*T, error) {
	results := make([]*T, len(targets))
	failed := make([]error, len(targets))
	var group errgroup.Group
	group.SetLimit(maxParallelNodes)
	for i, target := range targets {
		group.Go(func() error {
			results[i], failed[i] = observe(ctx, target)
			return nil
		})
	}
	if err := errors.Join(group.Wait(), errors.Join(failed...)); err != nil {
		return nil, err
	}
	byName := make(map[string]*T, len(targets))
	for i, target := range targets {
		byName[target.Name] = results[i]
	}
	return byName, nil
}
