package program

import (
	"regexp"
	"slices"
	"strings"
)

// optionIn finds options in a manual page or in what --help prints.
var optionIn = regexp.MustCompile(`(^|[\s,|[(])(--?[A-Za-z0-9][A-Za-z0-9-]*)`)

// Options gives the options that a manual page, or what a program prints for --help, names, each once.
func Options(text string) []string {
	var list []string
	for _, found := range optionIn.FindAllStringSubmatch(text, -1) {
		if option := strings.TrimSuffix(found[2], "-"); option != "-" && !slices.Contains(list, option) {
			list = append(list, option)
		}
	}
	return list
}

// Gap is an option that is undescribed with every example of what is harmless.
type Gap struct {
	Option string
	// Args are arguments with it, words with blanks between them.
	Args string
}

// Gaps looks for gaps in what is known of a program: it puts each of the options, without a value and with one, to the
// examples of the operations that are no way to root.
func (p *Program) Gaps(options []string) (gaps []Gap) {
	var examples []string
	for _, o := range p.Operations {
		if !slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Info().Root() }) {
			for _, example := range o.Examples {
				if all, _ := p.undescribed([]string{joined(example, "--no-such-option")}); all { // else it takes any words
					examples = append(examples, example)
				}
			}
		}
	}
	for _, option := range options {
		var lines []string
		for _, example := range examples {
			lines = append(lines, joined(example, option), joined(option, example), joined(example, option, "1"), joined(example, option+"=1"), joined(example, option, "x"), joined(example, option+"=x"))
		}
		if all, first := p.undescribed(append(lines, option)); all {
			gaps = append(gaps, Gap{option, first})
		}
	}
	return gaps
}

// joined has the words that are not empty, with blanks between them.
func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// undescribed tells whether nobody has described any of the arguments, and gives the first of them.
func (p *Program) undescribed(lines []string) (all bool, first string) {
	for _, line := range lines {
		outcomes, _ := p.JudgeFixed(asArguments(line))
		if !slices.ContainsFunc(outcomes, func(o Outcome) bool {
			return o.Effect == Undescribed || o.Operation != nil && o.Operation == p.Otherwise
		}) {
			return false, ""
		}
	}
	return true, lines[0]
}
