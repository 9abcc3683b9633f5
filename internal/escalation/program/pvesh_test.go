package program

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// placeholders are values for the parts of a path that a request fills in, by name; others are "x".
var placeholders = map[string]string{
	"node": "pve1", "vmid": "100", "storage": "local", "userid": "bob@pve", "tokenid": "ci", "pos": "0", "osdid": "0", "sid": "vm:100", "service": "postfix", "snapname": "daily",
	"upid": "UPID:pve1:0000AAAA:00BBCCDD:65000000:qmstart:100:root@pam:", "volume": "local:100/vm-100-disk-0.raw", "iface": "vmbr1", "cidr": "192.0.2.1", "pci-id-or-mapping": "0000:00:02.0", "flag": "noout",
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

// TestPveshIsDescribed holds what is described of pvesh to the schema of the API of both releases: each method, and
// each of its parameters, is covered by an operation, or stands in a list with the reason why it is left out, and a
// grant of it is a finding. Of a method that is left out the parameters are not listed.
func TestPveshIsDescribed(t *testing.T) {
	t.Parallel()
	var api map[string]map[string]pveCommand
	readTestData(t, "pve-api.json", &api)
	var reasons map[string][]string
	readTestData(t, "pve-api-left-out.json", &reasons)
	leftOut := map[string]bool{}
	for reason, lines := range reasons {
		for _, line := range lines {
			if reason == "" || leftOut[line] {
				t.Errorf("%s is left out twice, or for no reason", line)
			}
			leftOut[line] = true
		}
	}
	p := At("/usr/bin/pvesh")
	covered, left := 0, 0
	for name, c := range api["pvesh"] {
		called := "pvesh " + placeholder.ReplaceAllStringFunc(name, func(part string) string {
			if value := placeholders[strings.Trim(part, "{}")]; value != "" {
				return value
			}
			return "x"
		})
		lines := p.pveCovered(called, c)
		method := lines[called] || slices.Contains(slices.Collect(maps.Values(lines)), true)
		for line, is := range lines {
			line = name + strings.TrimPrefix(line, called)
			if !method && line != name {
				continue
			}
			is = is || line == name && method
			switch {
			case !is && !leftOut[line]:
				t.Errorf("no operation covers %s", line)
			case is && leftOut[line]:
				t.Errorf("%s is left out, and an operation covers it", line)
			case is:
				covered++
			default:
				left++
			}
			delete(leftOut, line)
		}
	}
	for line := range leftOut {
		t.Errorf("%s is left out, and no release has it", line)
	}
	t.Logf("of the methods of the API and their parameters %d are covered, %d are left out", covered, left)
}
