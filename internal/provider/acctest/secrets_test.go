package acctest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
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

// keepSecret adds a secret that the test made up: a password, the private half of a key.
func keepSecret(t *testing.T, owner, secret string) {
	t.Helper()
	keep(t, func() map[string]string { return map[string]string{owner: secret} })
}

// keepAPI adds every secret that an API gives out.
func keepAPI(t *testing.T, server *pvesim.Server) { t.Helper(); keep(t, server.Secrets) }

// keepCluster adds those of its API, and the private key that its nodes accept, line by line, since a log or JSON may break it in its own way.
func keepCluster(t *testing.T, c *lab.Cluster) {
	t.Helper()
	keepAPI(t, c.API)
	for i, line := range strings.Split(string(c.SSHKeyPEM), "\n") {
		// The first lines are the same in every key: its format and kind.
		if i > 1 && len(line) > 40 && !strings.HasPrefix(line, "-----") {
			keepSecret(t, fmt.Sprintf("private key, line %d", i+1), line)
		}
	}
}

// secretsOf are all secrets of a test and of those that it is part of, as they are now.
func secretsOf(t *testing.T) map[string]string {
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
