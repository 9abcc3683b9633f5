package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestRemovalNeedsNoTool: a file goes though the tool that would judge what remains is not there, or hangs. A change
// that writes something is refused then.
func TestRemovalNeedsNoTool(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ without, hangs, says, refused string }{
		"no visudo":      {without: "visudo", says: "visudo is not there: nobody checked the configuration that remains", refused: "visudo is not installed on pve1"},
		"visudo hangs":   {hangs: "visudo", says: "visudo did not end within 2 seconds and was stopped: nobody checked", refused: "visudo on pve1 did not end within 2 seconds"},
		"visudo judges":  {},
		"visudo refuses": {refused: "syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := nodetest.Options{}
			if c.without != "" {
				options.Without = []string{c.without}
			}
			servers, _ := cluster(t, 1, options)
			s := servers[0]
			if c.without != "" {
				if err := os.Remove(filepath.Join(s.Root, "test/bin", c.without)); err != nil {
					t.Fatal(err)
				}
			}
			if c.hangs != "" {
				s.Tool(t, c.hangs, `exec sleep 600`)
			}
			p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Patient: 2 * time.Second}})
			if c.refused != "" {
				text := "new\n"
				if name == "visudo refuses" {
					text = "BROKEN\n"
				}
				if err := p.Apply(testContext(t), policy(t, text, s), nil); err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("a change: %v, want %q", err, c.refused)
				}
				allHave(t, "old\n", s)
			}
			changes := policy(t, "", s)
			for i := range changes[0].Files {
				changes[0].Files[i].Kind, changes[0].Files[i].Content = node.Absent, nil
			}
			var said, noted []string
			changes[0].Noted = func(text string) { noted = append(noted, text) }
			if err := p.Apply(testContext(t), changes, func(_, step string) { said = append(said, step) }); err != nil {
				t.Fatal(err)
			}
			allHave(t, "(absent)", s)
			if all := strings.Join(said, "\n"); !strings.Contains(all, c.says) || c.says == "" && strings.Contains(all, "nobody checked") {
				t.Errorf("said %q", said)
			}
			if !strings.Contains(strings.Join(noted, "\n"), c.says) || c.says == "" && len(noted) > 0 {
				t.Errorf("noted %q", noted)
			}
		})
	}
}
