package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Question is what analyses of a whole policy are about. The zero values of its fields stand for what a reviewer would take for given.
type Question struct {
	Subject Subject
	// Host is the short name of a node. Empty, every host is asked about that the policy tells apart.
	Host string
	// Env is the node's file system, nil for Debian's with the newest sudo.
	Env    *Environment
	Budget regular.Budget
}

// ShellLine renders a command line as a person would type it into a POSIX shell.
func ShellLine(r Request, line Line) string {
	words := []string{"sudo"}
	if line.Command == "list" {
		// sudoers(5), "list": it stands for asking what the target may do.
		target := "root"
		if r.RunAsUser != nil {
			target = r.RunAsUser.Name
		}
		return "sudo -l -U " + shellWord(target)
	}
	if r.RunAsUser != nil && (r.RunAsUser.Name != "root" || r.RunAsGroup != "") {
		words = append(words, "-u", shellWord(r.RunAsUser.Name))
	}
	if r.RunAsGroup != "" {
		words = append(words, "-g", shellWord(r.RunAsGroup))
	}
	if line.Command == "sudoedit" {
		words = append(words, "-e")
	} else {
		words = append(words, shellWord(line.Command))
	}
	if line.HasArgs {
		for _, argument := range strings.Split(line.Args, " ") {
			words = append(words, shellWord(argument))
		}
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word where a shell would read it otherwise (POSIX, Shell Command Language, 2.2).
func shellWord(word string) string {
	plain := strings.IndexFunc(word, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("|&;<>()$`\\\"'*?[]#~!{}^", r)
	}) < 0
	if word != "" && plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
