package review

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TargetVersions are the sudo of the releases of PVE, by which a policy is judged that is not yet on a node.
var TargetVersions = []sudoers.Version{sudoers.PVE8, sudoers.PVE9}

// Analyse analyses what a file grants a subject, with the sudo of either release of PVE.
func Analyse(file *sudoers.File, subject policy.Subject, vouched escalation.Vouched) escalation.Analysis {
	return escalation.AnalyseReleases(sudoers.TreeOf(file), escalation.Question{Question: AskAbout(subject), Vouched: vouched}, TargetVersions...)
}

// PlanVersion is the sudo that a text is judged for while planning: the newest, which knows all that older ones know. The node's own visudo
// judges it again for the sudo that will read it.
var PlanVersion = sudoers.Version{}
