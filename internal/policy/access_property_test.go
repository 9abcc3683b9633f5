package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestAccessIsWhatDecides holds the languages of generated policies to the decisions, for each of many command lines:
// what is allowed is admitted unless a gap says otherwise, and what is admitted is allowed, in the spelling that Line
// gives, where no rule is uncertain.
func TestAccessIsWhatDecides(t *testing.T) {
	t.Parallel()
	commands := []string{
		"/bin/a", "/usr/bin/a", "/usr/bin/../bin/a", "/opt/x/b", "/opt/x/", "/opt/*/b", "/opt/x/[!.]", "/bin/?", "ALL", "sudoedit", "list", "^/(usr/)?bin/a$", "^/opt/x/[ab]$", "^/bin/a$",
	}
	args := []string{"", ` ""`, " *", " x*", " x", " ^(x|y)+$", " ^x y$", " ?", " * x", " ^$"}
	paths := []string{"/bin/a", "/usr/bin/a", "/opt/x/b", "/opt/x/a", "/opt/y/b", "/usr/bin/b", "sudoedit", "list", "/srv/c"}
	lines := [][]string{nil, {""}, {"x"}, {"y"}, {"x", "y"}, {"x", "x"}, {"xy"}, {"z"}, {"", "x"}}
	tags := []string{"", "NOPASSWD: ", "NOTAFTER=20300101000000Z ", "(bob) ", "(ALL) "}
	decided, allowed := 0, 0
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 1))
		pick := func(list []string) string { return list[random.IntN(len(list))] }
		var text strings.Builder
		if random.IntN(4) == 0 {
			text.WriteString("Defaults fast_glob\n")
		}
		for range 1 + random.IntN(5) {
			command := pick(commands)
			if command != "ALL" && command != "list" && !strings.HasSuffix(command, "/") {
				command += pick(args)
			}
			if random.IntN(3) == 0 {
				command = "!" + command
			}
			fmt.Fprintf(&text, "op ALL=%s%s\n", pick(tags), command)
		}
		for _, version := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9} {
			file, problems := sudoers.Parse("policy", text.String(), version)
			if len(problems) > 0 {
				t.Fatalf("%v\n%s", problems, text.String())
			}
			tree := sudoers.TreeOf(file)
			request := Request{Subject: Subject{Name: "op"}, Env: Debian(version)}
			access := Admits(tree, request, []string{"/usr/bin/a", "/usr/bin/b", "/opt/x/b", "/opt/x/a", "/opt/y/b", "/srv/c"}, regular.Budget{})
			for _, path := range paths {
				for _, line := range lines {
					r := request
					r.Command, r.Args = path, line
					is := Decide(tree, r).Verdict == Allowed
					canonical := path
					if strings.HasPrefix(path, "/") {
						canonical = r.Env.Canonical(path)
					}
					i := slices.IndexFunc(access.Paths, func(p PathAccess) bool { return p.Path == canonical })
					admitted := i >= 0 && access.Paths[i].Allowed().Contains(regular.ArgumentsText(line))
					decided++
					if is {
						allowed++
					}
					if is && !admitted && access.Complete() {
						t.Errorf("%s %q with %s is allowed and not admitted:\n%s", path, line, version, text.String())
					}
					certain := i < 0 || !slices.ContainsFunc(access.Paths[i].Rules, func(r AccessRule) bool { return !r.Certain })
					if admitted && certain {
						typed := access.Paths[i].Line(regular.ArgumentsText(line))
						r.Command = typed.Command
						if Decide(tree, r).Verdict != Allowed {
							t.Errorf("%s %q with %s is admitted and not allowed:\n%s", typed.Command, line, version, text.String())
						}
					}
				}
			}
		}
	}
	t.Logf("%d decisions, %d allowed", decided, allowed)
	if allowed < decided/20 {
		t.Error("the generator is lopsided")
	}
}
