package hardening

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordingsOf makes recordings of 64 KiB in a new directory, by user and number, and the number that sudo used last
// for each.
func recordingsOf(t *testing.T, users map[string][]string, last map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for user, numbers := range users {
		for _, n := range numbers {
			at := filepath.Join(dir, user, n)
			if err := os.MkdirAll(at, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(at, "ttyout"), make([]byte, 60<<10), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, user, "seq"), []byte(last[user]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// left lists what is there after a run of the program, and what it said. clock answers date(1) where it is not empty.
func left(t *testing.T, dir string, bounds Bounds, clock string) (recordings []string, said string, failed bool) {
	t.Helper()
	a := AuditLogging{Name: "ops", IOLogs: &IOLogs{Output: true, Directory: dir, Mode: "0600", Bounds: bounds}}
	program := a.renderRecordings()
	if clock != "" {
		program = "date() { echo " + clock + "; }\n" + program
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh")
	cmd.Stdin = strings.NewReader(program)
	out, err := cmd.CombinedOutput()
	found, globbed := filepath.Glob(filepath.Join(dir, "*/??/??/??"))
	if globbed != nil {
		t.Fatal(globbed)
	}
	for _, path := range found {
		name, relative := filepath.Rel(dir, path)
		if relative != nil {
			t.Fatal(relative)
		}
		recordings = append(recordings, name)
	}
	slices.Sort(recordings)
	return recordings, string(out), err != nil
}

// numbered are the recordings number from to to in base 36 below 36.
func numbered(from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprintf("00/00/%c%c", '0'+n/10%10, '0'+n%10))
	}
	return list
}

// TestRecordingsBySize: the oldest of the user go whose recordings take most, and nobody else's.
func TestRecordingsBySize(t *testing.T) {
	t.Parallel()
	dir := recordingsOf(t, map[string][]string{"loud": numbered(1, 40), "quiet one": numbered(1, 3)}, map[string]string{"loud": "000040", "quiet one": "000003"})
	recordings, said, failed := left(t, dir, Bounds{MaxSizeMiB: 1}, "")
	want := func(user string, numbers []string) (names []string) {
		for _, n := range numbers {
			names = append(names, user+"/"+n)
		}
		return names
	}
	kept := slices.DeleteFunc(slices.Clone(recordings), func(name string) bool { return !strings.HasPrefix(name, "loud/") })
	if failed || len(kept) < 8 || len(kept) > 15 || !slices.Equal(kept, want("loud", numbered(41-len(kept), 40))) {
		t.Errorf("%q is left of loud, failed %v: %s", kept, failed, said)
	}
	if quiet := recordings[len(kept):]; !slices.Equal(quiet, want("quiet one", numbered(1, 3))) {
		t.Errorf("%q is left of the others", quiet)
	}
	if !strings.Contains(said, "removed the recording loud/00/00/01: all take more than 1 MiB") {
		t.Errorf("said %q", said)
	}
	// The next run finds nothing to do.
	if again, said, _ := left(t, dir, Bounds{MaxSizeMiB: 1}, ""); !slices.Equal(again, recordings) || said != "" {
		t.Errorf("%q is left the second time: %s", again, said)
	}
}

// TestRecordingsBeginAnew: at sudo's limit the numbers begin anew, and the higher ones are the older ones then. Numbers
// that look like those of a computer, such as 1E2, are none.
func TestRecordingsBeginAnew(t *testing.T) {
	t.Parallel()
	numbers := []string{"00/01/E2", "00/01/E3", "00/00/00", "00/00/01", "00/00/02", "00/00/03", "00/00/04", "00/00/05", "00/00/06", "00/00/07", "00/00/08"}
	dir := recordingsOf(t, map[string][]string{"u": numbers}, map[string]string{"u": "000008"})
	recordings, said, _ := left(t, dir, Bounds{MinFreePercent: 100}, "")
	if len(recordings) != 8 || slices.ContainsFunc(recordings, func(name string) bool { return strings.Contains(name, "E") || name == "u/00/00/00" }) {
		t.Errorf("%q is left: %s", recordings, said)
	}
}

// TestRecordingsAndFreeSpace: where the disk lacks free space the oldest recordings go, the newest stay, and what is
// still missing is an error.
func TestRecordingsAndFreeSpace(t *testing.T) {
	t.Parallel()
	dir := recordingsOf(t, map[string][]string{"a": numbered(1, 9), "b": numbered(1, 10)}, map[string]string{"a": "000009", "b": "000010"})
	recordings, said, failed := left(t, dir, Bounds{MinFreePercent: 100}, "")
	if len(recordings) != 16 || !failed || !strings.Contains(said, "<3>the file system of "+dir+" lacks") {
		t.Errorf("%q is left, failed %v: %s", recordings, failed, said)
	}
	if recordings[0] != "a/00/00/02" || recordings[8] != "b/00/00/03" {
		t.Errorf("%q is left", recordings)
	}
}

// TestRecordingsByAge: what is too old goes once the clock went on steadily for two days. A clock that jumps, in either
// direction, removes nothing.
func TestRecordingsByAge(t *testing.T) {
	t.Parallel()
	dir := recordingsOf(t, map[string][]string{"a": numbered(1, 2)}, map[string]string{"a": "000002"})
	old := time.Now().AddDate(0, 0, -40)
	if err := os.Chtimes(filepath.Join(dir, "a/00/00/01"), old, old); err != nil {
		t.Fatal(err)
	}
	at := func(hours int) string { return fmt.Sprint(1_800_000_000 + 3600*hours) }
	for i, step := range []struct {
		clock string
		left  int
	}{
		{at(0), 2}, {at(24), 2}, {at(24 * 400), 2}, {at(24*400 + 24), 2}, {at(25), 2}, {at(48), 2}, {at(72), 2}, {at(74), 1},
	} {
		recordings, said, failed := left(t, dir, Bounds{MaxAgeDays: 30}, step.clock)
		if failed || len(recordings) != step.left {
			t.Fatalf("%d: %q is left, failed %v: %s", i, recordings, failed, said)
		}
	}
}

// TestRecordingsElsewhere: a directory that is not there or a link is left alone, and so is whatever is no recording.
func TestRecordingsElsewhere(t *testing.T) {
	t.Parallel()
	dir := recordingsOf(t, map[string][]string{"a": numbered(1, 20)}, map[string]string{"a": "000020"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, filepath.Join(dir, "none")} {
		if _, said, failed := left(t, path, Bounds{MaxSizeMiB: 1, MinFreePercent: 100}, ""); failed || said != "" {
			t.Errorf("%s: failed %v: %s", path, failed, said)
		}
	}
	foreign := filepath.Join(dir, "notes/00/00/keep me")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if recordings, _, _ := left(t, dir, Bounds{MaxSizeMiB: 1, MinFreePercent: 100}, ""); len(recordings) != 8 {
		t.Errorf("%q is left", recordings)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}
