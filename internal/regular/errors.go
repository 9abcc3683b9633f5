package regular

import "errors"

var (
	// ErrSyntax is an expression that sudo refuses to compile. For sudo it matches nothing.
	ErrSyntax = errors.New("malformed regular expression")
	// ErrUnsupported is a pattern that sudo may take and this package does not: its language is not known.
	ErrUnsupported = errors.New("pattern that is not supported")
	// ErrTooLarge is a pattern whose automaton would not fit into memory, or into the budget: its language is not
	// known.
	ErrTooLarge = errors.New("pattern with too many states")
)

// SyntaxError is an ErrSyntax with its place.
type SyntaxError struct {
	// At is the byte of the pattern that it is about.
	At int
	// Reason says what is wrong there, Hint what to write instead.
	Reason, Hint string
}

// Error says what is wrong.
func (e *SyntaxError) Error() string { return ErrSyntax.Error() + ": " + e.Reason }

// Unwrap gives ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }
