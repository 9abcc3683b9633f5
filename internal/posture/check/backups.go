package check

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// backupChecks are the checks of backups.
func backupChecks() []Check {
	return []Check{
		ofPVE("PVESEC-C1811", Guests, High, Level1, "Guests are backed up", "Without a backup a guest that is encrypted, or removed, is lost.", "a backup job of PVE that is on", "In the web interface: Datacenter, Backup.", append(guide("4.3"), manual(pveBook, "Backup and Restore")...), func(n *Node) Outcome {
			if len(n.guests()) == 0 {
				return notApplicable("the node has no guests")
			}
			on := ""
			var job line
			for _, l := range n.config.in("/etc/pve/jobs.cfg", "/etc/pve/vzdump.cron") {
				switch {
				case strings.HasPrefix(l.text, "vzdump:"):
					if on == "1" {
						return pass(job.String())
					}
					job, on = l, "1"
				case strings.HasPrefix(l.text, "enabled ") && on != "":
					on = strings.TrimSpace(strings.TrimPrefix(l.text, "enabled "))
				case strings.Contains(l.text, "vzdump") && l.file == "/etc/pve/vzdump.cron":
					return pass(l.String())
				}
			}
			if on == "1" {
				return pass(job.String())
			}
			return fail("no backup job is on")
		}),
		ofPVE("PVESEC-C1812", Guests, Medium, Level1, "The configuration of the node is backed up", "PVE's backups hold guests only: users, storages, networks and firewall are lost with the node.", "a job of cron or systemd that is given /etc, /etc/pve or /var/lib/pve-cluster", "A daily job that copies /etc and /var/lib/pve-cluster/config.db to another machine, encrypted.", append(guide("4.2.1"), guide("4.2.2")...), func(n *Node) Outcome {
			for _, r := range n.Runs() {
				if configuration(r) {
					return pass(fmt.Sprintf("%s:%d is given %s", r.File, r.Line, r.Path))
				}
			}
			if reason := n.Unknown("cron tables"); reason != "" {
				return unknown(reason)
			}
			return fail("no job is given the configuration")
		}),
		ofPVE("PVESEC-C1813", Guests, Medium, Level2, "Backups are encrypted", "Who has the backup has the guest.", "every storage of Proxmox Backup Server has an encryption key", "pvesm set STORAGE --encryption-key autogen; keep a copy of the key.", guide("4.4"), func(n *Node) Outcome {
			var wrong []string
			count := 0
			var storage *line
			for _, l := range append(n.config.in("/etc/pve/storage.cfg"), line{text: "end: "}) {
				kind, _, _ := strings.Cut(l.text, ":")
				if strings.HasPrefix(l.text, "encryption-key") {
					storage = nil
					continue
				}
				if storage != nil {
					wrong = append(wrong, storage.String())
				}
				if storage = nil; kind == "pbs" {
					count++
					storage = &l
				}
			}
			if count == 0 {
				return notApplicable("there is no storage of Proxmox Backup Server")
			}
			return judged(wrong, "", "every storage has a key")
		}),
	}
}

// configuration tells whether a job is given the configuration of a node.
func configuration(r posture.Run) bool {
	p := strings.TrimRight(r.Path, "/")
	return r.Role == "argument" && (p == "/etc" || p == "/etc/pve" || p == "/var/lib/pve-cluster" || strings.HasPrefix(p, "/var/lib/pve-cluster/")) && !strings.HasPrefix(r.File, "/usr/lib/systemd/")
}
