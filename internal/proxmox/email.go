package proxmox

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// emailWord is what PVE takes between the dots before the "@": its pattern wants
// letters, digits and "_" of any script, "+", "-" and "~" (PVE::JSONSchema). The
// letters here are those of Latin-1 and no others, see beyondLatin1.
const emailWord = `[A-Za-z0-9_\x{aa}\x{b5}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{ff}+~-]+`

var emailPattern = regexp.MustCompile(`^` + emailWord + `(\.` + emailWord + `)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\z`)

// beyondLatin1 tells of characters that PVE accepts in an address and cannot keep:
// user.cfg is written as UTF-8 and read as bytes then, so that each byte comes back
// as a character.
func beyondLatin1(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > 0xff })
}

// ValidateEmail says why PVE would not keep a text as an e-mail address; empty is
// none.
func ValidateEmail(s string) error {
	var l problemList
	l.email(s)
	for _, p := range l {
		return errors.New(strings.TrimSuffix(strings.TrimSpace(p.Msg+" "+p.Fix), ".")) // an error is no sentence
	}
	return nil
}

// email refuses what PVE would refuse, or would not give back as it was sent.
func (l *problemList) email(s string) {
	switch {
	case s == "" || emailPattern.MatchString(s):
	case beyondLatin1(s):
		l.add("email", fmt.Sprintf("%q has characters that PVE does not keep: it would encode them twice and read another address back.", s), "Write it with letters of ASCII.")
	default:
		l.add("email", fmt.Sprintf("%q is not an e-mail address that PVE accepts: before the \"@\" letters, digits and _ + - ~ with single dots between them, "+
			"behind it a domain of letters, digits, \"-\" and single dots.", s), "")
	}
}
