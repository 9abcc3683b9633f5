package node_test

import (
	"errors"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestApplyErrorTable holds the text that an operator reads after an apply that failed half-way.
func TestApplyErrorTable(t *testing.T) {
	t.Parallel()
	rejected := &node.ValidationError{Node: "pve3", Path: "/etc/sudoers.d/agent", Tool: "visudo", Output: "/etc/sudoers.d/agent:9:41: unknown defaults entry \"log_subcmds\"\nDefaults log_subcmds"}
	for name, c := range map[string]struct {
		err   node.ApplyError
		clean bool
		want  string
	}{
		"restored": {
			node.ApplyError{Label: `sudoers policy "agent"`, Outcomes: []node.Outcome{
				{Node: "pve1", State: node.RolledBack, WasCommitted: true},
				{Node: "pve10", State: node.RolledBack},
				{Node: "pve3", State: node.Unchanged, Err: rejected},
			}}, true,
			`sudoers policy "agent" was not applied; every node is as it was before

  pve1   rolled back   (was committed)
  pve10  rolled back
  pve3   unchanged     visudo on pve3 rejected the file: /etc/sudoers.d/agent:9:41: unknown defaults entry "log_subcmds"
                       Defaults log_subcmds`,
		},
		"mixed": {
			node.ApplyError{Outcomes: []node.Outcome{
				{Node: "a", State: node.Committed, WasCommitted: true},
				{Node: "b", State: node.Unknown, Err: errors.New("gone")},
				{Node: "c", State: node.NotRestored, Err: errors.New("immutable")},
			}}, false,
			`the change was not applied; c could not be restored; b did not answer again and has the old state or the new one, see below; a already has the new state; apply again to make all alike

  a  committed
  b  unknown       gone
  c  not restored  immutable`,
		},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		if c.err.Clean() != c.clean {
			t.Errorf("%s: Clean is %v", name, c.err.Clean())
		}
	}
	var ve *node.ValidationError
	if !errors.As(&node.ApplyError{Outcomes: []node.Outcome{{Err: rejected}}}, &ve) {
		t.Error("the causes cannot be found")
	}
}
