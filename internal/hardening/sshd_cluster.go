package hardening

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// The files that tell where the nodes of a cluster are: corosync.conf(5), the members as pmxcfs knows them, the
// networks of migrations, hosts(5).
const (
	clusterMembers  = "/etc/pve/.members"
	clusterCorosync = "/etc/pve/corosync.conf"
	localCorosync   = "/etc/corosync/corosync.conf"
	clusterSettings = "/etc/pve/datacenter.cfg"
	hostsFile       = "/etc/hosts"
)

var clusterFiles = []string{clusterMembers, clusterCorosync, localCorosync, clusterSettings, hostsFile}

// maxClusterAddresses bounds what a node's files may have sshd asked for.
const maxClusterAddresses = 128

// widestMigration is the shortest prefix of a network for migrations that is taken as it is, of IPv6 and of IPv4.
var widestMigration = map[bool]int{false: 48, true: 16}

var (
	ringAddress      = regexp.MustCompile(`(?m)^[ \t]*ring[0-9]_addr[ \t]*:[ \t]*(\S+)[ \t]*$`)
	migrationNetwork = regexp.MustCompile(`(?m)^(?:migration|replication)[ \t]*:.*\bnetwork=([0-9A-Fa-f.:/]+)`)
)

// clusterPlaces are from where other nodes of a cluster come.
type clusterPlaces struct {
	// addresses are sorted, networks are those over which the node migrates guests.
	addresses, networks []string
	// elsewhere are networks for migrations in which the node has no address.
	elsewhere []string
}

// clusterAddresses are from where other nodes of the cluster come. A node without a cluster has none. What a node in a
// cluster does not tell is an error.
func clusterAddresses(seen *node.Observation) (places clusterPlaces, err error) {
	found := map[string]bool{}
	var names []string
	for _, name := range []string{clusterCorosync, localCorosync} {
		for _, m := range ringAddress.FindAllStringSubmatch(string(seen.Files[name].Content), -1) {
			names = append(names, m[1])
		}
	}
	var members struct {
		Nodelist map[string]struct {
			IP string `json:"ip"`
		} `json:"nodelist"`
	}
	if content := seen.Files[clusterMembers].Content; len(content) > 0 {
		if err := json.Unmarshal(content, &members); err != nil {
			return places, fmt.Errorf("%s of the node cannot be read: %w", clusterMembers, err)
		}
	}
	if len(names) == 0 && len(members.Nodelist) < 2 {
		return places, nil
	}
	for _, member := range members.Nodelist {
		if member.IP != "" {
			names = append(names, member.IP)
		}
	}
	for _, name := range names {
		if address, err := netip.ParseAddr(name); err == nil {
			found[address.Unmap().String()] = true
			continue
		}
		resolved := hostAddresses(string(seen.Files[hostsFile].Content), name)
		if len(resolved) == 0 {
			if member, is := members.Nodelist[name]; !is || member.IP == "" {
				return places, fmt.Errorf("corosync.conf of the node names %q, which is no address and not in %s: set cluster_networks to the networks of the cluster", name, hostsFile)
			}
		}
		for _, address := range resolved {
			found[address] = true
		}
	}
	if len(found) > maxClusterAddresses {
		return places, fmt.Errorf("the node has %d addresses of its cluster: set cluster_networks to the networks of the cluster", len(found))
	}
	if !slices.ContainsFunc([]string{clusterMembers, clusterCorosync, clusterSettings}, func(name string) bool { return seen.Files[name].Exists }) {
		return places, fmt.Errorf("the node is in a cluster by %s, and nothing is in %s, so that the networks of migrations are not known: start pve-cluster there, or set cluster_networks to the networks of the cluster", localCorosync, path.Dir(clusterSettings))
	}
	for _, m := range migrationNetwork.FindAllStringSubmatch(string(seen.Files[clusterSettings].Content), -1) {
		network, err := netip.ParsePrefix(m[1])
		switch {
		case err != nil:
			return places, fmt.Errorf("%s of the node has %q for migrations, which is no network: set cluster_networks to the networks of the cluster", clusterSettings, m[1])
		case network.Bits() < widestMigration[network.Addr().Is4()]:
			return places, fmt.Errorf("%s of the node has the network %s for migrations, which is wide, and who may write it need not be root: set cluster_networks to the networks of the cluster", clusterSettings, network)
		case seen.Sshd == nil || len(seen.Sshd.Addresses) == 0:
			return places, fmt.Errorf("the node does not tell its addresses (hostname -I), so that it is not known whether it migrates guests over %s of %s: set cluster_networks to the networks of the cluster", network, clusterSettings)
		}
		list := &places.elsewhere
		if inNetwork(network, seen) {
			list = &places.networks
		}
		if text := network.Masked().String(); !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	slices.Sort(places.networks)
	slices.Sort(places.elsewhere)
	places.addresses = sortedKeys(found)
	return places, nil
}

// inNetwork tells whether a node has an address of a network. Who may write datacenter.cfg need not be root, and a
// network that the node is not in is none over which it migrates guests.
func inNetwork(network netip.Prefix, seen *node.Observation) bool {
	return seen.Sshd != nil && slices.ContainsFunc(seen.Sshd.Addresses, func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && network.Contains(address.Unmap())
	})
}

// hostAddresses are the addresses of a name in hosts(5), without those of the loopback.
func hostAddresses(hosts, name string) []string {
	var addresses []string
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 || !slices.Contains(words[1:], name) {
			continue
		}
		if address, err := netip.ParseAddr(words[0]); err == nil && !address.IsLoopback() {
			addresses = append(addresses, address.Unmap().String())
		}
	}
	return addresses
}
