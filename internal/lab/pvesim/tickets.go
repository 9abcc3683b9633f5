package pvesim

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ticketLifetime is how long a ticket can be used.
const ticketLifetime = 2 * time.Hour

// signatureLength is the length of PVE's RSA signatures; the simulation signs with a
// secret key instead, and keeps the length.
const signatureLength = 256

// ticketLocked signs a ticket for a user. The caller holds mu.
func (s *Server) ticketLocked(userid string, now time.Time) string {
	plain := fmt.Sprintf("PVE:%s:%08X", userid, now.Unix())
	sum, err := hkdf.Key(sha256.New, s.state.signingKey, nil, plain, signatureLength)
	if err != nil {
		panic("pvesim: " + err.Error())
	}
	return plain + "::" + base64.StdEncoding.EncodeToString(sum)
}

// csrfLocked signs a token against cross-site requests for a user.
func (s *Server) csrfLocked(userid string, now time.Time) string {
	stamp := fmt.Sprintf("%08X", now.Unix())
	mac := hmac.New(sha256.New, s.state.signingKey)
	_, _ = fmt.Fprintf(mac, "%s:%s", stamp, userid)
	return stamp + ":" + base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
}

// verifyTicketLocked returns the user of a valid ticket.
func (s *Server) verifyTicketLocked(ticket string) (userid string, ok bool) {
	parts := strings.Split(ticket, ":")
	if len(parts) != 5 || parts[0] != "PVE" {
		return "", false
	}
	issued, ok := s.freshStamp(parts[2])
	if !ok || !hmac.Equal([]byte(ticket), []byte(s.ticketLocked(parts[1], issued))) {
		return "", false
	}
	return parts[1], true
}

func (s *Server) verifyCSRFLocked(csrf, userid string) bool {
	stamp, _, _ := strings.Cut(csrf, ":")
	issued, ok := s.freshStamp(stamp)
	return ok && hmac.Equal([]byte(csrf), []byte(s.csrfLocked(userid, issued)))
}

// freshStamp reads a time in hexadecimal seconds that is not older than a ticket
// may get.
func (s *Server) freshStamp(stamp string) (time.Time, bool) {
	n, err := strconv.ParseInt(stamp, 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	issued := time.Unix(n, 0)
	age := s.opts.Now().Sub(issued)
	return issued, age < ticketLifetime && age > -5*time.Minute
}
