package posture

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Collector looks at the nodes of one report, at several of them at once. What the same sudoers files say of the same
// subject is worked out once for all nodes that have them. The zero value is ready.
type Collector struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*answers
}

// answers are what sudoers files say of a subject, each worked out when somebody asks first.
type answers struct {
	grants   func() []policy.Grant
	analysis func() *escalation.Analysis
}

// of gives the answers of the sudoers files of one node. They depend on the files, on the version of sudo, on the
// subject, and on the name of the host where a rule or an option is about some hosts: where all of them are the same,
// so are the answers.
func (c *Collector) of(w *hardening.WholeSudoers) func(policy.Subject) *answers {
	files := filesDigest(w.Tree)
	host := ""
	if tellsHostsApart(w.Tree) {
		host = w.Host
	}
	return func(subject policy.Subject) *answers {
		uid := "unknown"
		if subject.UID != nil {
			uid = strconv.Itoa(*subject.UID)
		}
		// With %q each text ends where it ends, and keeps bytes that are no text.
		key := sha256.Sum256(fmt.Appendf(nil, "%x %v %q %q %s %q %d %q", files, w.Version, host, subject.Name, uid, subject.Groups, subject.GIDs, subject.Netgroups))
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.known == nil {
			c.known = map[[sha256.Size]byte]*answers{}
		}
		if c.known[key] == nil {
			c.known[key] = &answers{
				sync.OnceValue(func() []policy.Grant { return policy.Grants(w.Tree, subject) }),
				sync.OnceValue(func() *escalation.Analysis {
					analysis := escalation.AnalyseWhole(w.Tree, escalation.Question{Question: w.Question(subject).WithSharedBudget(w.Tree)}, w.Version)
					return &analysis
				}),
			}
		}
		return c.known[key]
	}
}

// filesDigest stands for the texts of sudoers files, with the place of each line that is in force, in their order.
func filesDigest(tree *sudoers.Tree) [sha256.Size]byte {
	h := sha256.New()
	tell := func(format string, values ...any) { _, _ = fmt.Fprintf(h, format, values...) } // a hash takes all
	for _, file := range tree.Files {
		tell("%q %q\n", file.Name, file.Text)
	}
	for _, entry := range tree.Entries {
		tell("%v\n", entry.Pos())
	}
	tell("%t", tree.Unread)
	return [sha256.Size]byte(h.Sum(nil))
}

// tellsHostsApart tells whether a rule or an option of the files is about some hosts only.
func tellsHostsApart(tree *sudoers.Tree) bool {
	some := func(hosts []sudoers.Member) bool {
		return slices.ContainsFunc(hosts, func(m sudoers.Member) bool { return m.Kind != sudoers.MemberAll || m.Negated })
	}
	return slices.ContainsFunc(tree.Entries, func(entry sudoers.Entry) bool {
		switch entry := entry.(type) {
		case *sudoers.Defaults:
			return entry.Scope == sudoers.ScopeHost
		case *sudoers.UserSpec:
			return slices.ContainsFunc(entry.Privileges, func(p sudoers.Privilege) bool { return some(p.Hosts) })
		}
		return false
	})
}
