package escalation

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// ProgramAt tells whether somebody has described a program at just this path. One in another directory may be taken for
// it, and may be a mistake.
func ProgramAt(path string) bool { return program.At(path) != nil }

// AcceptedIn is the key by which a finding is accepted in one file of a node only.
func AcceptedIn(id, file string) string { return id + " in " + file }

// FoundInFile tells whether what a key of an acceptance names is always found in a file. What no file of a node says is
// found in none.
func FoundInFile(key string) bool {
	return !slices.ContainsFunc(GrantRules(), func(rule *GrantRule) bool { return rule.ID == key && rule.Missing })
}

// CheckSudoRisk says why a text does not name a finding about sudo: its id, or as by AcceptedIn.
func CheckSudoRisk(text string) error {
	id, file, only := strings.Cut(text, " in ")
	if only && (!path.IsAbs(file) || path.Clean(file) != file) {
		return fmt.Errorf("%q is not the path of a file: write it as in %q", file, AcceptedIn(id, "/etc/sudoers.d/other"))
	}
	return checkSudoRiskID(id)
}

func checkSudoRiskID(id string) error {
	switch {
	case slices.Contains(sudoRiskIDs(), id), program.Effect(id).Info() != nil:
		return nil
	case strings.HasPrefix(id, hazardousOption.ID+" "):
		option := strings.TrimPrefix(id, hazardousOption.ID+" ")
		if rule := ruleOfOption(option); rule != hazardousOption {
			return fmt.Errorf("%q names an option that %s finds, and the finding has no option in its key: write %q", id, rule.ID, rule.ID)
		}
		if !slices.ContainsFunc(policy.VettedOptions(), func(o policy.VettedOption) bool { return o.Name == option }) {
			return fmt.Errorf("%q names no option that %s finds: write the option as the finding does, for example %q", id, hazardousOption.ID, hazardousOption.ID+" logfile")
		}
		return nil
	case strings.HasPrefix(id, "/") && path.Clean(id) == id:
		return nil // a program
	}
	if effects := retired()[id]; len(effects) > 0 {
		names := make([]string, len(effects))
		for i, e := range effects {
			names[i] = fmt.Sprintf("%s (%s)", e, e.Info().ID)
		}
		return fmt.Errorf("%q is retired: what it named is found by its effect now. Write the effect that is meant: %s", id, strings.Join(names, ", "))
	}
	return fmt.Errorf("%q is no finding about sudo: write an id such as PVESEC-E0107, an effect such as reads-secret, or the path of a program (the guide to root findings lists ids and effects)", id)
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
