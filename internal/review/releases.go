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
	return analysed(sudoers.TreeOf(file), AskAbout(subject), vouched)
}

// AnalyseTree analyses what files grant, with the sudo of some versions. Whole tells that they are all that a node has.
func AnalyseTree(tree *sudoers.Tree, q escalation.Question, whole bool, versions ...sudoers.Version) escalation.Analysis {
	if whole {
		return escalation.AnalyseWhole(tree, q, versions...)
	}
	return escalation.AnalyseReleases(tree, q, versions...)
}

// StatementNames lists the statements that have names.
func StatementNames() []string {
	var names []string
	for _, statement := range escalation.Statements() {
		names = append(names, statement.Name)
	}
	return names
}

// PlanVersion is the sudo that a text is judged for while planning: the newest, which knows all that older ones know.
// The node's own visudo judges it again for the sudo that will read it.
var PlanVersion = sudoers.Version{}
