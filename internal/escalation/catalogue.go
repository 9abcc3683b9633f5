package escalation

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

// AcceptedIn is the key by which a finding is accepted in one file of a node only.
func AcceptedIn(id, file string) string { return id + " in " + file }

// CheckSudoRisk says why a text does not name a finding about sudo: its id, or as by AcceptedIn.
func CheckSudoRisk(text string) error {
	id, file, only := strings.Cut(text, " in ")
	if only && (!path.IsAbs(file) || path.Clean(file) != file) {
		return fmt.Errorf("%q is not the path of a file: write it as in %q", file, AcceptedIn(id, "/etc/sudoers.d/other"))
	}
	return checkSudoRiskID(id)
}

func checkSudoRiskID(id string) error {
	if slices.Contains(sudoRiskIDs(), id) {
		return nil
	}
	return fmt.Errorf("there is no finding %q about sudo; their ids begin with PVESEC-E, and the guide to root findings lists them", id)
}

// sudoRiskIDs are the ids of all findings about sudo.
var sudoRiskIDs = sync.OnceValue(func() []string {
	var ids []string
	for _, rule := range GrantRules() {
		ids = append(ids, rule.ID)
	}
	for _, effect := range program.Effects() {
		ids = append(ids, effect.ID)
	}
	for _, p := range program.Programs() {
		for _, o := range p.Operations {
			if o.ID != "" {
				ids = append(ids, o.ID)
			}
		}
		if p.Otherwise != nil && p.Otherwise.ID != "" {
			ids = append(ids, p.Otherwise.ID)
		}
	}
	return ids
})
