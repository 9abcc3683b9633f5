package hardening

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// malformed notes what stands between entries and does not belong there: lines that sudo skips. One that stays may be a
// definition of a name that another line defined before it.
func (s *sorting) malformed(file *sudoers.File, from, to int, stays func(sudoers.Entry) bool) {
	if stays == nil || from >= to {
		return
	}
	at := from
	alone, _ := sudoers.Parse(file.Name, file.Text[from:to], s.t.version)
	for _, entry := range alone.Entries {
		if span := entry.Span(); canonicalEntry(entry) != "" && stays(entry) {
			s.skipped(file, at, from+span.Start)
			at = from + span.End
		}
	}
	s.skipped(file, at, to)
}

// skipped notes a part of a file that sudo skips, if there is anything in it.
func (s *sorting) skipped(file *sudoers.File, from, to int) {
	if strings.TrimSpace(file.Text[from:to]) == "" {
		return
	}
	s.add(&foreignLine{
		file: file.Name, at: 1 + strings.Count(file.Text[:from], "\n"), text: strings.TrimSpace(file.Text[from:to]) + " (malformed: sudo skips it)", span: sudoers.Span{Start: from, End: to},
	})
}

// shadows are the foreign definitions of names that a line which stays defines too. sudo goes by the first one.
func (s *sorting) shadows(after *sudoersTree) []*foreignLine {
	defined := aliasesOf(after.tree)
	return s.going(func(line *foreignLine) bool {
		definition, is := line.entry.(*sudoers.AliasDef)
		return is && slices.ContainsFunc(definition.Aliases, func(alias sudoers.Alias) bool { return defined[aliasUse{definition.Kind, alias.Name}].Name != "" })
	})
}

// unshadowed is what is in force today, but for foreign lines of which nobody is given anything by the removal:
// definitions in the way of those that stay, whatever they name, and options by which a command runs below a directory
// of its caller, who is root by that already. Every line has the place that it has today.
func (s *sorting) unshadowed() *sudoersTree {
	left := append(s.shadows(s.t.after(s.change())), s.going(func(line *foreignLine) bool {
		options, is := line.entry.(*sudoers.Defaults)
		return is && slices.ContainsFunc(options.Settings, func(option sudoers.Setting) bool {
			return option.Name == "runchroot" && policy.InOthersHands(option.Name, option.Value) != ""
		})
	})...)
	if len(left) == 0 {
		return s.t
	}
	out := s.going(func(line *foreignLine) bool { return line.entry == nil || slices.Contains(left, line) })
	change := node.Change{Target: s.target}
	for _, file := range s.t.tree.Files {
		text := []byte(file.Text)
		for _, line := range out {
			for i := line.span.Start; i < line.span.End && line.file == file.Name; i++ {
				if text[i] != '\n' {
					text[i] = ' '
				}
			}
		}
		change.Files = append(change.Files, node.File{Path: file.Name, Kind: node.Regular, Content: text, Validate: node.Sudoers})
	}
	return s.t.after(change)
}
