package proxmox

import (
	"fmt"
	"strings"
)

// PartialError means that an operation stopped half-way and could not, or must
// not, be undone. The caller should save Exists and Secrets before it reports.
type PartialError struct {
	Op      string     // "create" or "update"
	Exists  *Principal // what PVE has now, as far as it could be read; nil when unknown or nothing
	Done    []string   // the writes that took effect, in order, in plain words
	Secrets Secrets    // of tokens that were created and still exist
	Err     error      // what stopped it
	UndoErr error      // what stopped the undoing, nil when none was tried
}

func (e *PartialError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s stopped half-way: %v", e.Op, e.Err)
	if len(e.Done) > 0 {
		fmt.Fprintf(&b, "; already done: %s", strings.Join(e.Done, ", "))
	}
	if e.UndoErr != nil {
		fmt.Fprintf(&b, "; undoing it failed too: %v", e.UndoErr)
	}
	return b.String()
}

// Unwrap returns both causes.
func (e *PartialError) Unwrap() []error {
	if e.UndoErr == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.UndoErr}
}

// Secrets maps token id to secret. It prints without them.
type Secrets map[string]string

// String names the tokens only.
func (s Secrets) String() string {
	return "secrets of " + strings.Join(sortedKeys(s), ", ")
}

// GoString names the tokens only.
func (s Secrets) GoString() string { return s.String() }

// unsureError means that the answer to a write was lost and it could not be
// found out whether the write took effect.
type unsureError struct{ err, lookErr error }

func (e *unsureError) Error() string {
	return fmt.Sprintf("%v (whether it took effect could not be found out: %v)", e.err, e.lookErr)
}

func (e *unsureError) Unwrap() []error { return []error{e.err, e.lookErr} }

// leftoverError means that a token may exist whose secret nobody knows, because
// the answer to its creation was lost and removing it failed.
type leftoverError struct{ err, removeErr error }

func (e *leftoverError) Error() string {
	return fmt.Sprintf("%v; a token without known secret may be left: %v", e.err, e.removeErr)
}

func (e *leftoverError) Unwrap() []error { return []error{e.err, e.removeErr} }
