package escalation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// people are users with grants ("User.Modify /access/groups/ops", see holding) and groups, for worlds of tests.
type people struct {
	grants map[string][]string // by user, or by @ and group
	groups map[string][]string // members by group
	asked  int
}

func (p *people) world() World {
	var names []string
	for group := range p.groups {
		names = append(names, group)
	}
	slices.Sort(names)
	return World{Groups: names, Members: func(group string) []string { return p.groups[group] }, Rights: func(id string, joined ...string) Rights {
		p.asked++
		in := slices.Clone(joined)
		for group, members := range p.groups {
			if slices.Contains(members, id) {
				in = append(in, group)
			}
		}
		slices.Sort(in)
		grants := slices.Clone(p.grants[id])
		key := "in "
		if len(grants) > 0 {
			key = id + " in "
		}
		for _, group := range slices.Compact(in) {
			grants = append(grants, p.grants["@"+group]...)
			key += group + ","
		}
		held := holding(grants...)
		return Rights{Key: key, Paths: held.Paths, Has: held.Has}
	}}
}

// TestReach has ways over others that package access does not have, since they need no API.
func TestReach(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		people people
		want   string
	}{
		"three who lead nowhere in twos": {people{
			map[string][]string{"self": {"User.Modify /access/groups/one", "User.Modify /access/groups/two", "VM.Config.Disk /vms/100"}, "maker": {"Mapping.Modify /mapping/dir/docs"}, "giver": {"=Permissions.Modify /mapping/dir/docs"}, "user": {"VM.Audit /"}},
			map[string][]string{"one": {"maker"}, "two": {"giver"}}, 0}, "PVESEC-P0002"},
		"a chain of three": {people{
			map[string][]string{"self": {"User.Modify /access/groups/one"}, "a": {"=Permissions.Modify /access/groups/two"}, "b": {"User.Modify /access/groups/three"}, "c": {"Sys.Modify /nodes"}},
			map[string][]string{"one": {"a"}, "two": {"b"}, "three": {"c"}}, 0}, "PVESEC-P0002"},
		"root is a member": {people{map[string][]string{"self": {"User.Modify /access/groups/one"}}, map[string][]string{"one": {"root@pam"}}, 0}, "PVESEC-P0002"},
		"root at the end":  {people{map[string][]string{"self": {"User.Modify /access/groups/one"}, "a": {"User.Modify /access/groups/two"}}, map[string][]string{"one": {"a"}, "two": {"root@pam"}}, 0}, "PVESEC-P0002"},
		"a circle with a way out": {people{
			map[string][]string{"self": {"User.Modify /access/groups/one"}, "a": {"User.Modify /access/groups/two"}, "b": {"User.Modify /access/groups/one", "Permissions.Modify /storage"}},
			map[string][]string{"one": {"a", "self"}, "two": {"b"}}, 0}, "PVESEC-P0002"},
		"a group without members that manages another": {people{
			map[string][]string{"self": {"User.Modify /access/groups/desk", "Realm.AllocateUser /access/realm/pve"}, "@desk": {"User.Modify /access/groups/two"}, "b": {"Sys.Modify /nodes/pve1"}},
			map[string][]string{"desk": nil, "two": {"b"}}, 0}, "PVESEC-P0018"},
		"storage that is handed on": {people{
			map[string][]string{"self": {"User.Modify /access/groups/one", "VM.Allocate /vms/200", "=Sys.Modify /"}, "a": {"Datastore.Allocate /storage/fast", "Datastore.AllocateSpace /storage/fast"}},
			map[string][]string{"one": {"a"}}, 0}, "PVESEC-P0002"},
		"storage that is not":     {people{map[string][]string{"self": {"User.Modify /access/groups/one", "VM.Allocate /vms/200", "=Sys.Modify /"}, "a": {"Datastore.AllocateSpace /storage/fast"}}, map[string][]string{"one": {"a"}}, 0}, ""},
		"a circle":                {people{map[string][]string{"self": {"User.Modify /access/groups/one"}, "a": {"User.Modify /access/groups/one"}}, map[string][]string{"one": {"a", "self"}}, 0}, ""},
		"others' groups":          {people{map[string][]string{"self": {"Group.Allocate /"}, "a": {"Permissions.Modify /"}}, map[string][]string{"one": {"a"}}, 0}, ""},
		"a mover who leads alone": {people{map[string][]string{"self": {"User.Modify /access/groups/one", "User.Modify /access/groups/plain"}, "a": {"Permissions.Modify /"}}, map[string][]string{"one": {"a"}, "plain": nil}, 0}, "PVESEC-P0002"},
	} {
		world := test.people.world()
		var got []string
		for _, f := range world.Reach("self") {
			got = append(got, f.ID)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestReachOfManyPeople: who has the rights of others is asked about once, not once for each.
func TestReachOfManyPeople(t *testing.T) {
	t.Parallel()
	p := people{grants: map[string][]string{"self": nil}, groups: map[string][]string{}}
	for i := range 10 {
		group := fmt.Sprintf("g%d", i)
		p.grants["self"] = append(p.grants["self"], "User.Modify /access/groups/"+group)
		for j := range 50 {
			p.groups[group] = append(p.groups[group], fmt.Sprintf("u%d.%d", i, j))
		}
	}
	if found := p.world().Reach("self"); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if p.asked > 100000 {
		t.Errorf("the rights of somebody were asked for %d times", p.asked)
	}
}

// TestReachIsNeverSilent: where everyone whom somebody can take over leads to root together, there is a finding; and
// more rights never lead to less.
func TestReachIsNeverSilent(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	rights := []string{"User.Modify /access/groups/one", "User.Modify /access/groups/two", "=User.Modify /access/groups/three", "=Permissions.Modify /access/groups/two", "Realm.AllocateUser /access/realm/pve",
		"Mapping.Modify /mapping/dir/docs", "Mapping.Use /mapping/dir/docs", "=Permissions.Modify /mapping/dir/docs", "VM.Config.Disk /vms/100", "VM.Allocate /vms/100", "=Permissions.Modify /vms", "VM.Audit /pool/build"}
	users, groups := []string{"self", "a", "b", "c", "@one", "@two", "@three"}, []string{"one", "two", "three"}
	lead := 0
	for range 60 {
		p := people{grants: map[string][]string{"self": {"User.Modify /access/groups/one"}}, groups: map[string][]string{"one": nil, "two": nil, "three": nil}}
		for range 7 + random.IntN(8) {
			who := users[random.IntN(len(users))]
			p.grants[who] = append(p.grants[who], rights[random.IntN(len(rights))])
		}
		for range 1 + random.IntN(4) {
			group := groups[random.IntN(len(groups))]
			p.groups[group] = append(p.groups[group], users[random.IntN(4)])
		}
		world := p.world()
		found := world.Reach("self")
		leads := world.team(actor{id: "self", Rights: world.Rights("self")}).close(nil).leads()
		if leads != (len(found) > 0) {
			t.Fatalf("%v %v: leads to root: %t, found %+v", p.grants, p.groups, leads, found)
		}
		if !leads {
			continue
		}
		lead++
		p.grants["self"] = append(p.grants["self"], "VM.Audit /vms")
		if len(p.world().Reach("self")) == 0 {
			t.Fatalf("%v %v: with a further right nothing is found", p.grants, p.groups)
		}
	}
	if lead < 6 {
		t.Errorf("%d lead to root", lead)
	}
}
