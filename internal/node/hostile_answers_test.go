package node_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestHostileAnswers: what stands in the files and accounts of a node, and what its tools print, brings no hidden
// character into what is observed or told.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	const bad = "a\x1b[2K\u009b2J\u202eb\u2066c\u200bd\x7f"
	s := nodetest.Start(t, nodetest.Options{})
	fakes(t, s)
	s.Write(t, "etc/sudoers.d/agent", "old\n", 0o440)
	s.Write(t, "etc/os-release", "ID=debian\nVERSION_ID=\""+bad+"\"\n", 0o644)
	s.Write(t, "proc/sys/kernel/hostname", bad+"\n", 0o644)
	s.Write(t, "etc/tree/"+bad, "", 0o644)
	s.Tool(t, "hostname", "echo '"+bad+"'")
	s.Tool(t, "sudo", "echo 'Sudo version "+bad+"'")
	s.Tool(t, "getent", `case $1 in passwd) echo 'agent:x:1000:1000:`+bad+`:/home/`+bad+`:/bin/`+bad+`' ;; *) echo '`+bad+`:x:1000:' ;; esac`)
	s.Tool(t, "id", `case $* in "-G agent") echo 1000 ;; *) exec /usr/bin/id "$@" ;; esac`)
	s.Tool(t, "systemctl", "echo 'ActiveState="+bad+"'")
	p := newPool(t, s)
	o, err := p.Observe(testContext(t), target("pve1", s), node.Query{Trees: []string{"/etc/tree"}, Accounts: []string{"agent"}, Services: []string{"ssh"}})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{fmt.Sprint(o.Facts), fmt.Sprint(o.Accounts), fmt.Sprint(o.Services)}
	for name, script := range map[string]string{
		"visudo": "echo '" + bad + "'; exit 1", "rsyslogd": `[ "$2" != -f ] || { echo '` + bad + `' >&2; exit 1; }`, "logrotate": `echo "error: $2:1 ` + bad + `"; exit 1`,
	} {
		s.Tool(t, name, script)
	}
	for _, f := range []node.File{
		sudoers("/etc/sudoers.d/agent", "new\n"),
		{Path: "/etc/rsyslog.d/x.conf", Content: []byte("x"), Mode: 0o644, Validate: node.Rsyslog},
		{Path: "/etc/logrotate.d/x", Content: []byte("x"), Mode: 0o644, Validate: node.Logrotate},
	} {
		var told []string
		err := p.Apply(testContext(t), alone(t, s, f), func(_, step string) { told = append(told, step) })
		if err == nil {
			t.Errorf("%s was installed", f.Path)
			continue
		}
		shown = append(append(shown, told...), err.Error())
	}
	for _, text := range shown {
		if strings.ContainsAny(text, "\x1b\u009b\u202e\u2066\u200b\x7f") {
			t.Errorf("hidden characters in %q", text)
		}
	}
	if all := strings.Join(shown, ""); strings.Count(all, `\x1b[2K`) < 8 {
		t.Errorf("only %d of the texts came through: %q", strings.Count(all, `\x1b[2K`), all)
	}
	// Before a login: the banner.
	locked := nodetest.Start(t, nodetest.Options{Banner: "Welcome" + bad + "\nError: all is well\n"})
	cfg := node.Config{PrivateKey: s.PrivateKey, KnownHosts: locked.KnownHosts}
	if _, err := poolOf(t, cfg).Observe(testContext(t), target("pve1", locked), node.Query{}); err == nil || strings.ContainsAny(err.Error(), "\x1b\u009b\u202e") || strings.Contains(err.Error(), "\nError:") {
		t.Errorf("got %q", err)
	}
}
