package difftest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestDigests: the model takes a digest for right and says so; sudo reads the file. With the right digest they agree,
// with a wrong one sudo must be the stricter.
func TestDigests(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		out, err := s.node.Shell(t.Context(), "for n in 224 256 384 512; do sha${n}sum </opt/pv/tool; openssl dgst -sha$n -binary </opt/pv/tool 2>/dev/null | base64 -w0; echo; done")
		if err != nil {
			t.Fatal(err)
		}
		var right []string
		for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			if value, _, _ := strings.Cut(line, " "); value != "" {
				right = append(right, []string{"sha224", "sha256", "sha384", "sha512"}[i/2]+":"+value)
			}
		}
		if len(right) < 4 {
			t.Fatalf("digests %q of %q", right, out)
		}
		// All are one question to the node: to enter it takes longer than to answer.
		type digested struct {
			rule           string
			want, trusting bool
		}
		var asked []digested
		var groups []group
		for _, d := range right {
			name, value, _ := strings.Cut(d, ":")
			wrong := name + ":" + strings.Map(func(r rune) rune {
				if r == '1' {
					return '2'
				}
				return r
			}, value)
			for rule, want := range map[string]bool{
				d + " /opt/pv/tool":                    true,
				wrong + " /opt/pv/tool":                false,
				wrong + ", " + d + " /opt/pv/tool":     true,
				d + " /opt/pv/*":                       true,
				d + " /opt/pv/tool a":                  false,
				d + " ALL":                             true,
				"ALL, " + d + " !/opt/pv/tool":         false,
				"ALL, " + d + " !/opt/pv/a":            true,
				d + " /opt/pv/tool, !/opt/pv/tool":     false,
				d + " /opt/pv/":                        true,
				wrong + " ALL, " + d + " /opt/pv/tool": true,
			} {
				if value == strings.TrimPrefix(wrong, name+":") && strings.Contains(rule, wrong) {
					continue
				}
				asked = append(asked, digested{rule, want, strings.Contains(rule, wrong) && !want})
				groups = append(groups, group{policy: "alice ALL = " + rule + "\n" + quiet, user: "alice", lines: [][]string{{"/opt/pv/tool"}}})
			}
		}
		for i, answer := range s.ask(t, groups) {
			g, one := &groups[i], &asked[i]
			got := policy.Decide(treeOf(g.policy, s.world.version), s.request(&question{g, g.lines[0]}))
			if (answer == "1") != one.want {
				t.Errorf("sudo says %s of %s", answer, one.rule)
			}
			if (got.Verdict == policy.Allowed) != (one.want || one.trusting) {
				t.Errorf("policy says %s, sudo %s: %s", got.Verdict, answer, one.rule)
			}
			if !strings.Contains(strings.Join(got.Assumptions, "\n"), "digest") {
				t.Errorf("the answer does not say that it takes the digest for right: %q", got.Assumptions)
			}
		}
	})
}

// TestSudoedit compares what may be edited.
func TestSudoedit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "decision", s.world.version)
		var c comparison
		for _, rule := range []string{
			"sudoedit", "sudoedit /etc/hosts", "sudoedit /etc/*", "sudoedit /etc/*/*", "sudoedit /etc/hosts /etc/fstab", `sudoedit ""`, "sudoedit ^/etc/[a-z]+$", "ALL",
			"sudoedit /etc/, !sudoedit /etc/hosts", "ALL, !sudoedit", "ALL, !sudoedit /etc/host?", "/usr/bin/sudoedit", "/usr/bin/vi", "sudoedit /etc/[hf]*, !sudoedit /etc/*tab",
		} {
			alice := s.world.user("alice")
			// The editor must exist, or sudo refuses what the policy allows.
			g := group{policy: "alice ALL = " + rule + "\nDefaults editor=/usr/bin/true\n" + quiet, user: "alice", self: true, uid: *alice.UID, gids: alice.GIDs}
			for _, files := range []string{"/etc/hosts", "/etc/fstab", "/etc/hosts /etc/fstab", "/etc/apt/sources.list", "/etc/../root/x", "/etc/a b", "/srv/x"} {
				g.lines = append(g.lines, append([]string{"sudoedit"}, strings.Split(files, " ")...))
			}
			s.compare(t, known, &c, []group{g}, []*sudoers.Tree{treeOf(g.policy, s.world.version)})
		}
		s.reportWrong(t, c.wrong)
		c.log(t, known)
	})
}

