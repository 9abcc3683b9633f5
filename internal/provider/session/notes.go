package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// notes are what nodes note during a change: by text, the nodes that say it.
type notes struct {
	mu     sync.Mutex
	byText lists
}

// on are nodes whose notes are taken.
func (n *notes) on(nodes hardening.Nodes) hardening.Nodes {
	return hardening.Noting(nodes, func(node, text string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.byText == nil {
			n.byText = lists{}
		}
		n.byText.add(text, []string{node})
	})
}

// warn makes a warning of each note. It names all nodes that say the same.
func (n *notes) warn(what string, diags *diag.Diagnostics) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(n.byText)) {
		diags.AddWarning(fmt.Sprintf("The change of %s left something to look at on %s", what, strings.Join(n.byText[text], ", ")), values.UpperFirst(text)+".")
	}
}
