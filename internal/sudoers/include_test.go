package sudoers

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
)

// files is a source held in memory.
type files map[string]string

func (f files) ReadFile(path string) (string, bool) {
	text, ok := f[path]
	return text, ok
}

func (f files) ReadDir(dir string) (names []string, ok bool) {
	for path := range f {
		if rest, in := strings.CutPrefix(path, dir+"/"); in && !strings.Contains(rest, "/") {
			names, ok = append(names, rest), true
		}
	}
	return names, ok
}

func TestParseTree(t *testing.T) {
	t.Parallel()
	src := files{
		"/etc/sudoers":              "a ALL=ALL\n@include local.%h\n@includedir /etc/sudoers.d\nz ALL=ADMIN\n@includedir /nowhere\n@include /etc/missing\n",
		"/etc/local.pve1":           "b ALL=ALL\n",
		"/etc/sudoers.d/20-second":  "d ALL=ALL\nCmnd_Alias ADMIN=/x\n",
		"/etc/sudoers.d/10-first":   "c ALL=ALL\nCmnd_Alias ADMIN=/y\n",
		"/etc/sudoers.d/ignored.d":  "(((",
		"/etc/sudoers.d/ignored~":   "(((",
		"/etc/sudoers.d/sub/nested": "(((",
	}
	tree, errs := ParseTree(DefaultRoot, src, "pve1", PVE9)
	var order []string
	for _, e := range tree.Entries {
		if spec, ok := e.(*UserSpec); ok {
			order = append(order, spec.Users[0].Name)
		}
	}
	if got := strings.Join(order, " "); got != "a b c d z" {
		t.Errorf("entries in the order %s", got)
	}
	if got := strings.Join(tree.Missing, " "); got != "/nowhere /etc/missing" {
		t.Errorf("missing: %s", got)
	}
	want := []string{
		"/etc/sudoers.d/20-second:2:12: duplicate Cmnd_Alias \"ADMIN\", previously defined at /etc/sudoers.d/10-first:2:12",
		"/etc/sudoers:6:1: unable to open /etc/missing",
	}
	if got := errs.Error(); got != strings.Join(want, "\n") {
		t.Errorf("errors:\n%s", got)
	}
	if len(tree.Files) != 4 || tree.File("/etc/local.pve1") == nil || tree.File("/etc/other") != nil {
		t.Errorf("%d files", len(tree.Files))
	}
	read, dirs := Includes(tree.Files[0], "pve1", PVE9)
	if got := strings.Join(append(read, dirs...), " "); got != "/etc/local.pve1 /etc/missing /etc/sudoers.d /nowhere" {
		t.Errorf("includes: %s", got)
	}
}

func TestIncludesThatNeverEnd(t *testing.T) {
	t.Parallel()
	tree, errs := ParseTree("/s", files{"/s": "a ALL=ALL\n@include /s\n"}, "", Version{})
	if len(errs) != 1 || !strings.Contains(errs[0].Msg, "too many levels") {
		t.Errorf("errors %v", errs)
	}
	if len(tree.Files) != 145 {
		t.Errorf("%d files", len(tree.Files)) // the sudo of Debian 12 and 13 obeys a rule in the 144th file that is included, and none in the 145th
	}
}

func TestMissingRoot(t *testing.T) {
	t.Parallel()
	tree, errs := ParseTree("/s", files{}, "", Version{})
	if len(errs) != 1 || len(tree.Missing) != 1 || tree.Missing[0] != "/s" {
		t.Errorf("missing %v, errors %v", tree.Missing, errs)
	}
}

func TestHostInIncludes(t *testing.T) {
	t.Parallel()
	if got := ResolveInclude("/etc/sudoers", "x.%h", "a/b", PVE9); got != "/etc/x.a_b" {
		t.Errorf("since 1.9.15: %s", got)
	}
	if got := ResolveInclude("/etc/sudoers", "/y/%h", "a", PVE8); got != "/y/a" {
		t.Errorf("before: %s", got)
	}
}

// TestEndlessIncludes: files that include each other twice are read up to a bound, and that something was not read is
// said.
func TestEndlessIncludes(t *testing.T) { //nolint:paralleltest // what others allocate would count
	src := files{
		"/etc/sudoers": "@include a\n@include a\nalice ALL = ALL\n", "/etc/a": "@include sudoers\n@include sudoers\nbob ALL = ALL\n",
		"/etc/wide": "@includedir /etc/d\n@includedir /etc/d\n", "/etc/d/x": "@include /etc/wide\n" + strings.Repeat("# padding\n", 10_000), "/etc/d/y": "@include /etc/wide\n",
	}
	for _, root := range []string{"/etc/sudoers", "/etc/wide"} {
		budget.Linear(t, 1<<20, budget.PerByte{Memory: 256}, func() {
			tree, errs := ParseTree(root, src, "pve1", PVE9)
			if !tree.Unread || len(tree.Files) > maxAgain/fileAgain+10 || errs.Err() == nil {
				t.Errorf("%s: %d files, %v", root, len(tree.Files), tree.Unread)
			}
		})
	}
	if tree, _ := ParseTree("/etc/d/y", files{"/etc/d/y": "@include z\n", "/etc/d/z": "alice ALL = ALL\n"}, "pve1", PVE9); tree.Unread {
		t.Error("two files are said to be too many")
	}
}
