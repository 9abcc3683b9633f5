package pvesim

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// start returns a running server without delays and a client that trusts it.
func start(t *testing.T, opts Options) (*Server, *http.Client) {
	t.Helper()
	opts.AuthDelay, opts.LockTimeout = -1, -1
	s := New(opts)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(s.CAPEM())) {
		t.Fatal("CAPEM holds no certificate")
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, &http.Client{Transport: tr, Timeout: 10 * time.Second}
}

// request sends a form with a token and returns status line and data.
func request(t *testing.T, c *http.Client, s *Server, token, method, path string, form url.Values) (status string, data any) {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api2/json"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Authorization", "PVEAPIToken="+token)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data any `json:"data"`
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatalf("%s %s: %v in %q", method, path, err, raw)
		}
	}
	return resp.Status, answer.Data
}

func TestRootTokenOverTLS(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{Nodes: []NodeInfo{{"pve1", "127.77.1.1", true}, {"pve2", "127.77.1.2", true}, {"pve3", "127.77.1.3", false}}})
	if status, _ := request(t, c, s, s.RootToken(), "POST", "/access/users", url.Values{"userid": {"ops@pve"}}); status != "200 OK" {
		t.Errorf("create user: %s", status)
	}
	status, _ := request(t, c, s, s.RootToken(), "GET", "/access/users/nobody@pve", nil)
	if want := "500 no such user ('nobody@pve')"; status != want {
		t.Errorf("absent user: got %q, want %q", status, want)
	}
	_, nodes := request(t, c, s, s.RootToken(), "GET", "/cluster/status", nil)
	if list, _ := nodes.([]any); len(list) != 4 {
		t.Errorf("cluster status: %v", nodes)
	}
	if status, _ := request(t, c, s, "root@pam!ci=wrong", "GET", "/version", nil); status != "401 invalid token value!" {
		t.Errorf("wrong secret: %s", status)
	}
	want := "user:ops@pve:1:0::::::\nuser:root@pam:1:0::::::\ntoken:root@pam!ci:0:0::\n\n\n\n\n"
	if got := s.UserCfg(); got != want {
		t.Errorf("user.cfg:\n%s\nwant:\n%s", got, want)
	}
}
