package hardening

import (
	"fmt"
	"regexp"
)

// subjectName accepts the names that useradd(8) and PVE give accounts, and those of directory services, which add ".",
// "@" and capitals.
var subjectName = regexp.MustCompile(`^%?[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$`)

// aliasName is what sudo's lexer takes for an alias (sudoers(5), "Aliases").
var aliasName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// CheckSubject says why a text cannot name the user or group that a sudoers file is about.
func CheckSubject(subject string) error {
	switch {
	case subject == "root" || subject == "%root":
		return fmt.Errorf("root is not restricted by sudo, so a policy for it means nothing; name the account that gets some of root's power")
	case subject == "ALL":
		return fmt.Errorf("ALL is everyone; name one user, or a group after %%")
	case aliasName.MatchString(subject):
		return fmt.Errorf("%q reads as the name of an alias in sudoers (capitals, digits and \"_\"); give the account a name with a small letter", subject)
	case !subjectName.MatchString(subject):
		return fmt.Errorf("%q is not a user name, or a group name after %%: use letters, digits and \"_.@-\"", subject)
	}
	return nil
}
