package check

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// mode is the state of a file.
type mode struct {
	kind     string // as find(1) tells it in %y
	bits     uint64
	uid, gid int
	size     int64
	modified int64 // unix seconds
}

func (m mode) String() string {
	return fmt.Sprintf("mode %04o, user id %d, group id %d", m.bits, m.uid, m.gid)
}

type modes struct {
	files  map[string]mode
	below  map[string][]string // what is directly in a directory
	reason string
}

// modesOf reads the records "TYPE MODE UID GID SIZE MTIME PATH", each ended by NUL.
func modesOf(n *posture.Node) modes {
	text, reason := n.Told(node.SectionModes, posture.Absent()...)
	m := modes{map[string]mode{}, map[string][]string{}, reason}
	for record := range strings.SplitSeq(text, "\x00") {
		fields := strings.SplitN(record, " ", 7)
		if len(fields) != 7 {
			continue
		}
		bits, err1 := strconv.ParseUint(fields[1], 8, 32)
		uid, err2 := strconv.Atoi(fields[2])
		gid, err3 := strconv.Atoi(fields[3])
		size, err4 := strconv.ParseInt(fields[4], 10, 64)
		seconds, _, _ := strings.Cut(fields[5], ".")
		modified, err5 := strconv.ParseInt(seconds, 10, 64)
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil || err5 != nil {
			m.reason = "the node told of a file in a way that makes no sense"
			continue
		}
		m.files[fields[6]] = mode{fields[0], bits, uid, gid, size, modified}
		m.below[path.Dir(fields[6])] = append(m.below[path.Dir(fields[6])], fields[6])
	}
	if len(m.files) == 0 && m.reason == "" {
		m.reason = "the node told of no files"
	}
	for _, list := range m.below {
		slices.Sort(list)
	}
	return m
}

// matching are the files of a path.Match pattern.
func (m modes) matching(pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		if _, there := m.files[pattern]; there {
			return []string{pattern}
		}
		return nil
	}
	var list []string
	for _, file := range m.below[path.Dir(pattern)] {
		if is, _ := path.Match(pattern, file); is {
			list = append(list, file)
		}
	}
	return list
}
