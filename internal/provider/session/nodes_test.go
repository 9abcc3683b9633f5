package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// TestInterruptedPlan: a plan that is stopped says so, and not that the nodes cannot be reached.
func TestInterruptedPlan(t *testing.T) {
	t.Parallel()
	nodes := errors.Join(&node.UnreachableError{Node: "pve1", Address: "192.0.2.1", Port: 22, Err: context.Canceled}, &node.RemoteError{Node: "pve2", Doing: "observing", Err: context.Canceled})
	api := fmt.Errorf("asking for the users: %w", &proxmox.UnreachableError{Endpoint: "https://pve1:8006", Err: context.Canceled})
	for _, err := range []error{nodes, api} {
		var diags, read diag.Diagnostics
		if PlanReached(err, path.Empty(), &diags) || len(diags.Errors()) != 1 || diags[0].Summary() != "Interrupted; nothing was changed" || strings.Contains(diags[0].Detail(), "cannot reach") {
			t.Errorf("got %v", diags)
		}
		if values.AddReadError(&read, "Unable to read the user", err); read[0].Summary() != "Interrupted; nothing was changed" {
			t.Errorf("a refresh says %v", read)
		}
	}
	var read diag.Diagnostics
	if values.AddReadError(&read, "Unable to read the user", errors.Join(api, errors.New("the node refuses"))); read[0].Summary() != "Unable to read the user" {
		t.Errorf("a refresh that failed says %v", read)
	}
}

// TestEveryNodeIsNamed: an observation tells of every node that failed, and a plan goes on only where none of them gave
// a refusal for an answer.
func TestEveryNodeIsNamed(t *testing.T) {
	t.Parallel()
	silent, wrong := func(name string) error { return &node.UnreachableError{Node: name, Err: errors.New("no answer")} }, errors.New("pve3 has another host key")
	for name, c := range map[string]struct {
		failures map[string]error
		stops    bool
	}{
		"all silent":   {map[string]error{"pve1": silent("pve1"), "pve3": silent("pve3")}, false},
		"one wrong":    {map[string]error{"pve1": silent("pve1"), "pve3": wrong}, true},
		"wrong before": {map[string]error{"pve1": errors.New("pve1 has another host key"), "pve3": silent("pve3")}, true},
	} {
		targets := []node.Target{{Name: "pve1"}, {Name: "pve2"}, {Name: "pve3"}}
		_, err := onEach(t.Context(), targets, func(_ context.Context, target node.Target) (*string, error) {
			return &target.Name, c.failures[target.Name]
		})
		if err == nil || !strings.Contains(err.Error(), "pve1") || !strings.Contains(err.Error(), "pve3") || strings.Contains(err.Error(), "pve2") {
			t.Errorf("%s: %v", name, err)
		}
		var diags diag.Diagnostics
		if PlanReached(err, path.Empty(), &diags); diags.HasError() != c.stops {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestWarnOfUnfinished: what an interrupted change left is one warning for each node, which names it and says what
// becomes of it; nothing left is none.
func TestWarnOfUnfinished(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unfinished, leftover bool
		says                 string
	}{
		{false, false, ""}, {true, false, "was interrupted"}, {false, true, "left"}, {true, true, "was interrupted"},
	} {
		var diags diag.Diagnostics
		WarnOfUnfinished("pve1", c.unfinished, c.leftover, &diags)
		if c.says == "" {
			if len(diags) > 0 {
				t.Errorf("%v", diags)
			}
			continue
		}
		if len(diags) != 1 || diags.WarningsCount() != 1 {
			t.Fatalf("%+v: %v", c, diags)
		}
		if text := diags[0].Summary() + diags[0].Detail(); !strings.Contains(text, "pve1") || !strings.Contains(text, c.says) || !strings.Contains(text, "next apply") {
			t.Errorf("%+v: %q", c, text)
		}
	}
}
