package hardening

import (
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// retrying tells that a service waits to start again.
func retrying(unit node.Service) bool {
	return unit.Active == "activating" && unit.Sub == "auto-restart"
}

// unanswered stands for the words of a service that said none.
const unanswered = "it does not answer"

// orUnanswered is why a collector has not acknowledged something.
func orUnanswered(says string) string {
	if says == "" {
		return unanswered
	}
	return says
}

// forwarding looks at the collector. What it has not acknowledged after a minute waits, and a service that starts again
// and again is known to have failed.
func (h *AuditHealth) forwarding(a AuditLogging, facts healthFacts, seen *node.Observation) {
	if a.Forward == nil {
		return
	}
	h.Unsent = new(int64)
	if facts.waiting > 0 {
		*h.Unsent = max(0, facts.clock-facts.waiting.seconds())
	}
	late := time.Duration(*h.Unsent)*time.Second > mostBehind
	if late || retrying(seen.Services[a.forwardService()]) {
		h.add("the collector %s has not acknowledged what the journal holds: %s", a.Forward.address(), orUnanswered(facts.says))
	}
	if late && facts.acknowledged > 0 && facts.oldest > facts.acknowledged {
		h.add("the journal begins later than what the collector %s acknowledged: what came between is lost", a.Forward.address())
	}
	if facts.unpaired {
		h.add("%s is not the private key of %s", a.keyPath(), a.certificatePath())
	}
}

// judgeEvent looks at the event of authentication: in the journal, in the security log, at the collector.
func (a AuditLogging) judgeEvent(r *ProbeResult, answer probeAnswer) {
	found, arrived := answer.found, true
	if a.SecurityLog != nil {
		r.tell(found["auth-security"], "the authentication event in "+a.SecurityLog.Path)
		arrived = found["auth-security"]
	}
	if a.Forward != nil {
		r.tell(found["auth-forward"], "the authentication event at the collector "+a.Forward.address())
		arrived = arrived && found["auth-forward"]
	}
	switch {
	case arrived:
		return
	case found[unstored]:
		r.broken("%s", notStored)
		return
	case !found["auth-journal"]:
		r.broken("an authentication event was sent, but the journal does not have it: is %s active, and does it store what it gets?", journalUnit)
		return
	}
	if a.SecurityLog != nil && !found["auth-security"] {
		r.broken("an authentication event was sent and is in the journal, but %s", a.notCollected())
	}
	if a.Forward != nil && !found["auth-forward"] {
		r.broken("an authentication event was sent and is in the journal, but the collector %s did not acknowledge it: %s", a.Forward.address(), printable(orUnanswered(answer.says)))
	}
}
