package hardening

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// A sshdPart is a network that is not kept open as a whole: other files close what the policy would keep open for a
// part of it, or may do so.
type sshdPart struct {
	network  string
	keywords []string
}

// render is the text of the file for the node.
func (l *sshdLook) render() (string, error) {
	p := l.policy
	if p.ClusterNetworks != nil {
		p.ClusterNetworks = slices.Concat(p.ClusterNetworks, l.within)
	}
	return p.Render(l.algorithms, slices.Concat(l.cluster, l.networks), l.closed)
}

// askClosed asks sshd what it would close for root of the cluster without any policy of pvesec, where this one has
// something to keep open. Of a network it is asked about some addresses only: what other files say of a part of it, in
// a Match block or behind an "@", is kept open for the nodes' addresses alone.
func (l *sshdLook) askClosed(ctx context.Context) error {
	from := l.policy.keptFor(slices.Concat(l.cluster, l.networks))
	if l.problem != "" || len(from) == 0 || len(l.policy.keptOpen()) == 0 {
		return nil
	}
	bare := &sshdLook{policy: l.policy, nodes: l.nodes, target: l.target, seen: &node.Observation{}, own: l.own}
	for _, network := range from {
		for _, address := range l.standFor(network) {
			bare.add("", sshdCluster, "root", address, address)
		}
	}
	if err := bare.askBeside(ctx, node.SshdQuery{Gone: l.otherPolicies(), Bare: true}); err != nil {
		return err
	}
	closedFor := map[string][]string{} // by address
	for i, c := range bare.connections {
		closedFor[c.Address] = nil
		for _, denial := range bare.login(i, bare.answer.Without[i]).denials() {
			closedFor[c.Address] = append(closedFor[c.Address], denial.Keyword)
		}
	}
	l.closed, l.parts = map[string][]string{}, map[string]sshdPart{}
	inParts := l.closedInParts(bare)
	for _, network := range from {
		for _, address := range l.standFor(network) {
			l.closed[network] = append(l.closed[network], closedFor[address]...)
		}
	}
	for _, network := range from {
		prefix, err := netip.ParsePrefix(network)
		if err != nil || prefix.IsSingleIP() || len(inParts) == 0 {
			continue
		}
		l.closed[network] = append(l.closed[network], inParts...)
		first := firstOf(prefix)
		l.parts[first] = sshdPart{network, inParts}
		known := false
		for _, address := range l.standFor(network) {
			if !slices.Contains(l.cluster, address) {
				continue
			}
			known = true
			if !slices.Contains(from, address) && !slices.Contains(l.within, address) {
				l.within = append(l.within, address)
				l.closed[address] = closedFor[address]
			}
		}
		if known { // the nodes' addresses are judged instead
			l.connections = slices.DeleteFunc(l.connections, func(c sshdConnection) bool {
				return c.role == sshdCluster && c.Address == first && !slices.Contains(l.cluster, first)
			})
		}
	}
	return nil
}

// closedInParts are the keywords of what the policy keeps open that other files set for a part of a network, or may do
// so.
func (l *sshdLook) closedInParts(bare *sshdLook) []string {
	var keywords []string
	for _, line := range l.policy.keptOpen() {
		keyword, _, _ := strings.Cut(strings.ToLower(line), " ")
		in := bare.answer.ConditionalProblem != "" || slices.ContainsFunc(bare.answer.Conditional, func(set node.SshdLine) bool {
			return set.Keyword == keyword && set.File != l.policy.Path() && mayBeAboutRoot(string(l.seen.Files[set.File].Content), set.Line)
		})
		if keyword == "allowusers" {
			for i := range bare.connections {
				in = in || slices.ContainsFunc(bare.login(i, bare.answer.Without[i]).list(keyword), func(pattern string) bool {
					user, _, at := strings.Cut(pattern, "@")
					return at && matchesGlob(user, "root")
				})
			}
		}
		if in {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}

var sshdMatchLine = regexp.MustCompile(`(?i)^[ \t]*"?match"?([ \t=\r]|$)`)

// mayBeAboutRoot tells whether a line of a file can hold for root, by the Match before it. One that is not known can.
func mayBeAboutRoot(text string, line int) bool {
	lines := strings.Split(text, "\n")
	for i := min(line, len(lines)) - 1; i >= 0; i-- {
		if !sshdMatchLine.MatchString(lines[i]) {
			continue
		}
		words := strings.Fields(lines[i])
		for len(words) > 2 {
			if strings.EqualFold(words[1], "User") && !strings.ContainsAny(words[2], `"'\=`) {
				return SshdMatch{Users: strings.Split(words[2], ",")}.mayBeRoot()
			}
			words = words[2:]
		}
		return true
	}
	return true
}

// standFor are the addresses by which sshd is asked about an address or a network: the first of it, and those of the
// cluster in it.
func (l *sshdLook) standFor(network string) []string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return []string{network}
	}
	all := []string{firstOf(prefix)}
	for _, text := range l.cluster {
		if address, err := netip.ParseAddr(text); err == nil && prefix.Contains(address) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// judgedOf are the addresses that are judged for a network of the cluster: those in it that the policy tells beside the
// networks that were found, or the first.
func (l *sshdLook) judgedOf(network string) []string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return []string{network}
	}
	var told []string
	if len(l.cluster) > 0 {
		for _, text := range l.policy.ClusterNetworks {
			address, err := netip.ParseAddr(text)
			if part, is := netip.ParsePrefix(text); is == nil && part.Bits() > prefix.Bits() {
				address, err = netip.ParseAddr(firstOf(part))
			}
			if err == nil && prefix.Contains(address) {
				told = append(told, address.String())
			}
		}
	}
	if len(told) > 0 {
		return told
	}
	return []string{firstOf(prefix)}
}

// firstOf is the first address of a network that a node can have.
func firstOf(network netip.Prefix) string {
	if first := network.Addr().Next(); network.Contains(first) {
		return first.String()
	}
	return network.Addr().String()
}

// unkept says why the way from an address that stands for a network is not kept open, empty where that is not the
// reason.
func (l *sshdLook) unkept(address, keyword string) string {
	part := l.parts[address]
	if !slices.Contains(part.keywords, keyword) {
		return ""
	}
	option, _ := sshdOption(sshdAttributeOf(keyword))
	return fmt.Sprintf("; other files set %s for some logins, so that the policy does not keep it open for all of %s: write the addresses of the nodes in it into cluster_networks", option.Keyword, part.network)
}
