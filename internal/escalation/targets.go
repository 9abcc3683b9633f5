package escalation

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// target says what the account is worth that a command runs as.
type target uint8

const (
	ordinaryTarget target = iota // an account of its own: what it does is no concern of root
	mightyTarget                 // an account or group by which the node is taken over
	rootTarget
)

// mightyAccounts are accounts of Debian and PVE that own services, sockets or files by which the node is taken over.
// Sources: base-passwd's users-and-groups document, and the units and directories that the packages of PVE ship.
var mightyAccounts = []string{
	"www-data", "daemon", "bin", "sys", "sync", "man", "backup", "postfix", "Debian-exim", "_chrony", "ceph", "systemd-network", "systemd-resolve", "systemd-timesync",
	"messagebus", "polkitd", "_rpc", "statd", "sshd", "tss", "frr", "gluster", "lxc-dnsmasq", "libvirt-qemu", "proxmox-backup", "_apt", "dnsmasq", "nut", "zabbix-root",
}

// mightyGroups are groups of Debian and PVE whose members read or write what leads to root.
var mightyGroups = []string{
	"root", "shadow", "disk", "sudo", "docker", "lxd", "libvirt", "kvm", "kmem", "www-data", "staff", "backup", "ceph", "daemon", "bin", "sys", "tty", "_ssh", "ssl-cert", "tape", "messagebus", "polkitd", "utmp", "frrvty", "wheel", "admin", "incus", "incus-admin",
}

// targetOf classifies the target of a request.
func targetOf(r policy.Request) target {
	user := r.RunAsUser
	switch {
	case user != nil && (user.Name == "root" || user.UID != nil && *user.UID == 0):
		return rootTarget
	case r.RunAsGroupID != nil && *r.RunAsGroupID < 1000, slices.Contains(mightyGroups, r.RunAsGroup):
		return mightyTarget
	case user == nil:
		return ordinaryTarget
	case user.UID != nil && *user.UID < 1000, strings.HasPrefix(user.Name, "#"), slices.Contains(mightyAccounts, user.Name):
		return mightyTarget
	}
	for _, g := range user.Groups {
		if slices.Contains(mightyGroups, g) {
			return mightyTarget
		}
	}
	return ordinaryTarget
}

// ordinary looks at grants that are about accounts of their own only: what the commands do is no concern of root, but
// sudo itself is root.
func (a *analyser) ordinary(tree *sudoers.Tree, request policy.Request, paths []string) {
	if !a.uses.InSudo() {
		return
	}
	access := policy.Admits(tree, request, paths, a.question.Budget)
	for _, gap := range access.Gaps {
		a.addGrant(undecided, gap.Grant, "", "", upperReason(gap.Reason))
	}
	for i := range access.Paths {
		p := &access.Paths[i]
		for j := range p.Rules {
			if rule := &p.Rules[j]; !rule.Denied {
				at := grantAt{request: request, as: ordinaryTarget, access: p, rule: j, allowed: p.AllowedBy(j, a.question.Budget)}
				if a.exemplify(&at) {
					a.optionsOfSudo(at)
				}
			}
		}
	}
}

// leftOver looks at a grant that was met in no class of targets: who its commands run as may not be known.
func (a *analyser) leftOver(tree *sudoers.Tree, g *policy.Grant) {
	if g.Negated || a.analysed[g.Pos] || g.RunAs == nil {
		return
	}
	switch {
	case g.Command.Kind == sudoers.CommandAlias: // defined ones are resolved
		a.addGrant(undecided, g, "", "", "Cmnd_Alias "+g.Command.Name+" is defined nowhere in this policy: it grants nothing, or whatever another file defines it as. Write it as it is defined, or define it: Cmnd_Alias "+g.Command.Name+" = /path/to/command.")
		return
	case asRootOnly(g.RunAs):
		a.addGrant(grantsNothing, g, "", "", "")
		return
	}
	if len(g.RunAs.Users) > 0 && !ordinaryAccounts(g.RunAs.Users) || slices.ContainsFunc(g.RunAs.Groups, openChoice) {
		a.addGrant(mightyAccount, g, "", a.asMighty(tree, g), "")
	}
}

// asMighty gives a command line of a grant that runs as the first of the mighty accounts that it lets the caller
// choose, "" where pvesec knows none.
func (a *analyser) asMighty(tree *sudoers.Tree, g *policy.Grant) string {
	for _, name := range mightyAccounts {
		request := policy.Request{Subject: a.question.Subject, Host: a.question.Host, RunAsUser: &policy.Subject{Name: name}, Env: a.question.Env}
		access := policy.Admits(tree, request, nil, a.question.Budget)
		for i := range access.Paths {
			p := &access.Paths[i]
			for j := range p.Rules {
				if p.Rules[j].Denied || p.Rules[j].Grant.Pos != g.Pos {
					continue
				}
				if answer := regular.IsEmpty(p.AllowedBy(j, a.question.Budget), a.question.Budget); answer.Verdict == regular.No {
					return a.shell(request, p, answer.Witness)
				}
			}
		}
	}
	return ""
}

// asRootOnly tells whether a run-as list names root and nobody else. What was met for root is looked at; what was not
// has no command line.
func asRootOnly(as *sudoers.RunAs) bool {
	return len(as.Users) > 0 && len(as.Groups) == 0 && !slices.ContainsFunc(as.Users, func(u sudoers.Member) bool { return openChoice(u) || u.Name != "root" && u.Name != "#0" })
}

// openChoice tells whether a member of a run-as list leaves the choice to the caller, or names what only the node
// knows.
func openChoice(m sudoers.Member) bool { return m.Kind != sudoers.MemberWord || m.Negated }

// ordinaryAccounts tells whether a run-as list names accounts that are not known to be mighty, and nothing else.
func ordinaryAccounts(users []sudoers.Member) bool {
	return !slices.ContainsFunc(users, func(u sudoers.Member) bool {
		return openChoice(u) || strings.HasPrefix(u.Name, "#") || slices.Contains(mightyAccounts, u.Name) || u.Name == "root"
	})
}
