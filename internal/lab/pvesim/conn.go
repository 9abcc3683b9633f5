package pvesim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of pveproxy.
const (
	maxHeader = 8 << 10
	maxBody   = 512 << 10
)

// errHang ends a connection without an answer.
var errHang = errors.New("connection closed without answer")

// serveConn answers the requests of one connection, one after the other.
func (s *Server) serveConn(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		head, err := readHead(r)
		if err != nil {
			return
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			return
		}
		answer, err := s.answer(req, r)
		if err != nil || !s.pause(answer.wait) {
			return
		}
		answer.gzip = strings.Contains(req.Header.Get("Accept-Encoding"), "gzip")
		if req.Method == http.MethodHead {
			answer.body = nil
		}
		if err := answer.write(c, s.opts.Now()); err != nil || answer.close || req.Close {
			return
		}
	}
}

// readHead reads up to the empty line that ends a request's header.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		head = append(head, line...)
		if len(head) > maxHeader {
			return nil, errHang
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 && len(head) > len(line) {
			return head, nil
		}
	}
}

// pause waits and tells whether the server is still open.
func (s *Server) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.released:
		return false
	}
}

// answer handles one request whose header was read; body is the rest of the
// connection.
func (s *Server) answer(req *http.Request, body *bufio.Reader) (reply, error) {
	format, path, query, ok := splitTarget(req.RequestURI)
	creds := credentialsOf(req.Header)
	r := Request{Method: req.Method, Path: path, Target: strings.SplitN(req.RequestURI, "?", 2)[0], As: creds.claimed()}
	s.log.add(r)
	fault := s.fault(r)
	if fault.DropBefore || !s.pause(fault.Delay) {
		return reply{}, errHang
	}
	if fault.Status != 0 {
		return reply{status: fault.Status, reason: fault.Reason, close: true}, nil
	}
	answer, err := s.handle(req, body, format, path, query, ok, creds)
	s.opts.Logf("pvesim: %s %s as %q: %d %s", r.Method, r.Path, r.As, answer.status, answer.reason)
	if fault.DropAfter {
		return reply{}, errHang
	}
	return answer, err
}

// splitTarget takes a request target apart. The path is decoded to bytes that
// stand for one character each, as Perl has them: it is never UTF-8.
func splitTarget(target string) (format, path, query string, ok bool) {
	target, query, _ = strings.Cut(target, "?")
	rest, ok := strings.CutPrefix(target, "/api2/")
	if !ok {
		return "", target, query, false
	}
	format, path, _ = strings.Cut(rest, "/")
	if format != "json" && format != "extjs" {
		return "", target, query, false
	}
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	var b strings.Builder
	for i := range len(path) {
		b.WriteRune(rune(path[i]))
	}
	return format, "/" + b.String(), query, true
}

// handle runs the checks of pveproxy in their order: verb, transfer encoding,
// authentication, body, and then the call.
func (s *Server) handle(req *http.Request, body *bufio.Reader, format, path, query string, api bool, creds credentials) (reply, error) {
	switch req.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		r := plain(501, "method '"+req.Method+"' not available")
		r.body = nil
		return r, nil
	}
	if len(req.TransferEncoding) > 0 {
		return plain(501, "chunked transfer encoding not supported"), nil
	}
	if !api {
		return plain(501, "no such file '"+path+"'"), nil
	}
	e, inPath, missing := s.find(req.Method, strings.TrimSuffix(path, "/"))
	var who identity
	if e == nil || !e.open {
		var err error
		if who, err = s.authenticate(req.Method, creds); err != nil {
			return s.render("json", nil, err), nil
		}
	} else {
		who.token = creds.token != ""
	}
	if who.ticket && req.ContentLength > 0 && body.Buffered() == 0 {
		// A body that comes in another TLS record than its header, after a ticket was
		// verified, makes pveproxy close the connection without a word.
		return reply{}, errHang
	}
	sent, refused, err := readParams(req, body, query)
	if err != nil || refused != nil {
		if refused == nil {
			return reply{}, err
		}
		return *refused, nil
	}
	if missing != nil {
		return s.render(format, nil, missing), nil
	}
	data, err := s.dispatch(e, inPath, sent, who.authid, strings.TrimSuffix(path, "/"), who.token)
	answer := s.render(format, data, err)
	answer.forward = e.protected
	return answer, nil
}

// readParams reads the body, checks its type and merges the query over it.
func readParams(req *http.Request, body *bufio.Reader, query string) (rawParams, *reply, error) {
	params := rawParams{}
	length, _ := strconv.ParseInt(req.Header.Get("Content-Length"), 10, 64)
	refuse := func(r reply) (rawParams, *reply, error) {
		// The client is still sending: it would not see the answer to a connection that
		// was reset.
		_, _ = io.CopyN(io.Discard, body, min(length, 8*maxBody))
		return nil, &r, nil
	}
	if length > 0 {
		if req.Method == http.MethodGet || req.Method == http.MethodDelete {
			return refuse(plain(501, "Unexpected content for method '"+req.Method+"'"))
		}
		if length > maxBody {
			return refuse(plain(501, "for data too large"))
		}
		raw := make([]byte, length)
		contentType := req.Header.Get("Content-Type")
		kind, _, _ := strings.Cut(contentType, ";")
		kind = strings.TrimSpace(kind)
		if kind != "" && kind != "application/x-www-form-urlencoded" && kind != "application/json" {
			return refuse(plain(506, "upload 'Content-Type '"+contentType+"' not implemented"))
		}
		if _, err := io.ReadFull(body, raw); err != nil {
			return nil, nil, errHang
		}
		length = 0
		if kind == "application/json" {
			var err error
			if params, err = parseJSON(raw); err != nil {
				r := plain(500, err.Error())
				r.body = append(r.body, '\n')
				return refuse(r)
			}
		} else {
			params = parseForm(string(raw))
		}
	}
	params.merge(parseForm(query))
	return params, nil, nil
}
