package attacker

import (
	"errors"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// spelling says the same with other words.
type spelling struct {
	name string
	// spell makes a script of a command; empty if it has no such spelling.
	spell func(r *rand.Rand, command []string) string
}

func sudo(command ...string) string { return "sudo -n " + words(command...) }

// with is a command whose word number n is another.
func with(command []string, n int, word string) []string {
	command = slices.Clone(command)
	command[n] = word
	return command
}

var spellings = []spelling{
	{"abbreviation", func(r *rand.Rand, c []string) string {
		if len(c) < 2 || len(c[1]) < 3 {
			return ""
		}
		return sudo(with(c, 1, c[1][:2+r.IntN(len(c[1])-2)])...)
	}},
	{"abbreviated option", onOption(func(r *rand.Rand, name, value string) []string {
		return []string{"--" + name[:1+r.IntN(max(1, len(name)-1))], value}
	})},
	{"= form", onOption(func(_ *rand.Rand, name, value string) []string { return []string{"--" + name + "=" + value} })},
	{"one dash", onOption(func(_ *rand.Rand, name, value string) []string { return []string{"-" + name, value} })},
	{"one dash and =", onOption(func(_ *rand.Rand, name, value string) []string { return []string{"-" + name + "=" + value} })},
	{"upper case", onOption(func(_ *rand.Rand, name, value string) []string { return []string{"--" + strings.ToUpper(name), value} })},
	{"option order", func(r *rand.Rand, c []string) string {
		n := firstOption(c)
		if n < 0 || n+1 >= len(c) || len(c) < 4 {
			return ""
		}
		rest := slices.Delete(slices.Clone(c), n, n+2)
		at := 1 + r.IntN(len(rest)-1)
		if at >= n {
			at++ // where it stands it is no other order
		}
		return sudo(slices.Insert(rest, min(at, len(rest)), c[n:n+2]...)...)
	}},
	{"path", func(r *rand.Rand, c []string) string {
		base := path.Base(c[0])
		others := []string{"/bin/" + base, "/sbin/" + base, "/usr//bin/" + base, "/usr/bin/../sbin/" + base, "/usr/./sbin/" + base, "//usr/sbin/" + base, "/proc/self/root" + c[0], "/usr/local/sbin/" + base, base}
		return sudo(with(c, 0, others[r.IntN(len(others))])...)
	}},
	{"relative name", func(_ *rand.Rand, c []string) string {
		return "cd / && " + sudo(with(c, 0, strings.TrimPrefix(c[0], "/"))...) + "; cd \"$OLDPWD\" && " + sudo(with(c, 0, "./../../../.."+c[0])...)
	}},
	{"link", func(_ *rand.Rand, c []string) string {
		return "ln -s " + quoted(c[0]) + " qm; sudo -n ./qm " + words(c[1:]...)
	}},
	{"copy", func(_ *rand.Rand, c []string) string {
		return "cp " + quoted(c[0]) + " ./qm; sudo -n \"$PWD/qm\" " + words(c[1:]...)
	}},
	{"one argument", func(_ *rand.Rand, c []string) string {
		return sudo(c[0], strings.Join(c[1:], " "))
	}},
	{"newline", func(r *rand.Rand, c []string) string {
		n := r.IntN(len(c))
		return sudo(with(c, n, c[n]+"\n")...)
	}},
	{"metacharacters", func(r *rand.Rand, c []string) string {
		n := r.IntN(len(c))
		sign := []string{"*", "?", "[a-z]", "\\", "''", "$", "^", "|true", ";true", "#"}[r.IntN(10)]
		return sudo(with(c, n, c[n]+sign)...)
	}},
	{"wrapper", func(r *rand.Rand, c []string) string {
		wrapper := [][]string{{"/usr/bin/env"}, {"/usr/bin/nice"}, {"/usr/bin/timeout", "5"}, {"/usr/bin/sudo", "-n"}, {"/usr/bin/setsid"}, {"/usr/bin/sh", "-c"}, {"/usr/bin/xargs", "-a/dev/null"}}[r.IntN(7)]
		return sudo(slices.Concat(wrapper, c)...)
	}},
	{"sudo options", func(r *rand.Rand, c []string) string {
		option := []string{"-u root", "-u '#0'", "-g root", "-H", "-E", "-b", "-s", "--", "-D /", "-R /", "-P", "-C 64", "-u root -g root"}[r.IntN(13)]
		return "sudo -n " + option + " " + words(c...)
	}},
}

// firstOption is the place of the first long option.
func firstOption(c []string) int {
	return slices.IndexFunc(c, func(word string) bool { return strings.HasPrefix(word, "--") && len(word) > 2 })
}

// onOption spells the first long option of a command, with its value, in another way.
func onOption(spell func(r *rand.Rand, name, value string) []string) func(*rand.Rand, []string) string {
	return func(r *rand.Rand, c []string) string {
		n := firstOption(c)
		if n < 0 || n+1 >= len(c) {
			return ""
		}
		return sudo(slices.Concat(c[:n], spell(r, strings.TrimPrefix(c[n], "--"), c[n+1]), c[n+2:])...)
	}
}

var errQuote = errors.New("a quote in a recorded command line")

// split makes words of a recorded command line, which has no quotes.
func split(line string) ([]string, error) {
	if strings.ContainsAny(line, "'\"\\") {
		return nil, errQuote
	}
	return strings.Fields(line), nil
}
