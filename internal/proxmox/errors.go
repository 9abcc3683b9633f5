package proxmox

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Error is an answer of the API that is not a success.
type Error struct {
	Method  string            // GET, POST, PUT, DELETE
	Path    string            // below /api2/json, unescaped, without query
	Status  int               // HTTP status; pveproxy also uses 595, 596 and 599
	Reason  string            // reason phrase of the status line: the first line of PVE's text
	Message string            // "message" of the body without its final newline; may have several lines
	Params  map[string]string // "errors" of the body: parameter name to complaint
}

// Error returns PVE's own text with the request it answers. It never holds a
// request body or a header, hence no secret.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s", e.Method, e.Path, e.Status, e.text())
	for _, name := range sortedKeys(e.Params) {
		fmt.Fprintf(&b, "; %s: %s", name, strings.Join(strings.Fields(e.Params[name]), " "))
	}
	if hint := e.hint(); hint != "" {
		fmt.Fprintf(&b, " (%s)", hint)
	}
	return b.String()
}

// text is the most complete wording that the answer has.
func (e *Error) text() string {
	text := e.Message
	if text == "" {
		text = e.Reason
	}
	if text == "" {
		text = http.StatusText(e.Status)
	}
	return untrusted.Line(strings.ReplaceAll(text, "\n", " "))
}

// hint explains statuses whose text says nothing about PVE.
func (e *Error) hint() string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "the API token is wrong, expired or disabled, or its user is"
	case 595:
		return "pveproxy could not reach pvedaemon; nothing was done"
	case 596, 599:
		return "pveproxy lost pvedaemon or the other node before an answer came"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "a proxy in front of PVE answered"
	}
	if e.Status >= 300 && e.Status < 400 {
		return "PVE never redirects; the endpoint leads to something else"
	}
	return ""
}

// UnreachableError means that no answer of the API was received: the name does
// not resolve, nothing listens, TLS was refused, the connection broke or the
// time was up.
type UnreachableError struct {
	Endpoint string
	Err      error
}

func (e *UnreachableError) Error() string {
	if errors.Is(e.Err, context.Canceled) {
		return "interrupted while waiting for the PVE API at " + e.Endpoint
	}
	text := fmt.Sprintf("no answer from the PVE API at %s: %s", e.Endpoint, untrusted.Line(e.Err.Error()))
	var untrusted *tls.CertificateVerificationError
	if errors.As(e.Err, &untrusted) && len(untrusted.UnverifiedCertificates) > 0 {
		text += fmt.Sprintf("; the server's certificate has the SHA-256 fingerprint %s: if the node itself shows the same "+
			"(openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256), pin it, or trust the cluster's CA, /etc/pve/pve-root-ca.pem",
			formatFingerprint(sha256.Sum256(untrusted.UnverifiedCertificates[0].Raw)))
	}
	return text
}

// Unwrap returns the cause, context.Canceled and x509 errors included.
func (e *UnreachableError) Unwrap() error { return e.Err }

// IsPermission reports whether PVE refused because the token lacks a privilege:
// 403, or 500 with the text that it may not hand out a role. The error's text names
// privilege and path where PVE tells them.
func IsPermission(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusForbidden || e.refusesRole())
}

// refusesRole recognises the text by which an ACL update refuses a role that holds
// more than the caller does.
func (e *Error) refusesRole() bool {
	const begin, end = "ACL update failed: 400 Parameter verification failed.\nrole: Cannot ", "requires 'Permissions.Modify'"
	return e.Status == http.StatusInternalServerError && strings.HasPrefix(e.Message, begin) && strings.Contains(e.Message, end)
}

// IsAuth reports whether PVE did not accept the token at all (401).
func IsAuth(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// ErrExists is matched by every [*ExistsError].
var ErrExists = errors.New("exists already")

// ExistsError means that an object which was to be created is there already and
// may belong to somebody else.
type ExistsError struct {
	Kind string // "user", "role" or "token"
	ID   string
}

func (e *ExistsError) Error() string {
	switch e.Kind {
	case "user":
		return fmt.Sprintf("user %q exists already; import it (terraform import ADDRESS %s) or choose another user id", e.ID, e.ID)
	case "role":
		return fmt.Sprintf("role %q exists already, and a managed role has one owner only; choose another name, grant the existing role instead of managing it, or import the user it belongs to", e.ID)
	}
	return fmt.Sprintf("%s %q exists already, and its secret can't be read; import it (terraform import ADDRESS '%s') or choose another id", e.Kind, e.ID, e.ID)
}

// Is makes errors.Is(err, ErrExists) true.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// statusReason returns the reason phrase of a status line as net/http keeps it,
// "500 some reason".
func statusReason(status string, code int) string {
	reason := strings.TrimPrefix(status, strconv.Itoa(code))
	return strings.TrimSpace(reason)
}
