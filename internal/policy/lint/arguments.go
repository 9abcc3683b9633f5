package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// plainArguments gives the arguments of a command as they are compared, with
// bracket expressions and escaped characters blanked out: an author who writes [;] means
// the character. Regular expressions and `""` have none.
func plainArguments(c *sudoers.Command) (string, bool) {
	if !c.HasArgs || c.Args == `""` || strings.HasPrefix(c.Args, "^") {
		return "", false
	}
	b := []byte(c.Args)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			b[i] = '_'
			if i+1 < len(b) {
				i++
				b[i] = '_'
			}
		case '[':
			if end := strings.IndexByte(c.Args[min(i+2, len(b)):], ']'); end >= 0 {
				for stop := i + 2 + end; i <= stop; i++ {
					b[i] = '_'
				}
				i--
			}
		}
	}
	return string(b), true
}
