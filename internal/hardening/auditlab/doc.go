// Package auditlab holds the tests of audit logging on real Debian nodes: what health notices, and what the probe
// finds, while services stop, disks fill up and nodes lose power. They need root and the lab, and fail where it cannot
// run.
package auditlab
