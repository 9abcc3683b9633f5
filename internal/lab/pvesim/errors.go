package pvesim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dieError is a text that PVE's code died with. It becomes status 500.
type dieError struct{ text string }

func (e *dieError) Error() string { return e.text }

// dief dies with a text; the line feed at its end is added when it is written.
func dief(format string, args ...any) error { return &dieError{fmt.Sprintf(format, args...)} }

// forbiddenError is a failed permission check, status 403. what is empty when PVE does
// not say which privilege is missing.
type forbiddenError struct{ what string }

func (e *forbiddenError) Error() string {
	if e.what == "" {
		return "Permission check failed"
	}
	return "Permission check failed (" + e.what + ")"
}

// paramsError is a failed parameter check: parameter to text, status 400.
type paramsError map[string]string

const paramsFailed = "Parameter verification failed."

// Error is the text with which the error goes through a locked section, where it
// becomes status 500 of several lines.
func (e paramsError) Error() string {
	lines := []string{"400 " + paramsFailed}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		lines = append(lines, name+": "+strings.TrimSuffix(e[name], "\n"))
	}
	return strings.Join(lines, "\n")
}

// unauthorisedError is status 401. Its body is empty unless the call itself, and not
// the server in front of it, refused.
type unauthorisedError struct {
	reason string
	body   bool
}

func (e *unauthorisedError) Error() string { return e.reason }

// errProxy is status 595: pveproxy cannot reach pvedaemon.
var errProxy = errors.New("Connection refused") //nolint:staticcheck // PVE's text

// notImplementedError is status 501 for a path or verb that does not exist.
type notImplementedError struct{ method, path string }

func (e *notImplementedError) Error() string {
	return fmt.Sprintf("Method '%s %s' not implemented", e.method, e.path)
}
