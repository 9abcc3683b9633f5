package proxmox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestNewRefusesMistakes(t *testing.T) {
	t.Parallel()

	good := Config{Endpoint: "https://pve1.example.com:8006", APIToken: testToken}
	tests := map[string]struct {
		change func(*Config)
		field  string
		text   string
	}{
		"no endpoint":           {func(c *Config) { c.Endpoint = " " }, "endpoint", "is empty"},
		"plain http":            {func(c *Config) { c.Endpoint = "http://pve1:8006" }, "endpoint", "unencrypted"},
		"no scheme":             {func(c *Config) { c.Endpoint = "pve1:8006" }, "endpoint", `must begin with "https://"`},
		"no host":               {func(c *Config) { c.Endpoint = "https://:8006" }, "endpoint", "no host name"},
		"password in endpoint":  {func(c *Config) { c.Endpoint = "https://root:hunter22@pve1:8006" }, "endpoint", "password"},
		"broken escape":         {func(c *Config) { c.Endpoint = "https://root:hunter22@pve1:8006/%zz" }, "endpoint", "is not a URL"},
		"query":                 {func(c *Config) { c.Endpoint += "/?x=1" }, "endpoint", "query"},
		"other API":             {func(c *Config) { c.Endpoint += "/api2/extjs" }, "endpoint", "/api2/json"},
		"no token":              {func(c *Config) { c.APIToken = "\n" }, "api_token", "is empty"},
		"scheme in token":       {func(c *Config) { c.APIToken = "PVEAPIToken=" + testToken }, "api_token", "leave it out"},
		"token without secret":  {func(c *Config) { c.APIToken = testTokenID }, "api_token", "no secret"},
		"user and password":     {func(c *Config) { c.APIToken = "root@pam=hunter22" }, "api_token", "password cannot be used"},
		"secret in two lines":   {func(c *Config) { c.APIToken = testTokenID + "=hunter22\nx" }, "api_token", "form"},
		"token id of a letter":  {func(c *Config) { c.APIToken = "ci@pve!x=hunter22" }, "api_token", "token id: PVE takes two or more"},
		"token id with a digit": {func(c *Config) { c.APIToken = "ci@pve!1x=hunter22" }, "api_token", "begin with a letter"},
		"realm of a letter":     {func(c *Config) { c.APIToken = "ci@x!ci=hunter22" }, "api_token", "realm: PVE takes two or more"},
		"token without user":    {func(c *Config) { c.APIToken = "@pve!ci=hunter22" }, "api_token", "no user name"},
		"empty secret":          {func(c *Config) { c.APIToken = "ci@pve!ci=" }, "api_token", "no secret"},
		"token without realm":   {func(c *Config) { c.APIToken = "root!ci=hunter22" }, "api_token", "form"},
		"CA is no PEM":          {func(c *Config) { c.CAPEM = []byte("MIIB") }, "tls.ca_pem", "PEM"},
		"short fingerprint":     {func(c *Config) { c.FingerprintSHA256 = "AA:BB" }, "tls.fingerprint_sha256", "64 hexadecimal"},
		"insecure and pinned":   {func(c *Config) { c.Insecure = true; c.FingerprintSHA256 = strings.Repeat("a", 64) }, "tls.insecure", "contradicts"},
		"insecure and verified": {func(c *Config) { c.Insecure = true; c.CAPEM = []byte("x") }, "tls.insecure", "contradicts"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cfg := good
			test.change(&cfg)
			_, err := New(cfg)
			var wrong *ConfigError
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v, want a *ConfigError", err)
			}
			if wrong.Field != test.field || !strings.Contains(wrong.Err.Error(), test.text) {
				t.Errorf("got %q, want field %s and a text with %q", wrong, test.field, test.text)
			}
			for _, secret := range []string{testSecret, "hunter22"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestEndpointForms(t *testing.T) {
	t.Parallel()

	for given, want := range map[string]string{
		"https://pve1:8006":                 "/api2/json/version",
		"https://pve1:8006/":                "/api2/json/version",
		" https://pve1:8006/api2/json\n":    "/api2/json/version",
		"https://pve1:8006/api2/json/":      "/api2/json/version",
		"https://proxy.example.com/cluster": "/cluster/api2/json/version",
	} {
		base, err := parseEndpoint(given)
		if err != nil {
			t.Errorf("%q: %v", given, err)
		} else if got := base.Path + "/version"; got != want {
			t.Errorf("%q leads to %s, want %s", given, got, want)
		}
	}
}

// TestAuthorization sees that a token from a file, with its line end, arrives
// as PVE wants it, and that New itself does not dial.
func TestAuthorization(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(answer{200, "OK", `{"data":{"release":"9.1","version":"9.1.2"}}`}))
	c := newTestClient(t, Config{Endpoint: f.URL, APIToken: " " + testToken + "\r\n", CAPEM: f.caPEM(), UserAgent: "pvesec/1"})
	if n := len(f.requests()); n != 0 {
		t.Fatalf("New sent %d requests", n)
	}
	version, err := c.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if version != (Version{"9.1", "9.1.2"}) {
		t.Errorf("version is %+v", version)
	}
	got := f.requests()[0].header
	if got.Get("Authorization") != "PVEAPIToken="+testToken || got.Get("User-Agent") != "pvesec/1" {
		t.Errorf("headers are %v", got)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(answer{200, "OK", `{"data":{"release":"9.1","version":"9.1.2"}}`}))
	sum := sha256.Sum256(f.Certificate().Raw)
	right, wrong := formatFingerprint(sum), formatFingerprint(sha256.Sum256([]byte("another")))
	plain := hex.EncodeToString(sum[:])
	tests := map[string]struct {
		cfg Config
		ok  bool
	}{
		"unknown CA":             {Config{}, false},
		"CA":                     {Config{CAPEM: f.caPEM()}, true},
		"pin with colons":        {Config{FingerprintSHA256: right}, true},
		"pin in plain hex":       {Config{FingerprintSHA256: plain}, true},
		"wrong pin":              {Config{FingerprintSHA256: wrong}, false},
		"CA and pin":             {Config{CAPEM: f.caPEM(), FingerprintSHA256: right}, true},
		"CA and wrong pin":       {Config{CAPEM: f.caPEM(), FingerprintSHA256: wrong}, false},
		"insecure":               {Config{Insecure: true}, true},
		"pin with openssl label": {Config{FingerprintSHA256: "SHA256:" + right}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			test.cfg.Endpoint, test.cfg.APIToken = f.URL, testToken
			_, err := newTestClient(t, test.cfg).Version(t.Context())
			if test.ok && err != nil {
				t.Fatal(err)
			}
			var unreachable *UnreachableError
			if !test.ok && !errors.As(err, &unreachable) {
				t.Fatalf("error is %v, want an *UnreachableError", err)
			}
			if name == "unknown CA" && !strings.Contains(err.Error(), right) {
				t.Errorf("the error does not say what could be pinned: %v", err)
			}
			var pin *FingerprintError
			if wantPin := strings.Contains(name, "wrong pin"); errors.As(err, &pin) != wantPin {
				t.Errorf("fingerprint error: %v, wanted: %v", err, wantPin)
			} else if wantPin && !(strings.Contains(err.Error(), right) && strings.Contains(err.Error(), wrong+" is pinned")) {
				t.Errorf("the error does not name both: %v", err)
			}
		})
	}
}

// TestRedirectIsRefused sees that the token does not follow to another server.
func TestRedirectIsRefused(t *testing.T) {
	t.Parallel()

	elsewhere := newFake(t, always(done))
	f := newFake(t, always(answer{302, "Found\r\nLocation: " + elsewhere.URL + "/login", ""}))
	_, err := f.client(t).Version(t.Context())
	if !hasStatus(err, http.StatusFound) {
		t.Errorf("error is %v, want status 302", err)
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("the other server got %d requests", n)
	}
}

func TestConfigPrintsWithoutToken(t *testing.T) {
	t.Parallel()

	cfg := Config{Endpoint: "https://pve1:8006", APIToken: testToken}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, cfg); strings.Contains(text, testSecret) {
			t.Errorf("%s prints the secret: %s", format, text)
		}
	}
}
