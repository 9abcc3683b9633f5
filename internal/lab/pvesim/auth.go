package pvesim

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// identity is who sent a request.
type identity struct {
	authid string // NAME@REALM or NAME@REALM!TOKEN, "" when not authenticated
	token  bool   // an API token was sent
	ticket bool   // a ticket was used
}

var (
	tokenHeader  = regexp.MustCompile(`^PVEAPIToken[= ](.*)$`)
	ticketHeader = regexp.MustCompile(`^PVEAuthCookie[= ](.*)$`)
)

// credentials are what a request brings, before anything of it is verified.
type credentials struct {
	ticket string
	token  string
	csrf   string
}

// credentialsOf reads cookie and header; a cookie wins over a token.
func credentialsOf(h http.Header) credentials {
	creds := credentials{csrf: h.Get("CSRFPreventionToken")}
	for _, line := range h.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(pair), "PVEAuthCookie="); ok {
				creds.ticket = unescape(v)
			}
		}
	}
	authorization := h.Get("Authorization")
	if m := ticketHeader.FindStringSubmatch(authorization); m != nil && creds.ticket == "" {
		creds.ticket = unescape(m[1])
	}
	if m := tokenHeader.FindStringSubmatch(authorization); m != nil && creds.ticket == "" {
		creds.token = unescape(m[1])
	}
	return creds
}

// unescape decodes percent signs only: a plus is a plus in a ticket.
func unescape(v string) string {
	if text, err := url.PathUnescape(v); err == nil {
		return text
	}
	return v
}

// claimed is the id that the credentials are for, without their secret; "" when
// they are malformed, so that nothing of them gets into a log.
func (c credentials) claimed() string {
	id, _, _ := strings.Cut(c.token, "=")
	if c.ticket != "" {
		id, _, _ = strings.Cut(strings.TrimPrefix(c.ticket, "PVE:"), ":")
	}
	if !authIDPattern.MatchString(id) {
		return ""
	}
	return id
}

// authenticate verifies the credentials of a request. Its error is always
// [unauthorisedError]. The reason tells the cause, except that PVE 9.2 hides what
// is wrong with a user, a token or a ticket: a request without any credential and
// one without its CSRF token are told apart there too.
func (s *Server) authenticate(method string, creds credentials) (identity, error) {
	who, err := s.verify(method, creds)
	if err == nil {
		return who, nil
	}
	reason := strings.TrimSuffix(err.Error(), "\n")
	if s.opts.Version == Version92 && reason != noTicket && reason != badCSRF {
		reason = hidden401
	}
	return identity{}, &unauthorisedError{reason: reason}
}

// Reasons of a 401 that every release gives.
const (
	noTicket = "No ticket"
	badCSRF  = "Permission denied - invalid csrf token"
	// hidden401 is what PVE 9.2 says in the place of every other cause.
	hidden401 = "Authentication failed!"
)

func (s *Server) verify(method string, creds credentials) (identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case creds.ticket != "":
		userid, ok := s.verifyTicketLocked(creds.ticket)
		if !ok {
			return identity{}, dief("permission denied - invalid PVE ticket")
		}
		if err := s.usableLocked(userid); err != nil {
			return identity{}, err
		}
		if method != http.MethodGet && !s.verifyCSRFLocked(creds.csrf, userid) {
			return identity{}, dief(badCSRF)
		}
		return identity{authid: userid, ticket: true}, nil
	case creds.token != "":
		authid, err := s.verifyTokenLocked(creds.token)
		return identity{authid: authid, token: true}, err
	default:
		return identity{}, dief(noTicket)
	}
}

// tokenValue is USER@REALM!TOKEN=SECRET.
var tokenValue = regexp.MustCompile(`^(.+@[A-Za-z][A-Za-z0-9.\-_]+)!([A-Za-z][A-Za-z0-9.\-_]+)=(.*)$`)

// verifyTokenLocked checks, in this order: the user, the token, its expiry, its
// secret.
func (s *Server) verifyTokenLocked(v string) (string, error) {
	m := tokenValue.FindStringSubmatch(v)
	if m == nil {
		return "", dief("no tokenid specified")
	}
	userid, id, secret := m[1], m[2], m[3]
	if err := s.usableLocked(userid); err != nil {
		return "", err
	}
	t, err := s.state.parsed.token(userid, id)
	if err != nil {
		return "", err
	}
	if t.expire != 0 && t.expire < s.opts.Now().Unix() {
		return "", dief("token '%s' access expired", id)
	}
	want := s.state.secrets[userid+"!"+id]
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(secret)) != 1 {
		return "", dief("invalid token value!")
	}
	return userid + "!" + id, nil
}

// usableLocked checks that a user exists, is enabled and has not expired.
func (s *Server) usableLocked(userid string) error {
	u, err := s.state.parsed.user(userid)
	if err != nil {
		return err
	}
	if !u.enable {
		return dief("user '%s' is disabled", userid)
	}
	if e := u.expires(); e != 0 && e < s.opts.Now().Unix() {
		return dief("user '%s' access expired", userid)
	}
	return nil
}
