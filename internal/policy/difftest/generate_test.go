package difftest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes policies. With wild set it uses the whole language and makes
// mistakes; else every line is correct and speaks of what the node has.
type generator struct {
	*rand.Rand
	wild    bool
	aliases [4][]string // User, Host, Runas, Cmnd
	b       strings.Builder
}

func newGenerator(seed, n uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, n))}
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// chance is true in one of n cases.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// gap is white space that may be left out, blank white space that may not.
func (g *generator) gap() string {
	if g.chance(2) {
		return ""
	}
	return g.blank()
}

func (g *generator) blank() string {
	if g.chance(12) {
		if g.wild && g.chance(4) {
			return "\\\r\n "
		}
		return pick(g, "\\\n", " \\\n", "\\\n\t ", " \\ \n  ")
	}
	return pick(g, " ", " ", " ", "\t", "  ", " \t ")
}

func (g *generator) list(most int, one func() string) string {
	n := 1 + g.IntN(most)
	parts := make([]string, n)
	for i := range parts {
		not := ""
		if g.chance(6) {
			not = pick(g, "!", "!", "! ", "!!!", "!!")
		}
		parts[i] = not + one()
	}
	return strings.Join(parts, g.gap()+","+g.gap())
}

// word writes a name with random escapes or quotes.
func (g *generator) word(s string) string {
	switch {
	case s == "" || strings.ContainsAny(s[:1], "#"):
		return s
	case g.chance(12):
		return `"` + s + `"`
	case g.chance(12):
		i := g.IntN(len(s))
		if i > 0 || !strings.ContainsAny(s[:1], "%+") {
			return s[:i] + fmt.Sprintf(`\x%02x`, s[i]) + s[i+1:]
		}
	case g.chance(12):
		i := g.IntN(len(s))
		if i > 0 && s[i] != 'x' {
			return s[:i] + `\` + s[i:]
		}
	}
	return s
}

func (g *generator) alias(kind int) string {
	if n := len(g.aliases[kind]); n > 0 && !g.chance(10) {
		return g.aliases[kind][g.IntN(n)]
	}
	return pick(g, "UNDEFINED", "A1", "B2")
}

func (g *generator) user() string {
	switch g.IntN(12) {
	case 0:
		return "ALL"
	case 1, 2:
		return g.alias(0)
	case 3, 4:
		return g.word(pick(g, "%ops", "%dev", "%web.x", "%alice", "%OPS", "%:ops", "%nobody"))
	case 5:
		return pick(g, "#3001", "#3002", "%#3101", "%#3102", "#0", "#4294967295", "#-1")
	case 6:
		return g.word(pick(g, "+ng", "ALICE", "Carol", "nosuch"))
	}
	return g.word(pick(g, asked...))
}

func (g *generator) host() string {
	switch g.IntN(14) {
	case 0, 1, 2, 3:
		return "ALL"
	case 4, 5:
		return g.alias(1)
	case 6:
		return pick(g, "10.1.2.3", "10.1.2.0/24", "10.1.2.0/255.255.255.0", "10.0.0.0/8", "10.1.2.9", "192.168.0.0", "fd00::17", "fd00::/64", "fd00::", "FD00::17", "10.1.3.0/24", "10.1.2.0", "0.0.0.0/0", "10.1.2.0/0", "0.0.0.0/0.0.0.0", "10.0.2.0/255.0.255.0", "::/0", "fd00::/1")
	case 7:
		return pick(g, "p*", "pve?", "[a-z]*", "pve[!2]", "PVE*", "*.lab.example", "pve1.*", "*", "+hng")
	case 8:
		return pick(g, "other", "pve2", "pve1.lab.other", "lab.example")
	}
	return g.word(pick(g, hostShort, hostLong, "PVE1", "Pve1.Lab.Example"))
}

func (g *generator) target() string {
	switch g.IntN(10) {
	case 0, 1:
		return "ALL"
	case 2:
		return g.alias(2)
	case 3:
		return pick(g, "#0", "#3002", "%dev", "%#3102", "+ng", "%root")
	}
	return g.word(pick(g, "root", "bob", "carol", "www-data", "daemon", "ROOT"))
}

func (g *generator) targetGroup() string {
	switch g.IntN(8) {
	case 0:
		return "ALL"
	case 1:
		return g.alias(2)
	case 2:
		return pick(g, "#3101", "#3102", "#0")
	}
	return g.word(pick(g, "ops", "dev", "web.x", "DEV", "daemon"))
}

func (g *generator) runAs() string {
	sp := g.gap
	switch g.IntN(10) {
	case 0:
		return "(" + sp() + ")"
	case 1:
		return "(" + sp() + ":" + sp() + ")"
	case 2:
		return "(" + sp() + ":" + sp() + g.list(2, g.targetGroup) + sp() + ")"
	case 3, 4:
		return "(" + sp() + g.list(2, g.target) + sp() + ":" + sp() + g.list(2, g.targetGroup) + sp() + ")"
	}
	return "(" + sp() + g.list(3, g.target) + sp() + ")"
}

// directories and bases of commands, in all the spellings that mean the same.
var (
	directoryNames = []string{"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/opt/pv", "/opt/link", "/srv/x", "/usr/local/bin", "/opt/pv/sub", "/usr//bin", "/usr/./bin", "/opt/link/sub", "/opt/pv/../link"}
	baseNames      = []string{"id", "ls", "cat", "tool", "tool-x", "a", "ab", "b.c", ".hid", "x1", "x2", "y", "env", "useradd", "nosuch"}
	globNames      = []string{"*", "?", "x?", "x[12]", "x[!1]", "t*", "tool*", "*x*", "[a-c]*", ".h*", "*.c", "a*b", "[[:alpha:]]*", "l?", "\\*", "i[d]", "[^a]*", "x[1-9]", "tool-?", "[]a]", "*-*", "{a}", "q\\?", "\\[y\\]", "[y]", "ab\\", "[x", "[x1", "i\\d"}
	globDirs       = []string{"/usr/*", "/*/bin", "/opt/?v", "/opt/*", "/opt/pv/*", "/[us]*/x", "/b[i]n", "/opt/l*"}
)

func (g *generator) path() string {
	switch g.IntN(16) {
	case 0:
		return pick(g, directoryNames...) + "/"
	case 1, 2:
		return pick(g, directoryNames...) + "/" + pick(g, globNames...)
	case 3:
		return pick(g, globDirs...) + "/" + pick(g, append(baseNames, globNames...)...)
	case 4:
		return pick(g, globDirs...) + "/"
	}
	return pick(g, directoryNames...) + "/" + pick(g, baseNames...)
}

// escapePath puts a backslash before what ends a path, and at random before nothing else.
func escapePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(",:= \t#", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	// A backslash may stand only before those; globs with others are left to commands in regular form.
	return b.String()
}

var (
	regexPaths = []string{`^/usr/bin/(id|ls)$`, `^/opt/pv/[a-z]+$`, `^(?i)/OPT/PV/TOOL$`, `^/(usr/)?bin/.*$`, `^.*$`, `^/opt/.*/x[12]$`, `^/opt/pv/tool(-x)?$`, `^/opt/link/.*$`, `^/opt/pv/b\.c$`, `^tool$`, `^/opt/(pv$`, `^/opt/pv/a|b$`, `^/opt/pv/x{1}[[:digit:]]$`, `^/opt/pv/.{1,3}$`, `^/opt/pv/a**$`}
	regexArgs  = []string{`^a$`, `^[a-z]+$`, `^(?i)GET .*$`, `^$`, `^.*$`, `^get (a|b) c$`, `^a{2,3}$`, `^[^ ]+( [^ ]+)*$`, `^a\#b$`, `^a,b:c=d$`, `^get [[:alnum:]/]*$`, `^a+?$`, `^a|b$`, `^(a)\1$`, `^\w+$`, `^a\.b$`, `^a b  c$`, `^[]a-]+$`, `^(a|)$`, `^a{1,$`, `^a{256}$`, `^[{256}]$`, `^a{,2}{,2}$`, `^[a-z-0-9]$`, `^[0-9-.]+$`, `^[*+]$`, `^.$`, `^a.*$`, `^[^b]*$`, `^\(a\)$`, `^a$`, `^[a-$`}
	argWords   = []string{"a", "b", "get", "set", "list", "-f", "--force", "*", "?", "[ab]", "[!a]*", "a*", "*b", "x=1", "a\\,b", "a\\:b", "a\\=b", "\\*", "\\?", "\\[a\\]", "a\\\\b", "a\\\\\\\\b", "/etc/*", "../*", "a\\#b", "a\\ b", "\"q\"", "'", "(x)", "|", ">", "$HOME", "{a\\,b}", "[[\\:digit\\:]]*", "[a-c]x", "[]a]", "[a", "!x", "a^x", "\\!x", "%h", "~", "é", "[^a]", "**", "=b", "a=", "[a-c-e]", "[[.a.]]", "[[=b=]]", "[\\\\]a]", "[z-a]", "[]", "??", "ALL", "NOPASSWD:"}
)

func (g *generator) args() string {
	switch g.IntN(12) {
	case 0, 1:
		return g.blank() + `""`
	case 2, 3:
		return g.blank() + pick(g, regexArgs...)
	}
	var b strings.Builder
	for range 1 + g.IntN(4) {
		w := pick(g, argWords...)
		if w == "NOPASSWD:" {
			w = "NOPASSWD\\:"
		}
		b.WriteString(g.blank() + w)
	}
	return b.String()
}

func (g *generator) command() string {
	switch g.IntN(20) {
	case 0, 1:
		return "ALL"
	case 2, 3, 4:
		return g.alias(3)
	case 5:
		c := pick(g, regexPaths...)
		if g.chance(2) {
			c += g.args()
		}
		return c
	case 6:
		if g.wild {
			return pick(g, "sudoedit", "sudoedit /etc/hosts", "sudoedit /etc/*", "list", "sudoedit ^/etc/.*$", "sudoedit \"\"")
		}
	case 7:
		if g.wild {
			return g.digests() + g.path()
		}
	}
	p := g.path()
	if !g.wild {
		p = strings.ReplaceAll(p, `\`, "")
	}
	p = escapePath(p)
	if !strings.HasSuffix(p, "/") && g.chance(2) {
		p += g.args()
	}
	return p
}

func (g *generator) digests() string {
	d := pick(g,
		"sha224:d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
		"sha224:0UoCjCo6K8lHYQK7KII0xBWisB+CjqYqxbPkLw==",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"sha256 : 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
		"sha512:z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
		"sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
		"sha256:0000", "sha1:abcd")
	if g.chance(4) {
		return d + g.gap() + "," + g.gap() + g.digests()
	}
	return d + g.blank()
}
