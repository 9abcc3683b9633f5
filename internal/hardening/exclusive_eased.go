package hardening

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// ofRules are conditions that a rule may have and of which Compare does not say which value gives more.
var ofRules = []string{"apparmor_profile", "chroot", "cwd", "not_after", "not_before", "role", "timeout", "type"}

// eased are the conditions that commands lose, or that get a value which may give more. The SETENV that comes with ALL
// is none: who may run all needs no variable for it.
func eased(change policy.Comparison) []policy.ConditionChange {
	return slices.DeleteFunc(slices.Clone(change.Changed), func(c policy.ConditionChange) bool {
		return c.Condition == "setenv" && c.Rule.Tags.Setenv == sudoers.Implied || c.Looser < 0 || c.Looser == 0 && (!slices.Contains(ofRules, c.Condition) || tighter(c))
	})
}

// gives tells whether the rules that stay with a line allow somebody something that he is not allowed without them, or
// on easier conditions. with is what is in force if the line stays.
func (s *sorting) gives(ctx context.Context, line *foreignLine, with, without *sudoersTree) bool {
	rules := s.going(func(other *foreignLine) bool {
		_, rule := other.entry.(*sudoers.UserSpec)
		return rule && other.unit == line.unit
	})
	of := map[sudoers.Pos]bool{}
	for _, rule := range rules {
		of[rule.entry.Pos()] = true
	}
	return slices.ContainsFunc(s.subjects, func(subject policy.Subject) bool {
		if !s.within(ctx, 0) || !slices.ContainsFunc(s.grants(s.before, subject), func(g policy.Grant) bool { return of[g.Spec.At] }) {
			return false
		}
		change := s.compared(ctx, subject, with, without)
		return len(change.NoLongerAllowed) > 0 || slices.ContainsFunc(change.Changed, func(c policy.ConditionChange) bool { return c.Looser < 0 })
	})
}

// tighter tells that the new value of a condition gives no more than the old one: a bound where there was none, or one
// that ends sooner. With * the caller chooses.
func tighter(c policy.ConditionChange) bool {
	switch {
	case c.To == "*":
		return false
	case c.From == "" || c.From == "*":
		return true
	case c.Condition == "chroot" && policy.InOthersHands("runchroot", c.From) != "":
		return true // who writes there was root by it
	}
	switch c.Condition {
	case "timeout":
		return timeoutOf(c.To) <= timeoutOf(c.From)
	case "not_before", "not_after":
		from, bad := sudoers.ParseTime(c.From, time.UTC)
		to, worse := sudoers.ParseTime(c.To, time.UTC)
		local := func(text string) bool { return !strings.HasSuffix(text, "Z") } // of a time of the node and one of the world nobody here knows which comes first
		return bad == nil && worse == nil && local(c.From) == local(c.To) && (c.Condition == "not_after" && !to.After(from) || c.Condition == "not_before" && !to.Before(from))
	}
	return false
}

// timeoutOf is how long a command may run, without an end where nothing is said.
func timeoutOf(text string) time.Duration {
	bound, err := sudoers.ParseTimeout(text)
	if err != nil || bound == 0 {
		return math.MaxInt64
	}
	return bound
}
