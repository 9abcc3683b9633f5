package escalation

import (
	"fmt"
	"path"
	"strings"
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
	for _, rule := range GrantRules() {
		if rule.ID == id {
			return nil
		}
	}
	rules, err := Commands()
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if rule.ID == id {
			return nil
		}
	}
	return fmt.Errorf("there is no finding %q about sudo; their ids begin with PVESEC-E, and the guide to root findings lists them", id)
}
