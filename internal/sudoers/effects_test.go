package sudoers

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryOptionHasAnEffect: none is harmless by omission. What an option does when it is off counts, too.
func TestEveryOptionHasAnEffect(t *testing.T) {
	t.Parallel()
	for _, d := range Catalogue() {
		if len(d.Effects) == 0 {
			t.Errorf("%s has no effect", d.Name)
		}
		for _, e := range d.Effects {
			if e.Kind == "" || !slices.Contains(EffectKinds(), e.Kind) {
				t.Errorf("%s: kind %q", d.Name, e.Kind)
			}
			if e.What == "" || strings.HasSuffix(e.What, ".") || e.What[0] >= 'A' && e.What[0] <= 'Z' && e.What[1] >= 'a' {
				t.Errorf("%s: %q is no clause", d.Name, e.What)
			}
			if e.When == WhenOff && !d.Boolean && d.Type != TypeFlag {
				t.Errorf("%s cannot be off", d.Name)
			}
		}
	}
	for name := range effects {
		if _, known := LookupDefault(name); !known {
			t.Errorf("%s is no option", name)
		}
	}
}

// TestEffectsOfSettings looks at settings as they are written.
func TestEffectsOfSettings(t *testing.T) {
	t.Parallel()
	kinds := func(line string) []EffectKind {
		file, errs := Parse("policy", "Defaults "+line+"\n", Version{})
		if errs.Err() != nil {
			t.Fatal(errs)
		}
		var list []EffectKind
		defaults, is := file.Entries[0].(*Defaults)
		if !is {
			t.Fatalf("%T is no Defaults", file.Entries[0])
		}
		for _, s := range defaults.Settings {
			for _, e := range s.Effects() {
				list = append(list, e.Kind)
			}
		}
		return list
	}
	for line, want := range map[string]EffectKind{
		"lecture_file=/etc/shadow": EffectReads, "exempt_group=ops": EffectAdmits, "secure_path=/tmp": EffectRuns, "runcwd=*": EffectAdmits, "runchroot=*": EffectRuns,
		"sudoedit_follow": EffectWrites, "!sudoedit_checkdir": EffectWrites, "editor=/tmp/x": EffectRuns, "group_plugin=x.so": EffectRuns, "passprompt=x": EffectShows,
		"badpass_message=x": EffectShows, "mailerpath=/tmp/x": EffectRuns, "iolog_dir=/tmp": EffectWrites, "timestampdir=/tmp": EffectWrites, "admin_flag=/tmp/x": EffectWrites,
		"!authenticate": EffectAdmits, "setenv": EffectAdmits, "!env_reset": EffectAdmits, "!syslog": EffectRecords, "logfile=/tmp/x": EffectWrites, "fast_glob": EffectDecides,
		"sudoers_locale=C": EffectDecides, "!use_netgroups": EffectDecides, "!use_pty": EffectConfines,
	} {
		if got := kinds(line); !slices.Contains(got, want) {
			t.Errorf("%s has %v, not %s", line, got, want)
		}
	}
	for line, unwanted := range map[string]EffectKind{"authenticate": EffectAdmits, "!setenv": EffectAdmits, "env_reset": EffectAdmits, "sudoedit_checkdir": EffectWrites, "!lecture_file": EffectReads} {
		if got := kinds(line); slices.Contains(got, unwanted) {
			t.Errorf("%s has %v", line, got)
		}
	}
	if (&Setting{Name: "nosuch"}).Effects() != nil {
		t.Error("an unknown option has effects")
	}
}
