package regular_test

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// A deny-list that forgets how else a thing can be said.
func ExampleDisjoint() {
	compile := func(s regular.Source) regular.Expr {
		e, err := regular.Compile(s)
		if err != nil {
			panic(err)
		}
		return e
	}
	allowed := regular.Prioritised([]regular.Rule{
		{Allow: true, Match: compile(regular.Glob{Pattern: "set *"})},
		{Allow: false, Match: compile(regular.Glob{Pattern: "set * --hookscript *"})},
	})
	hookscript := compile(regular.ERE{Pattern: `^set [0-9]+( .*)? --?hooks[a-z]*[ =]`})

	answer := regular.Disjoint(allowed, hookscript, regular.Budget{})
	fmt.Printf("no hook script can be set: %v, see %q\n", answer.Verdict, answer.Witness)
	// Output: no hook script can be set: no, see "set 0 -hooks="
}

// Rules on command lines are first sorted by path.
func ExamplePartition() {
	var paths []regular.Expr
	for _, s := range []regular.Source{
		regular.Literal("/usr/bin/zfs"),
		regular.Glob{Pattern: "/usr/bin/*", Pathname: true},
		regular.Literal("/usr/bin/zfs"),
	} {
		e, err := regular.Compile(s)
		if err != nil {
			panic(err)
		}
		paths = append(paths, e)
	}
	classes, complete := regular.Partition(paths, regular.Budget{})
	fmt.Println(complete)
	for _, c := range classes {
		fmt.Println(c.Members, c.Witness, c.Single)
	}
	// Output:
	// true
	// [0 1 2] /usr/bin/zfs true
	// [1] /usr/bin/ false
}
