package hardening

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A process of a node that does not exist. Ends tells that the end of alice's access (uid 1001) ends it.
type process struct {
	pid, parent, uid int
	command          string
	sudoUID, login   string // of its environment, of its login; empty for none
	cgroup           string
	ends             bool
}

const (
	aliceLogin = "/user.slice/user-1001.slice/session-4.scope"
	bobLogin   = "/user.slice/user-1002.slice/session-5.scope"
)

// endedOf runs the end of an access on a node with processes, and gives the events, which tell what is killed.
func endedOf(t *testing.T, subject string, processes []process) string {
	t.Helper()
	b := rescue
	b.EndSessions, b.Subject = true, subject
	dir := placed(t, b)
	var ps strings.Builder
	for _, p := range processes {
		age := 10
		if strings.HasPrefix(p.command, "old-") {
			age = 2000
		}
		fmt.Fprintf(&ps, "%d %d %d %d %s\n", p.pid, p.parent, p.uid, age, p.command)
		at := fmt.Sprintf("/proc/%d/", p.pid)
		environ := "PATH=/bin\x00"
		if p.sudoUID != "" {
			environ += "SUDO_UID=" + p.sudoUID + "\x00"
		}
		login := p.login
		if login == "" {
			login = "4294967295"
		}
		writeBelow(t, dir, at+"environ", environ)
		writeBelow(t, dir, at+"loginuid", login)
		writeBelow(t, dir, at+"cgroup", "0::"+p.cgroup+"\n")
		setuid := filepath.Join(dir, "bin", p.command)
		if p.command == "su" || p.command == "mount" {
			writeBelow(t, dir, "/bin/"+p.command, "")
			if err := os.Chmod(setuid, 0o755|os.ModeSetuid); err != nil {
				t.Fatal(err)
			}
		}
		exe := map[string]string{"su": setuid, "mount": setuid, "sudo": "/usr/bin/sudo", "link-to-sudo": "/usr/bin/sudo", "sudo-of-before": "/usr/bin/sudo (deleted)",
			"sshd": "/usr/sbin/sshd", "(sd-pam)": "/usr/lib/systemd/systemd"}[p.command]
		if exe == "" {
			exe = "/usr/bin/" + p.command
		}
		if err := os.Symlink(exe, filepath.Join(dir, at, "exe")); err != nil {
			t.Fatal(err)
		}
	}
	tools := `date() { echo 1796011200; }
sleep() { :; }
id() { case "$*" in "-u -- alice") echo 1001 ;; "-u -- root") echo 0 ;; "-Gnz -- 1001") printf 'alice\0ops\0' ;; *) return 1 ;; esac; }
kill() { sig=$1; shift; logger "kill $sig $(echo "$@" | tr ' ' '\n' | sort -n | tr '\n' ' ')"; }
ps() { case "$*" in "-eo ruid=") ps all | cut -d ' ' -f 3 ;; *) cat <<END
` + ps.String() + `$$ 1 0 1 sh
END
esac; }`
	writeBelow(t, dir, "/etc/subuid", "alice:100000:65536\n")
	writeBelow(t, dir, "/proc/uptime", "100000.25 90000.00\n")
	writeBelow(t, dir, "/run/"+b.Ends()+".since", "99000\n")
	events, failed := endProgram(t, b, dir, tools)
	if failed {
		t.Errorf("it failed: %s", events)
	}
	return events
}

