package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// Within has Terraform find the provider in the test's own process, made anew for each command, instead of starting the
// program. That takes half the time, for tests that run hundreds of commands. What differs: the plan and the apply of
// one command are made by one server, configured twice.
func (w *Workspace) Within() *Workspace {
	w.within = true
	return w
}

// At is [Workspace.Within] with the clock of the provider at a moment.
func (w *Workspace) At(now time.Time) *Workspace {
	w.now = func() time.Time { return now }
	return w.Within()
}

// serve starts a provider in this process for one command, and returns the variable that tells Terraform where it is.
func (w *Workspace) serve(t *testing.T) (reattach string, stop func(), err error) {
	t.Helper()
	server, address := provider.ServerAt("test", w.now), registry+"/pvesec/pvesec"
	ctx, cancel := context.WithCancel(context.Background())
	started, ended, served := make(chan *plugin.ReattachConfig), make(chan struct{}), make(chan error, 1)
	go func() {
		served <- tf6server.Serve(address, func() tfprotov6.ProviderServer { return server },
			tf6server.WithDebug(ctx, started, ended), tf6server.WithGoPluginLogger(hclog.New(&hclog.LoggerOptions{Output: io.Discard})),
			tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride())
	}()
	stop = func() { cancel(); <-ended }
	select {
	case at := <-started:
		encoded, err := json.Marshal(map[string]any{address: map[string]any{"Protocol": at.Protocol, "ProtocolVersion": 6, "Pid": at.Pid, "Test": true,
			"Addr": map[string]string{"Network": at.Addr.Network(), "String": at.Addr.String()}}})
		if err != nil {
			stop()
			return "", nil, fmt.Errorf("telling where the provider is: %w", err)
		}
		return string(encoded), stop, nil
	case err := <-served:
		cancel()
		return "", nil, fmt.Errorf("serving the provider: %w", err)
	case <-time.After(time.Minute):
		stop()
		return "", nil, errors.New("the provider was not served within a minute")
	}
}
