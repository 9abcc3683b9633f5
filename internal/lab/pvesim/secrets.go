package pvesim

import (
	"fmt"
	"maps"
)

// Secrets are all secrets of tokens that the server ever gave out, by the full id
// of the token and a number, so that a test can look for them where none belongs.
func (s *Server) Secrets() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.issued)
}

// Authenticates tells whether USER@REALM!TOKEN=SECRET would be accepted now.
func (s *Server) Authenticates(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.verifyTokenLocked(token)
	return err == nil
}

// issueLocked gives a token a new secret and remembers it. The caller holds mu.
func (s *Server) issueLocked(full string) (secret string) {
	secret = newUUID()
	s.state.secrets[full] = secret
	s.issued[fmt.Sprintf("%s #%d", full, len(s.issued)+1)] = secret
	return secret
}
