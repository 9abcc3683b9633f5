package escalation

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestKnownPrograms: a program without rules that is known to give root is found where its arguments are open, or whatever they are if it is used from
// within; one with a version in its name is the program itself.
func TestKnownPrograms(t *testing.T) {
	t.Parallel()
	for grant, want := range map[string]string{
		"/usr/bin/qpdf":                     "PVESEC-E0014",
		"/usr/bin/qpdf --check *":           "PVESEC-E0014",
		"/usr/bin/qpdf --version":           "",
		"/usr/sbin/service pveproxy *":      "PVESEC-E0014",
		"/usr/sbin/service pveproxy stop":   "",
		"/usr/bin/sqlite3":                  "PVESEC-E0014",
		`/usr/bin/sqlite3 ""`:               "PVESEC-E0014",
		"/usr/bin/sqlite3 /var/lib/x.db":    "PVESEC-E0014",
		`/usr/bin/python3.11 ""`:            "PVESEC-E2302",
		`/bin/lua5.4 ""`:                    "PVESEC-E2302",
		`/usr/bin/gcc-12 *`:                 "PVESEC-E0014",
		`/usr/local/sbin/task ""`:           "",
		"/usr/local/sbin/task *":            "PVESEC-E0003",
		`/opt/tools/sqlite3 ""`:             "",
		"/usr/local/sbin/of-nobody-knows *": "PVESEC-E0003",
	} {
		a := analyse(t, "op ALL=(root) "+grant)
		found := slices.ContainsFunc(a.Findings, func(f CommandFinding) bool { return f.ID == want && f.Root && f.Witness != "" })
		if want == "" && a.Root() || want != "" && !found {
			t.Errorf("%s: %+v", grant, a.Findings)
		}
	}
	programs, err := KnownPrograms()
	if err != nil || len(programs[Shell]) < 100 || len(programs[FileRead]) < 50 {
		t.Errorf("%d shells, %d readers, %v", len(programs[Shell]), len(programs[FileRead]), err)
	}
}

// TestKnownProgramsRefused sees that broken data is not taken.
func TestKnownProgramsRefused(t *testing.T) {
	t.Parallel()
	const good = `{"evidence": "e", "programs": {"shell": ["a", "b"], "file-read": ["c"]}, "interactive": ["a"]}`
	load := func(text string) error {
		k := &knowledge{byPath: map[string][]*CommandRule{"/usr/bin/ruled": nil}}
		return k.loadKnownPrograms(fstest.MapFS{"known_programs.json": {Data: []byte(text)}})
	}
	if err := load(good); err != nil {
		t.Fatal(err)
	}
	for old, broken := range map[string]string{`"shell"`: `"shells"`, `"b"`: `"a"`, `"c"`: `"b"`, `"file-read": ["c"]`: `"file-read": ["ruled"]`, `["a"]}`: `["d"]}`, `"evidence"`: `"source"`} {
		if err := load(strings.Replace(good, old, broken, 1)); err == nil {
			t.Errorf("%s for %s is taken", broken, old)
		}
	}
}

// TestEveryKnownProgramIsGraded: of each program that GTFOBins lists for sudo the analysis knows something: a rule, what it is known for, or that it is
// harmless. With arguments of the caller's choice each of them is a way to root.
func TestEveryKnownProgramIsGraded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "gtfobins.txt"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := commandKnowledge()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(text))
	if len(names) < 470 {
		t.Fatalf("only %d names", len(names))
	}
	paths := map[string]string{}
	for command := range k.byPath {
		paths[path.Base(command)] = command
	}
	// They change what they are told to, and no file of the caller's choice comes to read or run by it.
	weaker := []string{"chattr"}
	for _, name := range names {
		command, ruled := paths[name]
		if !ruled {
			command = "/usr/bin/" + name
		}
		if _, known := k.useOf(command); !ruled && !known {
			t.Errorf("%s is graded nowhere", name)
		}
		if a := analyse(t, "op ALL=(root) "+command); a.Root() == slices.Contains(weaker, name) {
			t.Errorf("%s: root is %t", name, a.Root())
		}
	}
}
