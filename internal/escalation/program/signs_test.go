package program

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestSigns: where the example of the data is not admitted, the one that is shown has words that bring the effect, and
// not the shortest filler.
func TestSigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ program, pattern, want string }{
		{"/usr/bin/ipmitool", "^ [a-z]+ [a-z]+$", " exec a"},
		{"/usr/bin/find", "^ /var/lib/vz/dump -name .*[.]log -mtime [+]30 -delete$", " /var/lib/vz/dump -name * -exec /bin/sh ; -name *.log -mtime +30 -delete"},
		{"/usr/bin/find", "^ /var/log -name [a-z].*[.]gz$", " /var/log -name a -name * -exec /bin/sh ; -name *.gz"},
		{"/usr/bin/mysql", "^ --[a-z]+ [a-z]+$", " --execute a"},
		{"/usr/bin/ceph", "^ osd df .*$", " osd df -c /tmp/ceph.conf"},
	} {
		p := Find(c.program)
		shape, err := regular.Compile(regular.ERE{Pattern: strings.TrimSuffix(strings.TrimPrefix(c.pattern, "^"), "$"), Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		outcomes, _ := p.Judge(Question{Allowed: shape, Shape: shape})
		found := ""
		for _, o := range outcomes {
			if o.Operation == p.Otherwise {
				found = o.Args
				if !o.Example {
					t.Errorf("%s: %q is told as made up", c.program, o.Args)
				}
			}
		}
		if found != c.want {
			t.Errorf("%s %s: %q, want %q", c.program, c.pattern, found, c.want)
		}
	}
}
