package pvesim

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxHeader is the largest header that pveproxy takes.
const maxHeader = 8 << 10

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
	to := parseTarget(req.RequestURI)
	creds := credentialsOf(req.Header)
	r := Request{Method: req.Method, Path: to.path, Target: strings.SplitN(req.RequestURI, "?", 2)[0], As: creds.claimed()}
	s.log.add(r)
	fault := s.fault(r)
	if fault.DropBefore || !s.pause(fault.Delay) {
		return reply{}, errHang
	}
	if fault.Status != 0 {
		return reply{status: fault.Status, reason: fault.Reason, close: true}, nil
	}
	answer, err := s.handle(req, body, to, creds)
	s.opts.Logf("pvesim: %s %s as %q: %d %s", r.Method, r.Path, r.As, answer.status, answer.reason)
	if fault.DropAfter {
		return reply{}, errHang
	}
	return answer, err
}

// target is the request target, taken apart.
type target struct {
	api    bool   // it is below /api2/json or /api2/extjs
	format string // json or extjs
	path   string // without /api2/FORMAT
	query  string
}

// parseTarget takes a request target apart. The path is decoded to bytes that
// stand for one character each, as Perl has them: it is never UTF-8.
func parseTarget(uri string) target {
	path, query, _ := strings.Cut(uri, "?")
	rest, ok := strings.CutPrefix(path, "/api2/")
	format, below, _ := strings.Cut(rest, "/")
	if !ok || (format != "json" && format != "extjs") {
		return target{path: path, query: query}
	}
	if decoded, err := url.PathUnescape(below); err == nil {
		below = decoded
	}
	var b strings.Builder
	for i := range len(below) {
		b.WriteRune(rune(below[i]))
	}
	return target{api: true, format: format, path: "/" + b.String(), query: query}
}

// handle runs the checks of pveproxy in their order: verb, transfer encoding,
// authentication, body, and then the call.
func (s *Server) handle(req *http.Request, body *bufio.Reader, to target, creds credentials) (reply, error) {
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
	if !to.api {
		return plain(501, "no such file '"+to.path+"'"), nil
	}
	path := strings.TrimSuffix(to.path, "/")
	e, inPath, missing := s.find(req.Method, path)
	who := identity{token: creds.token != ""}
	if missing != nil || !e.open {
		var err error
		if who, err = s.authenticate(req.Method, creds); err != nil {
			return s.render("json", nil, err), nil
		}
	}
	if who.ticket && req.ContentLength > 0 && body.Buffered() == 0 {
		// A body that comes in another TLS record than its header, after a ticket was
		// verified, makes pveproxy close the connection without a word.
		return reply{}, errHang
	}
	sent, err := readParams(req, body, to.query)
	if refused := (*refusedError)(nil); errors.As(err, &refused) {
		return refused.reply, nil
	}
	if err != nil {
		return reply{}, err
	}
	if missing != nil {
		return s.render(to.format, nil, missing), nil
	}
	data, err := s.dispatch(e, inPath, sent, who.authid, path, who.token)
	answer := s.render(to.format, data, err)
	answer.forward = e.protected
	return answer, nil
}
