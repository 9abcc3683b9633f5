package regular

// Verdict is an answer to a question about languages.
type Verdict uint8

const (
	// Unknown is no answer: the budget was spent. It must never be taken for Yes.
	Unknown Verdict = iota
	// Yes is a proof.
	Yes
	// No comes with a witness.
	No
)

// String gives yes, no or unknown.
func (v Verdict) String() string {
	switch v {
	case Yes:
		return "yes"
	case No:
		return "no"
	default:
		return "unknown"
	}
}

// Answer is a verdict and what led to it.
type Answer struct {
	Verdict Verdict
	// Witness is a shortest text that shows why the verdict is No, of printable bytes if there is one as short.
	Witness string
	// Sampled is set where the budget was spent and the witness is a text of one of the patterns that was tried then.
	// It shows the same, but shorter ones may do so as well.
	Sampled bool
	// States is how many states the search made, of the product and of its parts.
	States int
}
