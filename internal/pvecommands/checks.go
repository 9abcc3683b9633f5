package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// methodCheck is what PVE asks of the caller of a method, and the parameters that the method takes.
type methodCheck struct {
	// User is "all" for everyone who has logged in, "world" for everyone, and "" where Check decides. Without either,
	// root@pam alone may call the method.
	User string `json:"user,omitempty"`
	// Check is the permission check as PVE writes it, see PVE::RPCEnvironment.
	Check json.RawMessage `json:"check,omitempty"`
	// Takes are the parameters; one with a star must be there.
	Takes string `json:"takes,omitempty"`
}

// runChecks prints the permission checks and parameters of each method of a release, from apidata.js in a directory.
func runChecks(directory string, out io.Writer) error {
	nodes, err := readAPI(directory)
	if err != nil {
		return err
	}
	all := map[string]methodCheck{}
	for i := range nodes {
		nodes[i].addChecks(all)
	}
	separator := "{\n"
	for _, name := range slices.Sorted(maps.Keys(all)) {
		line, err := json.Marshal(all[name])
		if err == nil {
			_, err = fmt.Fprintf(out, "%s  %q: %s", separator, name, line)
		}
		if err != nil {
			return err
		}
		separator = ",\n"
	}
	_, err = fmt.Fprint(out, "\n}\n")
	return err
}

func (n *apiNode) addChecks(all map[string]methodCheck) {
	for method, of := range n.Info {
		var takes []string
		for name, p := range of.Parameters.Properties {
			if p.Optional == nil {
				name += "*"
			}
			takes = append(takes, name)
		}
		slices.Sort(takes)
		all[method+" "+n.Path] = methodCheck{User: of.Permissions.User, Check: of.Permissions.Check, Takes: strings.Join(takes, " ")}
	}
	for i := range n.Children {
		n.Children[i].addChecks(all)
	}
}
