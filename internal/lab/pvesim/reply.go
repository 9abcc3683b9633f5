package pvesim

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// reply is an answer on its way to the connection.
type reply struct {
	status  int
	reason  string
	json    bool // the body is JSON
	body    []byte
	noSize  bool // no Content-Length: the end of the connection ends the body
	forward bool // answered by pvedaemon behind pveproxy
	close   bool // the connection ends after the answer
	gzip    bool
	wait    time.Duration // before the answer
}

// gzipFrom is the size of a body from which PVE compresses it.
const gzipFrom = 1024

// plain is an answer of pveproxy itself about a request that it did not take.
func plain(status int, reason string) reply {
	return reply{status: status, reason: reason, body: []byte(reason), close: true}
}

// refuse is a 401 without a body.
func (s *Server) refuse(reason string) reply {
	return reply{status: 401, reason: reason, noSize: true, close: true, wait: s.opts.AuthDelay}
}

// render turns the outcome of a call into an answer of the format json or extjs.
func (s *Server) render(format string, data any, err error) reply {
	r := reply{status: 200, reason: "OK", json: true}
	out := map[string]any{"data": data}
	if err != nil {
		var empty reply
		if r, empty = s.renderError(err, out); empty.status != 0 {
			return empty
		}
	}
	if format == "extjs" {
		out["success"] = number(err == nil)
		if err != nil {
			out["status"] = r.status
			if _, isParams := out["errors"]; isParams {
				// PVE's parameter exception carries its code as a string.
				out["status"] = fmt.Sprint(r.status)
			}
		}
		// The format tells everything in the body: HTTP sees success.
		r.status, r.reason, r.close = 200, "OK", false
	}
	r.body = encode(out)
	return r
}

// renderError fills out and returns the status line; empty has a status when the
// answer has no body at all.
func (s *Server) renderError(err error, out map[string]any) (r, empty reply) {
	r = reply{json: true, close: true}
	out["data"] = nil
	message := err.Error() + "\n"
	var (
		params  paramsError
		perm    *forbiddenError
		auth    *unauthorisedError
		missing *notImplementedError
	)
	switch {
	case errors.Is(err, errProxy):
		return r, reply{status: 595, reason: err.Error(), close: true}
	case errors.As(err, &auth):
		if !auth.body {
			return r, s.refuse(auth.reason)
		}
		r.status, r.wait = 401, s.opts.AuthDelay
	case errors.As(err, &missing):
		r.status, message = 501, err.Error()
	case errors.As(err, &perm):
		r.status = 403
	case errors.As(err, &params):
		r.status, message = 400, paramsFailed+"\n"
		out["errors"] = map[string]string(params)
	default:
		r.status = 500
	}
	out["message"] = message
	r.reason, _, _ = strings.Cut(message, "\n")
	return r, reply{}
}

// encode writes JSON without escapes for HTML, in UTF-8.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("pvesim: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// write puts the answer on the wire.
func (r reply) write(w io.Writer, now time.Time) error {
	body := r.body
	compressed := r.gzip && r.json && len(body) > gzipFrom
	if compressed {
		body = compress(body)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, latin1(r.reason))
	b.WriteString("Cache-Control: max-age=0\r\n")
	switch {
	case r.close:
		b.WriteString("Connection: close\r\n")
	case r.forward:
		// pvedaemon closes its own connection, pveproxy hands that header on.
		b.WriteString("Connection: close\r\nConnection: Keep-Alive\r\n")
	default:
		b.WriteString("Connection: Keep-Alive\r\n")
	}
	fmt.Fprintf(&b, "Date: %s\r\nPragma: no-cache\r\nServer: pve-api-daemon/3.0\r\n", now.UTC().Format(httpTime))
	if !r.noSize {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if r.json {
		b.WriteString("Content-Type: application/json;charset=UTF-8\r\n")
	}
	if compressed {
		b.WriteString("Content-Encoding: gzip\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	_, err := w.Write(b.Bytes())
	return err
}

// compress cannot fail: it writes to memory.
func compress(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}

const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// latin1 writes a reason phrase as Perl does: one byte for each character below
// 256, UTF-8 when there is any other.
func latin1(v string) string {
	var b strings.Builder
	for _, r := range v {
		if r > 0xff {
			return v
		}
		b.WriteByte(byte(r))
	}
	return b.String()
}
