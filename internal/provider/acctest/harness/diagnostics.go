package harness

import (
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
