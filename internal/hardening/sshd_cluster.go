package hardening

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// The files that tell where the nodes of a cluster are: corosync.conf(5), the members as pmxcfs knows them, the networks of migrations, hosts(5).
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

// clusterAddresses are the addresses from which other nodes of the cluster come, sorted, and the networks that migrations use. A node without a cluster has none.
func clusterAddresses(seen *node.Observation) (addresses, networks []string, err error) {
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
			return nil, nil, fmt.Errorf("%s of the node cannot be read: %w", clusterMembers, err)
		}
	}
	if len(names) == 0 && len(members.Nodelist) < 2 {
		return nil, nil, nil
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
				return nil, nil, fmt.Errorf("corosync.conf of the node names %q, which is no address and not in %s: set cluster_networks to the networks of the cluster", name, hostsFile)
			}
		}
		for _, address := range resolved {
			found[address] = true
		}
	}
	if len(found) > maxClusterAddresses {
		return nil, nil, fmt.Errorf("the node has %d addresses of its cluster: set cluster_networks to the networks of the cluster", len(found))
	}
	for _, m := range migrationNetwork.FindAllStringSubmatch(string(seen.Files[clusterSettings].Content), -1) {
		network, err := netip.ParsePrefix(m[1])
		if err == nil && network.Bits() < widestMigration[network.Addr().Is4()] {
			return nil, nil, fmt.Errorf("%s of the node has the network %s for migrations, which is wide, and who may write it need not be root: set cluster_networks to the networks of the cluster", clusterSettings, network)
		}
		if err == nil && !slices.Contains(networks, network.Masked().String()) && inNetwork(network, seen) {
			networks = append(networks, network.Masked().String())
		}
	}
	slices.Sort(networks)
	return sortedKeys(found), networks, nil
}

// inNetwork tells whether a node has an address of a network. Who may write datacenter.cfg need not be root, and a network that the node is not in is none over which it migrates guests.
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
