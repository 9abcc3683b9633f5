package escalation

import "fmt"

// CheckSudoRiskID says why a text is not the id of a finding about sudo.
func CheckSudoRiskID(id string) error {
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
