package hardening

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const (
	sshdService = "ssh.service"
	sshdSocket  = "ssh.socket"
	sshdMain    = "/etc/ssh/sshd_config"
	sshdStart   = "/etc/default/ssh"
	sshdDropIns = "/etc/ssh/sshd_config.d"
)

// SshdPolicy is who may log in to nodes over SSH, from where and how. sshd takes the first value that it finds, so the
// file of a policy sorts before all others.
type SshdPolicy struct {
	Name string
	// Settings apply to all logins. The key is the attribute, the value is in the form of sshd_config(5).
	Settings map[string]string
	// Strict chooses the algorithms out of those that a node has.
	Strict bool
	// Matches come in this order. The first that matches a connection and has a setting decides it.
	Matches []SshdMatch
	// ClusterNetworks are where root comes from on other nodes of the cluster; nil means the addresses of the cluster
	// that a node knows. An empty list keeps nothing open.
	ClusterNetworks []string
	// Administrators are users of whom one must be able to log in.
	Administrators []string
	// Connections are judged and shown.
	Connections []SshdNamedConnection
	// Replaces is the name of the policy whose place this one takes in the same run, empty where it takes none. Its
	// file counts as gone.
	Replaces string
	// Makes tells whether the same run makes an account on a node, so that an administrator who lacks one, or a key,
	// may get it before the policy comes; nil where none is known.
	Makes func(account, onNode string) bool
}

// SshdMatch are settings for some connections. Of each list that is not empty one must match.
type SshdMatch struct {
	Users, Groups, Addresses []string
	Settings                 map[string]string
}

// SshdNamedConnection is a login that somebody cares about.
type SshdNamedConnection struct{ Name, User, Address, Host string }

// Path is the file of the policy.
func (p SshdPolicy) Path() string { return sshdDropIns + "/00-pvesec-" + p.Name + ".conf" }

// Commands are the programs that a node needs for the policy.
func (SshdPolicy) Commands() []string { return []string{"sshd"} }

func (p SshdPolicy) label() string { return fmt.Sprintf("sshd policy %q", p.Name) }

// header is how the file begins.
func (p SshdPolicy) header() string {
	return fmt.Sprintf("# Managed by Terraform: pvesec_sshd_policy %q.\n# A change made here is shown as drift and undone by the next apply.\n", p.Name)
}

// The comments that tell what Terraform chose.
const (
	sshdStrictComment  = "# Algorithms: crypto_profile = \"strict\", as far as this node has them."
	sshdClusterComment = "# Cluster: root comes from the other nodes with a key."
)

// Check says which value the file cannot hold.
func (p SshdPolicy) Check() error {
	var problems []error
	for _, settings := range append([]map[string]string{p.Settings}, matchSettings(p.Matches)...) {
		for _, attribute := range slices.Sorted(maps.Keys(settings)) {
			option, is := sshdOption(attribute)
			if !is {
				problems = append(problems, fmt.Errorf("%s is no setting", attribute))
			} else if err := option.check(settings[attribute]); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", attribute, err))
			}
		}
	}
	for _, match := range p.Matches {
		for _, list := range [][]string{match.Users, match.Groups} {
			for _, text := range list {
				problems = append(problems, CheckSshdPattern(text))
			}
		}
		for _, text := range match.Addresses {
			problems = append(problems, CheckSshdMatchAddress(text))
		}
		if len(match.Users)+len(match.Groups)+len(match.Addresses) == 0 {
			problems = append(problems, errors.New("a match block names no users, groups or addresses"))
		}
	}
	for _, text := range p.ClusterNetworks {
		problems = append(problems, CheckSshdAddress(text))
	}
	return errors.Join(problems...)
}

func matchSettings(matches []SshdMatch) []map[string]string {
	all := make([]map[string]string, 0, len(matches))
	for _, match := range matches {
		all = append(all, match.Settings)
	}
	return all
}

