package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestGoingBackByHand runs the lines of the documentation that show the copy that was applied last, and put it back, of
// a policy with dashes in its name, which are %2D on disk. A tampered file that was replaced since is not what comes
// back.
func TestGoingBackByHand(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, goingBackByHand)
}

func goingBackByHand(t *testing.T, c *lab.Cluster) {
	t.Helper()
	docs, err := os.ReadFile(filepath.Join(harness.Root, "docs", "resources", "sudoers_policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(docs), "## Restoring a file by hand")
	listings := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(listings) != 2 || !strings.HasPrefix(listings[0][1], "n=agent ") {
		t.Fatalf("the documentation has %q", listings)
	}
	const name, file = "night-shift-2", "/etc/sudoers.d/night-shift-2"
	show := strings.Replace(listings[0][1], "n=agent ", "n="+name+" ", 1)
	policy := func(command string) string {
		return config(c) + strings.Replace(harness.PolicyConfig(fmt.Sprintf("%q", command), ""), `"agent"
  subject`, fmt.Sprintf("%q", name)+"\n  subject", 1)
	}
	pve1 := c.Nodes[0]
	const look = "cat " + file + "; stat -c '%a %u %g' " + file
	var first string
	harness.Run(t,
		resource.TestStep{Config: policy("/usr/bin/id")},
		resource.TestStep{
			PreConfig: func() { first = shell(t, pve1, look) },
			Config:    policy("/usr/bin/uptime"),
		},
		resource.TestStep{ // a tampered file is replaced, and its copy kept
			PreConfig: func() { shell(t, pve1, "echo 'carol ALL=(root) NOPASSWD: /usr/bin/w' >>"+file) },
			Config:    policy("/usr/bin/uptime"),
		},
		resource.TestStep{
			PreConfig: func() {
				if got := shell(t, pve1, "cd /var/backups/pvesec/etc-sudoers.d-night%2Dshift%2D2 && ls | sed 's/^[0-9]*-[0-9TZ]*-//'"); got != "applied-replaced\nfound-replaced" {
					t.Errorf("the copies are %q", got)
				}
				// As at a prompt: diff ends with 1 where it shows something.
				if got := shell(t, pve1, "set +e\n"+show+"true"); !strings.Contains(got, "\n-agent ALL=(root) NOPASSWD: /usr/bin/uptime") || !strings.Contains(got, "\n+agent ALL=(root) NOPASSWD: /usr/bin/id") || strings.Contains(got, "carol") {
					t.Errorf("it shows %q", got)
				}
				shell(t, pve1, "set +e\n"+show+listings[1][1])
				if got := shell(t, pve1, look+"; visudo -cq; ls "+file+"~ 2>/dev/null || true"); got != first {
					t.Errorf("it put back %q, want %q", got, first)
				}
			},
			Config:           policy("/usr/bin/uptime"),
			ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate),
		},
	)
}
