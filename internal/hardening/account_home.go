package hardening

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// systemTrees are the directories below / that belong to the system, after the Filesystem Hierarchy Standard, and those
// that all accounts write. No home is in one.
var systemTrees = []string{
	"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libo32", "libx32", "lost+found", "proc", "root", "run", "sbin", "sys", "tmp", "usr",
}

// CheckAccountHome says why a path cannot be the home of an account, or returns nil. Its user owns the home and what is
// in it, so it is neither a directory of the system or of all accounts, nor one that holds the homes of others.
func CheckAccountHome(home string) error {
	if !path.IsAbs(home) || path.Clean(home) != home || strings.ContainsAny(home, " :") || !untrusted.Safe(home) {
		return fmt.Errorf("%q is not a clean absolute path without spaces, colons and invisible characters: write one such as /home/operator", home)
	}
	parts := strings.Split(strings.TrimPrefix(home, "/"), "/")
	switch first := parts[0]; {
	case slices.Contains(systemTrees, first),
		first == "var" && (len(parts) < 3 || !slices.Contains([]string{"home", "lib", "local", "opt", "www"}, parts[1])),
		slices.Contains([]string{"", "home", "media", "mnt", "opt", "srv"}, first) && len(parts) < 2,
		len(parts) == 2 && first == "mnt" && parts[1] == "pve":
		return fmt.Errorf("%q is a directory of the system or of several accounts: write one of its own, such as /home/operator", home)
	}
	return nil
}

// within tells whether a path is another one or below it.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// homeOf are the other accounts of a node that a home belongs to as well: it is theirs, or holds it, or lies in it.
// Accounts of services that have / or a directory of many below them do not count: what they do not own is not theirs.
func homeOf(name, home string, all map[string]node.LocalAccount) []string {
	var others []string
	for other, account := range all {
		theirs := path.Clean(account.Home)
		if other == name || !path.IsAbs(theirs) {
			continue
		}
		service := node.CheckAccountUID(int64(account.UID)) != nil && account.UID != 0
		if home == theirs || within(theirs, home) && theirs != "/" || within(home, theirs) && theirs != "/" && !service {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	return others
}
