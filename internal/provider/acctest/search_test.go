package acctest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSearchFindsSecrets plants secrets wherever the search looks, and one where the user wants it.
func TestSearchFindsSecrets(t *testing.T) {
	t.Parallel()
	server := tokenAPI(t, "9.1")
	const planted, logged = "2b1f-planted-in-a-resource", "77aa-planted-in-the-log"
	harness.KeepSecret(t, "planted", planted)
	harness.KeepSecret(t, "logged", logged)
	s := harness.NewSearch(t)
	config := tokenConfig(server, "never_expires = true\nsecret_in_state = true\ngrant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}") +
		"resource \"terraform_data\" \"leak\" {\n  input = [\"text with " + planted + " in it\"]\n}\n"
	leak := config + "resource \"terraform_data\" \"told\" {\n  input = pvesec_api_token.ci.secret\n}\n"
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: harness.Factories, WorkingDir: s.Dir, Steps: s.Around([]resource.TestStep{
		{Config: config},
		{
			PreConfig: func() {
				file, err := os.OpenFile(harness.LogOf(t), os.O_APPEND|os.O_WRONLY, 0)
				if err == nil {
					_, err = file.WriteString("[DEBUG] password=" + logged + "\n")
				}
				if err = errors.Join(err, file.Close()); err != nil {
					t.Error(err)
				}
			},
			Config: leak,
		},
	})})
	found := strings.Join(s.Finish(harness.LogOf(t)), "\n")
	for _, want := range []string{
		"the log holds the secret of logged",
		"tfplan:tfplan holds the secret of planted",
		"terraform.tfstate.resources[1].instances[0].attributes.input.value[0] holds the secret of planted",
		"plan JSON.resource_changes[1].change.after.input[0] holds the secret of planted",
		"plan JSON.planned_values.root_module.resources[1].values.input[0] holds the secret of planted",
		"plan JSON.planned_values.root_module.resources[2].values.input holds the secret of deploy@pve!ci #2",
		"terraform.tfstate.backup.resources[2].instances[0].attributes.input.value holds the secret of deploy@pve!ci #2",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s", want)
		}
	}
	for _, mistake := range []string{"resources[0]", "resource_changes[0]", "the log holds the secret of planted", "the log holds the secret of deploy", "secret of root@pam"} {
		if strings.Contains(found, mistake) {
			t.Errorf("found by mistake: %s", mistake)
		}
	}
	if t.Failed() {
		t.Log(found)
	}
}
