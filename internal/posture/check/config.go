package check

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// line is a line of a configuration file.
type line struct {
	file   string
	number int
	text   string
}

func (l line) String() string { return fmt.Sprintf("%s:%d: %s", l.file, l.number, l.text) }

type config struct {
	files  map[string][]line
	order  []string // the files in the order in which the node told of them
	reason string
}

// configOf reads lines FILE LINE TEXT, parted by tabs.
func configOf(n *posture.Node) config {
	text, reason := n.Told(node.SectionConfig)
	c := config{map[string][]line{}, nil, reason}
	for record := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(record, "\n"), "\t", 3)
		if len(fields) != 3 {
			continue
		}
		number, _ := strconv.Atoi(fields[1])
		if _, known := c.files[fields[0]]; !known {
			c.order = append(c.order, fields[0])
		}
		c.files[fields[0]] = append(c.files[fields[0]], line{fields[0], number, strings.TrimSpace(fields[2])})
	}
	if len(c.files) == 0 && c.reason == "" {
		c.reason = "the node told of no configuration files"
	}
	return c
}

// in are the lines of the files that match one of the patterns of path.Match, in their order.
func (c config) in(patterns ...string) (list []line) {
	for _, file := range c.order {
		for _, pattern := range patterns {
			if is, _ := path.Match(pattern, file); is {
				list = append(list, c.files[file]...)
				break
			}
		}
	}
	return list
}

// value is the last value of a keyword in lines "KEYWORD VALUE" or "KEYWORD = VALUE", with the line that has it; found
// is false where none has it.
func value(lines []line, keyword string) (text string, at line, found bool) {
	for _, l := range lines {
		name, rest := l.text, ""
		if i := strings.IndexAny(l.text, " =:\t"); i >= 0 {
			name, rest = l.text[:i], strings.TrimLeft(l.text[i:], " =:\t")
		}
		if strings.EqualFold(name, keyword) {
			text, at, found = strings.Trim(strings.TrimSpace(rest), `"'`), l, true
		}
	}
	return text, at, found
}
