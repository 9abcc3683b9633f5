package paths_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
)

// graphOf makes a graph of edges "from>to", of which root is the end and a name with a capital letter a group.
func graphOf(edges ...string) *paths.Graph {
	g := paths.New()
	kind := func(name string) paths.Kind {
		switch {
		case name == "root":
			return paths.Root
		case name[0] >= 'A' && name[0] <= 'Z':
			return paths.Group
		}
		return paths.Account
	}
	for _, edge := range edges {
		from, to, _ := strings.Cut(edge, ">")
		g.Add(paths.Principal{ID: from, Kind: kind(from), Name: from})
		g.Add(paths.Principal{ID: to, Kind: kind(to), Name: to})
		g.Link(paths.Step{From: from, To: to, Way: "member"})
	}
	return g
}

func told(c paths.Closure) (all []string) {
	for _, p := range c.Paths {
		text := p.From.ID
		for _, s := range p.Steps {
			text += ">" + s.To
		}
		all = append(all, text)
	}
	return all
}

func cut(c paths.Closure) (all []string) {
	for _, one := range c.Cuts {
		all = append(all, one.Step.From+">"+one.Step.To+" frees "+strings.Join(one.Frees, " "))
	}
	return all
}

func TestClose(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edges, paths, cuts []string
	}{
		"nobody": {edges: []string{"a>B", "C>root"}},
		"one":    {edges: []string{"a>root"}, paths: []string{"a>root"}, cuts: []string{"a>root frees a"}},
		"a group is a step": {
			edges: []string{"a>G", "b>G", "G>root"}, paths: []string{"a>G>root", "b>G>root"},
			cuts: []string{"G>root frees a b", "a>G frees a", "b>G frees b"},
		},
		"two ways, none of which is enough to cut": {edges: []string{"a>G", "G>root", "a>root"}, paths: []string{"a>G>root", "a>root"}},
		"two ways that meet": {
			edges: []string{"a>G", "a>H", "G>b", "H>b", "b>root"}, paths: []string{"a>G>b>root", "a>H>b>root", "b>root"},
			cuts: []string{"b>root frees a b"},
		},
		"a circle":                {edges: []string{"a>b", "b>a", "b>root"}, paths: []string{"a>b>root", "b>root"}, cuts: []string{"b>root frees a b", "a>b frees a"}},
		"a circle without an end": {edges: []string{"a>b", "b>a"}},
		"the shortest way on comes back": {
			edges: []string{"a>root", "a>b", "b>a", "b>G", "G>H", "H>root"},
			paths: []string{"a>b>G>H>root", "a>root", "b>G>H>root", "b>a>root"},
		},
		"both ways on come back": {edges: []string{"a>root", "a>b", "b>a"}, paths: []string{"a>root", "b>a>root"}, cuts: []string{"a>root frees a b", "b>a frees b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				c := graphOf(test.edges...).Close()
				if diff := cmp.Diff(test.paths, told(c)); diff != "" {
					t.Errorf("paths (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.cuts, cut(c)); diff != "" {
					t.Errorf("cuts (-want +got):\n%s", diff)
				}
				slices.Reverse(test.edges) // the order in which a graph is made changes nothing
			}
		})
	}
}

