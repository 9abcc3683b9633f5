package hardening

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// SecurityLog is a file of everything that concerns authentication: the messages of the facilities auth and authpriv
// (syslog(3)), and with the journal as their source also those of the daemons of Proxmox VE at which users log in.
type SecurityLog struct {
	Path string
	Mode string
	// Collector is what writes the file.
	Collector Collector
}

// Collector is what writes the security log of a node.
type Collector string

// The collectors. The journal is on every node, and says of each record who sent it; rsyslog is where it was installed,
// and takes the sender's word.
const (
	Journald Collector = "journald"
	Rsyslog  Collector = "rsyslog"
)

// securityProgram copies records of the journal. What stands before its first assignment is the header of the file.
//
//go:embed security_log.sh
var securityProgram string

const rsyslogDir = "/etc/rsyslog.d"

// servicesDir is where a file says that a running system wants our service, as `systemctl enable` does with a link.
const servicesDir = unitsDir + "/multi-user.target.d"

func (a AuditLogging) securityName() string { return "pvesec-security-" + a.Name }

// SecurityProgramPath is the program that copies records of the journal.
func (a AuditLogging) SecurityProgramPath() string { return unitsDir + "/" + a.securityName() + ".sh" }

// RsyslogPath is rsyslog's configuration of the security event log.
func (a AuditLogging) RsyslogPath() string { return rsyslogDir + "/60-" + a.fileName() + ".conf" }

// collects tells whether the security log is written by a collector.
func (a AuditLogging) collects(by Collector) bool {
	return a.SecurityLog != nil && a.SecurityLog.Collector == by
}

// security lists the files of both collectors: rsyslog's configuration, or a program, the service that runs it, and
// what starts the service at boot.
func (a AuditLogging) security() []managedFile {
	name := a.securityName()
	rsyslog := managedFile{path: a.RsyslogPath(), mode: 0o644, owner: "root", group: "root", validate: node.Rsyslog, command: "rsyslogd", service: rsyslogService}
	program := managedFile{path: a.SecurityProgramPath(), mode: 0o644, owner: "root", group: "root", command: "journalctl"}
	service := managedFile{path: unitsDir + "/" + name + ".service", mode: 0o644, owner: "root", group: "root", command: "systemctl", service: name + ".service"}
	wanted := managedFile{path: servicesDir + "/" + name + ".conf", mode: 0o644, owner: "root", group: "root", command: "systemctl"}
	if a.collects(Rsyslog) {
		rsyslog.text = a.renderRsyslog()
	}
	if a.collects(Journald) {
		program.text = a.header() + fmt.Sprintf("log=%s\nmode=%s\n", a.SecurityLog.Path, a.SecurityLog.Mode) + securityProgram
		service.text = a.renderSecurityService()
		wanted.text = a.header() + "[Unit]\nWants=" + name + ".service\n"
	}
	return []managedFile{rsyslog, program, service, wanted}
}

// renderRsyslog uses rsyslog's advanced format, so that mode and owner are those of this file only and no global
// setting is changed.
func (a AuditLogging) renderRsyslog() string {
	return a.header() + fmt.Sprintf(`if $syslogfacility-text == "auth" or $syslogfacility-text == "authpriv" then {
    action(type="omfile" name="%s" file="%s" fileOwner="root" fileGroup="root" fileCreateMode="%s")
}
`, a.fileName(), a.SecurityLog.Path, a.SecurityLog.Mode)
}

// renderSecurityService has the program see nothing but what it needs, systemd.exec(5), and starts it again however it
// ends.
func (a AuditLogging) renderSecurityService() string {
	return a.header() + fmt.Sprintf(`[Unit]
Description=Write what the journal holds about authentication to %[1]s
After=systemd-journald.service
RequiresMountsFor=%[2]s
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=/bin/sh %[3]s
Restart=always
RestartSec=2
StateDirectory=%[4]s
StateDirectoryMode=0700
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
ReadWritePaths=-%[2]s
`, a.SecurityLog.Path, path.Dir(a.SecurityLog.Path), a.SecurityProgramPath(), a.securityName())
}

var (
	rsyslogAction   = regexp.MustCompile(`file="([^"]+)"[^)]*fileCreateMode="([0-7]+)"`)
	securitySetting = regexp.MustCompile(`(?m)^log=(.+)\nmode=([0-7]+)$`)
)

// parseSecurityLog reads the settings back from the configuration files, nil if there is no security log.
func (a AuditLogging) parseSecurityLog(files map[string]string) *SecurityLog {
	if found := rsyslogAction.FindStringSubmatch(files[a.RsyslogPath()]); found != nil {
		return &SecurityLog{Path: found[1], Mode: found[2], Collector: Rsyslog}
	}
	if found := securitySetting.FindStringSubmatch(files[a.SecurityProgramPath()]); found != nil {
		return &SecurityLog{Path: found[1], Mode: found[2], Collector: Journald}
	}
	return nil
}
