// Command names makes the list of programs that Debian ships, from the lists of files of its packages (Contents
// indices).
//
// apt fetches the indices once it is told about them; see apt-file(1), whose configuration does that:
//
//	apt-get install apt-file && apt-get update
//	apt-get indextargets --format '$(FILENAME)' 'Created-By: Contents-deb' | while read f; do /usr/lib/apt/apt-helper cat-file "$f"; done > contents-12
//	go run ./internal/programnames 12=contents-12 13=contents-13 > internal/escalation/program/names/debian.tsv.gz
//
// Programs are the files of bin, sbin and games. Of other directories only those are taken that the data describes,
// since helpers there are many.
package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
}

// shipped is who brings a path.
type shipped struct {
	packages, releases map[string]bool
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say RELEASE=FILE for each release")
	}
	described := map[string]bool{}
	for _, p := range program.Programs() {
		for _, path := range p.Paths {
			described[program.Merged(path)] = true
		}
	}
	all := map[string]*shipped{}
	for _, arg := range args {
		release, name, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not RELEASE=FILE", arg)
		}
		if err := read(all, described, release, name); err != nil {
			return err
		}
	}
	packed := gzip.NewWriter(out)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		s := all[path]
		packages := slices.Sorted(maps.Keys(s.packages))
		if len(packages) > mostPackages {
			packages = packages[:mostPackages]
		}
		if _, err := fmt.Fprintf(packed, "%s\t%s\t%s\n", path, strings.Join(packages, ","), strings.Join(slices.Sorted(maps.Keys(s.releases)), ",")); err != nil {
			return err
		}
	}
	return packed.Close()
}

// mostPackages is how many packages are kept for a path.
const mostPackages = 4

func read(all map[string]*shipped, described map[string]bool, release, name string) error {
	f, err := os.Open(name) //nolint:gosec // the file that the caller of this tool names
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at := strings.LastIndexAny(lines.Text(), " \t")
		if at < 0 {
			continue
		}
		path := program.Merged("/" + strings.TrimRight(lines.Text()[:at], " \t"))
		if !program.SystemPath(path) && !described[path] {
			continue
		}
		s := all[path]
		if s == nil {
			s = &shipped{map[string]bool{}, map[string]bool{}}
			all[path] = s
		}
		s.releases[release] = true
		for located := range strings.SplitSeq(lines.Text()[at+1:], ",") {
			s.packages[located[strings.LastIndexByte(located, '/')+1:]] = true
		}
	}
	return lines.Err()
}
