package escalation

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

// TestNoExec has grants with NOEXEC. What takes an exec of the program that sudo starts, and nothing else, is no way to
// root then; all else stays one.
func TestNoExec(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command string
		root    bool
	}{
		{"/usr/bin/nice *", false},
		{"/usr/bin/timeout 60 *", false},
		{"/usr/bin/timeout 60 /usr/bin/bash", false},
		{"/usr/bin/nice -n 5 /usr/bin/timeout 60 /usr/bin/vim /etc/motd", false},
		{"/usr/bin/setsid /usr/bin/python3 *", false},
		{"/usr/bin/stdbuf -oL /usr/bin/nmtui", false},
		{"/usr/bin/env LANG=C /usr/bin/bash", false},
		{"/usr/bin/flock /run/x /usr/bin/tee /etc/passwd", false},
		{"/usr/bin/su -", false},
		{"/usr/bin/su -c /usr/bin/bash", false},
		{"/usr/sbin/runuser -u root -- /usr/bin/bash", false},
		{"/usr/bin/apt-get changelog bash", false},

		{"/usr/bin/chroot /home/agent /usr/bin/id", true},     // loads the libraries of the new root to look up accounts
		{"/usr/bin/xargs -a /etc/shadow /usr/bin/echo", true}, // reads the file itself
		{"/usr/sbin/start-stop-daemon *", true},               // writes a file (--make-pidfile)
		{"/usr/bin/systemd-run /usr/bin/bash", true},
		{"/usr/bin/watch *", false},
		{"/usr/bin/script *", true},
		{"/usr/bin/bash", true},
		{"/usr/bin/less /var/log/syslog", true},
		{"/usr/bin/find /etc *", true},
		{"/usr/bin/docker run *", true},
	} {
		a := analyseFor(t, "agent ALL=(root) NOPASSWD: NOEXEC: "+test.command, "agent")
		if a.Root() != test.root {
			t.Errorf("NOEXEC: %s: a way to root: %t, want %t: %+v", test.command, a.Root(), test.root, a.Findings)
		}
		if len(a.Findings) == 0 {
			t.Errorf("NOEXEC: %s: nothing is found, and it is at least a way around NOEXEC", test.command)
		}
		if free := analyseFor(t, "agent ALL=(root) NOPASSWD: "+test.command, "agent"); !free.Root() {
			t.Errorf("%s: no way to root without NOEXEC", test.command)
		}
	}
}

// TestNoExecOfData makes sure that the data says of nothing that NOEXEC stops it where the effect needs no exec.
func TestNoExecOfData(t *testing.T) {
	t.Parallel()
	byExec := []program.Effect{program.RunsCode, program.Interactive, program.GuestRoot, program.BecomesUser, program.ChangesPackages}
	for _, p := range program.Programs() {
		operations := p.Operations
		if p.Otherwise != nil {
			operations = append(slices.Clone(operations), p.Otherwise)
		}
		for _, o := range operations {
			for _, e := range o.Effects {
				if o.NoExec && !slices.Contains(byExec, e) {
					t.Errorf("%s %s: NOEXEC does not stop that it %s", p.Paths[0], o.Args, e.Info().Title)
				}
			}
		}
	}
}