// TestCutsAreExact takes each step away from graphs made by a fixed rule and compares who is free then.
func TestCutsAreExact(t *testing.T) {
	t.Parallel()
	seed := uint32(1)
	random := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	for round := range 300 {
		var edges []string
		for range 3 + random(14) {
			from, to := string(rune('a'+random(7))), string(rune('a'+random(8)))
			if to == "h" {
				to = "root"
			}
			if from != to {
				edges = append(edges, from+">"+to)
			}
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
		if len(edges) == 0 {
			continue
		}
		whole := graphOf(edges...).Close()
		want := map[string]string{}
		for i := range edges {
			left := graphOf(append(slices.Clone(edges[:i]), edges[i+1:]...)...).Close()
			var freed []string
			for _, id := range whole.Reaches {
				if !slices.Contains(left.Reaches, id) {
					freed = append(freed, id)
				}
			}
			if freed != nil {
				want[edges[i]] = strings.Join(freed, " ")
			}
		}
		got := map[string]string{}
		for _, one := range whole.Cuts {
			got[one.Step.From+">"+one.Step.To] = strings.Join(one.Frees, " ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, %v (-want +got):\n%s", round, edges, diff)
		}
	}
}

// changes makes a graph of edges "from>to:change".
func changes(edges ...string) *paths.Graph {
	g := paths.New()
	for i, edge := range edges {
		ends, change, _ := strings.Cut(edge, ":")
		from, to, _ := strings.Cut(ends, ">")
		for _, name := range []string{from, to} {
			kind := paths.Account
			if name == "root" {
				kind = paths.Root
			}
			g.Add(paths.Principal{ID: name, Kind: kind, Name: name})
		}
		g.Link(paths.Step{From: from, To: to, Way: "file", Evidence: fmt.Sprint(i), Change: change})
	}
	return g
}

// TestCutsOfChanges: what goes away together is one change, whether its steps lie beside each other or apart.
func TestCutsOfChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edges []string
		want  string
	}{
		"two steps of one file":         {[]string{"a>root:/etc/crontab", "a>root:/etc/crontab"}, "/etc/crontab frees a"},
		"two files":                     {[]string{"a>root:x", "a>root:y"}, ""},
		"one directory above two ways":  {[]string{"a>root:/opt", "a>b:/opt", "b>root:line"}, "line frees b; /opt frees a"},
		"a directory of which two have": {[]string{"a>root:x", "b>root:x", "c>a"}, "x frees a b c;  frees c"},
		"steps that are far apart":      {[]string{"a>b:x", "b>c:y", "c>root:x"}, "x frees a b c; y frees a b"},
		"no change":                     {[]string{"a>root", "a>root"}, ""},
		"one change is not a shortcut":  {[]string{"a>b:x", "b>c:y", "d>root:x", "c>root:z"}, "x frees a d; y frees a b; z frees a b c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range changes(test.edges...).Close().Cuts {
				got = append(got, c.Step.Change+" frees "+strings.Join(c.Frees, " "))
			}
			want := strings.Split(test.want, "; ")
			if test.want == "" {
				want = nil
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCutsOfChangesAreExact takes each change away from graphs made by a fixed rule and compares who is free then.
func TestCutsOfChangesAreExact(t *testing.T) {
	t.Parallel()
	seed := uint32(7)
	random := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	for round := range 300 {
		var edges []string
		for range 3 + random(16) {
			from, to := string(rune('a'+random(7))), string(rune('a'+random(8)))
			if to == "h" {
				to = "root"
			}
			if from != to {
				edges = append(edges, fmt.Sprintf("%s>%s:%d", from, to, random(6)))
			}
		}
		if len(edges) == 0 {
			continue
		}
		whole := changes(edges...).Close()
		want, got := map[string]string{}, map[string]string{}
		for change := range 6 {
			suffix := fmt.Sprint(":", change)
			left := changes(slices.DeleteFunc(slices.Clone(edges), func(e string) bool { return strings.HasSuffix(e, suffix) })...).Close()
			var freed []string
			for _, id := range whole.Reaches {
				if !slices.Contains(left.Reaches, id) {
					freed = append(freed, id)
				}
			}
			if freed != nil {
				want[fmt.Sprint(change)] = strings.Join(freed, " ")
			}
		}
		for _, one := range whole.Cuts {
			if _, twice := got[one.Step.Change]; twice {
				t.Errorf("round %d: change %s is there twice", round, one.Step.Change)
			}
			got[one.Step.Change] = strings.Join(one.Frees, " ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, %v (-want +got):\n%s", round, edges, diff)
		}
	}
}

// TestOpenGraph holds the document to what BloodHound takes ("OpenGraph Schema"): ids, at most three kinds, kinds of
// edges of letters, digits and underscores, ends that are matched by id, and properties that are no objects.
func TestOpenGraph(t *testing.T) {
	t.Parallel()
	g := graphOf("a>G", "G>root")
	for i, way := range []string{"sudo", "group", "key", "uid", "password", "set-id", "capability", "file", "cron", "unit", "privilege", "token", "login", "local"} {
		g.Link(paths.Step{From: "a", To: "root", Way: way, Does: fmt.Sprint(i), Evidence: "<\"\u202e&"})
	}
	var doc struct {
		Metadata map[string]string
		Graph    struct {
			Nodes []struct {
				ID         string
				Kinds      []string
				Properties map[string]any
			}
			Edges []struct {
				Kind       string
				Start, End map[string]string
				Properties map[string]any
			}
		}
	}
	decoder := json.NewDecoder(strings.NewReader(g.OpenGraph()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	ids := map[string]bool{}
	for _, n := range doc.Graph.Nodes {
		ids[n.ID] = true
		if len(n.Kinds) < 1 || len(n.Kinds) > 3 || n.ID == "" {
			t.Errorf("node %q has the kinds %v", n.ID, n.Kinds)
		}
	}
	if len(doc.Graph.Nodes) != 3 || len(doc.Graph.Edges) != 16 {
		t.Errorf("%d nodes and %d edges", len(doc.Graph.Nodes), len(doc.Graph.Edges))
	}
	if lines := strings.Count(g.OpenGraph(), "\n"); lines != 3+16+3 { // so that a comparison of two shows what changed
		t.Errorf("%d lines", lines)
	}
	for _, e := range doc.Graph.Edges {
		if !kind.MatchString(e.Kind) || !ids[e.Start["value"]] || !ids[e.End["value"]] || e.Start["match_by"] != "id" {
			t.Errorf("edge %+v", e)
		}
	}
}

// large is a cluster of nodes with accounts of which each has groups, a grant and a key.
func large(users, nodes int) *paths.Graph {
	g := paths.New()
	for n := range nodes {
		node := fmt.Sprintf("pve%d", n)
		root, everyone := "root:"+node, "everyone:"+node
		g.Add(paths.Principal{ID: root, Kind: paths.Root, Name: "root", Node: node})
		g.Add(paths.Principal{ID: everyone, Kind: paths.Everyone, Name: "any", Node: node})
		for i := range 20 {
			group := fmt.Sprintf("group:%s/%d", node, i)
			g.Add(paths.Principal{ID: group, Kind: paths.Group, Name: group, Node: node})
			if i < 3 {
				g.Link(paths.Step{From: group, To: root, Way: "group", Evidence: group})
			}
		}
		for u := range users {
			account, key := fmt.Sprintf("account:%s/%d", node, u), fmt.Sprintf("key:%d", u)
			g.Add(paths.Principal{ID: account, Kind: paths.Account, Name: account, Node: node})
			g.Add(paths.Principal{ID: key, Kind: paths.Key, Name: key})
			g.Link(paths.Step{From: key, To: account, Way: "key", Evidence: account})
			g.Link(paths.Step{From: account, To: everyone, Way: "local"})
			for i := range 3 {
				g.Link(paths.Step{From: account, To: fmt.Sprintf("group:%s/%d", node, (u+i*7)%20), Way: "member", Evidence: account})
			}
			if u%10 == 0 {
				g.Link(paths.Step{From: account, To: root, Way: "sudo", Evidence: "/etc/sudoers:1"})
			}
		}
	}
	return g
}

// BenchmarkClose is the closure over 500 users on 32 nodes, and over half and twice as many: it grows as they do.
func BenchmarkClose(b *testing.B) {
	for _, users := range []int{250, 500, 1000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			for b.Loop() {
				large(users, 32).Close()
			}
		})
	}
}
