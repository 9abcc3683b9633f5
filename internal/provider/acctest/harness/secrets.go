package harness

import (
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// vault knows the secrets of all tests that run: what simulated APIs and clusters give out, and what tests make up.
var vault struct {
	sync.Mutex
	sources map[string][]func() map[string]string // secrets by owner, by the name of the test
}

// keep adds a source of secrets to a test, and to all tests within it.
func keep(t *testing.T, source func() map[string]string) {
	t.Helper()
	vault.Lock()
	defer vault.Unlock()
	if vault.sources == nil {
		vault.sources = map[string][]func() map[string]string{}
	}
	vault.sources[t.Name()] = append(vault.sources[t.Name()], source)
}

// KeepSecret adds a secret that the test made up: a password, the private half of a key.
func KeepSecret(t *testing.T, owner, secret string) {
	t.Helper()
	keep(t, func() map[string]string { return map[string]string{owner: secret} })
}

// KeepAPI adds every secret that an API gives out.
func KeepAPI(t *testing.T, server *pvesim.Server) { t.Helper(); keep(t, server.Secrets) }

// SecretsOf are all secrets of a test and of those that it is part of, as they are now.
func SecretsOf(t *testing.T) map[string]string {
	t.Helper()
	vault.Lock()
	defer vault.Unlock()
	all := map[string]string{}
	for name := t.Name(); ; {
		for _, source := range vault.sources[name] {
			for owner, secret := range source() {
				all[owner] = secret
			}
		}
		cut := strings.LastIndexByte(name, '/')
		if cut < 0 {
			return all
		}
		name = name[:cut]
	}
}
