package session

import "testing"

// TestSameName: two resources that would write one file are told apart from one that is planned again, or that was there twice.
func TestSameName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second named
		what          string // of the second
		twice         bool
	}{
		"both new":                 {named{nil, false}, named{nil, false}, "agent", true},
		"one new":                  {named{nil, true}, named{nil, false}, "agent", true},
		"the first new":            {named{nil, false}, named{nil, true}, "agent", true},
		"both were there":          {named{nil, true}, named{nil, true}, "agent", false},
		"another name":             {named{nil, false}, named{nil, false}, "other", false},
		"other nodes":              {named{[]string{"pve1"}, false}, named{[]string{"pve2"}, false}, "agent", false},
		"a node in common":         {named{[]string{"pve1", "pve2"}, false}, named{[]string{"pve2"}, false}, "agent", true},
		"all nodes, and one of it": {named{nil, false}, named{[]string{"pve2"}, false}, "agent", true},
	} {
		c0 := &Clients{}
		if c0.sameName("agent", c.first) {
			t.Errorf("%s: the first is taken for the second", name)
		}
		if got := c0.sameName(c.what, c.second); got != c.twice {
			t.Errorf("%s: %t", name, got)
		}
	}
}
