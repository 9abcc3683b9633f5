package pvesim

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pair is one recorded request with its answer.
type pair struct {
	ID      string
	Group   string
	As      string
	Request struct {
		Method  string
		Target  string
		Form    json.RawMessage
		JSON    json.RawMessage
		Rawbody *string
		Headers map[string]*string
	}
	Response struct {
		Status  int
		Reason  string
		Headers map[string]string
		Body    any
		Error   string
	}
	UserCfgAfter     *string  `json:"user_cfg_after"`
	TokenCfgAfter    *string  `json:"token_cfg_after"`
	ShadowUsersAfter []string `json:"shadow_users_after"`
}

// readRecording loads the pairs of one file.
func readRecording(t *testing.T, name string) []pair {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "contract", name+".jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(z)
	dec.UseNumber()
	var pairs []pair
	for {
		var p pair
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pairs
		}
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p)
	}
}

// player sends recorded requests to a server of its own, byte by byte as they were
// recorded, with the secrets of this server in place of the recorded ones.
type player struct {
	srv     *Server
	roots   *x509.CertPool
	conn    *tls.Conn
	reader  *bufio.Reader
	secrets map[string]string // token id to secret
}

func newPlayer(t *testing.T, version string) *player {
	t.Helper()
	s, _ := start(t, Options{Version: version, PAMUsers: map[string]string{"root": "rootpass123", "pamuser": "pamuserpw"}})
	p := &player{srv: s, roots: x509.NewCertPool(), secrets: map[string]string{}}
	p.roots.AppendCertsFromPEM([]byte(s.CAPEM()))
	id, secret, _ := strings.Cut(s.RootToken(), "=")
	p.secrets[id] = secret
	t.Cleanup(p.hangUp)
	return p
}

func (p *player) hangUp() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}

// answer is what came back; status 0 is a connection that ended without answer.
type answer struct {
	status int
	reason string
	header http.Header
	body   any
}

// Secrets in recorded requests.
var (
	recordedToken  = regexp.MustCompile(`(root(?:@|%40)pam(?:!|%21)ci[=:])([0-9a-f]{8}-[0-9a-f-]{27})`)
	recordedTicket = regexp.MustCompile(`PVE(:|%3A)([^:%]+)(@|%40)(\w+)(?:(?::|%3A)[0-9A-F]{8})(?:::|%3A%3A)[A-Za-z0-9+/=%]{100,}`)
)

// translate puts this server's secrets in place of recorded ones. The all-zero
// secret is a wrong one and stays.
func (p *player) translate(v string) string {
	v = recordedToken.ReplaceAllStringFunc(v, func(m string) string {
		parts := recordedToken.FindStringSubmatch(m)
		if strings.HasPrefix(parts[2], "00000000") {
			return m
		}
		return parts[1] + p.secrets[rootTokenID]
	})
	return recordedTicket.ReplaceAllStringFunc(v, func(m string) string {
		parts := recordedTicket.FindStringSubmatch(m)
		ticket, _ := p.login(parts[2] + "@" + parts[4])
		if parts[1] == "%3A" {
			return url.QueryEscape(ticket)
		}
		return ticket
	})
}

// login issues a ticket as the recorder did, without asking for a password.
func (p *player) login(userid string) (ticket, csrf string) {
	p.srv.mu.Lock()
	defer p.srv.mu.Unlock()
	now := p.srv.opts.Now()
	return p.srv.ticketLocked(userid, now), p.srv.csrfLocked(userid, now)
}

// play sends a pair's request and reads the answer.
func (p *player) play(t *testing.T, rec *pair) answer {
	t.Helper()
	head, body := p.wire(t, rec)
	for attempt := 0; ; attempt++ {
		fresh := p.conn == nil
		p.dial(t)
		got, err := p.exchange(rec, head, body)
		if err == nil {
			p.learn(rec, got)
			return got
		}
		p.hangUp()
		if fresh || attempt > 0 {
			return answer{}
		}
	}
}

func (p *player) dial(t *testing.T) {
	t.Helper()
	if p.conn != nil {
		return
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(p.srv.URL(), "https://"), &tls.Config{RootCAs: p.roots})
	if err != nil {
		t.Fatal(err)
	}
	p.conn, p.reader = conn, bufio.NewReader(conn)
}

