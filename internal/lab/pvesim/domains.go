package pvesim

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requiredOptions are what a realm of a kind cannot be without.
var requiredOptions = map[string][]string{
	"ldap":   {"server1", "base_dn", "user_attr"},
	"ad":     {"server1", "domain"},
	"openid": {"issuer-url", "client-id"},
}

// fixedOptions cannot be changed once a realm exists.
var fixedOptions = []string{"username-claim"}

// domainOptions are the options of all kinds together; PVE has one schema for all.
var domainOptions = schema{
	"comment": {max: 4096}, "default": boolArg, "tfa": {max: 128}, "case-sensitive": boolArg,
	"server1": {max: 256}, "server2": {max: 256}, "port": {kind: kindInteger, minimum: &one}, "secure": boolArg,
	"mode": {enum: []string{"ldap", "ldaps", "ldap+starttls"}}, "verify": boolArg, "capath": textArg, "cert": textArg, "certkey": textArg,
	"sslversion": {enum: []string{"tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3"}},
	"base_dn":    {max: 256}, "user_attr": {max: 256, min: 2}, "bind_dn": {max: 256}, "password": textArg, "filter": {max: 2048},
	"sync_attributes": textArg, "user_classes": textArg, "group_dn": {max: 256}, "group_name_attr": textArg, "group_filter": {max: 2048},
	"group_classes": textArg, "sync-defaults-options": textArg, "check-connection": boolArg,
	"domain":     {max: 256},
	"issuer-url": {max: 256}, "client-id": {max: 256}, "client-key": {max: 256}, "autocreate": boolArg, "username-claim": textArg,
	"prompt": textArg, "scopes": textArg, "acr-values": textArg, "groups-claim": textArg, "groups-autocreate": boolArg,
	"groups-overwrite": boolArg, "query-userinfo": boolArg,
}

var (
	one      = int64(1)
	kindEnum = []string{"ad", "ldap", "openid", "pam", "pve"}
	tfaKind  = regexp.MustCompile(`type=(\w+)`)
	integers = []string{"port", "autocreate", "default", "verify", "secure", "case-sensitive", "groups-autocreate", "groups-overwrite", "query-userinfo"}
)

// domainEndpoints are the calls on realms.
func domainEndpoints(version string) []endpoint {
	options := maps.Clone(domainOptions)
	if version == Version92 {
		options["audiences"] = param{pattern: regexp.MustCompile(`^[^\s]*\z`)}
	}
	create := withParams(options, schema{"realm": realmArg, "type": {required: true, enum: kindEnum}})
	update := withParams(options, schema{"realm": realmArg, "delete": {list: true}, "digest": {max: 64}})
	for _, name := range fixedOptions {
		delete(update, name)
	}
	modify := onPath("/access/realm", "Realm.Allocate")
	return []endpoint{
		{method: "GET", path: "/access/domains", open: true, run: listDomains},
		{method: "POST", path: "/access/domains", protected: true, params: create, check: modify, run: createDomain},
		{method: "GET", path: "/access/domains/{realm}", params: schema{"realm": realmArg},
			check: anyOnPath("/access/realm", "Realm.Allocate", "Sys.Audit"), run: getDomain},
		{method: "PUT", path: "/access/domains/{realm}", protected: true, params: update, check: modify, run: updateDomain},
		{method: "DELETE", path: "/access/domains/{realm}", protected: true, params: schema{"realm": realmArg}, check: modify, run: deleteDomain},
	}
}

// listDomains lists realms in random order.
func listDomains(c *call) (any, error) {
	list := []any{}
	for name, d := range c.srv.domains().byName {
		item := map[string]any{"realm": name, "type": d.kind}
		if comment := d.options["comment"]; comment != "" {
			item["comment"] = comment
		}
		if d.options["default"] == "1" {
			item["default"] = 1
		}
		if m := tfaKind.FindStringSubmatch(d.options["tfa"]); m != nil {
			item["tfa"] = m[1]
		}
		list = append(list, item)
	}
	return list, nil
}

