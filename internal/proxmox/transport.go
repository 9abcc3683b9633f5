package proxmox

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

const (
	// maxBody bounds a successful answer. 10,000 users with tokens need about
	// 4 MiB.
	maxBody = 64 << 20
	// maxErrorBody bounds what is read of a failure; PVE's are below 1 KiB.
	maxErrorBody = 64 << 10
	// maxText bounds what of it reaches an error message.
	maxText = 2000
)

// transport turns every answer that is not a success into an *Error before
// go-proxmox sees it. The errors of go-proxmox (typed since v0.9.0) keep what the
// server sent: control characters that forge lines of a plan, and a secret that
// the server echoes.
type transport struct {
	base   http.RoundTripper
	prefix string // path of the endpoint, ends in /api2/json
	secret string // of the own token, removed from whatever a server echoes
}

// RoundTrip sends the request. A 2xx answer is returned with its body read and
// found to be PVE's JSON envelope; anything else is an *Error.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, t.failure(req, resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxBody || !isEnvelope(body) {
		e := t.newError(req, resp)
		e.Message = "the answer is not one of the PVE API; check that the endpoint leads to PVE and not to a login page or another service"
		if len(body) > maxBody {
			e.Message = fmt.Sprintf("the answer is longer than %d MiB", maxBody>>20)
		}
		return nil, e
	}
	if req.Method == http.MethodGet && isHollow(body) {
		e := t.newError(req, resp)
		e.Message = "the answer has null where PVE has what was asked for, so that it tells nothing: find out what answers there"
		return nil, e
	}
	if body, err = visible(body); err != nil {
		e := t.newError(req, resp)
		e.Message = t.clean(err.Error())
		return nil, e
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// isEnvelope tells whether body is a JSON object with the key "data".
func isEnvelope(body []byte) bool {
	var envelope struct {
		Data *json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return false
	}
	if envelope.Data != nil {
		return true
	}
	// A null under "data" decodes to nil as a missing key does.
	var keys map[string]json.RawMessage
	if json.Unmarshal(body, &keys) != nil {
		return false
	}
	_, ok := keys["data"]
	return ok
}

// isHollow tells whether an answer has null as its data, or as an element of a list: decoded, that is an empty list, or
// something without a name.
func isHollow(body []byte) bool {
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	isNull := func(value json.RawMessage) bool { return string(value) == "null" }
	if json.Unmarshal(body, &envelope) != nil || len(envelope.Data) == 0 || isNull(envelope.Data) {
		return true
	}
	var list []json.RawMessage
	return envelope.Data[0] == '[' && json.Unmarshal(envelope.Data, &list) == nil && slices.ContainsFunc(list, isNull)
}

// failure reads the bounded body of an unsuccessful answer into an *Error.
func (t *transport) failure(req *http.Request, resp *http.Response) *Error {
	e := t.newError(req, resp)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return e // the status says enough
	}
	var told struct {
		Message string         `json:"message"`
		Errors  map[string]any `json:"errors"`
	}
	if json.Unmarshal(body, &told) != nil {
		return e // not PVE's JSON: a proxy's page, of which the status is kept
	}
	e.Message = t.clean(told.Message)
	for name, complaint := range told.Errors {
		if e.Params == nil {
			e.Params = make(map[string]string, len(told.Errors))
		}
		e.Params[t.clean(name)] = t.clean(fmt.Sprint(complaint))
	}
	return e
}

func (t *transport) newError(req *http.Request, resp *http.Response) *Error {
	return &Error{
		Method: req.Method,
		Path:   strings.TrimPrefix(req.URL.Path, t.prefix),
		Status: resp.StatusCode,
		Reason: t.clean(statusReason(resp.Status, resp.StatusCode)),
	}
}

// clean makes text from the wire fit for a message: the own secret removed, what
// a reader cannot see written out, cut to maxText bytes.
func (t *transport) clean(s string) string {
	if t.secret != "" {
		s = strings.ReplaceAll(s, t.secret, "(secret)")
	}
	s = strings.TrimRight(untrusted.Text(s), "\n ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + " …"
	}
	return s
}

// baseTransport is HTTP/1.1 only, since HTTP/2 has no reason phrase and PVE puts
// text there.
func baseTransport(conf *tls.Config) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     conf,
		TLSHandshakeTimeout: 15 * time.Second,
		Protocols:           protocols,
		MaxConnsPerHost:     8,
		MaxIdleConnsPerHost: 8,
		// pveproxy closes idle connections after five seconds; a POST on a
		// connection that is just being closed could not be repeated safely.
		IdleConnTimeout: 3 * time.Second,
	}
}
