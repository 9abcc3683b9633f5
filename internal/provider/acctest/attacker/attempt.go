package attacker

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

//go:embed data/*.json
var data embed.FS

// Attempt is one try.
type Attempt struct {
	// Technique is the group that the attempt belongs to.
	Technique string
	// Script is what the operator's shell runs, in a directory of the attempt's own.
	Script string
	// Keys are typed into a terminal that the script then has; none for no terminal.
	Keys string
	// Record is a text of the record of the attempt in sudo's event log, where the directory is not.
	Record string
	// Unlogged is an attempt without sudo, of which sudo has no record.
	Unlogged bool
}

// Target is an operator on a node, and what is promised.
type Target struct {
	// User is the Linux account.
	User string
	// Promised are command lines that the operator may run.
	Promised []string
	// Allows matches the calls of Proxmox VE's programs that the promise covers; see [Promise].
	Allows *regexp.Regexp
}

// Promise matches calls of Proxmox VE's programs, in the form that [StandIn] notes. The patterns are written by hand,
// and know nothing of the policy.
func Promise(patterns ...string) *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join(patterns, "|") + `)$`)
}

// Wanted are the command lines that an attacker wants to run, in the plainest spelling.
func (t *Target) Wanted() (lines []string) {
	read("wanted", &lines)
	for i, line := range lines {
		lines[i] = t.expand(line)
	}
	return lines
}

// Home is the home directory of the operator.
func (t *Target) Home() string { return "/home/" + t.User }

// place is the directory of an attempt, relative to the operator's home.
func place(n int) string { return fmt.Sprintf("attempts/%04d", n) }

// quoted makes a word of the shell.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-=:@+,") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// words makes a command of the shell.
func words(list ...string) string {
	quotes := make([]string, 0, len(list))
	for _, word := range list {
		quotes = append(quotes, quoted(word))
	}
	return strings.Join(quotes, " ")
}

// read decodes an embedded file.
func read(name string, into any) {
	text, err := data.ReadFile("data/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic("the data of the attacker: " + err.Error()) // a test reads it
	}
}
