package check

import (
	"fmt"
	"strings"
)

// timeServices keep the clock right.
var timeServices = []string{"chrony.service", "systemd-timesyncd.service", "ntpsec.service", "ntp.service"}

// timeChecks are the checks of the clock.
func timeChecks() []Check {
	return []Check{
		{ID: "PVESEC-C1501", Title: "A service keeps the clock right", Family: Time, Severity: High, Level: Level1, Why: "Tickets, tokens, certificates, the cluster and every log go by the clock.", Expected: "chrony, ntpsec or systemd-timesyncd is active", Remedy: "systemctl enable --now chrony.", References: append(cis("2.3.1.1", "2.3.1.1"), manual(pveBook, "Time Synchronization")...), node: clockService},
		{ID: "PVESEC-C1502", Title: "One service alone keeps the clock right", Family: Time, Severity: Low, Level: Level1, Why: "Two of them pull the clock to and fro.", Expected: "one of chrony, ntpsec and systemd-timesyncd is active", Remedy: "systemctl disable --now systemd-timesyncd.", References: cis("2.3.1.1", "2.3.1.1"), node: oneClockService},
		{ID: "PVESEC-C1503", Title: "Servers of the time are named", Family: Time, Severity: Medium, Level: Level1, Why: "Without a server the service sets nothing.", Expected: "chrony has a server or pool, or timesyncd one (NTP, or Debian's by default)", Remedy: "server HOST iburst in /etc/chrony/chrony.conf.", References: append(cis("2.3.3.1", "2.3.3.1"), cis("2.3.2.1", "2.3.2.1")...), node: clockServers},
	}
}

func clockService(n *Node) Outcome {
	running, reason := n.units.running(timeServices...)
	switch {
	case len(running) > 0:
		return pass(strings.Join(running, ", ") + " is active")
	case reason != "":
		return unknown(reason)
	}
	return fail("none of " + strings.Join(timeServices, ", ") + " is active")
}

func oneClockService(n *Node) Outcome {
	running, reason := n.units.running(timeServices...)
	switch {
	case len(running) > 1:
		return fail(strings.Join(running, ", ") + " are active")
	case reason != "":
		return unknown(reason)
	case len(running) == 0:
		return notApplicable("none is active")
	}
	return pass(running[0] + " is active")
}

func clockServers(n *Node) Outcome {
	running, reason := n.units.running(timeServices...)
	if reason != "" {
		return unknown(reason)
	}
	if n.config.reason != "" {
		return unknown(n.config.reason)
	}
	if len(running) == 0 {
		return fail("no service is active")
	}
	switch running[0] {
	case "chrony.service":
		for _, l := range n.config.in("/etc/chrony/chrony.conf", "/etc/chrony/conf.d/*.conf", "/etc/chrony/sources.d/*.sources") {
			for _, word := range []string{"server", "pool", "peer", "refclock"} {
				if strings.HasPrefix(l.text, word+" ") {
					return pass(l.String())
				}
			}
		}
		return fail("chrony has no server")
	case "systemd-timesyncd.service":
		v, at, found := value(n.config.in("/etc/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf.d/*.conf"), "FallbackNTP")
		if servers, _, set := value(n.config.in("/etc/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf.d/*.conf"), "NTP"); found && v == "" && (!set || servers == "") {
			return fail(fmt.Sprintf("%s, and NTP is not set", at))
		}
		return pass("systemd-timesyncd has servers")
	}
	return unknown("the configuration of " + running[0] + " was not read")
}
