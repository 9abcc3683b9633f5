package architecture

import (
	"go/build"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestHouse holds the source of this module to the rules.
func TestHouse(t *testing.T) {
	t.Parallel()

	modulePath, ok := strings.CutSuffix(reflect.TypeFor[Room]().PkgPath(), "/internal/architecture")
	if !ok {
		t.Fatal("this package has moved: the root of the module is no longer two directories up")
	}
	found, err := Check(os.DirFS(filepath.Join("..", "..")), modulePath)
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		t.Error(violation)
	}
}

// TestArrowsRunDownwards holds the table itself to the design: rooms have an order in which every arrow points to a
// later room, pure rooms lean on pure rooms only, and every room that is named is described.
func TestArrowsRunDownwards(t *testing.T) {
	t.Parallel()

	storeys := []string{
		command, "internal/demo", "internal/docsgen", "internal/programnames", "internal/programgaps", "internal/pvecommands", providerTest, provider, access, sudo, auditlog, nodeaccount, sshd, posture, memo, session, values, "internal/posture",
		"internal/review", "internal/hardening", "internal/proxmox", "internal/escalation", "internal/policy",
		"internal/node", "internal/sudoers/document", "internal/sudoers", "internal/regular", "internal/paths", untrusted, lab, budget, "internal/architecture",
	}
	if len(storeys) != len(House) {
		t.Errorf("the house has %d rooms, %d of them have a storey", len(House), len(storeys))
	}
	for directory, room := range House {
		storey := slices.Index(storeys, directory)
		if storey < 0 {
			t.Errorf("%s has no storey", directory)
		}
		for _, used := range room.Uses {
			if slices.Index(storeys, used) <= storey {
				t.Errorf("%s uses %s, which is not below it", directory, used)
			}
			if room.Pure && !House[used].Pure {
				t.Errorf("%s is pure and uses %s, which is not", directory, used)
			}
		}
	}
}

// TestPureImportsAreStandard makes sure that the list names packages that exist, of the standard library.
func TestPureImportsAreStandard(t *testing.T) {
	t.Parallel()

	for name := range pureImports {
		found, err := build.Import(name, "", build.FindOnly)
		if err != nil || !found.Goroot {
			t.Errorf("%s is no package of the standard library: %v", name, err)
		}
	}
}
