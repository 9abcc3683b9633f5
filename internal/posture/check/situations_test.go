package check_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// situation is how a node is made to fail a check. It passes on the hardened node, and after mend where one is needed.
type situation func(*fixture)

// situations are those of all checks of nodes, by id. A check without one does not pass TestEveryCheckFails.
func situations() map[string]situation {
	all := map[string]situation{}
	for _, some := range []map[string]situation{sudoSituations(), sshdSituations(), accountSituations(), modeSituations(), loggingSituations(), packageSituations(), serviceSituations(), kernelSituations(), pveSituations()} {
		maps.Copy(all, some)
	}
	return all
}

// TestEveryCheckFails: each check of a node fails in its situation, and none is without one. What was observed is told.
func TestEveryCheckFails(t *testing.T) {
	t.Parallel()
	all := situations()
	known := map[string]bool{}
	for _, c := range check.Catalogue() {
		if c.OfCluster() {
			continue
		}
		known[c.ID] = true
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			prepare := all[c.ID]
			if prepare == nil {
				t.Fatalf("%s %s has no situation in which it fails", c.ID, c.Title)
			}
			f := hardened()
			prepare(f)
			o := c.Judge(f.node(t))
			if o.Status != check.Fail || len(o.Observed) == 0 || strings.TrimSpace(o.Observed[0]) == "" {
				t.Errorf("%s %s: %s %q", c.ID, c.Title, o.Status, o.Observed)
			}
		})
	}
	for id := range all {
		if !known[id] {
			t.Errorf("%s has a situation and is not in the catalogue", id)
		}
	}
}

// TestNothingPassesUnread: where a node does not tell the part in which something is wrong, the check is unknown; it
// does not pass, and does not say that it does not apply. Of a hardened node, each part that is lost leaves something
// unknown, and makes nothing fail.
func TestNothingPassesUnread(t *testing.T) {
	t.Parallel()
	all, catalogue, good := situations(), check.Catalogue(), hardened().tells().Sections
	for _, c := range catalogue {
		if c.OfCluster() || all[c.ID] == nil {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			f := hardened()
			all[c.ID](f)
			for name, section := range f.tells().Sections {
				if bytes.Equal(section.Data, good[name].Data) {
					continue
				}
				for what, lost := range map[string]node.Section{"took too long": {Status: 124}, "was cut": {Cut: true}, "lacks its tool": {Lacks: "tool", Status: 127}} {
					if o := c.Judge(f.with(name, lost).node(t)); o.Status != check.Unknown && o.Status != check.Fail {
						t.Errorf("it fails, but where %s %s it is %s: %q", name, what, o.Status, o.Observed)
					}
				}
			}
		})
	}
	for _, section := range append(node.SettingsSections(), node.SectionPasswd, node.SectionGroup, node.SectionPasswords, node.SectionSSHD, node.SectionSetID, node.SectionCapabilities, node.SectionPlaces, node.SectionCommands, node.SectionKeys, node.SectionAllowed) {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			n := hardened().with(section, node.Section{Status: 124}).node(t)
			unknown := 0
			for _, c := range catalogue {
				if c.OfCluster() {
					continue
				}
				switch o := c.Judge(n); o.Status {
				case check.Unknown:
					unknown++
				case check.Fail:
					t.Errorf("%s of a hardened node fails without %s: %q", c.ID, section, o.Observed)
				}
			}
			if unknown == 0 {
				t.Errorf("no check misses %s", section)
			}
		})
	}
}

// TestProgramsOfUnknownPackages: where dpkg did not tell whether a package has a program with a set-id bit or
// capabilities, nothing that takes it for the distribution's passes.
func TestProgramsOfUnknownPackages(t *testing.T) {
	t.Parallel()
	for id, section := range map[string]struct{ name, data string }{
		"PVESEC-C0507": {node.SectionSetID, "F 4755 0 0 9 /usr/bin/su\x00"},
		"PVESEC-C0508": {node.SectionCapabilities, "/usr/bin/newuidmap cap_setuid=ep\n"},
		"PVESEC-C0509": {node.SectionSetID, "F 6755 1 1 9 /usr/bin/at\x00"},
	} {
		for what, lost := range map[string]node.Section{"took too long": {Status: 124}, "was cut": {Cut: true, Data: []byte("x: /y\n")}, "lacks dpkg": {Lacks: "dpkg", Status: 127}, "says nothing": {}} {
			f := hardened()
			f.sections[section.name] = node.Section{Data: []byte(section.data)}
			judged := f.with(node.SectionPackages, lost).node(t)
			for _, c := range check.Catalogue() {
				if c.ID != id {
					continue
				}
				if o := c.Judge(judged); o.Status != check.Unknown {
					t.Errorf("%s, %s: %s %q", id, what, o.Status, o.Observed)
				}
			}
		}
	}
}