// exchange writes header and body in one TLS record, except where the recording is
// about two, and reads the answer.
func (p *player) exchange(rec *pair, head string, sent []byte) (answer, error) {
	writes := [][]byte{append([]byte(head), sent...)}
	if strings.HasSuffix(rec.ID, "-split") {
		writes = [][]byte{[]byte(head), sent}
	}
	for _, w := range writes {
		if _, err := p.conn.Write(w); err != nil {
			return answer{}, err
		}
	}
	// net/http would take the Connection headers away.
	in := textproto.NewReader(p.reader)
	line, err := in.ReadLine()
	if err != nil {
		return answer{}, err
	}
	mime, err := in.ReadMIMEHeader()
	if err != nil {
		return answer{}, err
	}
	header := http.Header(mime)
	var body io.Reader = p.reader
	if size := header.Get("Content-Length"); size != "" {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return answer{}, err
		}
		body = io.LimitReader(p.reader, n)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return answer{}, err
	}
	if slices.Equal(header["Connection"], []string{"close"}) {
		p.hangUp()
	}
	var status int
	_, line, _ = strings.Cut(line, " ")
	code, reason, _ := strings.Cut(line, " ")
	if status, err = strconv.Atoi(code); err != nil {
		return answer{}, err
	}
	return answer{status, fromLatin1(reason), header, parseBody(header, raw)}, nil
}

// fromLatin1 reads bytes as characters, as the recorder's HTTP library did.
func fromLatin1(v string) string {
	var b strings.Builder
	for i := range len(v) {
		b.WriteRune(rune(v[i]))
	}
	return b.String()
}

// parseBody is the JSON value of a body, or its text.
func parseBody(h http.Header, raw []byte) any {
	if h.Get("Content-Encoding") == "gzip" {
		return "<gzip data>"
	}
	if strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var v any
		if dec.Decode(&v) == nil {
			return v
		}
	}
	return string(raw)
}

// learn keeps the secrets of new tokens.
func (p *player) learn(rec *pair, got answer) {
	top, _ := got.body.(map[string]any)
	data, _ := top["data"].(map[string]any)
	id, _ := data["full-tokenid"].(string)
	if secret, _ := data["value"].(string); id != "" {
		p.secrets[id] = secret
	}
}

// wire renders a recorded request.
func (p *player) wire(t *testing.T, rec *pair) (head string, body []byte) {
	t.Helper()
	h := map[string]string{"Host": "pve", "Accept": "*/*"}
	switch who, id, _ := strings.Cut(rec.As, ":"); who {
	case "root-token":
		h["Authorization"] = "PVEAPIToken=" + rootTokenID + "=" + p.secrets[rootTokenID]
	case "token":
		h["Authorization"] = "PVEAPIToken=" + id + "=" + p.secrets[id]
	case "ticket":
		ticket, csrf := p.login(id)
		h["Cookie"] = "PVEAuthCookie=" + ticket
		h["CSRFPreventionToken"] = csrf
	}
	switch r := rec.Request; {
	case r.Rawbody != nil:
		body = []byte(*r.Rawbody)
	case r.Form != nil:
		h["Content-Type"] = "application/x-www-form-urlencoded"
		body = []byte(formBody(t, r.Form, p.translate))
	case r.JSON != nil:
		h["Content-Type"] = "application/json"
		body = []byte(p.translate(string(r.JSON)))
	}
	if len(body) > 0 || rec.Request.Method == "POST" || rec.Request.Method == "PUT" {
		h["Content-Length"] = fmt.Sprint(len(body))
	}
	for name, v := range rec.Request.Headers {
		if v == nil {
			delete(h, name)
			continue
		}
		h[name] = p.translate(*v)
		if name == "Transfer-Encoding" {
			delete(h, "Content-Length")
			body = []byte("0\r\n\r\n")
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", rec.Request.Method, rec.Request.Target)
	for name, v := range h {
		fmt.Fprintf(&b, "%s: %s\r\n", name, v)
	}
	b.WriteString("\r\n")
	return b.String(), body
}

// formBody renders a form that was recorded as an object or as the text itself.
func formBody(t *testing.T, raw json.RawMessage, translate func(string) string) string {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	for name, v := range fields {
		form.Set(name, translate(fmt.Sprint(v)))
	}
	return form.Encode()
}
