package node

import (
	"fmt"
	"regexp"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// shippedLine is a file of configuration with its digest. A word behind it says that the package does not ship it any
// more, or removes it.
var shippedLine = regexp.MustCompile(`^(/.*) ([0-9a-f]{32})( [a-z-]+)?$`)

// conffile reads one file of configuration that a package ships. One that it does not ship any more is not among them,
// nor is one without a digest, which is not unpacked yet.
func (r *reader) conffile(f frame) error {
	name := f.text(1)
	if name == "" {
		return fmt.Errorf("%w: a file of configuration of no package", errMalformed)
	}
	if found := shippedLine.FindStringSubmatch(f.text(2)); found != nil && found[3] == "" {
		r.o.Conffiles[found[1]] = Conffile{Package: untrusted.Line(name), MD5: found[2]}
	}
	return nil
}
