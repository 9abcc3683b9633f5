package node

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// parseStat reads "mode uid gid size owner group" after the subject's number.
func parseStat(f frame) (FileState, error) {
	if len(f.args) != 7 {
		return FileState{}, fmt.Errorf("%w: %d fields of stat", errMalformed, len(f.args))
	}
	mode, err1 := strconv.ParseUint(f.args[1], 16, 32)
	uid, err2 := strconv.Atoi(f.args[2])
	gid, err3 := strconv.Atoi(f.args[3])
	size, err4 := strconv.ParseInt(f.args[4], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return FileState{}, fmt.Errorf("%w: stat said %q", errMalformed, f.args)
	}
	return FileState{
		Exists: true, Type: typeOf(mode), Mode: fileMode(mode), UID: uid, GID: gid, Size: size,
		Owner: untrusted.Line(plainOrEncoded(f.args[5])), Group: untrusted.Line(plainOrEncoded(f.args[6])),
	}, nil
}

// plainOrEncoded undoes the encoding of a name with unusual characters, which starts with a colon.
func plainOrEncoded(s string) string {
	enc, ok := strings.CutPrefix(s, ":")
	if !ok {
		return s
	}
	return frame{args: []string{enc}}.text(0)
}

// typeOf reads the type bits of st_mode, inode(7).
func typeOf(mode uint64) FileType {
	switch mode & 0o170000 {
	case 0o100000:
		return TypeRegular
	case 0o040000:
		return TypeDirectory
	case 0o120000:
		return TypeSymlink
	}
	return TypeOther
}

// fileMode turns the low twelve bits of st_mode into Go's form.
func fileMode(mode uint64) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	if mode&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if mode&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if mode&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

// octal is the inverse of fileMode, as chmod(1) takes it.
func octal(m fs.FileMode) string {
	n := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		n |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		n |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return fmt.Sprintf("%04o", n)
}

// account reads a line of passwd(5) with the group ids, and then one frame for the name of each group.
func (r *reader) account(sub subject, f frame) error {
	name := sub.name
	a := r.o.Accounts[name]
	if f.word == "group" {
		gid, err := strconv.Atoi(f.arg(1))
		if err != nil {
			return fmt.Errorf("%w: group id %q", errMalformed, f.arg(1))
		}
		a.GIDs, a.Groups = append(a.GIDs, gid), append(a.Groups, untrusted.Line(f.text(2)))
		r.o.Accounts[name] = a
		return nil
	}
	line := strings.Split(strings.TrimRight(f.text(1), "\n"), ":")
	if len(line) != 7 {
		r.fail(sub, name, "getent gave a line that is not of passwd(5)")
		return nil
	}
	uid, ok1 := id(line[2])
	gid, ok2 := id(line[3])
	if !ok1 || !ok2 {
		r.fail(sub, name, "getent gave ids that are not numbers")
		return nil
	}
	r.o.Accounts[name] = Account{Exists: true, UID: uid, GID: gid, Gecos: untrusted.Line(line[4]), Home: untrusted.Line(line[5]), Shell: untrusted.Line(line[6]), Ends: endOfDay(f.arg(2))}
	return nil
}

// lastDay is the last day that pvesec takes for the end of an account; RFC 3339 writes no year after 9999.
const lastDay = 2932896

// endOfDay is the end of an account whose line in shadow(5) has a day since 1970, and the zero time for none.
func endOfDay(day string) time.Time {
	n, err := strconv.Atoi(day)
	if err != nil || n < 0 || n > lastDay {
		return time.Time{}
	}
	return time.Unix(0, 0).UTC().AddDate(0, 0, n)
}

// id reads a user or group id.
func id(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// parseService reads the key=value lines of `systemctl show`.
func parseService(text string) Service {
	var s Service
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(untrusted.Line(strings.TrimSpace(line)), "=")
		switch k {
		case "LoadState":
			s.Load = v
		case "ActiveState":
			s.Active = v
		case "SubState":
			s.Sub = v
		case "UnitFileState":
			s.Enabled = v
		}
	}
	return s
}

// parseOSRelease reads os-release(5), whose values may be quoted.
func parseOSRelease(text string) map[string]string {
	v := map[string]string{}
	wanted := []string{"ID", "VERSION_ID", "VERSION_CODENAME"}
	for line := range strings.Lines(text) {
		k, val, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && slices.Contains(wanted, k) {
			v[k] = untrusted.Line(strings.Trim(val, `"'`))
		}
	}
	return v
}
