package posture

// mightyGroup is a group of a node whose members become root, or somebody else.
type mightyGroup struct {
	does, condition, source string
}

// mightyGroups are the groups that lead to root by themselves. What sudo gives to a group is asked of its files and
// stands not here; adm and systemd-journal read logs, which leads nowhere by itself.
var mightyGroups = map[string]mightyGroup{
	"docker":      {does: "may start a container that has the node's file system", source: "Docker, \"Docker daemon attack surface\""},
	"lxd":         {does: "may start a container that has the node's file system", source: "LXD, \"About security\": access to the socket is full access"},
	"incus-admin": {does: "may start a container that has the node's file system", source: "Incus, \"About security\": access to the socket is full access"},
	"libvirt":     {does: "may define a guest that has the node's disks", source: "libvirt, \"polkit access control\": qemu:///system is root"},
	"disk":        {does: "may read and write the disks below the file system", source: "base-passwd, users-and-groups: disk is mostly equivalent to root"},
	"kmem":        {does: "may read the memory of the kernel", condition: "the kernel lets /dev/mem be read", source: "base-passwd, users-and-groups: kmem"},
	"shadow":      {does: "may read the hashes of all passwords", condition: "a password of an account that leads to root can be guessed", source: "base-passwd, users-and-groups: shadow; shadow(5)"},
}
