package check

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// maxObserved is how many pieces of evidence one outcome has: users can make many of some.
const maxObserved = 20

// outcome makes an outcome of a status with its evidence.
func outcome(status Status, observed ...string) Outcome {
	observed = slices.Clone(observed)
	for i := range observed {
		observed[i] = untrusted.Line(observed[i])
	}
	if more := len(observed) - maxObserved; more > 0 {
		observed = append(observed[:maxObserved], fmt.Sprintf("and %d more", more))
	}
	return Outcome{status, observed}
}

func unknown(reason string) Outcome       { return outcome(Unknown, reason) }
func notApplicable(reason string) Outcome { return outcome(NotApplicable, reason) }
func pass(observed ...string) Outcome     { return outcome(Pass, observed...) }
func fail(observed ...string) Outcome     { return outcome(Fail, observed...) }
func passIf(ok bool, observed ...string) Outcome {
	if ok {
		return pass(observed...)
	}
	return fail(observed...)
}

// judged fails with what was found wrong. Where nothing was, but something is not known for the reason, it is unknown;
// it passes only where all is known.
func judged(wrong []string, reason, right string) Outcome {
	switch {
	case len(wrong) > 0:
		return fail(wrong...)
	case reason != "":
		return unknown(reason)
	}
	return pass(right)
}
