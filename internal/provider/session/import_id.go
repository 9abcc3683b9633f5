package session

import (
	"fmt"
	"sort"
	"strings"
)

// parseImportID reads "NAME" or "NAME@NODE,NODE". nodes is nil for the first form, which means all nodes.
func parseImportID(id string, check func(string) error) (name string, nodes []string, err error) {
	name, list, chosen := strings.Cut(id, "@")
	if err := check(name); err != nil {
		return "", nil, fmt.Errorf("an import id is NAME, or NAME@NODE,NODE for chosen nodes; %w", err)
	}
	if !chosen {
		return name, nil, nil
	}
	for _, nodeName := range strings.Split(list, ",") {
		if nodeName == "" {
			return "", nil, fmt.Errorf("import id %q names an empty node: write NAME@NODE,NODE", id)
		}
		nodes = append(nodes, nodeName)
	}
	sort.Strings(nodes)
	return name, nodes, nil
}
