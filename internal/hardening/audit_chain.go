package hardening

import (
	"fmt"
	"path"
	"strings"
)

// judgeProbe names the link that did not pass a record on. Of one chain it names the first: what follows it cannot have
// the record.
func (a AuditLogging) judgeProbe(subjects []*probed, answer probeAnswer) *ProbeResult {
	r := &ProbeResult{}
	a.judgeEvent(r, answer)
	for i, p := range subjects {
		a.judgeSubject(r, i, p, answer.found)
	}
	return r
}

// notStored says why no record can come from the journal.
const notStored = "journald stores nothing (Storage=none, journald.conf(5)), so that no record reaches the journal: set it to persistent, in a block journald for example"

// notCollected says that the last link of the chain did not do its part.
func (a AuditLogging) notCollected() string {
	collector := rsyslogService
	if a.collects(Journald) {
		collector = a.securityName() + ".service"
	}
	return fmt.Sprintf("%s did not write it to %s", collector, a.SecurityLog.Path)
}

func (a AuditLogging) judgeSubject(r *ProbeResult, i int, p *probed, found map[string]bool) {
	at := func(link string) bool { return found[fmt.Sprintf("%s-%d", link, i)] }
	switch {
	case p.user == "" && strings.HasPrefix(p.subject, "%"):
		r.Empty = append(r.Empty, p.subject)
		return
	case p.user == "":
		r.unproven("%s: the node has no such account", p.subject)
		return
	}
	r.Tried = append(r.Tried, p.who())
	ran := "sudo ran the probe of " + p.who()
	refused := p.status != "0"
	if refused {
		ran = fmt.Sprintf("sudo refused the probe of %s (%s)", p.who(), strings.Join(append(p.said, "status "+p.status), "; "))
	}
	if a.SudoLog != nil {
		log := a.sudoLogPath(p.subject)
		if r.tell(at("event"), fmt.Sprintf("the sudo command of %s in %s", p.who(), log)); !at("event") {
			r.broken("%s, but sudo did not write it to %s", ran, log)
		}
	}
	if a.IOLogs != nil {
		recordings := path.Join(a.IOLogs.Directory, p.user)
		switch r.tell(at("recording"), fmt.Sprintf("the recording of %s in %s", p.who(), recordings)); {
		case at("recording"):
		case refused:
			r.unproven("%s: whether sudo records is not known: %s", p.who(), ran)
		default:
			r.broken("%s, but sudoreplay does not list a recording of it in %s", ran, recordings)
		}
	}
	if a.SecurityLog != nil {
		switch r.tell(at("security"), fmt.Sprintf("the sudo command of %s in %s", p.who(), a.SecurityLog.Path)); {
		case at("security"), found[unstored]:
		case at("journal"):
			r.broken("%s and the journal has it, but %s", ran, a.notCollected())
		default:
			r.broken("%s, but did not send it to the journal: do other sudoers files set !syslog or another facility?", ran)
		}
	}
}

func (r *ProbeResult) tell(found bool, what string) {
	if found {
		r.Found = append(r.Found, what)
	}
}

func (r *ProbeResult) broken(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

func (r *ProbeResult) unproven(format string, args ...any) {
	r.Unproven = append(r.Unproven, fmt.Sprintf(format, args...))
}
