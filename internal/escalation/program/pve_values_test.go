package program

import (
	"slices"
	"strings"
)

// pveCovered tells for a subcommand alone, and with each of its options, whether some operation covers it.
func (p *Program) pveCovered(name string, c pveCommand) map[string]bool {
	_, words, _ := strings.Cut(name, " ")
	lines := []string{words}
	for _, o := range c.Operands {
		var longer []string
		for _, line := range lines {
			for _, value := range pveValues(o.Name, o.Type) {
				longer = append(longer, joined(line, value))
			}
		}
		if o.Optional {
			longer = append(longer, lines...)
		}
		lines = longer
	}
	for _, option := range c.Required {
		lines = withOption(lines, option, c.Options[option].Type)
	}
	if beside := pveBeside[name]; beside != "" {
		lines = append(lines, each(lines, beside)...)
	}
	covered := map[string]bool{name: p.coversOne(lines)}
	for option, of := range c.Options {
		with := lines
		if !slices.Contains(c.Required, option) {
			with = withOption(lines, option, of.Type)
		}
		covered[name+" --"+option] = p.coversOne(with)
	}
	return covered
}

// pveBeside are options without which operations cover another use of a subcommand.
var pveBeside = map[string]string{"pct create": "--unprivileged 1", "pct restore": "--unprivileged 1", "pvesh create /nodes/pve1/lxc": "--unprivileged 1", "pveum acl modify": "--users bob@pve", "pveum aclmod": "--users bob@pve"}

// withOption has each of the lines with an option and each of the values to try for it.
func withOption(lines []string, option, kind string) (with []string) {
	bare := strings.TrimSuffix(option, "[n]")
	if bare != option {
		bare += "0"
	}
	for _, value := range pveValues(option, kind) {
		with = append(with, each(lines, joined("--"+bare, value))...)
	}
	return with
}

func each(lines []string, more string) (longer []string) {
	for _, line := range lines {
		longer = append(longer, joined(line, more))
	}
	return longer
}

func (p *Program) coversOne(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return slices.ContainsFunc(p.Operations, func(o *Operation) bool { ok, _ := o.covers(asArguments(line)); return ok })
	})
}

// pveValues are values to try for an operand or option, by its name and by its formal type.
func pveValues(name, kind string) []string {
	if values := pveValuesByName[name]; len(values) > 0 {
		return values
	}
	switch {
	case strings.Contains(kind, " | "):
		return strings.Split(kind, " | ")
	case strings.HasPrefix(kind, "properties "):
		key := strings.Fields(kind)[1]
		return []string{key + "=1", key + "=x", "1", "x", "local:8", "file=local:8", key + "=local:8"}
	}
	if values := pveValuesByType[kind]; len(values) > 0 {
		return values
	}
	return []string{"x", "1", "local:8", kind}
}

var pveValuesByType = map[string][]string{"boolean": {"1"}, "integer": {"1", "100"}, "number": {"1"}, "storage ID": {"local"}, "string": {"x", "1", "192.0.2.1"}}

var pveValuesByName = map[string][]string{
	"vmid": {"100"}, "newid": {"101"}, "target-vmid": {"101"}, "userid": {"bob@pve"}, "node": {"pve2"}, "target": {"pve2"}, "sid": {"vm:100"},
	"ostemplate": {"local:vztmpl/debian.tar.zst", "nas:backup/vzdump-lxc-100.tar.zst"}, "archive": {"nas:backup/vzdump-qemu-100.vma.zst"},
	"volume": {"local:100/vm-100-disk-0.raw", "rootfs", "nas:backup/vzdump-qemu-100.vma.zst"}, "source": {"esxi:dc/store/web/web.vmx", "pve2"},
	"dev": {"/dev/sdb"}, "db_dev": {"/dev/sdc"}, "wal_dev": {"/dev/sdc"}, "path": {"/vms/100"}, "roles": {"PVEAuditor"}, "template": {"debian-12-standard.tar.zst", "1"},
	"template_path": {"local:vztmpl/debian.tar.zst"}, "exclude-path": {"/tmp/x"}, "cicustom": {"user=local:snippets/x.yaml"}, "serial[n]": {"socket"}, "filename": {"-", "/root/key", "vm-100-disk-1"}, "disk": {"scsi0", "rootfs"}, "users": {"bob@pve"}, "tokens": {"bob@pve!ci"}, "username": {"bob@pve", "x"}, "parallel[n]": {"/dev/parport0"}, "resource-mode": {"freeze"},
	"ide[n]": {"local:8"}, "sata[n]": {"local:8"}, "scsi[n]": {"local:8"}, "virtio[n]": {"local:8"}, "cdrom": {"none"}, "efidisk0": {"local:1"}, "tpmstate0": {"local:1"},
	"unused[n]": {"local:100/vm-100-disk-0.raw", "local:vm-100-disk-0"}, "rootfs": {"local:8"}, "mp[n]": {"local:8,mp=/srv"}, "usb[n]": {"host=1-2"}, "virtiofs[n]": {"data"}, "groups": {"staff"}, "delete": {"comment", "1"}, "append": {"1"}, "rng0": {"source=/dev/urandom"}, "ssh-public-keys": {"/root/keys"}, "sshkeys": {"/root/keys"},
}
