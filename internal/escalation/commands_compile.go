package escalation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// sensitivePath is a word, or the value of an option, that leads to files of root's which open the node: below one of the
// directories that hold them, the root directory itself, a home directory by "~", or anywhere by "..". Paths without a slash at
// their start are not among them: which file they name depends on the working directory.
const sensitivePath = `(^|[ =:,@])(/+(etc|root|proc|dev|home|boot|srv|mnt|media|run|sys|tmp|usr|bin|sbin|lib|lib64|opt|var/(lib|tmp|spool|backups|run|mail|cache|www))(/|[ ,:]|$)|/+([ ,:]|$)|[^ ]*\.\.(/|[ ,:]|$)|~)`

// source gives the function that compiles a rule's arguments. Its own error is about the words of the rule.
func (r *CommandRule) source(shape func(name string) (string, bool)) (func() (regular.Expr, error), error) {
	pattern, err := r.pattern(shape)
	if err != nil {
		return nil, err
	}
	if pattern == "" {
		return func() (regular.Expr, error) { return regular.AnyArguments(), nil }, nil
	}
	return func() (regular.Expr, error) {
		joined, err := regular.Compile(regular.ERE{Pattern: pattern})
		if err != nil {
			return regular.Expr{}, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		return regular.Arguments(joined)
	}, nil
}

// pattern is an ERE that is searched in the joined arguments, "" for any arguments.
func (r *CommandRule) pattern(shape func(name string) (string, bool)) (string, error) {
	ways := 0
	for _, given := range []bool{r.ArgumentsAre != "", r.ERE != "", len(r.Subcommands) > 0 || len(r.Options) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return "", errors.New("its arguments are not named in one way")
	case r.Rest != "" && (len(r.Subcommands) == 0 || len(r.Options) > 0):
		return "", errors.New("rest follows subcommands, and no options")
	case len(r.Options) > 0 != (r.Value != ""):
		return "", errors.New("options go with a value")
	case r.ERE != "":
		return abbreviate(r.ERE), nil
	case len(r.Subcommands) > 0 || len(r.Options) > 0:
		return r.words(shape)
	}
	switch r.ArgumentsAre {
	case "any":
		return "", nil
	case "some":
		return "[^ ]", nil
	case "sensitive-path":
		return sensitivePath, nil
	}
	return "", fmt.Errorf("arguments %q are none", r.ArgumentsAre)
}

// words is the pattern of subcommands and options.
func (r *CommandRule) words(shape func(name string) (string, bool)) (string, error) {
	start := ""
	if len(r.Subcommands) > 0 {
		alternatives := make([]string, len(r.Subcommands))
		for i, subcommand := range r.Subcommands {
			words := strings.Split(subcommand, " ")
			for j, word := range words {
				if !wordPrefix.MatchString(word) || strings.Contains(word, "#") {
					return "", fmt.Errorf("%q is no subcommand", subcommand)
				}
				words[j] = prefixes(word, false)
			}
			alternatives[i] = strings.Join(words, " ")
		}
		start = "^" + r.family.BeforeSubcommand + "(" + strings.Join(alternatives, "|") + ")"
	}
	if len(r.Options) == 0 {
		if r.Rest == "" {
			return start + "( |$)", nil
		}
		return start + r.Rest, nil
	}
	value, known := shape(r.Value)
	if !known {
		return "", fmt.Errorf("value %q is no shape", r.Value)
	}
	alternatives := make([]string, len(r.Options))
	for i, option := range r.Options {
		switch {
		case plainOption.MatchString(option):
			alternatives[i] = abbreviate(option)
		case wordPrefix.MatchString(option):
			name, number := strings.CutSuffix(option, "#")
			alternatives[i] = "--?" + prefixes(name, true)
			if number {
				alternatives[i] += "[0-9]+"
			}
		default:
			return "", fmt.Errorf("%q is no option", option)
		}
	}
	before := "( .*)? "
	if start == "" {
		start, before = "^", "(.* )?"
	}
	return start + before + "(" + strings.Join(alternatives, "|") + ")" + value, nil
}

// prefixes is the pattern of a word from its shortest prefix on, in any case of its letters if fold is set.
func prefixes(word string, fold bool) string {
	least, more, _ := strings.Cut(word, "|")
	var b strings.Builder
	put := func(c byte) {
		if fold && c >= 'a' && c <= 'z' {
			b.WriteString(string([]byte{'[', c, c - 'a' + 'A', ']'}))
			return
		}
		b.WriteByte(c)
	}
	for i := range len(least) {
		put(least[i])
	}
	for i := range len(more) {
		b.WriteByte('(')
		put(more[i])
	}
	b.WriteString(strings.Repeat(")?", len(more)))
	return b.String()
}
