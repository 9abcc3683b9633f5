package check

import (
	"fmt"
	"strings"
)

const (
	clusterFirewall = "/etc/pve/firewall/cluster.fw"
	hostFirewall    = "/etc/pve/local/host.fw"
	theFirewall     = "Firewall"
)

// firewallChecks are the checks of the firewall of PVE.
func firewallChecks() []Check {
	book := manual(pveBook, theFirewall)
	return []Check{
		ofPVE("PVESEC-C1701", Network, High, Level1, "The firewall of the cluster is on", "Every service of every node is open to everyone who reaches it.", "enable: 1 in the options of "+clusterFirewall, "In the web interface: Datacenter, Firewall, Options. Allow your own addresses first.", append(guide("1.2.4"), book...), func(n *Node) Outcome {
			v, at, found := value(n.options(clusterFirewall), "enable")
			if !found {
				return fail(clusterFirewall + " does not switch the firewall on")
			}
			return passIf(v != "0" && v != "", at.String())
		}),
		ofPVE("PVESEC-C1702", Network, High, Level1, "The firewall drops what no rule allows", "A service that is started later is open otherwise.", "policy_in is DROP or REJECT, as it is by default", "policy_in: DROP in "+clusterFirewall+".", append(guide("1.2.4"), book...), func(n *Node) Outcome {
			v, at, found := value(n.options(clusterFirewall), "policy_in")
			if !found {
				return pass("policy_in is DROP by default")
			}
			return passIf(v == "DROP" || v == "REJECT", at.String())
		}),
		ofPVE("PVESEC-C1703", Network, Medium, Level2, "The firewall forwards only what a rule allows", "Guests reach networks of the cluster through the node.", "policy_forward is DROP", "policy_forward: DROP in "+clusterFirewall+"; it needs proxmox-firewall (nftables).", guide("1.2.5"), func(n *Node) Outcome {
			v, at, found := value(n.options(clusterFirewall), "policy_forward")
			if !found {
				return fail("policy_forward is ACCEPT by default")
			}
			return passIf(v == "DROP", at.String())
		}),
		ofPVE("PVESEC-C1704", Network, High, Level1, "The firewall of the node is on", "A node can switch its part off.", "no enable: 0 in "+hostFirewall, "enable: 1 in "+hostFirewall+".", append(guide("1.2.4"), book...), func(n *Node) Outcome {
			v, at, found := value(n.options(hostFirewall), "enable")
			if !found {
				return pass("it is on by default")
			}
			return passIf(v != "0", at.String())
		}),
		ofPVE("PVESEC-C1705", Network, High, Level1, "The service of the firewall runs", "Without it no rule is loaded.", "pve-firewall or proxmox-firewall is active", "systemctl enable --now pve-firewall.", book, func(n *Node) Outcome { return n.runs("pve-firewall.service", "proxmox-firewall.service") }),
		ofPVE("PVESEC-C1706", Network, Medium, Level2, "No rule of the firewall opens the node to everyone", "A rule without a source is for the whole world.", "every IN ACCEPT of the cluster and the node has -source", "Add -source with an alias or an IP set, such as +management.", append(guide("1.2.2"), book...), openRules),
		ofPVE("PVESEC-C1707", Network, Low, Level2, "The firewall refuses impossible packets", "Odd flags are how scanners get past filters.", "tcpflags: 1 in "+hostFirewall, "tcpflags: 1 in "+hostFirewall+".", book, func(n *Node) Outcome {
			v, at, found := value(n.options(hostFirewall), "tcpflags")
			if !found {
				return fail("tcpflags is off by default")
			}
			return passIf(v == "1", at.String())
		}),
		ofPVE("PVESEC-C1713", Network, Critical, Level1, "Nodes of the cluster encrypt what they tell each other", "Who is on the network of the cluster commands it.", "secauth is on, and crypto_cipher and crypto_hash are not none", "secauth: on in /etc/pve/corosync.conf; see the guide before you change it.", append(guide("3.2"), manual("corosync.conf(5)", "secauth, crypto_cipher")...), corosync),
		ofPVE("PVESEC-C1714", Network, High, Level1, "Guests migrate encrypted", "The memory of a guest has its passwords and keys.", "migration is not insecure", "migration: secure in /etc/pve/datacenter.cfg.", append(guide("3.2"), manual(pveBook, "Migration Type")...), func(n *Node) Outcome {
			v, at, found := value(n.config.in("/etc/pve/datacenter.cfg"), "migration")
			if !found {
				return pass("migration is secure by default")
			}
			return passIf(!strings.Contains(v, "insecure"), at.String())
		}),
	}
}

// openRules looks for rules that let everyone in.
func openRules(n *Node) Outcome {
	var wrong []string
	part, count := "", 0
	for _, l := range n.config.in(clusterFirewall, hostFirewall) {
		if strings.HasPrefix(l.text, "[") {
			part = strings.ToUpper(l.text)
			continue
		}
		words := strings.Fields(strings.ToUpper(l.text))
		if !strings.HasPrefix(part, "[RULES]") || len(words) < 2 || words[0] != "IN" || !strings.Contains(words[1], "ACCEPT") {
			continue
		}
		if count++; !strings.Contains(l.text, "-source") {
			wrong = append(wrong, l.String())
		}
	}
	return judged(wrong, "", fmt.Sprintf("%d rules, each with a source", count))
}

func corosync(n *Node) Outcome {
	lines := n.config.in("/etc/pve/corosync.conf")
	if len(lines) == 0 {
		return notApplicable("the node is in no cluster")
	}
	var wrong []string
	secure, at, found := value(lines, "secauth")
	cipher, cipherAt, hasCipher := value(lines, "crypto_cipher")
	hash, hashAt, hasHash := value(lines, "crypto_hash")
	if found && secure == "off" && (!hasCipher || cipher == "none") || !found && !hasCipher {
		wrong = append(wrong, "secauth is off: "+at.String())
	}
	if hasCipher && cipher == "none" {
		wrong = append(wrong, cipherAt.String())
	}
	if hasHash && hash == "none" {
		wrong = append(wrong, hashAt.String())
	}
	return judged(wrong, "", "corosync encrypts")
}
