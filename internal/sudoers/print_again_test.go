package sudoers

import (
	"slices"
	"strings"
	"testing"
)

// TestNothingIsSwallowed: a command expression ends at a $ that no backslash escapes. One that has none swallows what
// is printed behind it, and a denial may vanish so: what is built is parsed again and compared, always.
func TestNothingIsSwallowed(t *testing.T) {
	t.Parallel()
	for _, commands := range [][]string{
		{`^/usr/bin/run\$`, `/usr/bin/id ^a$`}, {`^/usr/bin/run\$`, `!/usr/bin/id ^a$`}, {`ALL`, `!^/usr/bin/run\$`, `!/usr/bin/bash ^.*$`}, {`^/usr/bin/run$`, `/usr/bin/id ^a\$`, `!/bin/sh ^b$`},
		{`^/usr/bin/a\\$`, `/bin/b`}, {`/bin/a ^\$`, `/bin/b ^$`},
	} {
		text, errs := Render(Policy{Name: "p", Subject: "agent", Rules: []Rule{{Commands: commands}}}, Version{})
		if len(errs) > 0 {
			continue
		}
		file, problems := Parse("p", text, Version{})
		if problems.Err() != nil {
			t.Errorf("%q: %v\n%s", commands, problems, text)
			continue
		}
		var got []string
		for _, e := range file.Entries {
			if spec, ok := e.(*UserSpec); ok {
				for _, c := range spec.Privileges[0].Commands {
					var w printer
					w.command(c.CommandMember)
					got = append(got, w.String())
				}
			}
		}
		if !slices.Equal(got, commands) {
			t.Errorf("%q is read as %q", commands, got)
		}
	}
	if _, errs := Render(Policy{Name: "p", Subject: "agent", Rules: []Rule{{Commands: []string{`^/usr/bin/run\$`, `/usr/bin/id ^a$`}}}}, Version{}); len(errs) == 0 {
		t.Error("an expression without its end is rendered")
	} else if errs[0].Index != 0 || errs[0].Field != "Commands" || !strings.Contains(errs[0].Err.Msg, "expression") {
		t.Errorf("the error is %+v", errs[0])
	}
}
