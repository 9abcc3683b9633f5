// Package lab boots disposable Debian nodes for tests and for the demo: real systemd as PID 1, real sshd, sudo, visudo,
// rsyslog and journald, on Debian 12 (the base of Proxmox VE 8) and Debian 13 (the base of Proxmox VE 9), next to a
// simulated PVE API (package pvesim) that knows the nodes by name and address. It needs root on Linux and mmdebstrap;
// it needs no container engine and no hardware virtualisation.
//
// # Nodes
//
// A node is a tree of processes in namespaces of its own (pid, mount, net, uts, ipc, cgroup). Its disk is an overlay:
// the lower layer is a root file system that mmdebstrap built once and that every node shares, the upper layer is a
// tmpfs of limited size that lives in a mount namespace private to the lab. Nothing is mounted where the caller could
// see it, and everything vanishes with the process that started it, however that process ends.
//
// With NodeSpec.Kernel a node runs under its own kernel (user-mode-linux): there auditd works, and Kill is a power cut
// with journal recovery at the next boot.
//
// # Network
//
// A node's network namespace has no interface towards the outside. A Link, a relay inside this process, listens on an
// address of 127.77.0.0/16, port 2222, and dials the node's sshd from within the node's network namespace. Cutting,
// healing and delaying the link is the fault injection.
//
// # Re-execution
//
// The first process of a node is this same program: importing the package adds an init function that recognises the
// re-execution by its argv[0], sets up the namespaces from inside and replaces itself by /sbin/init.
//
// README.md in this directory says what is real and what is simulated.
package lab
