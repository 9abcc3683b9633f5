// Package nodelab holds the tests of package node on real Debian nodes: real sshd, sudo, visudo, rsyslogd and systemd,
// and real faults. They need root and the lab, and fail where it cannot run; the tests beside package node need
// neither.
package nodelab
