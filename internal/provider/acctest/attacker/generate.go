package attacker

import (
	"maps"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Generate makes all attempts of an operator: from the data of this package, from recorded command lines that lead to
// root (program and arguments), and from what is promised. Each is there once. The seed puts them into an order in
// which the first n are a sample with attempts of every technique.
func Generate(t *Target, recorded []string, seed uint64) []Attempt {
	g := generator{Target: t, random: rand.New(rand.NewPCG(seed, 19)), seen: map[string]bool{}}
	g.wanted()
	g.fromPromises()
	g.environment()
	g.ways()
	g.terminals()
	for _, line := range recorded {
		if command, err := split(line); err == nil {
			g.sudo("recorded", command...)
		}
	}
	g.random.Shuffle(len(g.made), func(i, k int) { g.made[i], g.made[k] = g.made[k], g.made[i] })
	return dealt(g.made)
}

// dealt takes one attempt of each technique in turn.
func dealt(attempts []Attempt) (mixed []Attempt) {
	turn, turns := map[string]int{}, map[int][]Attempt{}
	for _, a := range attempts {
		turns[turn[a.Technique]] = append(turns[turn[a.Technique]], a)
		turn[a.Technique]++
	}
	for _, n := range slices.Sorted(maps.Keys(turns)) {
		mixed = append(mixed, turns[n]...)
	}
	return mixed
}

type generator struct {
	*Target
	random *rand.Rand
	made   []Attempt
	seen   map[string]bool
}

// add keeps an attempt that is new.
func (g *generator) add(a Attempt) {
	a.Script = g.filled(a.Script)
	a.Keys = g.filled(a.Keys)
	if key := a.Script + "\x00" + a.Keys; !g.seen[key] {
		g.seen[key] = true
		g.made = append(g.made, a)
	}
}

// filled puts the operator's names into a text.
func (g *generator) filled(text string) string {
	return strings.ReplaceAll(g.expand(text), "{promised}", g.Promised[0])
}

// sudo adds a command line.
func (g *generator) sudo(technique string, command ...string) {
	for i := range command {
		command[i] = g.filled(command[i])
	}
	g.add(Attempt{Technique: technique, Script: "sudo -n " + words(command...)})
}

// wanted adds what an attacker wants, in every spelling.
func (g *generator) wanted() {
	for _, line := range g.Wanted() {
		command := strings.Fields(line)
		g.sudo("plain", slices.Clone(command)...)
		for _, s := range spellings {
			if spelled := s.spell(g.random, command); spelled != "" {
				g.add(Attempt{Technique: s.name, Script: spelled})
			}
		}
	}
}

// fromPromises adds what begins as a promise and ends elsewhere.
func (g *generator) fromPromises() {
	var suffixes [][]string
	read("suffixes", &suffixes)
	for _, line := range g.Promised {
		command := strings.Fields(line)
		for _, suffix := range suffixes {
			g.sudo("suffix", append(slices.Clone(command), slices.Clone(suffix)...)...)
			if len(command) > 1 {
				glued := slices.Clone(command)
				glued[len(glued)-1] += strings.Join(suffix, " ")
				g.sudo("glued", glued...)
				g.sudo("infix", slices.Concat(command[:1], suffix, command[1:])...)
			}
		}
		g.otherPrograms(command)
	}
}

// otherPrograms adds programs of the operator's in the place of a promised one.
func (g *generator) otherPrograms(command []string) {
	name, rest := quoted(path.Base(command[0])), words(command[1:]...)
	g.add(Attempt{Technique: "copy of a program", Script: "cp {home}/p ./" + name + "; sudo -n ./" + name + " " + rest})
	g.add(Attempt{Technique: "program in PATH", Script: "cp {home}/p ./" + name + "; PATH=.:$PATH sudo -n " + name + " " + rest})
	g.add(Attempt{Technique: "link to a program", Script: "ln -s {home}/p ./" + name + "; sudo -n \"$PWD\"/" + name + " " + rest})
	// While sudo looks, the link leads to what is promised, and then elsewhere.
	g.add(Attempt{Technique: "race", Script: "for i in 1 2 3 4 5; do ln -sfn " + quoted(command[0]) + " " + name + "; ln -sfn {home}/p " + name + "; done & for i in 1 2 3; do sudo -n \"$PWD\"/" + name + " " + rest + "; done; wait"})
}

// environment adds promised commands in an environment of the operator's making.
func (g *generator) environment() {
	var variables [][2]string
	read("environment", &variables)
	for _, variable := range variables {
		set := words(g.filled(variable[0] + "=" + variable[1]))
		name := words(variable[0])
		for _, line := range g.Promised {
			g.add(Attempt{Technique: "variable", Script: "env " + set + " sudo -n " + line})
			g.add(Attempt{Technique: "variable on the command line", Script: "sudo -n " + set + " " + line})
			g.add(Attempt{Technique: "all variables kept", Script: "env " + set + " sudo -n -E " + line})
			g.add(Attempt{Technique: "one variable kept", Script: "env " + set + " sudo -n --preserve-env=" + name + " " + line})
		}
	}
}

// ways adds attempts that are written out, with sudo and without.
func (g *generator) ways() {
	var with, alone []string
	read("ways", &with)
	read("alone", &alone)
	for _, script := range with {
		g.add(Attempt{Technique: "way out", Script: script, Record: recordOf(script), Unlogged: unlogged.MatchString(script)})
	}
	g.elsewhere()
	for _, script := range alone {
		g.add(Attempt{Technique: "without sudo", Script: script, Unlogged: true})
	}
}

// unlogged are requests that sudo refuses before it asks a policy, and of which it keeps no record: users that do not
// exist.
var unlogged = regexp.MustCompile(`-u '#(-1|4294967295)'`)

// recordOf is the record of a login shell, which begins in root's home.
func recordOf(script string) string {
	if strings.Contains(script, " -i ") || strings.HasSuffix(script, "--login") {
		return "PWD=/root ; USER=root ; COMMAND=/bin/bash"
	}
	return ""
}

// elsewhere adds names that are relative to a directory in which they are somebody else's files.
func (g *generator) elsewhere() {
	for _, command := range []string{"cat shadow", "tail -n 50 shadow", "head -n 50 shadow", "tail -n 50 secret", "tee evil", "touch evil", "cp " + g.Home() + "/evil.sudoers evil", "ls"} {
		g.add(Attempt{Technique: "working directory", Script: "cd /etc && sudo -n /usr/bin/" + command, Record: "PWD=/etc ; USER=root ; COMMAND=/usr/bin/" + command})
		for _, directory := range []string{"/etc", "/root", "/etc/sudoers.d"} {
			g.add(Attempt{Technique: "sudo -D", Script: "sudo -n -D " + directory + " /usr/bin/" + command})
			g.add(Attempt{Technique: "sudo -R", Script: "sudo -n -R / -D " + directory + " /usr/bin/" + command})
		}
	}
}

// terminals adds attempts with somebody who types.
func (g *generator) terminals() {
	var typed [][2]string
	read("terminal", &typed)
	for _, pair := range typed {
		g.add(Attempt{Technique: "terminal", Script: pair[0], Keys: pair[1]})
	}
}
