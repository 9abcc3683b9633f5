//go:build linux

package nodelab_test

import (
	"context"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// quoted makes one word of a shell of a text.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// putHooks makes the hooks before the steps of transactions, and the state that every fault starts from.
func putHooks(ctx context.Context, n *lab.Node, content string) error {
	if err := n.HookSteps(ctx); err != nil {
		return err
	}
	_, err := n.Shell(ctx, "rm -rf /etc/pvesec /var/backups/pvesec; id agent >/dev/null 2>&1 || /usr/bin/useradd -m agent; printf '%s' "+quoted(content)+" >/etc/sudoers.d/agent; chmod 440 /etc/sudoers.d/agent; sync\n") // so that a power cut leaves it all
	return err
}
