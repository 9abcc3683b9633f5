package grammartest

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// quiet keeps sudo from asking and telling; it says nothing about who may do what. A command with PASSWD is decided by
// what PAM says, without anybody to ask: else sudo would give up before it says whether the command is allowed.
const quiet = "\nDefaults !authenticate, noninteractive_auth, !pam_acct_mgmt, !syslog, !mailerpath, !fqdn\n"

// included are the files beside the policy.
type included map[string]string

func (f included) ReadFile(path string) (string, bool) {
	text, ok := f[path]
	return text, ok
}

func (f included) ReadDir(dir string) ([]string, bool) {
	var names []string
	for path := range f {
		if rest, in := strings.CutPrefix(path, dir+"/"); in {
			names = append(names, rest)
		}
	}
	return names, names != nil
}

// install writes a program of this machine onto the node.
func (n *node) install(t *testing.T, program string) error {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	return n.WriteFile(t.Context(), "/usr/local/lib/ask", string(content), 0o755)
}

// include writes the files that policies of this run include.
func (n *node) include(t *testing.T, g grammar, from uint64) included {
	t.Helper()
	files := included{}
	for i, name := range []string{"one", "two.box", "parts/10", "parts/20", "parts/passed.over", "parts/passed~"} {
		text, _, _ := g.derive(from, 1<<40+uint64(i), "line")
		files["/run/grammar/"+name] = text
	}
	if _, err := n.Shell(t.Context(), "mkdir -p /run/grammar/parts"); err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		if err := n.WriteFile(t.Context(), path, text, 0o440); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// questions derives policies, and command lines about them.
func (n *node) questions(t *testing.T, g grammar, files included, from, first, count uint64) []question {
	t.Helper()
	var list []question
	for i := range count {
		text, examples, random := g.derive(from, first+i, "policy")
		text += quiet
		files[mainPolicy] = text
		tree, _ := sudoers.ParseTree(mainPolicy, files, "box", n.env.Version) // sudo skips lines that it cannot parse
		for range 2 {
			q := n.about(text, pick(random, "ann", "ann", "ben", "cat"), examples, random)
			q.tree = tree
			list = append(list, q)
		}
	}
	return list
}

// about makes a question with some command lines.
func (n *node) about(text, user string, examples []string, random *rand.Rand) question {
	q := question{text: text, user: user, host: "box.lan.example", addresses: addresses}
	q.runAsUser = pick(random, "", "", "root", "ben", "ann", "cat")
	q.runAsGroup = pick(random, "", "", "", "crew", "dock")
	for range 6 {
		line := []string{n.programs[random.IntN(len(n.programs))]}
		switch {
		case len(examples) > 0 && random.IntN(2) == 0:
			line = append(line, strings.Split(examples[random.IntN(len(examples))], " ")...)
		case random.IntN(3) > 0:
			line = append(line, strings.Split(pick(random, "a", "start 5", "x=1", "é", "\xff", "a b", "", "b", "5", "a:b", "[a", "*", "ab", "id \xff", "1", "q r s", "a#b", "b,c", `\a`), " ")...)
		}
		q.lines = append(q.lines, line)
	}
	return q
}

// source is a source of random numbers.
func source(seed, n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }

func pick(random *rand.Rand, list ...string) string { return list[random.IntN(len(list))] }

// TestDerivations compares decisions with the sudo of both releases.
func TestDerivations(t *testing.T) {
	t.Parallel()
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", from)
	for suite, version := range map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			g := parseGrammar(t)
			n := newNode(t, suite, version)
			files := n.include(t, g, from)
			asked, allowed, unknown, failed, wrong := 0, 0, 0, 0, 0
			for first := uint64(0); asked < *decisions && wrong < 20; first += 25 {
				questions := n.questions(t, g, files, from, first, 25)
				for i, answer := range n.ask(t, questions) {
					q := &questions[i]
					for j, line := range q.lines {
						asked++
						if answer[j] == '1' {
							allowed++
						}
						got := policy.Decide(q.tree, n.request(q, line))
						if reason, ends := sudoEnds[answer[j]]; ends && reason.MatchString(read(q.tree)) {
							failed++
							continue
						}
						if got.Verdict == policy.Unknown && hasReasons(&got, q.tree) {
							unknown++
							continue
						}
						if (got.Verdict == policy.Allowed) != (answer[j] == '1') {
							wrong++
							t.Errorf("policy says %s %q, sudo %c: %s as %q:%q: %q\n%s", got.Verdict, got.If, answer[j], q.user, q.runAsUser, q.runAsGroup, line, small(t, n, *q, line))
						}
					}
				}
			}
			t.Logf("%d decisions, %d allowed, %d unknown with a reason, %d on which sudo gives up", asked, allowed, unknown, failed)
			if allowed < asked/50 || allowed > asked/2 || unknown > asked/5 || failed > asked/5 {
				t.Error("the derivations are lopsided")
			}
		})
	}
}

// small takes lines out of a policy as long as sudo and the engine still differ.
func small(t *testing.T, n *node, q question, line []string) string {
	t.Helper()
	said := policy.Decide(q.tree, n.request(&q, line)).Verdict
	differs := func(text string) bool {
		q := q
		q.text, q.lines = text, [][]string{line}
		file, _ := sudoers.Parse("policy", text, n.env.Version)
		q.tree = sudoers.TreeOf(file)
		answer := n.ask(t, []question{q})[0]
		got := policy.Decide(q.tree, n.request(&q, line)).Verdict
		return got == said && (got == policy.Allowed) != (answer == "1")
	}
	if !differs(q.text) {
		return "(with its includes)\n" + q.text
	}
	lines := strings.SplitAfter(strings.TrimSuffix(q.text, quiet), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		without := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
		if differs(without + quiet) {
			lines = append(lines[:i:i], lines[i+1:]...)
		}
	}
	return strings.Join(lines, "")
}
