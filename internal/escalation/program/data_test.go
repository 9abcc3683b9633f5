package program

import (
	"path"
	"testing"
)

// TestData compiles every operation and puts its examples to it: what is an example is covered, what is not is not.
func TestData(t *testing.T) {
	t.Parallel()
	for _, p := range Programs() {
		t.Run(p.Paths[0], func(t *testing.T) {
			t.Parallel()
			for _, o := range p.Operations {
				for _, line := range o.Examples {
					if ok, err := o.covers(asArguments(line)); !ok {
						t.Errorf("%s: does not cover its example %q (%v)", o.Args, line, err)
					}
				}
				for _, line := range o.Not {
					if ok, _ := o.covers(asArguments(line)); ok {
						t.Errorf("%s: covers %q, which it must not", o.Args, line)
					}
				}
				for _, e := range o.Effects {
					if e == Undescribed {
						t.Errorf("%s: undescribed is no effect that an operation has", o.Args)
					}
				}
			}
		})
	}
}

// TestOperands compiles every class of every type.
func TestOperands(t *testing.T) {
	t.Parallel()
	for name, kind := range knowledge().operands.values {
		if _, err := kind.language(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, kind := range knowledge().operands.classed {
		for mode := range kind.Modes {
			if _, err := kind.language(mode); err != nil {
				t.Errorf("%s:%s: %v", name, mode, err)
			}
		}
	}
}

// TestListedPaths: what is found without decoding the families is what they hold.
func TestListedPaths(t *testing.T) {
	t.Parallel()
	k, paths := knowledge(), 0
	names := map[string]bool{}
	for _, p := range Programs() {
		for _, name := range p.Paths {
			paths++
			if k.at(name) != p {
				t.Errorf("%s is not found", name)
			}
			if base := path.Base(name); !names[base] {
				names[base] = true
				if k.byName[base] != name {
					t.Errorf("%s is the first %s, not %s", name, base, k.byName[base])
				}
			}
		}
	}
	if paths != len(k.fileOf) || len(names) != len(k.byName) {
		t.Errorf("%d paths and %d names are listed, and there are %d and %d", len(k.fileOf), len(k.byName), paths, len(names))
	}
}