func getDomain(c *call) (any, error) {
	domains := c.srv.domains()
	d := domains.byName[c.arg("realm")]
	if d == nil {
		return nil, dief("domain '%s' does not exist", c.arg("realm"))
	}
	out := map[string]any{"type": d.kind, "digest": domains.digest}
	for name, v := range d.options {
		out[name] = v
		if n, err := strconv.Atoi(v); err == nil && slices.Contains(integers, name) {
			out[name] = n
		}
	}
	if d.kind == realmPAM {
		out["plugin"] = "PVE::Auth::PAM"
	}
	return out, nil
}

// updateDomains changes domains.cfg under its lock, like [call.update].
func (c *call) updateDomains(prefix string, change func(*domainsConfig) error) error {
	s := c.srv
	if !s.waitForLock(LockDomainsCfg) {
		return dief("%s: %s", prefix, lockTimeout(LockDomainsCfg))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := parseDomains(s.state.domainsCfg)
	if err := change(cfg); err != nil {
		return dief("%s: %s", prefix, err)
	}
	s.state.domainsCfg = cfg.String()
	return nil
}

// take sets the given options of a realm.
func (c *call) take(cfg *domainsConfig, realm string, d *domain) {
	for name := range domainOptions {
		if !c.given(name) || name == "check-connection" {
			continue
		}
		if name == "password" {
			c.srv.state.realmKeys[realm] = c.arg(name)
			continue
		}
		d.options[name] = canonicalOption(name, c.arg(name))
	}
	if v := c.arg("audiences"); v != "" {
		d.options["audiences"] = v
	}
	if c.arg("default") == "1" {
		// Only one realm is offered first.
		for other, o := range cfg.byName {
			if other != realm {
				delete(o.options, "default")
			}
		}
	}
}

// canonicalOption sorts the parts of options that are lists of settings.
func canonicalOption(name, v string) string {
	if name != "sync-defaults-options" {
		return v
	}
	parts := strings.Split(v, ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

func createDomain(c *call) (any, error) {
	realm, kind := c.arg("realm"), c.arg("type")
	return nil, c.updateDomains("add auth server failed", func(cfg *domainsConfig) error {
		if cfg.byName[realm] != nil {
			return dief("domain '%s' already exists", realm)
		}
		if kind == realmPAM || kind == realmPVE {
			return dief("unable to create builtin type '%s'", kind)
		}
		for _, name := range requiredOptions[kind] {
			if !c.given(name) {
				return dief("missing value for required option '%s'", name)
			}
		}
		d := &domain{kind: kind, options: map[string]string{}}
		cfg.add(realm, d)
		c.take(cfg, realm, d)
		return nil
	})
}

func updateDomain(c *call) (any, error) {
	realm := c.arg("realm")
	return nil, c.updateDomains("update auth server failed", func(cfg *domainsConfig) error {
		if c.given("digest") && c.arg("digest") != cfg.digest {
			return dief("detected modified configuration - file changed by other user? Try again.")
		}
		d := cfg.byName[realm]
		if d == nil {
			return dief("domain '%s' does not exist", realm)
		}
		if len(c.args) == 1 || (len(c.args) == 2 && c.given("digest")) {
			return dief("no options specified")
		}
		for _, name := range splitList(c.arg("delete")) {
			delete(d.options, name)
		}
		c.take(cfg, realm, d)
		return nil
	})
}

// deleteDomain removes a realm, also one with users. The realms pam and pve come
// back at once with their default comment.
func deleteDomain(c *call) (any, error) {
	realm := c.arg("realm")
	return nil, c.updateDomains("delete auth server failed", func(cfg *domainsConfig) error {
		if cfg.byName[realm] == nil {
			return dief("authentication domain '%s' does not exist", realm)
		}
		cfg.remove(realm)
		delete(c.srv.state.realmKeys, realm)
		return nil
	})
}
