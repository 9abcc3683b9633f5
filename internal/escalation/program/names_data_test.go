package program

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// debianNames is made by internal/programnames from the lists of files of Debian's packages.
//
//go:embed names/debian.tsv.gz
var debianNames []byte

// otherNames are programs that no list of files has: those of Proxmox VE's packages, links that alternatives make, and
// programs that are installed by hand under the directories of the distribution.
//
//go:embed names/other.tsv
var otherNames []byte

// Shipped says who brings a program.
type Shipped struct {
	// Packages are those that have the program, or "alternative", or "third-party".
	Packages []string
	// Releases are those of Debian, "12" and "13".
	Releases []string
	// Note says to which programs a link can lead, or why a program stands in the list.
	Note string
}

// names reads the lists once. A list that cannot be read is an error of the program, which its tests find.
var names = sync.OnceValue(func() map[string]Shipped {
	all := map[string]Shipped{}
	unpacked, err := gzip.NewReader(bytes.NewReader(debianNames))
	if err == nil {
		err = readNames(all, bufio.NewScanner(unpacked))
	}
	if err == nil {
		err = readNames(all, bufio.NewScanner(bytes.NewReader(otherNames)))
	}
	if err != nil {
		panic("the embedded names of programs: " + err.Error())
	}
	return all
})

func readNames(into map[string]Shipped, lines *bufio.Scanner) error {
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) < 3 || len(fields) > 4 || !strings.HasPrefix(fields[0], "/") {
			return fmt.Errorf("%q is not a path, packages and releases", line)
		}
		s := Shipped{Packages: strings.Split(fields[1], ","), Releases: strings.Split(fields[2], ",")}
		if len(fields) == 4 {
			s.Note = fields[3]
		}
		if _, twice := into[fields[0]]; twice {
			continue // what Debian ships comes first
		}
		into[fields[0]] = s
	}
	if len(into) == 0 {
		return errors.New("there are none")
	}
	return lines.Err()
}

// ShippedAs says which packages bring a program of a canonical path; ok is false where none does.
func ShippedAs(command string) (s Shipped, ok bool) {
	s, ok = names()[Merged(command)]
	return s, ok
}

// installedPackages are those that a node of Proxmox VE 8 or 9 installs by default.
//
//go:embed names/installed.tsv
var installedPackages []byte

// Installed has the programs that a node of Proxmox VE installs by default, each with the first of its packages that
// does.
func Installed() map[string]string {
	releases := map[string][]string{}
	lines := bufio.NewScanner(bytes.NewReader(installedPackages))
	for lines.Scan() {
		if name, of, ok := strings.Cut(lines.Text(), "\t"); ok && !strings.HasPrefix(name, "#") {
			releases[name] = strings.Split(of, ",")
		}
	}
	installed := map[string]string{}
	for path, s := range names() {
		if !SystemPath(path) {
			continue
		}
		for _, name := range s.Packages {
			if slices.ContainsFunc(releases[name], func(r string) bool { return slices.Contains(s.Releases, r) }) {
				installed[path] = name
				break
			}
		}
	}
	return installed
}

// undescribedFile has programs that a node installs by default and that nobody has described, by the reason.
const undescribedFile = "undescribed.json"

// LeftOut gives the reason for each program that is installed by default and is deliberately not described. A grant of
// it is a finding.
func LeftOut() (map[string]string, error) {
	var byReason map[string][]string
	if err := decode(data, undescribedFile, &byReason); err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for reason, paths := range byReason {
		for _, path := range paths {
			if reasons[path] != "" || reason == "" {
				return nil, fmt.Errorf("%s: %s has two reasons, or none", undescribedFile, path)
			}
			reasons[path] = reason
		}
	}
	return reasons, nil
}
