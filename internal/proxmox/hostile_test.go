package proxmox

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// reads are the calls that ask PVE for each kind of answer.
var reads = map[string]func(context.Context, *Client) (any, error){
	"ACL":            func(ctx context.Context, c *Client) (any, error) { return c.ACL(ctx) },
	"cluster nodes":  func(ctx context.Context, c *Client) (any, error) { return c.ClusterNodes(ctx) },
	"groups":         func(ctx context.Context, c *Client) (any, error) { return c.Groups(ctx) },
	"permissions":    func(ctx context.Context, c *Client) (any, error) { return c.Permissions(ctx) },
	"pools":          func(ctx context.Context, c *Client) (any, error) { return c.Pools(ctx) },
	"realms":         func(ctx context.Context, c *Client) (any, error) { return c.Realms(ctx) },
	"roles":          func(ctx context.Context, c *Client) (any, error) { return c.Roles(ctx) },
	"privileges":     func(ctx context.Context, c *Client) (any, error) { return c.Privileges(ctx) },
	"second factors": func(ctx context.Context, c *Client) (any, error) { return c.SecondFactors(ctx) },
	"users":          func(ctx context.Context, c *Client) (any, error) { return c.Users(ctx) },
	"version":        func(ctx context.Context, c *Client) (any, error) { return c.Version(ctx) },
	"a user": func(ctx context.Context, c *Client) (any, error) {
		return c.ReadPrincipal(ctx, UserID("agent@pve"), "")
	},
	"a token": func(ctx context.Context, c *Client) (any, error) {
		return c.ReadToken(ctx, UserID("agent@pve"), "ci")
	},
	"rights": func(ctx context.Context, c *Client) (any, error) { return c.Rights(ctx) },
	"a new token": func(ctx context.Context, c *Client) (any, error) {
		return c.CreateToken(ctx, UserID("agent@pve"), "ci", Token{})
	},
}

// everyName is an object with a value under each name that an answer of PVE has.
func everyName(value string) string {
	var b strings.Builder
	for _, name := range []string{"userid", "roleid", "groupid", "tokenid", "poolid", "realm", "node", "name", "path", "type", "ugid", "propagate", "privs", "users", "groups", "tokens", "comment", "expire", "enable", "version", "release", "repoid", "value", "info", "full-tokenid", "members", "keys", "entries"} {
		fmt.Fprintf(&b, ",%q:%s", name, value)
	}
	return "{" + b.String()[1:] + "}"
}

// TestHostileAnswers: an answer of the wrong shape is an error of each call, and nothing is taken for an empty list, by
// which users would seem to be gone. No error has characters that forge lines, or the client's own secret.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	const control = `\u001b[2J\n\u202e\u009b` + testSecret
	bodies := map[string]string{
		"a text": `{"data":"` + control + `"}`, "a number": `{"data":7}`, "true": `{"data":true}`, "null": `{"data":null}`, "a list of numbers": `{"data":[7]}`, "a list of lists": `{"data":[[]]}`, "a list of null": `{"data":[null]}`,
		"numbers in a list":  `{"data":[` + everyName("7.5") + `]}`,
		"lists in a list":    `{"data":[` + everyName(`[{"a":[]}]`) + `]}`,
		"numbers":            `{"data":` + everyName("1e999") + `}`,
		"lists":              `{"data":` + everyName(`[[7]]`) + `}`,
		"control characters": `{"data":[` + everyName(`"`+control+`"`) + `]}`,
		"control in a name":  `{"data":{"` + control + `":{"` + control + `":"x"}}}`,
		"deep":               `{"data":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`,
		"deep objects":       `{"data":` + strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000) + `}`,
		"cut":                `{"data":[{"userid":"agent@pve"`,
		"no JSON":            "<html>\x1b[2J" + testSecret,
		"bytes":              "{\"data\":[{\"userid\":\"\xff\xfe\x00\"}]}",
		"two answers":        `{"data":[]}{"data":[]}`,
		"no data":            `{"message":"` + control + `"}`,
		"nothing":            "",
		"another name":       `{"DATA":[]}`,
	}
	for what, body := range bodies {
		for name, read := range reads {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := newFake(t, always(answer{200, "OK", body})).client(t)
				got, err := read(t.Context(), c)
				if err == nil {
					t.Errorf("the answer is taken for %+v", got)
					return
				}
				if said := err.Error(); untrusted.Text(said) != said || strings.Contains(said, testSecret) || len(said) > 2*maxText {
					t.Errorf("the error is %.500q", said)
				}
			})
		}
	}
}

// TestHostileFailures: the same for answers that are no success.
func TestHostileFailures(t *testing.T) {
	t.Parallel()
	const control = `\u001b[2J\u202e\u009b` + testSecret
	for what, a := range map[string]answer{
		"a message":  {500, "x\x1b[2J" + testSecret, `{"data":null,"message":"` + control + `"}`},
		"parameters": {400, "Parameter verification failed.", `{"data":null,"errors":{"` + control + `":"` + control + `"}}`},
		"types":      {400, "x", `{"data":null,"message":[7],"errors":[[]]}`},
		"huge":       {500, "x", `{"data":null,"message":"` + strings.Repeat("x", 2*maxErrorBody) + `"}`},
		"long":       {500, strings.Repeat("x", 10_000), `{"data":null,"message":"` + strings.Repeat("y", maxErrorBody/2) + `"}`},
		"deep":       {500, "x", `{"message":` + strings.Repeat("[", 30_000)},
		"a page":     {403, "Forbidden", "<html>\x1b[2J"},
	} {
		for name, read := range reads {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := newFake(t, always(a)).client(t)
				_, err := read(t.Context(), c)
				if err == nil {
					t.Fatal("it is taken for a success")
				}
				if said := err.Error(); untrusted.Text(said) != said || strings.Contains(said, testSecret) || len(said) > 4*maxText {
					t.Errorf("the error is %.500q, %d bytes", said, len(said))
				}
			})
		}
	}
}

// TestEndlessAnswer: an answer without an end is cut where no answer of PVE is longer, and one that only trickles ends
// with its context.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	serve := func(t *testing.T, write func(http.ResponseWriter, *http.Request)) *Client {
		t.Helper()
		f := newFake(t, nil)
		f.Config.Handler = http.HandlerFunc(write)
		return f.client(t)
	}
	t.Run("fast", func(t *testing.T) {
		t.Parallel()
		part := strings.Repeat("x", 1<<20)
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, err := fmt.Fprint(w, `{"data":["`)
			for err == nil {
				_, err = fmt.Fprint(w, part)
			}
		})
		if _, err := c.Users(t.Context()); err == nil || !strings.Contains(err.Error(), "the answer is longer than 64 MiB") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"data":[`)
			_ = http.NewResponseController(w).Flush()
			cancel()
			<-r.Context().Done()
		})
		var users []any
		if err := c.read(ctx, "/access/users", &users); err == nil { // not a list that several share: that one is read to its end
			t.Error("it is taken for a success")
		}
	})
}
