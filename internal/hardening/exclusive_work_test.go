package hardening

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// sortedFor sorts the lines of a node with files in /etc/sudoers.d.
func sortedFor(ctx context.Context, tb testing.TB, switches string, files map[string]string) (*sorting, error) {
	tb.Helper()
	m := exclusiveNode(shippedMain, files)
	m.write("pve1", switchFile, switches)
	target := targets("pve1")[0]
	tree, err := readSudoersTree(tb.Context(), m, target, node.Query{Files: memberFiles, Conffiles: []string{sudoersMain, sudoersDir}, Clock: true})
	if err != nil {
		tb.Fatal(err)
	}
	return SudoersExclusive{}.sorted(ctx, m, tree, target)
}

// lines are lines of which each has its number.
func lines(count int, line string) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, line+"\n", i+1)
	}
	return b.String()
}

// TestExclusiveTriesEachLineOnce: what the trials of lines cost grows with the lines that are tried, and not with what
// becomes easier too.
func TestExclusiveTriesEachLineOnce(t *testing.T) {
	t.Parallel()
	s, err := sortedFor(t.Context(), t, "group: files\n", map[string]string{"x": lines(32, "%%sudo ALL=(ALL) TIMEOUT=%[1]d /usr/bin/p%[1]d")})
	if err != nil {
		t.Fatal(err)
	}
	const grants, compared = 2 * (32 + 1), 1 + 3*32 // for each of two subjects: by the whole, and by each line with it and without it
	if state := s.state(); len(state.Foreign) != 32 || len(state.Eased) != 64 || s.spent || s.work > 2*grants*compared {
		t.Errorf("%d go, %d eased, spent %t, work %d", len(state.Foreign), len(state.Eased), s.spent, s.work)
	}
}

// TestExclusiveEndsOverItsBudget: who makes the files large keeps nothing, and loses no denial of others.
func TestExclusiveEndsOverItsBudget(t *testing.T) {
	t.Parallel()
	const count = 600 // and somebody may be in two of the groups
	s, err := sortedFor(t.Context(), t, "group: files sss\n", map[string]string{
		"more":   lines(count, "%%g%d ALL=(ALL) NOPASSWD: ALL, !/usr/bin/su"),
		"limits": "alice ALL=(ALL) !/usr/bin/passwd\nDefaults:alice !authenticate, passwd_tries=1\nmallory ALL=(ALL) NOPASSWD: ALL\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	state := s.state()
	if len(state.Foreign) != count+2 || !s.spent || !slices.Contains(state.Eased, tooMuch) {
		t.Errorf("%d go, spent %t, eased %q", len(state.Foreign), s.spent, state.Eased)
	}
	if len(state.Held) != 1 || !strings.Contains(state.Held[0].String(), "alice ALL=(ALL) !/usr/bin/passwd (it denies something") {
		t.Errorf("held %q", state.Held)
	}
	for name, want := range map[string]string{"more": lines(count, "%%g%d ALL=(ALL) !/usr/bin/su"), "limits": "alice ALL=(ALL) !/usr/bin/passwd\nDefaults:alice passwd_tries=1\n"} {
		if text, _ := s.without(sudoersDir + "/" + name); text != want {
			t.Errorf("%s is\n%.300s", name, text)
		}
	}
}

// TestExclusiveHeedsItsContext: a comparison ends with the time for it, and nothing is taken for its result.
func TestExclusiveHeedsItsContext(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sortedFor(ended, t, "group: files\n", map[string]string{"x": "mallory ALL=(ALL) NOPASSWD: ALL\n"}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestExclusiveAsksOfEachOptionOnce: what the look at options costs grows with their number, and not with the number of
// the others beside each.
func TestExclusiveAsksOfEachOptionOnce(t *testing.T) {
	t.Parallel()
	var times strings.Builder // of one long line
	for i := range 100 {
		fmt.Fprintf(&times, ", timestamp_timeout=%d", i)
	}
	for name, line := range map[string]string{
		"flags": "Defaults:g%d use_pty", "times": "Defaults:g%[1]d timestamp_timeout=%[1]d", "paths": "Defaults:g%[1]d secure_path=/usr/bin:/srv/%[1]d", "variables": "Defaults:g%[1]d env_keep=\"LD_PRELOAD V%[1]d\"",
		"long lines": "Defaults:g%d use_pty" + times.String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := func(count int) int {
				s, err := sortedFor(t.Context(), t, "group: files\n", map[string]string{"x": lines(count, line)})
				if err != nil {
					t.Fatal(err)
				}
				in := optionsOf(s.t)
				for _, line := range s.lines {
					s.restraint(line, in)
				}
				return in.asked
			}
			if few, many := asked(8), asked(32); many > 5*few {
				t.Errorf("%d facts are asked for of 8 lines, %d of 32", few, many)
			}
		})
	}
}

// BenchmarkExclusive: lines of each kind that is looked at beside all others. The time for a line is the same for each
// number of them.
func BenchmarkExclusive(b *testing.B) {
	for name, line := range map[string]string{
		"options": "Defaults:g%d use_pty", "times": "Defaults:g%[1]d timestamp_timeout=%[1]d", "denials": "+g%d ALL=(ALL) ALL, !/usr/bin/su", "aliases": "Cmnd_Alias A%d = A%d",
	} {
		for _, count := range []int{4000, 16000} {
			b.Run(fmt.Sprintf("%s/%d", name, count), func(b *testing.B) {
				text := lines(count, line)
				if name == "aliases" {
					var chain strings.Builder
					for i := range count {
						fmt.Fprintf(&chain, line+"\n", i, i+1)
					}
					text = chain.String() + "Defaults!A0 noexec\n"
				}
				for b.Loop() {
					if _, err := sortedFor(b.Context(), b, "group: files\n", map[string]string{"x": text}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/line")
			})
		}
	}
}