// TestList compares who may see the rights of another user: who may run the pseudo command "list" as that user, and, as
// sudo has had it longer, who may run any command as root.
func TestList(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "list", s.world.version)
		allowed, asked := 0, 0
		for _, rule := range []string{
			"alice ALL = list", "alice ALL = (bob) list", "alice ALL = (carol) list", "alice ALL = (root) list", "alice ALL = ALL", "alice ALL = (ALL) ALL", "alice ALL = (bob) ALL",
			"alice ALL = ALL, !list", "alice ALL = /usr/bin/id", "alice other = list", "bob ALL = list", "alice ALL = (ALL) list, (bob) !list", "alice ALL = (bob) list, (bob) !list", "alice ALL = (bob) !list", "%ops ALL = (%dev) list", "alice ALL = !list, list",
		} {
			alice, bob := s.world.user("alice"), s.world.user("bob")
			g := group{policy: rule + "\nbob ALL = /usr/bin/id\n" + quiet, user: "alice", self: true, about: "bob", uid: *alice.UID, gids: alice.GIDs, lines: [][]string{{}}}
			sudo := s.ask(t, []group{g})[0]
			list, anything := s.request(&question{&g, []string{"list"}}), s.request(&question{&g, []string{"/opt/pv/sub/a"}})
			list.RunAsUser = &bob
			tree := treeOf(g.policy, s.world.version)
			own := policy.Decide(tree, list).Verdict == policy.Allowed || policy.Decide(tree, anything).Verdict == policy.Allowed
			asked++
			if sudo == "1" {
				allowed++
			}
			if own != (sudo == "1") && !known.match(rule, "list") {
				t.Errorf("policy says %t, sudo %s: %s", own, sudo, rule)
			}
		}
		t.Logf("%d of %d may list; %s", allowed, asked, known)
		known.finish(t, enough)
		if allowed == 0 || allowed == asked {
			t.Error("all answers are the same")
		}
	})
}

// includes is a policy in several files, as they are on the node.
type includes map[string]string

func (f includes) ReadFile(path string) (string, bool) {
	text, ok := f[path]
	return text, ok
}

func (f includes) ReadDir(dir string) (names []string, ok bool) {
	for path := range f {
		if rest, in := strings.CutPrefix(path, dir+"/"); in && !strings.Contains(rest, "/") {
			names, ok = append(names, rest), true
		}
	}
	return names, ok
}

// scatter spreads the lines of a policy over files that include one another; some of them have names that sudo passes
// over.
func (g *generator) scatter(main, dir, text string) includes {
	names := []string{"", "/local", "/d/10-first", "/d/2nd", "/d/20.skipped", "/d/30~", "/d/nested", "/deep", "/local.pve1"}
	parts := make([]strings.Builder, len(names))
	parts[0].WriteString("@include " + dir + "/local\n")
	parts[1].WriteString(pick(g, "#include deep\n", "@include deep\n", "@include \""+dir+"/deep\"\n"))
	for _, line := range strings.SplitAfter(strings.NewReplacer("\\\r\n", " ", "\\\n", " ", "\\ \n", " ").Replace(text), "\n") {
		parts[g.IntN(len(parts))].WriteString(line)
		switch g.IntN(12) {
		case 0:
			parts[0].WriteString("@includedir " + dir + "/d\n")
		case 1:
			parts[g.IntN(2)].WriteString("@include " + dir + "/local.%h\n")
		}
	}
	files := includes{}
	for i, name := range names {
		files[dir+name] = parts[i].String()
	}
	files[main] = files[dir] + "\n\n" + quiet // behind a comment or a backslash it would say nothing
	delete(files, dir)
	return files
}

// TestIncludes compares decisions on policies that are spread over real files.
func TestIncludes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "decision", s.world.version)
		var in bytes.Buffer
		w := tar.NewWriter(&in)
		var groups []group
		var trees []*sudoers.Tree
		for n := range uint64(150) {
			g := newGenerator(theSeed(), 5<<40+n)
			dir := fmt.Sprintf("/run/difftest/i%03d", n)
			files := g.scatter(s.policyPath, dir, g.policy())
			tree, _ := sudoers.ParseTree(s.policyPath, files, hostShort, s.world.version)
			var list []sudoers.Command
			beside := "" // what sudo reads, and not the files that nothing includes
			for _, f := range tree.Files {
				list = append(list, patterns(f)...)
				if f.Name != s.policyPath {
					beside += f.Text
				}
			}
			for path, text := range files {
				if path == s.policyPath {
					continue
				}
				if err := errors.Join(w.WriteHeader(&tar.Header{Name: path[1:], Mode: 0o440, Size: int64(len(text))}), writeString(w, text)); err != nil {
					t.Fatal(err)
				}
			}
			u := s.world.user(pick(g, asked...))
			q := group{policy: files[s.policyPath], beside: beside, user: u.Name, self: true, uid: *u.UID, gids: u.GIDs}
			for range 12 {
				q.lines = append(q.lines, g.commandLine(s.world, list))
			}
			groups, trees = append(groups, q), append(trees, tree)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.node.Exec(t.Context(), in.String(), "/bin/sh", "-c", "tar -xC / && chown -R root:root /run/difftest"); err != nil {
			t.Fatal(err)
		}
		var c comparison
		s.compare(t, known, &c, groups, trees)
		for i, q := range c.wrong {
			if i < 5 {
				t.Errorf("disagreement: %v", &q)
			}
		}
		t.Logf("%d decisions, %d allowed", c.asked, c.allowed)
		if c.allowed < 50 {
			t.Error("nearly nothing is allowed: the files are not read")
		}
	})
}
