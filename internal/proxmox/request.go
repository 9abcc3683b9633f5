package proxmox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// read sends a GET and decodes what is under "data" into out.
func (c *Client) read(ctx context.Context, path string, out any) error {
	return c.send(ctx, http.MethodGet, path, nil, out)
}

// writeAbout is write for a request about a user, one of its tokens or an ACL
// entry of either. Every such request goes through here, so that none can forget
// the guard: root@pam is refused, and so is every id that PVE would take for
// another one. What changes the user of the API token itself may change what it sees, so that all lists are dropped.
func (c *Client) writeAbout(ctx context.Context, subject UserID, change effect, method, path string, body, out any) error {
	if err := subject.check(); err != nil {
		return fmt.Errorf("%s %s refused: %w", method, displayPath(path), err)
	}
	if subject == c.self {
		change = nil
	}
	return c.write(ctx, change, method, path, body, out)
}

// write sends a POST, PUT or DELETE, one at a time. Where it succeeds, the shared lists get what it changed; they are
// dropped where that is not known (change is nil) and on failure, since an answer may be lost after the write took
// effect.
func (c *Client) write(ctx context.Context, change effect, method, path string, body, out any) error {
	select {
	case <-c.writing:
	case <-ctx.Done():
		return &UnreachableError{c.endpoint, context.Cause(ctx)}
	}
	defer func() { c.writing <- struct{}{} }()
	err := c.send(ctx, method, path, body, out)
	if err != nil || change == nil {
		c.dropLists()
	} else {
		c.patchLists(change)
	}
	return err
}

// send makes the request through go-proxmox, repeating it where that is safe.
func (c *Client) send(ctx context.Context, method, path string, body, out any) error {
	for attempt := 1; ; attempt++ {
		err := c.sendOnce(ctx, method, path, body, out)
		if err == nil || attempt == maxAttempts || !repeatable(method, err) {
			return err
		}
		if c.pause(ctx, backoff(attempt)) != nil {
			return err // the deadline is near: the last answer says more than "time is up"
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, method, path string, body, out any) error {
	var err error
	switch method {
	case http.MethodGet:
		err = c.api.Get(ctx, path, out)
	case http.MethodPost:
		err = c.api.Post(ctx, path, body, out)
	case http.MethodPut:
		err = c.api.Put(ctx, path, body, out)
	case http.MethodDelete:
		err = c.api.Delete(ctx, path, out)
	default:
		err = fmt.Errorf("method %s is not used", method)
	}
	err = c.classify(method, path, err)
	var unreachable *UnreachableError
	if ctx.Err() != nil && errors.As(err, &unreachable) {
		unreachable.Err = context.Cause(ctx) // it tells whose limit is over
	}
	return err
}

// classify unwraps what net/http and go-proxmox put around an error.
func (c *Client) classify(method, path string, err error) error {
	if err == nil {
		return nil
	}
	var answer *Error
	if errors.As(err, &answer) {
		return answer
	}
	var transported *url.Error
	if errors.As(err, &transported) {
		return &UnreachableError{c.endpoint, transported.Err}
	}
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &mismatch) {
		return &Error{Method: method, Path: displayPath(path), Status: http.StatusOK,
			Message: "the answer does not have the expected form: " + err.Error()}
	}
	return fmt.Errorf("%s %s: %w", method, displayPath(path), err)
}

// displayPath is path without query and escapes, as *Error shows it.
func displayPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// joinPath builds an API path from literal and variable parts, all escaped.
func joinPath(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(part))
	}
	return b.String()
}
