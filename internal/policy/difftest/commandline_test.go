package difftest

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// patterns are the commands that a policy names, as the parser read them.
func patterns(f *sudoers.File) []sudoers.Command {
	var list []sudoers.Command
	for _, e := range f.Entries {
		switch e := e.(type) {
		case *sudoers.AliasDef:
			for _, a := range e.Aliases {
				for _, c := range a.Commands {
					list = append(list, c.Command)
				}
			}
		case *sudoers.UserSpec:
			for _, p := range e.Privileges {
				for _, c := range p.Commands {
					list = append(list, c.Command)
				}
			}
		}
	}
	return list
}

// commandLine makes a command line that has to do with one of the patterns, and is
// about a file that exists.
func (g *generator) commandLine(w *world, list []sudoers.Command) []string {
	var c sudoers.Command
	if len(list) > 0 {
		c = list[g.IntN(len(list))]
	}
	line := []string{g.file(w, c.Name)}
	switch {
	case c.HasArgs && !g.chance(6):
		if args := g.instance(c.Args); args != "" {
			line = append(line, g.split(args)...)
		}
	case g.chance(2):
		for range g.IntN(3) {
			line = append(line, pick(g, "a", "b", "get", "", "x y", "-f", "x=1", "/etc/passwd", "*", "é", "\xff", "a\xff", `a\b`))
		}
	}
	return line
}

// file gives a file that exists, preferably one that the pattern may name.
func (g *generator) file(w *world, pattern string) string {
	var fit []string
	i := strings.LastIndexByte(pattern, '/')
	base := strings.Trim(pattern[i+1:], "$")
	if i >= 0 && base != "" && !strings.ContainsAny(base, `*?[]\(){}`) {
		for _, f := range w.files {
			if strings.HasSuffix(f, "/"+base) {
				fit = append(fit, f)
			}
		}
	} else if i >= 0 && !strings.ContainsAny(pattern[:i], `*?[]\(){}^`) {
		dir := w.env.Canonical(pattern[:i] + "/x")
		for _, f := range w.files {
			if f[:strings.LastIndexByte(f, '/')+1] == dir[:len(dir)-1] {
				fit = append(fit, f)
			}
		}
	}
	var file string
	switch {
	case len(fit) > 0 && !g.chance(8):
		file = fit[g.IntN(len(fit))]
	case g.chance(2):
		for _, f := range w.files {
			if strings.HasPrefix(f, "/opt/") || strings.HasPrefix(f, "/srv/") {
				fit = append(fit, f)
			}
		}
		file = fit[g.IntN(len(fit))]
	default:
		file = w.files[g.IntN(len(w.files))]
	}
	return g.spelling(file)
}

// spelling writes a path as one of those that lead to the same file.
func (g *generator) spelling(path string) string {
	for link, target := range map[string]string{"/bin": "/usr/bin", "/sbin": "/usr/sbin", "/opt/link": "/opt/pv"} {
		if rest, ok := strings.CutPrefix(path, target+"/"); ok && g.chance(3) {
			path = link + "/" + rest
			break
		}
	}
	i := strings.LastIndexByte(path, '/')
	switch g.IntN(12) {
	case 0:
		return path[:i] + "/" + path[i:]
	case 1:
		return path[:i] + "/." + path[i:]
	case 2:
		return path[:i] + "/../" + path[strings.LastIndexByte(path[:i], '/')+1:]
	}
	return path
}

// instance makes a text that a pattern of arguments may match.
func (g *generator) instance(pattern string) string {
	if pattern == `""` {
		return pick(g, "", "", "a")
	}
	if strings.HasPrefix(pattern, "^") {
		return pick(g, "a", "b", "ab", "get a c", "get b c", "GET X", "aaa", "a b", "a#b", "a,b:c=d", "get /x1", "x", "a.b", "aa", "", "(a)", "a-", "]", "a b  c", "a b c")
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(pick(g, "", "a", "/etc/x", "a b", "-f x", ".", "\n", "x=1", "*"))
		case '?':
			b.WriteString(pick(g, "a", "b", "/", " ", ".", "?"))
		case '[':
			if g.chance(6) {
				b.WriteByte(c)
				continue
			}
			b.WriteString(pick(g, "a", "b", "x", "1", "]", "-", "!", "^", "[", "/", "\\"))
			if end := strings.IndexByte(pattern[i+1:], ']'); end > 0 {
				i += 1 + end
			}
		case '\\':
			if g.chance(4) {
				b.WriteByte(c)
			}
			if i+1 < len(pattern) {
				i++
				b.WriteByte(pattern[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	s := b.String()
	if s != "" && g.chance(8) {
		i := g.IntN(len(s))
		s = s[:i] + pick(g, "", "x", " ", "/") + s[i+1:]
	}
	return s
}

// split cuts a text into words at some of its spaces: sudo joins them again.
func (g *generator) split(s string) []string {
	words := strings.Split(s, " ")
	var out []string
	for i, w := range words {
		if i > 0 && g.chance(8) {
			out[len(out)-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}
