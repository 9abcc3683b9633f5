package escalation

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestPlacesOfOthers compares the two forms in which pvesec knows where others than root write: as directories, for the
// commands themselves and the options of sudo, and as classes of paths, for arguments.
func TestPlacesOfOthers(t *testing.T) {
	t.Parallel()
	var directories []regular.Expr
	for _, dir := range policy.ForeignDirectories() {
		below, err := regular.Compile(regular.ERE{Pattern: strings.ReplaceAll(dir, ".", "[.]") + "(/.*)?", Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		directories = append(directories, below)
		if a := analyseFor(t, "agent ALL=(root) /usr/sbin/sysctl -p "+dir+"/x", "agent"); !a.Root() {
			t.Errorf("an argument below %s is taken to be root's", dir)
		}
	}
	known, err := regular.Alternate(directories...)
	if err != nil {
		t.Fatal(err)
	}
	for name, paths := range classesOfOthers(t) {
		// The elements "." and ".." and empty ones are of the class foreign.
		if answer := regular.Subset(paths, known, regular.Budget{}); answer.Verdict != regular.Yes {
			t.Errorf("class %s: %q is in none of policy.ForeignDirectories", name, answer.Witness)
		}
	}
}

// classesOfOthers are the classes of files that others write, by name.
func classesOfOthers(t *testing.T) map[string]regular.Expr {
	t.Helper()
	text, err := os.ReadFile("program/data/operands.json")
	if err != nil {
		t.Fatal(err)
	}
	var types map[string]struct {
		Classes []struct {
			Name string
			ERE  []string
		}
	}
	if err := json.Unmarshal(text, &types); err != nil {
		t.Fatal(err)
	}
	classes := map[string]regular.Expr{}
	for _, class := range types["file"].Classes {
		if !slices.Contains([]string{"sticky", "others-write", "web", "web-code", "terminal"}, class.Name) {
			continue
		}
		for _, ere := range class.ERE {
			e, err := regular.Compile(regular.ERE{Pattern: ere, Whole: true})
			if err == nil && classes[class.Name] != (regular.Expr{}) {
				e, err = regular.Alternate(classes[class.Name], e)
			}
			if err != nil {
				t.Fatal(err)
			}
			classes[class.Name] = e
		}
	}
	if len(classes) != 5 {
		t.Fatalf("%d classes", len(classes))
	}
	return classes
}
