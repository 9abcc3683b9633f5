package harness

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// Search looks for the secrets of a test in everything that its runs of terraform leave behind: the log of Terraform
// and provider with everything in it, every state and its backup, every plan file, and every plan as JSON. Not searched
// are
//
//   - the configuration, in which the test itself writes tokens and keys, and Terraform's copies of it in plans;
//   - secret and token_secrets of a resource whose secret_in_state is true: the place that the user chose;
//   - resources of the provider echo, which stands for another provider that a secret is handed to.
type Search struct {
	t       *testing.T
	Dir     string // working directories of terraform
	secrets map[string]string
	found   map[string]bool // "PLACE holds the secret of OWNER"

	untraced bool // the log holds errors only
}

// NewSearch begins the search of a test.
func NewSearch(t *testing.T) *Search {
	t.Helper()
	return &Search{t: t, Dir: t.TempDir(), found: map[string]bool{}}
}

// Around returns the steps with a search of every plan.
func (s *Search) Around(steps []resource.TestStep) []resource.TestStep {
	steps = slices.Clone(steps)
	for i := range steps {
		step := &steps[i]
		if step.Config == "" || step.ImportState {
			continue
		}
		checks := &step.ConfigPlanChecks
		if !step.PlanOnly {
			checks.PreApply = append([]plancheck.PlanCheck{s}, checks.PreApply...)
		}
		checks.PostApplyPreRefresh = append([]plancheck.PlanCheck{s}, checks.PostApplyPreRefresh...)
	}
	return steps
}

// CheckPlan searches a plan as JSON: resources, drift, outputs, variables, the state before. What it finds is told when
// the test ends.
func (s *Search) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	encoded, err := json.Marshal(req.Plan)
	if err != nil {
		resp.Error = err
		return
	}
	s.secrets = SecretsOf(s.t)
	resp.Error = s.document("plan JSON", encoded, "configuration")
}

// files searches the working directory of terraform, and the copies of it that TestMain asks for, as it was after each
// step.
func (s *Search) files() error {
	return filepath.WalkDir(s.Dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == filepath.Base(program) || entry.Name() == traceLog {
			return err // the program; the log is searched line by line at the end
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return s.file(entry.Name(), content)
	})
}

// file searches one file by its kind.
func (s *Search) file(name string, content []byte) error {
	switch {
	case strings.HasSuffix(name, ".tf"), strings.HasSuffix(name, ".tfvars.json"):
		return nil // what the test wrote
	case strings.HasPrefix(name, "terraform.tfstate"):
		return s.document(name, content, "")
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return s.plan(name, content)
	}
	s.bytes(name, content, nil)
	return nil
}

// plan searches a plan file, which is an archive. Planned values are in a form of Terraform's own; what is kept in the
// states beside them in the place that the user chose may be there too.
func (s *Search) plan(name string, content []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	members := map[string][]byte{}
	for _, member := range archive.File {
		reader, err := member.Open()
		if err != nil {
			return err
		}
		if members[member.Name], err = io.ReadAll(reader); err != nil {
			return err
		}
	}
	if members["tfplan"] == nil || members["tfstate"] == nil {
		return fmt.Errorf("%s has the members %q", name, slices.Collect(maps.Keys(members)))
	}
	kept := map[string]bool{}
	for _, state := range []string{"tfstate", "tfstate-prev"} {
		var value any
		if err := json.Unmarshal(members[state], &value); err != nil {
			return fmt.Errorf("%s: %w", state, err)
		}
		chosen(value, false, func(text string) { kept[text] = true })
		if err := s.document(name+":"+state, members[state], ""); err != nil {
			return err
		}
	}
	for member, content := range members {
		if !strings.HasPrefix(member, "tfconfig/") && !strings.HasPrefix(member, "tfstate") {
			s.bytes(name+":"+member, content, kept)
		}
	}
	return nil
}

// bytes searches what has no structure that is known here. kept are the texts that the user wants in state.
func (s *Search) bytes(place string, content []byte, kept map[string]bool) {
	for owner, secret := range s.secrets {
		wanted := func(text string) bool { return strings.Contains(text, secret) }
		if bytes.Contains(content, []byte(secret)) && !slices.ContainsFunc(slices.Collect(maps.Keys(kept)), wanted) {
			s.found[place+" holds the secret of "+owner] = true
		}
	}
}

// document searches JSON, without one field at the top.
func (s *Search) document(place string, encoded []byte, without string) error {
	var value any
	if err := json.Unmarshal(encoded, &value); err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	if fields, ok := value.(map[string]any); ok {
		delete(fields, without)
	}
	s.value(place, value)
	return nil
}

func (s *Search) value(at string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			s.value(at, key)
			if !userChose(value, key) {
				s.value(at+"."+key, inner)
			}
		}
	case []any:
		for i, inner := range value {
			s.value(fmt.Sprintf("%s[%d]", at, i), inner)
		}
	case string:
		s.bytes(at, []byte(value), nil)
	}
}

// userChose tells whether a field of an object is a place for a secret that the configuration asked for.
func userChose(object map[string]any, key string) bool {
	return object["type"] == "echo" || object["secret_in_state"] == true && (key == "secret" || key == "token_secrets")
}

// chosen yields the texts in the places that the configuration asked for.
func chosen(value any, here bool, yield func(string)) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			chosen(inner, here || userChose(value, key), yield)
		}
	case []any:
		for _, inner := range value {
			chosen(inner, here, yield)
		}
	case string:
		if here {
			yield(value)
		}
	}
}

// traces are lines that show that Terraform and the provider logged all that they can say.
var traces = [][]string{{" [TRACE] "}, {"provider_addr=" + registry + "/hashicorp/pvesec", "provider.terraform-provider-pvesec"}}

// ownValue begins what Terraform itself logs of a value in state whose type is the configuration's: such values have
// terraform_data and the provider echo, and no resource of pvesec.
const ownValue = "UpgradeResourceState: ignoring dynamic block: "

// printed searches what a command of terraform printed, and what it left. A plan as JSON has the configuration in it.
func (s *Search) printed(args []string, output []byte) {
	s.t.Helper()
	s.secrets = SecretsOf(s.t)
	var err error
	if command := strings.Join(args, " "); strings.HasPrefix(command, "show -json") {
		err = s.document(command, output, "configuration")
	} else {
		s.bytes(command, output, nil)
	}
	if err = errors.Join(err, s.files()); err != nil {
		s.t.Errorf("searching for secrets: %v", err)
	}
}

// log searches a log and removes it.
func (s *Search) log(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		if !bytes.Contains(line, []byte(ownValue)) {
			s.bytes("the log", line, nil)
		}
	}
	for _, either := range traces {
		if !s.untraced && !slices.ContainsFunc(either, func(trace string) bool { return bytes.Contains(content, []byte(trace)) }) {
			err = errors.Join(err, fmt.Errorf("the log, of %d bytes, has no line with %q", len(content), either))
		}
	}
	return errors.Join(err, os.Remove(name))
}

// Finish searches what the runs left, and their log, and returns all that was found, sorted.
func (s *Search) Finish(log string) []string {
	s.t.Helper()
	s.secrets = SecretsOf(s.t)
	if err := errors.Join(s.files(), s.log(log)); err != nil {
		s.t.Errorf("searching for secrets: %v", err)
	}
	return slices.Sorted(maps.Keys(s.found))
}
