package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
)

// updateGolden, set to the name of a test or to "all", has the diagnostics of that test written to its golden file.
const updateGolden = "PVESEC_TEST_UPDATE_DIAGNOSTICS"

// GoldenForAll is set by a test package and demands a golden file of every test that the provider says something in.
var GoldenForAll bool

// diagnostics are what the provider said in one test, so that a change of words is seen in review.
type diagnostics struct {
	mu   sync.Mutex
	said map[string]bool
}

// varying is what is another in every run.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "ADDRESS"},
	{regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)`), "TIME"},
	{regexp.MustCompile(`\b([0-9]+h)?([0-9]+m)?[0-9]+s left\b`), "LENGTH left"},
	{regexp.MustCompile(`tf-run-[a-z0-9]+`), "tf-run-ID"},
	{regexp.MustCompile(`([0-9A-F]{2}:){31}[0-9A-F]{2}`), "FINGERPRINT"},
}

func (d *diagnostics) add(all []*tfprotov6.Diagnostic) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range all {
		text := fmt.Sprintf("%s: %s\nat %s\n\n%s", one.Severity, one.Summary, one.Attribute, one.Detail)
		for _, v := range varying {
			text = v.pattern.ReplaceAllString(text, v.name)
		}
		d.said[strings.ReplaceAll(text, "\n", "\n    ")] = true
	}
}

// compare holds what was said to the test's golden file. Only a package without GoldenForAll may have none.
func (d *diagnostics) compare(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	text := strings.Join(slices.Sorted(maps.Keys(d.said)), "\n\n") + "\n"
	name := goldenOf(t)
	if update := os.Getenv(updateGolden); update == "all" || update == t.Name() {
		if len(d.said) == 0 {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			return
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Error(err)
		}
		return
	}
	golden, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, demanded := held.Load(t.Name()); (GoldenForAll || demanded) && len(d.said) > 0 {
			t.Errorf("the provider said something, and there is no %s. Run the test with %s=%s, and read what it writes", name, updateGolden, t.Name())
		}
	case err != nil:
		t.Error(err)
	case string(golden) != text:
		t.Errorf("the diagnostics are not those of %s. If they are meant so, run the test with %s=%s. They are\n\n%s", name, updateGolden, t.Name(), text)
	}
}

// goldenOf is the path of a test's golden file.
func goldenOf(t *testing.T) string {
	t.Helper()
	return filepath.Join("testdata", "diagnostics", strings.ReplaceAll(t.Name(), "/", "__")+".txt")
}

// held are the tests that have to have a golden file where the provider says something.
var held sync.Map

// Golden gives the summaries of a test's golden file, and has [Run] hold to it what the provider says, to nothing where
// there is none. The test can demand a reason for each.
func Golden(t *testing.T) (summaries []string) {
	t.Helper()
	held.Store(t.Name(), true)
	text, err := os.ReadFile(goldenOf(t))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, summary, is := strings.Cut(strings.TrimSpace(line), ": "); is && !strings.HasPrefix(line, " ") {
			summaries = append(summaries, summary)
		}
	}
	return summaries
}

// recorder is a provider's server whose diagnostics are noted.
type recorder struct {
	memo.Framework
	said *diagnostics
}

// recorded makes a provider whose diagnostics are noted.
func recorded(factory func() (tfprotov6.ProviderServer, error), said *diagnostics) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) {
		server, err := factory()
		framework, whole := server.(memo.Framework)
		if err != nil || !whole {
			return server, err
		}
		return &recorder{framework, said}, nil
	}
}

// ConfigureProvider notes the diagnostics of the provider block.
func (r *recorder) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	answer, err := r.Framework.ConfigureProvider(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ValidateResourceConfig notes the diagnostics of a configuration.
func (r *recorder) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	answer, err := r.Framework.ValidateResourceConfig(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// PlanResourceChange notes the diagnostics of a plan.
func (r *recorder) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	answer, err := r.Framework.PlanResourceChange(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ApplyResourceChange notes the diagnostics of an apply.
func (r *recorder) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	answer, err := r.Framework.ApplyResourceChange(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ReadResource notes the diagnostics of a refresh.
func (r *recorder) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	answer, err := r.Framework.ReadResource(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ImportResourceState notes the diagnostics of an import.
func (r *recorder) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	answer, err := r.Framework.ImportResourceState(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ValidateDataResourceConfig notes the diagnostics of a data source's configuration.
func (r *recorder) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	answer, err := r.Framework.ValidateDataResourceConfig(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// ReadDataSource notes the diagnostics of a data source.
func (r *recorder) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	answer, err := r.Framework.ReadDataSource(ctx, req)
	if answer != nil {
		r.said.add(answer.Diagnostics)
	}
	return answer, err
}

// CallFunction notes the error of a function.
func (r *recorder) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	answer, err := r.Framework.CallFunction(ctx, req)
	if answer != nil && answer.Error != nil {
		r.said.add([]*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "function " + req.Name, Detail: answer.Error.Text}})
	}
	return answer, err
}
