package preset

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Parameter narrows a preset to the names that the operator works with.
type Parameter struct {
	Name string `json:"name"`
	// Kind is the sort of name, a key of kinds.
	Kind        string `json:"kind"`
	Description string `json:"description"`
	// Required parameters have no value that would be safe to take for granted.
	Required bool `json:"required"`
	// Default is taken if no value is given. Without one, grants that need the parameter are left out.
	Default string `json:"default"`
	// Example is what the command lines of the preset are written for.
	Example string `json:"example"`
}

// What says what the parameter's values are, and Limit the pattern within which they stay.
func (p Parameter) What() string { return kinds[p.Kind].what }

// Limit is the pattern within which values stay.
func (p Parameter) Limit() string { return kinds[p.Kind].pattern }

// ParameterError is a value that a parameter does not take.
type ParameterError struct {
	Parameter string
	Value     string
	// Reason says what is wrong, Hint what to write instead.
	Reason string
	Hint   string
}

// Error gives all of it in one line.
func (e *ParameterError) Error() string {
	return fmt.Sprintf("parameter %s = %q: %s; %s", e.Parameter, e.Value, e.Reason, e.Hint)
}

// maxValue keeps a pattern with several parameters below sudo's 1024 bytes, and its language small.
const maxValue = 100

// valueBudget bounds the proof for one value, far above what any value of maxValue bytes that people write takes.
var valueBudget = regular.Budget{States: 20_000}

// check proves that the value stays within the kind of the parameter.
func (p Parameter) check(value string) error {
	k := kinds[p.Kind]
	fail := func(reason string) error {
		return &ParameterError{Parameter: p.Name, Value: value, Reason: reason, Hint: fmt.Sprintf("write a pattern for %s, for example %q", k.what, p.Example)}
	}
	if reason := checkValue(value); reason != "" {
		return fail(reason)
	}
	compiled, err := regular.Compile(regular.ERE{Pattern: value, Whole: true})
	if err != nil {
		return fail(err.Error())
	}
	if k.without != "" {
		without, err := regular.Compile(regular.ERE{Pattern: k.without, Whole: true})
		if err != nil {
			return err
		}
		if answer := regular.Disjoint(compiled, without, valueBudget); answer.Verdict == regular.No {
			return fail(fmt.Sprintf("it matches %q, and %s", answer.Witness, k.why))
		}
	}
	switch answer := regular.Subset(compiled, languages()[p.Kind], valueBudget); {
	case answer.Verdict == regular.No && answer.Witness == "":
		return fail("it matches the empty text")
	case answer.Verdict == regular.No:
		return fail(fmt.Sprintf("it matches %q, which is none of the %s", answer.Witness, k.what))
	case answer.Verdict == regular.Unknown:
		return fail("it is too complicated to prove that it stays within " + k.what)
	}
	return nil
}
