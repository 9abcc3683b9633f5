package difftest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// denylistPolicy grants much to the user noc and takes pieces of it away again.
func denylistPolicy(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "denylist.sudoers"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + quiet
}

// TestDenylist compares decisions on a deny-list as people write them, and on what small mistakes make of it.
func TestDenylist(t *testing.T) {
	t.Parallel()
	text := denylistPolicy(t)
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "decision", s.world.version)
		var c comparison
		for n := uint64(3 << 40); c.asked < *decisions/4 && len(c.wrong) <= 50; n++ {
			g := newGenerator(theSeed(), n)
			changed := text
			if !g.chance(4) {
				changed = g.mistake(text)
			}
			file, _ := sudoers.Parse("policy", changed, s.world.version)
			noc := s.world.user("noc")
			q := group{policy: changed, user: noc.Name, self: true, uid: *noc.UID, gids: noc.GIDs}
			list := patterns(file)
			for range 40 {
				line := g.commandLine(s.world, list)
				if !g.chance(3) {
					line = g.cunning(line)
				}
				q.lines = append(q.lines, line)
			}
			s.compare(t, known, &c, []group{q}, []*sudoers.Tree{sudoers.TreeOf(file)})
		}
		s.reportWrong(t, c.wrong)
		c.log(t, known)
	})
}

// mistake changes a policy as people do who maintain one: rules change places, lose their sign, a star moves.
func (g *generator) mistake(text string) string {
	rules := strings.Split(text, ", ")
	for range 1 + g.IntN(6) {
		i, j := g.IntN(len(rules)), g.IntN(len(rules))
		switch g.IntN(7) {
		case 0:
			rules[i], rules[j] = rules[j], rules[i]
		case 1:
			rules = append(rules[:i], rules[i+1:]...)
		case 2:
			rules[i] += ", " + rules[j]
		case 3:
			rules[i] = strings.TrimPrefix(rules[i], "!")
		case 4:
			rules[i] = strings.Replace(rules[i], " *", "", 1)
		case 5:
			rules[i] = strings.Replace(rules[i], "*", pick(g, "?", "**", "[a-z]*", "[!-]*", " *", "* *", "\\*", ""), 1)
		case 6:
			rules[i] = strings.Replace(rules[i], " ", pick(g, "\t", "  ", " * "), 1)
		}
	}
	return strings.Join(rules, ", ")
}

// cunning rewrites a command line as one who wants to get past a denial: other spellings of the same option or path,
// words that hold a space, words in front and behind, and other cases of letters.
func (g *generator) cunning(line []string) []string {
	out := append([]string(nil), line...)
	for range 1 + g.IntN(2) {
		i := g.IntN(len(out))
		switch word := out[i]; {
		case i == 0:
			extra := pick(g, "-f", "--force", "--", "", " ", "-v", "root@pam", "/var/log/x", "..", "*", "\n", "\t", "x")
			out = append(out[:1:1], append([]string{extra}, out[1:]...)...)
		default:
			switch g.IntN(9) {
			case 0:
				out[i] = strings.Replace(word, "/", pick(g, "//", "/./", "/x/../", "\\/"), 1)
			case 1:
				out[i] = strings.ToUpper(word)
			case 2:
				out[i] = word + pick(g, " ", "\t", "\n", ".", "/", "=", "x", "@pam", "/../shadow")
			case 3:
				out[i] = pick(g, " ", "-", "--", "./", "x=", "'", "\"", "\\") + word
			case 4:
				out[i] = strings.Replace(word, "--", "-", 1)
			case 5:
				if i+1 < len(out) {
					out[i] += pick(g, "=", " ", "  ") + out[i+1]
					out = append(out[:i+1], out[i+2:]...)
				}
			case 6:
				out = append(out, word)
			case 7:
				out = append(out[:i], out[i+1:]...)
			case 8:
				if n := len(word); n > 0 {
					k := g.IntN(n)
					out[i] = word[:k] + pick(g, "?", "*", "[", "\\", "é", " ") + word[k:]
				}
			}
		}
	}
	return out
}
