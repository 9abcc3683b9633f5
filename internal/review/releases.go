package review

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TargetVersions are the sudo of the releases of PVE, by which a policy is judged that is not yet on a node.
var TargetVersions = []sudoers.Version{sudoers.PVE8, sudoers.PVE9}

// Analyse analyses what a file grants a subject, with the sudo of either release of PVE.
func Analyse(file *sudoers.File, subject policy.Subject) escalation.Analysis {
	return AnalyseTree(sudoers.TreeOf(file), AskAbout(subject), false, TargetVersions...)
}

// AnalyseTree analyses what files grant, with the sudo of some versions. Whole tells that they are all that a node has.
func AnalyseTree(tree *sudoers.Tree, q policy.Question, whole bool, versions ...sudoers.Version) escalation.Analysis {
	if whole {
		return intact(escalation.AnalyseWhole(tree, q, versions...))
	}
	return intact(escalation.AnalyseReleases(tree, q, versions...))
}

// intact gives what was found out with the knowledge of package escalation. That is embedded, so that an error is one of the program, which the tests
// of this package and of that one find.
func intact[T any](found T, err error) T {
	if err != nil {
		panic("the embedded knowledge of what leads to root is damaged: " + err.Error())
	}
	return found
}

// StatementNames lists the statements that have names.
func StatementNames() []string {
	var names []string
	for _, statement := range intact(escalation.Statements()) {
		names = append(names, statement.Name)
	}
	return names
}

// PlanVersion is the sudo that a text is judged for while planning: the newest, which knows all that older ones know. The node's own visudo
// judges it again for the sudo that will read it.
var PlanVersion = sudoers.Version{}
