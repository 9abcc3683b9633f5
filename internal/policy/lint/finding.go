package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	// Error: a pattern never matches, so that the policy neither allows nor denies what is written. Such a policy is
	// refused.
	Error Severity = "error"
	// Warning: the policy does not do what is written, or does so in a dangerous way.
	Warning Severity = "warning"
	// Notice: legal and clear, but worth a thought.
	Notice Severity = "notice"
)

// Finding is one thing that is legal and still wrong.
type Finding struct {
	// ID is stable over releases: "PVESEC-S" and four digits.
	ID       string
	Severity Severity
	Pos      sudoers.Pos
	// Msg says what is wrong at this place, Fix what to write instead.
	Msg string
	Fix string
}

// String gives "file:line:col: message [id]".
func (f Finding) String() string {
	return f.Pos.String() + ": " + f.Msg + " [" + f.ID + "]"
}

// Excerpt shows the line of text that the finding points into, with a caret under
// the place.
func (f Finding) Excerpt(text string) string {
	return (&sudoers.Error{Pos: f.Pos}).Excerpt(text)
}
