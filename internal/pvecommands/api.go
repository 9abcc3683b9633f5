package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// apiNode is a path of the API in api-viewer/apidata.js of pve-docs, which is made from the schemas of PVE's methods.
type apiNode struct {
	Path     string               `json:"path"`
	Info     map[string]apiMethod `json:"info"`
	Children []apiNode            `json:"children"`
}

type apiMethod struct {
	Parameters struct {
		Properties map[string]struct {
			Type     string   `json:"type"`
			Enum     []string `json:"enum"`
			Optional any      `json:"optional"` // 1, "1" or a boolean
		} `json:"properties"`
	} `json:"parameters"`
	Permissions struct {
		User  string          `json:"user"`
		Check json.RawMessage `json:"check"`
	} `json:"permissions"`
}

// pveshVerbs are the subcommands of pvesh for the methods of HTTP.
var pveshVerbs = map[string]string{"GET": "get", "POST": "create", "PUT": "set", "DELETE": "delete"}

// runAPI prints the methods of the API as subcommands of pvesh: "create /access/acl" with its options.
func runAPI(args []string, out io.Writer) error {
	all := map[string]*command{}
	for _, arg := range args {
		release, directory, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not RELEASE=DIRECTORY", arg)
		}
		nodes, err := readAPI(directory)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			n.add(all, release)
		}
	}
	if len(args) > 1 {
		onlyIn(map[string]map[string]*command{"pvesh": all})
	}
	return writeProgram(out, "pvesh", all)
}

// readAPI reads apidata.js of a directory.
func readAPI(directory string) ([]apiNode, error) {
	text, err := os.ReadFile(filepath.Join(directory, "apidata.js")) //nolint:gosec // the directory that the caller of this tool names
	if err != nil {
		return nil, err
	}
	_, list, found := strings.Cut(string(text), "const apiSchema =")
	if !found {
		return nil, errors.New("apidata.js has no apiSchema")
	}
	var nodes []apiNode
	if err := json.NewDecoder(strings.NewReader(list)).Decode(&nodes); err != nil {
		return nil, fmt.Errorf("apidata.js of %s: %w", directory, err)
	}
	return nodes, nil
}

func (n *apiNode) add(all map[string]*command, release string) {
	for method, of := range n.Info {
		name := pveshVerbs[method] + " " + n.Path
		c := all[name]
		if c == nil {
			c = &command{Options: map[string]option{}}
			all[name] = c
		}
		c.releases = append(c.releases, release)
		for name, p := range of.Parameters.Properties {
			if strings.Contains(n.Path, "{"+name+"}") {
				continue
			}
			o := c.Options[name]
			o.Type, o.releases = p.Type, append(o.releases, release)
			if len(p.Enum) > 0 {
				o.Type = strings.Join(slices.Sorted(slices.Values(p.Enum)), " | ")
			}
			c.Options[name] = o
			if p.Optional == nil && !slices.Contains(c.Required, name) {
				c.Required = append(c.Required, name)
				slices.Sort(c.Required)
			}
		}
	}
	for _, child := range n.Children {
		child.add(all, release)
	}
}

// writeProgram prints the subcommands of one program, each on a line of its own.
func writeProgram(out io.Writer, program string, commands map[string]*command) error {
	separator := fmt.Sprintf("{%q: {\n", program)
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		c, err := json.Marshal(commands[name])
		if err == nil {
			_, err = fmt.Fprintf(out, "%s  %q: %s", separator, name, c)
		}
		if err != nil {
			return err
		}
		separator = ",\n"
	}
	_, err := fmt.Fprint(out, "\n}}\n")
	return err
}
