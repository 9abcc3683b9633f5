package pvesim

import (
	"crypto/sha1" // PVE's digest of a configuration file
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// domain is one realm, a section of domains.cfg.
type domain struct {
	kind    string // pam, pve, ad, ldap, openid
	options map[string]string
}

// domainsConfig is the parsed domains.cfg, in the order of the file.
type domainsConfig struct {
	order  []string
	byName map[string]*domain
	digest string
}

// defaultComments are those of the realms that exist always.
var defaultComments = map[string]string{
	realmPVE: "Proxmox VE authentication server",
	realmPAM: "Linux PAM standard authentication",
}

// domains returns the realms.
func (s *Server) domains() *domainsConfig {
	s.mu.Lock()
	defer s.mu.Unlock()
	return parseDomains(s.state.domainsCfg)
}

// parseDomains reads domains.cfg and adds the realms that exist always.
func parseDomains(text string) *domainsConfig {
	sum := sha1.Sum([]byte(text))
	cfg := &domainsConfig{byName: map[string]*domain{}, digest: hex.EncodeToString(sum[:])}
	var current *domain
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if option, ok := strings.CutPrefix(line, "\t"); ok && current != nil {
			name, v, _ := strings.Cut(option, " ")
			if name == "comment" {
				v = decodeText(v)
			}
			current.options[name] = v
			continue
		}
		if kind, name, ok := strings.Cut(line, ": "); ok {
			current = &domain{kind: kind, options: map[string]string{}}
			cfg.add(name, current)
		}
	}
	for _, name := range []string{realmPVE, realmPAM} {
		d := cfg.byName[name]
		if d == nil {
			d = &domain{kind: name, options: map[string]string{}}
			cfg.add(name, d)
		}
		if d.options["comment"] == "" {
			d.options["comment"] = defaultComments[name]
		}
	}
	return cfg
}

func (c *domainsConfig) add(name string, d *domain) {
	c.order = append(c.order, name)
	c.byName[name] = d
}

func (c *domainsConfig) remove(name string) {
	delete(c.byName, name)
	c.order = slices.DeleteFunc(c.order, func(n string) bool { return n == name })
}

// String writes the sections: the comment first, then what the kind requires,
// then the other options, each sorted.
func (c *domainsConfig) String() string {
	var b strings.Builder
	for _, name := range c.order {
		d := c.byName[name]
		fmt.Fprintf(&b, "%s: %s\n", d.kind, name)
		if comment := d.options["comment"]; comment != "" {
			fmt.Fprintf(&b, "\tcomment %s\n", encodeText(comment))
		}
		names := slices.SortedFunc(maps.Keys(d.options), func(x, y string) int {
			if rx, ry := slices.Contains(requiredOptions[d.kind], x), slices.Contains(requiredOptions[d.kind], y); rx != ry {
				return number(ry) - number(rx)
			}
			return strings.Compare(x, y)
		})
		for _, option := range names {
			if option != "comment" {
				fmt.Fprintf(&b, "\t%s %s\n", option, d.options[option])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
