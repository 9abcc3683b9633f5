package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// processPlaces are paths through links to what a process has open, is in, runs, or has as its root (proc(5)).
var processPlaces = mustCompile(regular.ERE{
	Pattern: `^/+(proc/+(self|thread-self|[0-9]+)/+(cwd|root|fd|exe|task|map_files)(/.*)?|dev/+(fd/.*|std(in|out|err)))$`,
})

var numbers = mustCompile(regular.ERE{Pattern: "^[0-9]+$"})

const throughProcessReason = "its path leads through links that are other ones for each process"

// throughProcess tells whether a path, or a pattern of glob(3), may lead through such a link, in whatever spelling.
func throughProcess(spec string) bool {
	if !sudoers.HasMeta(spec) && !strings.Contains(spec, "proc") && !strings.Contains(spec, "dev") {
		return false // nearly all
	}
	var parts []string
	for part := range strings.SplitSeq(spec, "/") {
		switch part {
		case "", ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, part)
		}
		if ofProcess(parts) {
			return true // what follows is somewhere else
		}
	}
	return strings.HasSuffix(spec, "/") && (ofProcess(append(parts, "exe")) || ofProcess(append(parts, "stdin")))
}

// ofProcess tells whether a path without detours may be such a link.
func ofProcess(parts []string) bool {
	may := func(nth int, names ...string) bool {
		if !sudoers.HasMeta(parts[nth]) {
			return slices.Contains(names, parts[nth])
		}
		e, err := globPart(parts[nth])
		return err != nil || slices.ContainsFunc(names, e.Contains)
	}
	number := func(nth int) bool {
		e, err := globPart(parts[nth])
		return err != nil || regular.Disjoint(e, numbers, regular.Budget{}).Verdict != regular.Yes
	}
	switch len(parts) {
	case 2:
		return may(0, "dev") && may(1, "stdin", "stdout", "stderr", "fd")
	case 3:
		return may(0, "proc") && (may(1, "self", "thread-self") || number(1)) && may(2, "cwd", "root", "fd", "exe", "task", "map_files")
	}
	return false
}