// TestBreakGlassEndsSessions: what sudo runs for the subject goes, with all that it started, also where it has lost its
// environment and its parent; and nothing of others, of guests, of the system or of the program itself. A sudo that has
// begun its command is root's.
func TestBreakGlassEndsSessions(t *testing.T) {
	t.Parallel()
	var all []process
	var ends []string
	for i, processes := range [][]process{
		{ // below sudo
			{40, 1, 1001, "bash", "", "1001", aliceLogin, false}, {41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {42, 41, 0, "sudo", "", "1001", aliceLogin, true},
			{43, 42, 0, "bash", "1001", "1001", aliceLogin, true}, {44, 43, 0, "vi", "", "1001", aliceLogin, true},
			{50, 1, 1002, "bash", "", "1002", bobLogin, false}, {51, 50, 0, "sudo", "", "1002", bobLogin, false}, {52, 51, 0, "bash", "1002", "1002", bobLogin, false},
		},
		{ // a sudo that asks for the password
			{41, 1, 1001, "sudo", "", "", "/", true},
		},
		{ // without environment and login
			{40, 1, 1001, "sh", "", "", "/", false}, {41, 40, 0, "sudo", "", "", "/", true}, {42, 41, 0, "sudo", "", "", "/", true}, {43, 42, 0, "bash", "", "", "/", true},
		},
		{ // a sudo by another name, and one that was updated meanwhile
			{40, 1, 1001, "sh", "", "", "/", false}, {41, 40, 0, "link-to-sudo", "", "", "/", true}, {42, 41, 0, "bash", "", "", "/", true},
			{45, 40, 0, "sudo-of-before", "", "", "/", true}, {46, 45, 0, "bash", "", "", "/", true},
			{47, 40, 0, "su", "", "", "/", false}, {48, 47, 0, "bash", "", "", "/", false}, {49, 40, 0, "sudoreplay", "", "", "/", false},
		},
		{ // a sudo that lost its parent, by the login
			{41, 1, 0, "sudo", "", "1001", "/", true}, {42, 41, 0, "bash", "", "1001", "/", true},
		},
		{ // a sudo that lost its parent, by the cgroup
			{41, 1, 0, "sudo", "", "", aliceLogin, true}, {42, 41, 0, "bash", "", "", aliceLogin, true},
		},
		{ // a command that lost sudo and environment
			{60, 1, 0, "bash", "", "1001", aliceLogin, true}, {61, 60, 0, "vi", "", "1001", aliceLogin, true}, {62, 1, 0, "sleep", "", "1001", "/", true},
		},
		{ // a command that lost sudo
			{60, 1, 0, "sleep", "1001", "", "/", true}, {61, 1, 0, "sleep", "1002", "", "/", false}, {62, 1, 0, "sleep", "10011", "", "/", false},
		},
		{ // what leads a login
			{30, 1, 0, "sshd", "", "1001", aliceLogin, false}, {31, 1, 0, "login", "", "1001", aliceLogin, false}, {32, 31, 1001, "bash", "", "1001", aliceLogin, false}, {33, 1, 1001, "tmux", "", "1001", aliceLogin, false},
		},
		{ // what a su started before the access began, and after it
			{34, 1, 0, "old-tmux", "", "1001", aliceLogin, false}, {35, 34, 0, "zfs", "", "1001", aliceLogin, false}, {36, 1, 1003, "old-screen", "", "1001", "/", false}, {37, 1, 0, "new-tmux", "", "1001", "/", true},
		},
		{ // what a process of the subject took in, and what was begun by a program that is set to root
			{33, 1, 1001, "reaper", "", "1001", aliceLogin, false}, {34, 33, 0, "sh", "", "1001", aliceLogin, true}, {35, 34, 1001, "sleep", "", "1001", aliceLogin, true}, {36, 33, 0, "old-sh", "", "1001", aliceLogin, false},
			{37, 33, 1001, "su", "", "1001", aliceLogin, false}, {38, 37, 0, "bash", "", "1001", aliceLogin, false}, {39, 33, 0, "mount", "", "1001", aliceLogin, false},
			{40, 33, 33, "sh", "", "1001", aliceLogin, true}, {41, 33, 100005, "sh", "", "1001", aliceLogin, false}, {42, 1, 165535, "sh", "", "1001", aliceLogin, false}, {43, 1, 165536, "sh", "", "1001", aliceLogin, true},
		},
		{ // what has the name of a program that leads a login
			{33, 1, 0, "login2", "", "1001", aliceLogin, true},
		},
		{ // groups that only look like those of guests and services
			{40, 1, 1001, "systemd", "", "1001", "/user.slice/user-1001.slice/user@1001.service/init.scope", false},
			{41, 40, 0, "sudo", "", "1001", "/user.slice/user-1001.slice/user@1001.service/qemu.slice/run-1.scope", true}, {42, 41, 0, "bash", "", "1001", "/user.slice/user-1001.slice/user@1001.service/qemu.slice/run-1.scope", true},
			{43, 1, 0, "bash", "1001", "1001", "/user.slice/user-1001.slice/user@1001.service/x:/lxc/102", true}, {44, 1, 0, "bash", "1001", "1001", "/user.slice/user-1001.slice/user@1001.service/x:/system.slice/x.service", true},
		},
		{ // a job of cron that lost its sudo, and the daemon
			{60, 1, 0, "cmd", "1001", "1001", "/system.slice/cron.service", true}, {61, 1, 0, "cmd", "", "1001", "/system.slice/cron.service", true}, {62, 1, 0, "cron", "", "", "/system.slice/cron.service", false},
		},
		{ // guests
			{41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {43, 41, 0, "bash", "1001", "1001", aliceLogin, true},
			{70, 1, 0, "kvm", "1001", "1001", "/qemu.slice/100.scope", false}, {71, 43, 0, "kvm", "1001", "1001", "/qemu.slice/101.scope", false}, {72, 71, 0, "helper", "1001", "1001", "/qemu.slice/101.scope", false},
			{80, 1, 0, "lxc-start", "1001", "1001", "/lxc.monitor/102", false}, {81, 80, 100000, "systemd", "1001", "", "/lxc/102/ns/init.scope", false},
			{82, 81, 1001, "bash", "", "", "/lxc/102/ns/user.slice/user-1001.slice/session-1.scope", false}, {83, 82, 0, "sudo", "", "", "/lxc/102/ns/user.slice/user-1001.slice/session-1.scope", false},
			{84, 1, 0, "init", "1001", "", "/machine.slice/machine-x.scope", false},
		},
		{ // services that inherited
			{70, 1, 0, "pvedaemon", "1001", "", "/system.slice/pvedaemon.service", false}, {71, 70, 0, "pvedaemon", "1001", "", "/system.slice/pvedaemon.service", false},
			{41, 40, 0, "sudo", "", "1001", aliceLogin, true}, {72, 41, 0, "server", "1001", "1001", "/system.slice/run-r1.scope", false},
		},
		{ // a sudo that a service called
			{40, 1, 1001, "agent", "", "", "/system.slice/agent.service", false}, {41, 40, 0, "sudo", "", "", "/system.slice/agent.service", true}, {42, 41, 0, "sh", "", "", "/system.slice/agent.service", true},
			{70, 1, 0, "cron", "1001", "", "/system.slice/agent.service", false},
		},
	} {
		for _, p := range processes {
			p.pid += 100 * (i + 1) // all on one node, each case with a hundred of its own
			if p.parent > 1 {
				p.parent += 100 * (i + 1)
			}
			if all = append(all, p); p.ends {
				ends = append(ends, fmt.Sprint(p.pid))
			}
		}
	}
	for _, subject := range []string{"alice", "%ops"} {
		events := endedOf(t, subject, all)
		for _, want := range []string{"kill -TERM " + strings.Join(ends, " ") + " |", "kill -KILL " + strings.Join(ends, " ") + " |", fmt.Sprintf("ended %d processes of sudo", len(ends))} {
			if !strings.Contains(events, want) {
				t.Errorf("%s: %q is not in\n%s", subject, want, events)
			}
		}
	}
	if events := endedOf(t, "root", []process{{60, 1, 0, "sudo", "0", "0", "/", false}, {61, 1, 33, "www", "0", "0", "/", false}}); strings.Contains(events, "kill") {
		t.Errorf("of root: %s", events)
	}
}