// Render is the text of the file for a node with these algorithms, in a cluster with these addresses. Closed are the
// keywords, in small letters, that other files have closed for root of an address or network: the block of the cluster
// opens none of them.
func (p SshdPolicy) Render(algorithms map[string][]string, cluster []string, closed map[string][]string) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(p.header())
	settings := p.Settings
	if p.Strict {
		chosen, err := strictAlgorithms(algorithms)
		if err != nil {
			return "", err
		}
		settings = maps.Clone(settings)
		if settings == nil {
			settings = map[string]string{}
		}
		maps.Copy(settings, chosen)
	}
	strict := p.Strict
	for _, option := range SshdOptions {
		value, set := settings[option.Attribute]
		if !set {
			continue
		}
		if strict && option.Kind == SshdList {
			b.WriteString(sshdStrictComment + "\n")
			strict = false
		}
		fmt.Fprintf(&b, "%s %s\n", option.Keyword, value)
	}
	b.WriteString(p.clusterBlocks(p.keptFor(cluster), closed))
	for _, match := range p.Matches {
		b.WriteString("Match")
		for _, criterion := range []struct {
			word string
			list []string
		}{{"User", match.Users}, {"Group", match.Groups}, {"Address", match.Addresses}} {
			if len(criterion.list) > 0 {
				fmt.Fprintf(&b, " %s %s", criterion.word, strings.Join(criterion.list, ","))
			}
		}
		b.WriteString("\n")
		for _, option := range SshdOptions {
			if value, set := match.Settings[option.Attribute]; set {
				fmt.Fprintf(&b, "\t%s %s\n", option.Keyword, value)
			}
		}
	}
	return b.String(), nil
}

// keptFor are the addresses and networks for which root's way is kept open, in a cluster with these addresses.
func (p SshdPolicy) keptFor(cluster []string) []string {
	if p.ClusterNetworks != nil {
		return p.ClusterNetworks
	}
	return cluster
}

// clusterBlocks keep root's way open from addresses and networks, in one block for all that are alike.
func (p SshdPolicy) clusterBlocks(from []string, closed map[string][]string) string {
	var blocks []string
	addresses := map[string][]string{} // by what stands in a block
	kept := p.keptOpen()
	for _, address := range from {
		var lines string
		for _, line := range kept {
			if keyword, _, _ := strings.Cut(line, " "); !slices.Contains(closed[address], strings.ToLower(keyword)) {
				lines += "\t" + line + "\n"
			}
		}
		if lines == "" {
			continue
		}
		if addresses[lines] == nil {
			blocks = append(blocks, lines)
		}
		addresses[lines] = append(addresses[lines], address)
	}
	var b strings.Builder
	for _, lines := range blocks {
		fmt.Fprintf(&b, "%s\nMatch User root Address %s\n%s", sshdClusterComment, strings.Join(addresses[lines], ","), lines)
	}
	return b.String()
}

// keptOpen are the settings that keep root's way between the nodes of a cluster open, where the policy narrows it. PVE
// migrates guests, and opens consoles of other nodes, over SSH as root, with forwarded sockets and terminals.
func (p SshdPolicy) keptOpen() []string {
	var kept []string
	sets := func(attribute string, open ...string) bool {
		narrowed := func(settings map[string]string) bool {
			value, set := settings[attribute]
			return set && !slices.Contains(open, value)
		}
		return narrowed(p.Settings) || slices.ContainsFunc(p.Matches, func(m SshdMatch) bool { return m.mayBeRoot() && narrowed(m.Settings) })
	}
	if sets("permit_root_login", "yes", "prohibit-password") {
		kept = append(kept, "PermitRootLogin prohibit-password")
	}
	if sets("allow_users") {
		kept = append(kept, "AllowUsers root")
	}
	if sets("allow_groups") {
		kept = append(kept, "AllowGroups root")
	}
	if sets("allow_tcp_forwarding", "yes") {
		kept = append(kept, "AllowTcpForwarding yes")
	}
	if sets("disable_forwarding", "no") {
		kept = append(kept, "DisableForwarding no")
	}
	if sets("permit_tty", "yes") {
		kept = append(kept, "PermitTTY yes")
	}
	if sets("force_command") {
		kept = append(kept, "ForceCommand none")
	}
	return kept
}

// mayBeRoot tells whether a match block can be about root.
func (m SshdMatch) mayBeRoot() bool {
	return !slices.Contains(m.Users, "!root") && (len(m.Users) == 0 || slices.ContainsFunc(m.Users, func(pattern string) bool { return matchesGlob(pattern, "root") }))
}

// Words are the keywords that the policy sets, as sshd prints them, sorted.
func (p SshdPolicy) Words() []string { return p.words() }

// words are the keywords that the policy sets, as sshd prints them, sorted.
func (p SshdPolicy) words() []string {
	var words []string
	for _, option := range SshdOptions {
		_, set := p.Settings[option.Attribute]
		for _, match := range p.Matches {
			_, in := match.Settings[option.Attribute]
			set = set || in
		}
		if set || p.Strict && option.Kind == SshdList {
			words = append(words, option.word())
		}
	}
	slices.Sort(words)
	return words
}

// file is the file with a text.
func (p SshdPolicy) file(text string) managedFile {
	return managedFile{path: p.Path(), text: text, mode: 0o600, owner: "root", group: "root", validate: node.Sshd, command: "sshd"}
}

// StatusOf is the status of the file with a text.
func (p SshdPolicy) StatusOf(text string) FileStatus { return p.file(text).status() }
