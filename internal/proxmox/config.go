package proxmox

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	api "github.com/luthermonson/go-proxmox"
	"golang.org/x/sync/singleflight"
)

// DefaultTimeout is how long one request may take. PVE itself waits up to ten
// seconds for each of two locks before it answers, and under load a minute is
// not rare.
const DefaultTimeout = 60 * time.Second

// Config says how to reach the API and as whom.
type Config struct {
	// Endpoint is "https://host:8006", with or without "/api2/json".
	Endpoint string
	// APIToken is "user@realm!tokenid=secret". Blanks and line ends around it
	// are ignored, since it often comes from a file.
	APIToken string
	// CAPEM holds the certificate authorities to trust instead of the system's.
	CAPEM []byte
	// FingerprintSHA256 pins the server's certificate: 64 hexadecimal digits,
	// with or without colons. With CAPEM both must hold; alone it replaces the
	// verification of chain and host name.
	FingerprintSHA256 string
	// Insecure accepts any certificate.
	Insecure bool
	// UserAgent is sent with every request.
	UserAgent string
	// Timeout bounds one request. Zero and values below [DefaultTimeout] mean
	// DefaultTimeout; use the context for shorter limits.
	Timeout time.Duration
}

// String describes the configuration without the token.
func (cfg Config) String() string { return "PVE API at " + cfg.Endpoint }

// GoString describes the configuration without the token.
func (cfg Config) GoString() string { return cfg.String() }

// ConfigError is a mistake in one field of a [Config].
type ConfigError struct {
	Field string // "endpoint", "api_token", "tls.ca_pem", "tls.fingerprint_sha256", "tls.insecure"
	Err   error
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ConfigError) Unwrap() error { return e.Err }

// Client talks to one PVE cluster. Create it with [New].
type Client struct {
	api      *api.Client
	as       func(tokenID, secret string) *api.Client // the same server as another token
	endpoint string
	self     UserID // the user of the API token
	key      []byte // of what only this API token can mark

	// writing holds one element: the goroutine that took it may write. PVE has one lock
	// for user.cfg and retries each second, so serialised writes are faster.
	writing chan struct{}
	pause   pauseFunc

	flight singleflight.Group
	mu     sync.Mutex
	lists  *lists // replaced as a whole by every write
}

// New checks the configuration and returns a client. It does not dial.
func New(cfg Config) (*Client, error) {
	base, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, &ConfigError{"endpoint", err}
	}
	tokenID, secret, err := parseAPIToken(cfg.APIToken)
	if err != nil {
		return nil, &ConfigError{"api_token", err}
	}
	tlsConfig, err := cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	userAgent := cfg.UserAgent
	if userAgent == "" {
		userAgent = "terraform-provider-pvesec"
	}
	connections := baseTransport(tlsConfig)
	as := func(tokenID, secret string) *api.Client {
		httpClient := &http.Client{
			Transport: &transport{base: connections, prefix: base.Path, secret: secret},
			Timeout:   max(cfg.Timeout, DefaultTimeout),
			// A redirect would carry the token elsewhere; it becomes an *Error.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		return api.NewClient(base.String(),
			api.WithHTTPClient(httpClient),
			api.WithAPIToken(tokenID, secret),
			api.WithUserAgent(userAgent),
			api.WithLogger(silent{}),
		)
	}
	c := &Client{
		api:      as(tokenID, secret),
		as:       as,
		endpoint: base.Scheme + "://" + base.Host,
		self:     ownerOf(tokenID),
		key:      []byte(secret),
		writing:  make(chan struct{}, 1),
		pause:    pause,
		lists:    new(lists),
	}
	c.writing <- struct{}{}
	return c, nil
}

// ownerOf is the user of a full token id.
func ownerOf(tokenID string) UserID {
	user, _, _ := strings.Cut(tokenID, "!")
	return UserID(user)
}

// parseEndpoint returns the base URL that ends in /api2/json without slash.
func parseEndpoint(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, errors.New(`is empty; write the URL of one node, for example "https://pve1.example.com:8006"`)
	}
	u, err := url.Parse(s)
	if err != nil {
		// url.Error repeats the input, which may hold a password.
		return nil, errors.New(`is not a URL; write it as "https://pve1.example.com:8006"`)
	}
	switch {
	case u.User != nil:
		return nil, errors.New("must not contain a user name or password; the API token is configured by itself")
	case u.Scheme == "http":
		return nil, errors.New(`must begin with "https://"; PVE does not serve plain HTTP, and the token would travel unencrypted`)
	case u.Scheme != "https" || u.Opaque != "":
		return nil, fmt.Errorf(`%q must begin with "https://", for example "https://pve1.example.com:8006"`, s)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q has no host name", s)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%q must not have a query or fragment", s)
	}
	path := strings.TrimRight(u.Path, "/")
	if !strings.HasSuffix(path, "/api2/json") {
		if strings.Contains(path+"/", "/api2/") {
			return nil, fmt.Errorf(`%q: pvesec speaks to /api2/json; leave the path out`, s)
		}
		path += "/api2/json"
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, nil
}

var apiTokenPattern = regexp.MustCompile(`^([^\s:/!=]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+)=([\x21-\x7e]+)$`)

// parseAPIToken splits "user@realm!tokenid=secret". Its errors never repeat the
// value, which may be a secret in the wrong shape.
func parseAPIToken(s string) (id, secret string, err error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", "", errors.New(`is empty; write it as "user@realm!tokenid=secret"`)
	case strings.HasPrefix(s, "PVEAPIToken="), strings.HasPrefix(s, "PVEAPIToken "):
		return "", "", errors.New(`begins with "PVEAPIToken", which is the name of the scheme; leave it out: "user@realm!tokenid=secret"`)
	case !strings.Contains(s, "="):
		return "", "", errors.New(`has no secret; write it as "user@realm!tokenid=secret"`)
	case !strings.Contains(s, "!"):
		return "", "", errors.New(`has no token id; write it as "user@realm!tokenid=secret" (a password cannot be used)`)
	}
	m := apiTokenPattern.FindStringSubmatch(s)
	if m == nil {
		return "", "", errors.New(faultOfToken(s))
	}
	return m[1], m[2], nil
}

// faultOfToken says which part of a token is wrong, without repeating it. Realms and token ids have the same pattern
// (PVE::AccessControl).
func faultOfToken(s string) string {
	const (
		form    = `does not have the form "user@realm!tokenid=secret"`
		pattern = ": PVE takes two or more of the characters A-Z a-z 0-9 . _ -, which begin with a letter"
	)
	user, rest, _ := strings.Cut(s, "!")
	id, secret, _ := strings.Cut(rest, "=")
	at := strings.LastIndexByte(user, '@')
	switch {
	case at < 0 || strings.ContainsAny(user, "= \t\r\n"):
		return form
	case at == 0:
		return `has no user name before the "@"; write it as "user@realm!tokenid=secret"`
	case !realmPattern.MatchString(user[at+1:]):
		return "has an invalid realm" + pattern
	case !tokenPattern.MatchString(id):
		return "has an invalid token id" + pattern
	case secret == "":
		return `has no secret; write it as "user@realm!tokenid=secret"`
	}
	return form
}

// silent keeps go-proxmox from logging: at debug level it would print request
// bodies and new token secrets.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Errorf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
