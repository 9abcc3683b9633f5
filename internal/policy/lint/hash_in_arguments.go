package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// hashInArguments looks for a comment that begins within a word (toke.l, GOTCMND).
var hashInArguments = Rule{
	ID: "PVESEC-S0005", Name: "hash-in-arguments", Severity: Warning,
	Summary: "An unescaped '#' within a command begins a comment.",
	Why:     "The command ends before the '#': what follows is not compared, and the rule may match more than is written.",
	Bad:     "alice ALL = /usr/bin/systemctl start job#one",
	Good:    `alice ALL = /usr/bin/systemctl start job\#one`,
	check: func(l *linter, r *Rule) {
		for _, f := range l.tree.Files {
			for _, e := range f.Entries {
				last, trailing := lastCommand(e)
				if last == nil || !trailing || last.Command.Kind == sudoers.CommandAll || last.Command.Kind == sudoers.CommandAlias {
					continue
				}
				if end := last.Span.End; end < len(f.Text) && f.Text[end] == '#' {
					at := last.Pos
					at.Line, at.Col = lineCol(f.Text, end)
					l.report(r, at, "'#' begins a comment here; the command is only "+last.Command.String(),
						`write \# for the sign itself, or put a space before a comment`)
				}
			}
		}
	},
}

// lastCommand is the command at the end of a line, and whether a comment follows.
func lastCommand(e sudoers.Entry) (*sudoers.CommandMember, bool) {
	switch e := e.(type) {
	case *sudoers.UserSpec:
		p := &e.Privileges[len(e.Privileges)-1]
		return &p.Commands[len(p.Commands)-1].CommandMember, e.HasTrailing
	case *sudoers.AliasDef:
		if a := &e.Aliases[len(e.Aliases)-1]; len(a.Commands) > 0 {
			return &a.Commands[len(a.Commands)-1], e.HasTrailing
		}
	}
	return nil, false
}

// lineCol gives the place of an offset.
func lineCol(text string, offset int) (line, col int) {
	before := text[:offset]
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}
