package lint

import "strings"

// programsOfPVE is where Proxmox VE 8 and 9 have the programs that policies name
// most: its own, and those of Debian that other systems keep elsewhere. What is here is in
// the same place in both releases (dpkg-deb --contents of each package; pve-manager, bin/Makefile).
var programsOfPVE = programsIn(map[string]string{
	"/usr/bin": `pveam pvebanner pveceph pvecm pvedaemon pvenode pveperf pveproxy pvereport pvescheduler pvesh pvesr pvestatd
		pvesubscription pveupdate pveupgrade pveversion pve8to9 pmxcfs spiceproxy vzdump termproxy proxmox-backup-client
		proxmox-file-restore qemu-img qemu-io qemu-nbd kvm vma systemctl journalctl loginctl hostnamectl timedatectl
		lxc-attach lxc-console lxc-start lxc-stop lxc-info lxc-ls ceph rados rbd apt apt-get apt-cache apt-mark dpkg cat less tail head grep
		rm cp mv mkdir chmod chown ln dd tee find rsync tar vi vim nano mount umount lsblk findmnt su sudo sudoreplay passwd chage tcpdump
		ss ps kill pkill killall htop top dmesg df du free uptime id whoami bash sh dash perl python3 ssh scp`,
	"/usr/sbin": `qm pct pveum pvesm qmrestore pve-firewall ha-manager pve-ha-crm pve-ha-lrm proxmox-boot-tool
		corosync corosync-cfgtool corosync-quorumtool zfs zpool zdb lvs vgs pvs lvcreate lvremove
		lvextend lvresize vgcreate vgremove vgextend pvcreate pvremove ifup ifdown ifreload ifquery iptables ip6tables
		iptables-save iptables-restore nft ipset brctl bridge ethtool visudo useradd userdel usermod groupadd groupdel groupmod
		adduser deluser chpasswd reboot poweroff shutdown halt smartctl nvme fdisk sfdisk sgdisk parted blkid blockdev
		wipefs mkfs fsck sysctl modprobe rmmod insmod update-grub update-initramfs logrotate auditctl augenrules ausearch aureport`,
})

func programsIn(lists map[string]string) map[string]string {
	m := map[string]string{}
	for dir, names := range lists {
		for _, n := range strings.Fields(names) {
			m[n] = dir + "/" + n
		}
	}
	return m
}
