package hardening

import "time"

// MostEmergency is how far away the end of an emergency access may be at most.
const MostEmergency = 30 * 24 * time.Hour

// Limiter is what an access to nodes may tell of how long an emergency access may be open.
type Limiter interface {
	// LongestEmergency is the limit of the provider.
	LongestEmergency() time.Duration
}

// longestOf is the limit that nodes know: [MostEmergency] where they know none.
func longestOf(nodes Nodes) time.Duration {
	if limiter, is := nodes.(Limiter); is {
		return limiter.LongestEmergency()
	}
	return MostEmergency
}

// LongestEmergency is the limit that the nodes know.
func (n noting) LongestEmergency() time.Duration { return longestOf(n.Nodes) }

// LongestEmergency is the limit that the nodes know.
func (p packageInstaller) LongestEmergency() time.Duration { return longestOf(p.Nodes) }
