package nodetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"testing"

	"golang.org/x/crypto/ssh"
)

// NewKey makes an ed25519 key.
func NewKey(tb testing.TB) (ssh.Signer, []byte) {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "test")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func (s *Server) config() *ssh.ServerConfig {
	plain := func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if meta.User() != s.options.User || string(key.Marshal()) != string(s.Signer.PublicKey().Marshal()) {
			return nil, errors.New("no such user or key")
		}
		return nil, nil
	}
	checker := &ssh.CertChecker{
		UserKeyFallback: plain,
		IsUserAuthority: func(auth ssh.PublicKey) bool {
			for _, a := range s.options.Authorities {
				if string(a.Marshal()) == string(auth.Marshal()) {
					return true
				}
			}
			return false
		},
	}
	if len(s.options.Authorities) > 0 {
		// With an authority the bare key is not accepted, so that a test sees which of the two was used.
		checker.UserKeyFallback = nil
	}
	cfg := &ssh.ServerConfig{PublicKeyCallback: checker.Authenticate}
	if s.options.NoKeys {
		cfg.PublicKeyCallback = nil
	}
	if s.options.Banner != "" {
		cfg.BannerCallback = func(ssh.ConnMetadata) string { return s.options.Banner }
	}
	if s.options.Password != "" {
		right := func(meta ssh.ConnMetadata, password string) (*ssh.Permissions, error) {
			s.mu.Lock()
			s.passwords++
			s.mu.Unlock()
			if meta.User() != s.options.User || password != s.options.Password {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		}
		if s.options.KeyboardInteractive {
			cfg.KeyboardInteractiveCallback = func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := ask("", "", []string{"Password: "}, []bool{false})
				if err != nil || len(answers) != 1 {
					return nil, errors.New("no answer")
				}
				return right(meta, answers[0])
			}
		} else {
			cfg.PasswordCallback = func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
				return right(meta, string(password))
			}
		}
	}
	for _, k := range s.options.HostKeys {
		cfg.AddHostKey(k)
	}
	return cfg
}

// Passwords tells how often a password was tried.
func (s *Server) Passwords() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords
}
