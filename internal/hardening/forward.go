package hardening

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Forward sends the journal to a collector over HTTPS, in the order in which it came (systemd-journal-upload(8)). The
// journal keeps what the collector has not acknowledged.
type Forward struct {
	Host string
	Port int64
	// CA are the authorities of the collector's certificate, Certificate shows the collector who sends. Both are in
	// PEM.
	CA, Certificate string
	// Key belongs to Certificate. It is known at an apply alone, and in no text of [AuditLogging.Render].
	Key string
}

// forwardProgram has the records sent. What stands before its first assignment is the header of the file.
//
//go:embed forward.sh
var forwardProgram string

// forwardState are functions of the programs that ask how far the collector is.
//
//go:embed forward_state.sh
var forwardState string

func (a AuditLogging) forwardName() string    { return "pvesec-forward-" + a.Name }
func (a AuditLogging) forwardService() string { return a.forwardName() + ".service" }

// ForwardPath is the program that sends the journal.
func (a AuditLogging) ForwardPath() string { return a.forwardFile(".sh") }

func (a AuditLogging) forwardFile(end string) string { return unitsDir + "/" + a.forwardName() + end }

func (a AuditLogging) caPath() string          { return a.forwardFile(".ca.pem") }
func (a AuditLogging) certificatePath() string { return a.forwardFile(".cert.pem") }
func (a AuditLogging) keyPath() string         { return a.forwardFile(".key.pem") }

// statePath is where the service keeps how far the collector is.
func (a AuditLogging) statePath() string { return stateDir + "/" + a.forwardName() + "/state" }

// forwarding lists the files of forwarding but the key: certificates, a program, the service that runs it, and what
// starts the service at boot.
func (a AuditLogging) forwarding() []managedFile {
	file := func(name, command string) managedFile {
		return managedFile{path: name, mode: 0o644, owner: "root", group: "root", command: command}
	}
	ca, certificate := file(a.caPath(), "openssl"), file(a.certificatePath(), "openssl")
	program, service := file(a.ForwardPath(), "systemd-journal-upload"), file(a.forwardFile(".service"), "systemctl")
	wanted := file(servicesDir+"/"+a.forwardName()+".conf", "systemctl")
	service.service, service.retries = a.forwardService(), true
	if f := a.Forward; f != nil {
		ca.text, certificate.text = f.CA, f.Certificate
		program.text = a.header() + "url=https://" + f.address() + "\n" + forwardProgram
		service.text = a.renderForwardService()
		wanted.text = a.header() + "[Unit]\nWants=" + a.forwardService() + "\n"
	}
	return []managedFile{ca, certificate, program, service, wanted}
}

// renderForwardService has the program run as a user of its own, which sees the key and the journal and can write
// nothing but its state. A connection that hangs ends by the watchdog, and it starts again however it ends.
func (a AuditLogging) renderForwardService() string {
	return a.header() + fmt.Sprintf(`[Unit]
Description=Send the journal to %[1]s
Wants=network-online.target
After=network-online.target systemd-journald.service
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=/bin/sh %[2]s
Restart=always
RestartSec=5
WatchdogSec=3min
WatchdogSignal=SIGKILL
LimitNOFILE=524288
DynamicUser=yes
SupplementaryGroups=systemd-journal
StateDirectory=%[3]s
StateDirectoryMode=0700
LoadCredential=ca:%[4]s
LoadCredential=cert:%[5]s
LoadCredential=key:%[6]s
CapabilityBoundingSet=
PrivateDevices=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
`, a.Forward.address(), a.ForwardPath(), a.forwardName(), a.caPath(), a.certificatePath(), a.keyPath())
}

// addKey adds the private key to a change, or its removal where one is there, or was with the settings that were
// applied last. No copy is kept of one that is replaced.
func (a AuditLogging) addKey(change *node.Change, seen *AuditState, applied map[string]string) error {
	there := seen != nil && seen.Files[a.keyPath()].Present || applied[a.certificatePath()] != ""
	switch {
	case a.Forward == nil && there:
		a.eraseKey(change)
	case a.Forward == nil:
	case a.Forward.Key == "":
		return errors.New("the private key of the client certificate is not known")
	default:
		change.Files = append(change.Files, node.File{Path: a.keyPath(), Content: []byte(a.Forward.Key), Mode: 0o600, Owner: "root", Group: "root", Secret: true})
	}
	return nil
}

// eraseKey adds the removal of a private key, without a copy.
func (a AuditLogging) eraseKey(change *node.Change) {
	change.Files = append(change.Files, node.File{Path: a.keyPath(), Kind: node.Erased})
}

// address is the collector as people write it.
func (f Forward) address() string { return net.JoinHostPort(f.Host, strconv.FormatInt(f.Port, 10)) }

var forwardURL = regexp.MustCompile(`(?m)^url=https://(.+)$`)

// parseForward reads the settings back from the files, nil where nothing is forwarded.
func (a AuditLogging) parseForward(files map[string]string) (*Forward, error) {
	text, there := files[a.ForwardPath()]
	if !there {
		return nil, nil
	}
	found := forwardURL.FindStringSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("%s does not say where records go", a.ForwardPath())
	}
	host, port, err := net.SplitHostPort(found[1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.ForwardPath(), err)
	}
	f := &Forward{Host: host, CA: files[a.caPath()], Certificate: files[a.certificatePath()]}
	f.Port, err = strconv.ParseInt(port, 10, 64)
	return f, errors.Join(err, CheckCollectorHost(host))
}
