package proxmox

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// sim is a simulated PVE with a client of its root token.
type sim struct {
	*pvesim.Server
	*Client
	t *testing.T
}

func newSim(t *testing.T, version string) *sim {
	t.Helper()
	server := pvesim.New(pvesim.Options{Version: version, AuthDelay: -1, LockTimeout: -1})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &sim{Server: server, Client: simClient(t, server, server.RootToken()), t: t}
}

func simClient(t *testing.T, server *pvesim.Server, token string) *Client {
	t.Helper()
	return newTestClient(t, Config{Endpoint: server.URL(), APIToken: token, CAPEM: []byte(server.CAPEM())})
}

// fresh returns a client without lists, as each Terraform command has one.
func (s *sim) fresh() *Client { return simClient(s.t, s.Server, s.RootToken()) }

// admin does what another administrator would, past the client under test.
func (s *sim) admin(method, path string, body map[string]any) map[string]any {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+"/api2/json"+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "PVEAPIToken="+s.RootToken())
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(s.CAPEM()))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s: %s", method, path, resp.Status, raw)
	}
	var answer struct {
		Data any `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		s.t.Fatal(err)
	}
	object, _ := answer.Data.(map[string]any)
	return object
}

// tokenFor makes a user with a token that holds role on path, and returns the
// token as it is configured.
func (s *sim) tokenFor(user, role, path string) string {
	s.t.Helper()
	s.admin("POST", "/access/users", map[string]any{"userid": user})
	made := s.admin("POST", "/access/users/"+user+"/token/tf", map[string]any{"privsep": 0})
	if role != "" {
		s.admin("PUT", "/access/acl", map[string]any{"path": path, "roles": role, "users": user})
	}
	secret, ok := made["value"].(string)
	if !ok {
		s.t.Fatalf("no secret in %v", made)
	}
	return user + "!tf=" + secret
}

// works tells whether a secret works.
func (s *sim) works(token string) bool {
	s.t.Helper()
	_, err := simClient(s.t, s.Server, token).Version(s.t.Context())
	if err != nil && !IsAuth(err) {
		s.t.Fatal(err)
	}
	return err == nil
}

// settled is user.cfg after the next write by any client: PVE then drops the lines of removed tokens.
func (s *sim) settled() string {
	s.t.Helper()
	s.admin("PUT", "/access/users/root@pam", map[string]any{"enable": 1})
	return s.UserCfg()
}

// writes lists the writes since the log was cleared.
func (s *sim) writes() []string {
	var writes []string
	for _, r := range s.RequestLog() {
		if r.Method != http.MethodGet {
			writes = append(writes, r.Method+" "+r.Path)
		}
	}
	return writes
}

// read returns what a new client sees of a principal.
func (s *sim) read(id UserID, role string) *Principal {
	s.t.Helper()
	p, err := s.fresh().ReadPrincipal(s.t.Context(), id, role)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// agent is a principal that uses every feature.
func agent() Principal {
	return Principal{
		UserID: "agent@pve", Comment: "VM operator: größer, zweiter Satz %41", Email: "agent@example.com", FirstName: "A", LastName: "Gent",
		Enabled: true, Expire: 4102444800, Groups: []string{"ops", "audit"},
		Role: &Role{ID: "agent-ops", Privileges: []string{"VM.PowerMgmt", "VM.Audit"}},
		Grants: []Grant{
			{Path: "/vms/101", Role: "agent-ops", Propagate: true},
			{Path: "/vms/101", Role: "PVEAuditor", Propagate: true},
			{Path: "/storage/local", Role: "PVEDatastoreUser", Propagate: false},
		},
		Tokens: map[string]Token{
			"ci":   {Comment: "build farm", Expire: 4102444800, PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms/101", Role: "agent-ops", Propagate: true}}},
			"full": {PrivilegeSeparation: false},
		},
	}
}

// withGroups makes the groups that agent needs.
func (s *sim) withGroups() *sim {
	s.t.Helper()
	for _, group := range []string{"ops", "audit", "other"} {
		s.admin("POST", "/access/groups", map[string]any{"groupid": group})
	}
	return s
}

// create makes a principal and returns its secrets.
func (s *sim) create(p Principal) map[string]string {
	s.t.Helper()
	secrets, err := s.CreatePrincipal(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return secrets
}
