package pvesim

import (
	"fmt"
	"testing"
)

// BenchmarkFill builds a cluster of 500 users with a token and two grants each.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		s := New(Options{})
		for i := range 500 {
			id := fmt.Sprintf("user%03d@pve", i)
			if err := s.AddUser(id, nil); err != nil {
				b.Fatal(err)
			}
			if _, err := s.AddToken(id, "ci", true); err != nil {
				b.Fatal(err)
			}
			for _, principal := range []string{id, id + "!ci"} {
				if err := s.GrantACL("/vms", principal, "PVEVMUser", true); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
