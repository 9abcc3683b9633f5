package node_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

const (
	wayIn  = "/etc/ssh/sshd_config.d/00-pvesec-x.conf"
	beside = "/etc/ssh/sshd_config.d/50-other.conf"
)

// pretendedSshd answers with the lines of the files it is given, in their order, as sshd does with -ddd; a line
// "broken" is a fault.
const pretendedSshd = `
conf=$PVESEC_TEST_ROOT/etc/ssh/sshd_config ask=
while [ $# -gt 0 ]; do case $1 in -f) conf=$2; shift ;; -C) ask=$2; shift ;; -t) check=1 ;; esac; shift; done
printf '%s\n' "${check:+check}$ask" >>"$PVESEC_TEST_ROOT/tmp/asked"
cd "${conf%/*}" || exit 1
if grep -q -e '^broken' "${conf%/*}/sshd_config.d"/*.conf; then echo "${conf%/*}/sshd_config.d/x.conf: line 1: Bad configuration option: broken" >&2; exit 255; fi
[ -z "$check" ] || exit 0
pass() { for f in "${conf%/*}/sshd_config.d"/*.conf; do n=0 match=0; while read -r word value; do n=$((n+1)); case $word in Match) match=0; [ "$value" != all ] || match=1; inside=1 ;; *) case $1:${inside-0}:$match in main:0:* | match:1:1) printf 'debug3: %s:%s setting %s %s\r\n' "$f" "$n" "$word" "$value" >&2 ;; esac ;; esac; done <"$f"; inside=0; done; }
pass main; printf 'debug2: parse_server_config_depth: config reprocess config len 1\r\n' >&2; pass match
cat "${conf%/*}/sshd_config.d"/*.conf | grep -v Match | tr A-Z a-z | head -n 1
echo authorizedkeysfile %h/.keys/%u
echo secret untold`

// sshdServer is a node whose sshd is pretended.
func sshdServer(t *testing.T, options nodetest.Options) (*nodetest.Server, *node.Pool) {
	t.Helper()
	s := nodetest.Start(t, options)
	s.Tool(t, "sshd", pretendedSshd)
	s.Tool(t, "ssh", `case "$*" in "-Q kex") printf 'one\ntwo\n' ;; *) exit 1 ;; esac`)
	s.Tool(t, "systemctl", `printf '%s\n' "$*" >>"$PVESEC_TEST_ROOT/tmp/systemctl"; case $1 in show) echo ActiveState=active ;; is-active) case $* in *ssh.socket*) exit 3 ;; esac; echo active ;; esac`)
	s.Write(t, "/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n", 0o644)
	s.Write(t, beside, "MaxAuthTries 9\nMatch User alice\nPermitTTY yes\n", 0o644)
	return s, newPool(t, s)
}

// TestAskSshd: sshd judges the configuration as it is, without the drop-in and with another text of it, and names the
// lines that it took. Nothing stays on the node.
func TestAskSshd(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := sshdServer(t, nodetest.Options{Shell: shell, Environment: []string{"SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 22"}})
			s.Write(t, wayIn, "MaxAuthTries 5\n", 0o600)
			seen, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{}, Files: []string{wayIn}})
			if err != nil {
				t.Fatal(err)
			}
			own := node.SshdConnection{User: "root", Host: "192.0.2.7", Address: "192.0.2.7", LocalAddress: "192.0.2.1", LocalPort: 22}
			if seen.Sshd.Own != own || !slices.Equal(seen.Sshd.Algorithms["kex"], []string{"one", "two"}) || len(seen.Sshd.AsIs) != 0 || string(seen.Files[wayIn].Content) != "MaxAuthTries 5\n" {
				t.Errorf("got %+v", seen.Sshd)
			}
			seen, err = p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{
				Connections: []node.SshdConnection{own, {User: "alice", Host: "desk", Address: "2001:db8::1", LocalAddress: "::1", LocalPort: 2222}},
				Path:        wayIn, Content: []byte("MaxAuthTries 3\n"), Keywords: []string{"maxauthtries", "permittty"},
			}})
			if err != nil {
				t.Fatal(err)
			}
			a := seen.Sshd
			for what, judged := range map[string]struct {
				got  []node.SshdJudgement
				want string
				file string
			}{"as it is": {a.AsIs, "5", wayIn}, "without": {a.Without, "9", beside}, "with": {a.With, "3", wayIn}} {
				if len(judged.got) != 2 || !slices.Equal(judged.got[1].Settings["maxauthtries"], []string{judged.want}) {
					t.Errorf("%s: got %+v", what, judged.got)
					continue
				}
				if first := judged.got[0].Lines[0]; first != (node.SshdLine{File: judged.file, Line: 1, Keyword: "maxauthtries", Value: judged.want}) {
					t.Errorf("%s: the first line is %+v", what, first)
				}
				if _, is := judged.got[0].Settings["secret"]; is {
					t.Errorf("%s: it tells what nobody asked for", what)
				}
			}
			if want := (node.SshdLine{File: beside, Line: 3, Keyword: "permittty", Value: "yes", InMatch: true}); !slices.Contains(a.Conditional, want) {
				t.Errorf("the Match blocks are %+v", a.Conditional)
			}
			if asked := s.Read(t, "tmp/asked"); !strings.Contains(asked, "user=alice,host=desk,addr=2001:db8::1,laddr=::1,lport=2222\n") {
				t.Errorf("asked for\n%s", asked)
			}
			if left, err := filepath.Glob(filepath.Join(s.Root, "run/*")); err != nil || len(left) != 0 {
				t.Errorf("left %q %v", left, err)
			}
			if s.Read(t, wayIn) != "MaxAuthTries 5\n" {
				t.Error("a question changed the file")
			}
		})
	}
}

// TestSshdThatCannotTell: an sshd that refuses its configuration or is not there is told, and an answer in parts is an
// error.
func TestSshdThatCannotTell(t *testing.T) {
	t.Parallel()
	s, p := sshdServer(t, nodetest.Options{})
	query := node.Query{Sshd: &node.SshdQuery{Connections: []node.SshdConnection{{User: "root", Host: "x", Address: "192.0.2.7", LocalAddress: "192.0.2.1", LocalPort: 22}}, Path: wayIn, Content: []byte("broken\n"), Keywords: []string{"maxauthtries"}}}
	seen, err := p.Observe(testContext(t), target("pve1", s), query)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Sshd.AsIs[0].Problem != "" || !strings.Contains(seen.Sshd.With[0].Problem, "/etc/ssh/sshd_config.d/x.conf: line 1: Bad configuration option") || strings.Contains(seen.Sshd.With[0].Problem, "/run/") {
		t.Errorf("got %+v", seen.Sshd)
	}
	if err := os.Remove(filepath.Join(s.Root, "etc/ssh/sshd_config")); err != nil {
		t.Fatal(err)
	}
	var cannot *node.ObserveError
	if _, err := p.Observe(testContext(t), target("pve1", s), query); !errors.As(err, &cannot) {
		t.Errorf("no configuration: %v", err)
	}
	none := nodetest.Start(t, nodetest.Options{Without: []string{"sshd"}})
	if seen, err := newPool(t, none).Observe(testContext(t), target("pve2", none), query); err != nil || !seen.Sshd.Missing {
		t.Errorf("no sshd: %v", err)
	}
	for _, c := range []node.SshdConnection{
		{User: "root,addr=1.2.3.4", Host: "x", Address: "192.0.2.7", LocalAddress: "::1", LocalPort: 22}, {User: "root", Host: "x,y", Address: "192.0.2.7", LocalAddress: "::1", LocalPort: 22},
		{User: "root", Host: "x", Address: "desk", LocalAddress: "::1", LocalPort: 22}, {User: "root", Host: "x", Address: "192.0.2.7", LocalAddress: "::1", LocalPort: 0}, {User: "-x", Host: "x", Address: "192.0.2.7", LocalAddress: "::1", LocalPort: 22},
	} {
		if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{Path: wayIn, Connections: []node.SshdConnection{c}}}); err == nil {
			t.Errorf("%+v is asked for", c)
		}
	}
	if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{Path: "/etc/passwd", Connections: query.Sshd.Connections}}); err == nil {
		t.Error("any file is a drop-in")
	}
}

// TestSshdIsNotStopped: an sshd that would not start with its configuration is neither reloaded nor restarted. A change
// that adds something does not come about then, one that takes a file away does.
func TestSshdIsNotStopped(t *testing.T) {
	t.Parallel()
	s, p := sshdServer(t, nodetest.Options{})
	owner, group := me(t)
	change := node.Change{Target: target("pve1", s), Label: "the policy", RestartServices: []string{"ssh.service"}, Files: []node.File{{Path: wayIn, Content: []byte("MaxAuthTries 3\n"), Mode: 0o600, Owner: owner, Group: group, Validate: node.Sshd}}}
	acted := func() string {
		var acts []string
		for line := range strings.Lines(strings.TrimPrefix(s.Read(t, "tmp/systemctl"), "(absent)")) {
			if word, _, _ := strings.Cut(line, " "); (word == "restart" || word == "reload" || word == "stop") && strings.Contains(line, "ssh.service") {
				acts = append(acts, word)
			}
		}
		return strings.Join(acts, " ")
	}
	if err := p.Apply(testContext(t), []node.Change{change}, nil); err != nil {
		t.Fatal(err)
	}
	if s.Read(t, wayIn) != "MaxAuthTries 3\n" || acted() != "restart" {
		t.Errorf("the node has %q and did %q", s.Read(t, wayIn), acted())
	}
	s.Write(t, beside, "broken\n", 0o644)
	change.Files[0].Content = []byte("MaxAuthTries 2\n")
	if err := p.Apply(testContext(t), []node.Change{change}, nil); err == nil || !strings.Contains(err.Error(), "Bad configuration option") {
		t.Errorf("got %v", err)
	}
	if s.Read(t, wayIn) != "MaxAuthTries 3\n" || acted() != "restart" {
		t.Errorf("after a change that was refused the node has %q and did %q", s.Read(t, wayIn), acted())
	}
	change.Files[0].Kind, change.Files[0].Content = node.Absent, nil
	var said []string
	if err := p.Apply(testContext(t), []node.Change{change}, func(_, step string) { said = append(said, step) }); err != nil {
		t.Error(err)
	}
	if s.Read(t, wayIn) != "(absent)" || acted() != "restart" || !strings.Contains(strings.Join(said, "\n"), "ssh.service was not reloaded and runs on with what it read before") {
		t.Errorf("after a removal the node has %q and did %q; said %q", s.Read(t, wayIn), acted(), said)
	}
}

// TestAskSshdGone: other drop-ins count as gone where they are told, but not in the configuration in use. The node
// tells its addresses, and whether sshd has read its files since they changed.
func TestAskSshdGone(t *testing.T) {
	t.Parallel()
	s, p := sshdServer(t, nodetest.Options{})
	s.Tool(t, "hostname", `[ "$1" = -I ] || { echo pve1; exit 0; }; echo "192.0.2.1 2001:db8::1 "`)
	ask := func(gone ...string) *node.SshdAnswer {
		t.Helper()
		seen, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{
			Connections: []node.SshdConnection{{User: "root", Host: "x", Address: "192.0.2.7", LocalAddress: "192.0.2.1", LocalPort: 22}}, Path: wayIn, Content: []byte("PermitTTY yes\n"), Gone: gone, Keywords: []string{"maxauthtries"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return seen.Sshd
	}
	if a := ask(); len(a.Without[0].Lines) == 0 || len(a.With[0].Lines) == 0 {
		t.Errorf("got %+v", a)
	}
	if a := ask(beside); len(a.AsIs[0].Lines) == 0 || len(a.Without[0].Lines) != 0 || len(a.With[0].Lines) != 0 {
		t.Errorf("got %+v", a)
	}
	before := strings.Count(s.Read(t, "tmp/asked"), "user=root,host=x,")
	bare, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{
		Connections: []node.SshdConnection{{User: "root", Host: "x", Address: "192.0.2.7", LocalAddress: "192.0.2.1", LocalPort: 22}}, Path: wayIn, Bare: true, Keywords: []string{"maxauthtries", "permittty"},
	}})
	if err != nil || len(bare.Sshd.AsIs) != 0 || len(bare.Sshd.With) != 0 || len(bare.Sshd.Without) != 1 || len(bare.Sshd.Conditional) == 0 {
		t.Errorf("of what is without the drop-in it tells %+v %v", bare, err)
	}
	if asked := strings.Count(s.Read(t, "tmp/asked"), "user=root,host=x,") - before; asked != 1 {
		t.Errorf("sshd was asked %d times", asked)
	}
	if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{Gone: []string{"/etc/ssh/sshd_config.d/x'y.conf"}}}); err == nil {
		t.Error("any text is a drop-in that is gone")
	}
	for since, c := range map[string]struct {
		service, socket string
		unread          bool
	}{
		"Fri 2100-01-01 00:00:00.000000 UTC": {"active", "inactive", false},
		"Sat 2000-01-01 00:00:00.000000 UTC": {"active", "inactive", true},
		"":                                   {"active", "active", true},
		"Sat 2000-01-01 00:00:01.000000 UTC": {"inactive", "active", false},
		"Sat 2000-01-01 00:00:02.000000 UTC": {"inactive", "inactive", true},
	} {
		s.Tool(t, "systemctl", `for unit; do :; done
case $1:$unit in is-active:ssh.service) echo `+c.service+`; [ `+c.service+` = active ] ;; is-active:*) echo `+c.socket+`; [ `+c.socket+` = active ] ;; show:*) echo "`+since+`" ;; esac`)
		seen, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: &node.SshdQuery{}})
		if err != nil || seen.Sshd.Unread != c.unread || !slices.Equal(seen.Sshd.Addresses, []string{"192.0.2.1", "2001:db8::1"}) {
			t.Errorf("%q %+v: got %+v %v", since, c, seen.Sshd, err)
		}
	}
}

// TestSshdPasswords: a password that is locked, or is none, lets nobody in, and what cannot be looked up is none. The
// hash stays on the node.
func TestSshdPasswords(t *testing.T) {
	t.Parallel()
	s, p := sshdServer(t, nodetest.Options{})
	s.Tool(t, "getent", `case "$1:$2" in
shadow:open) echo 'open:$y$j9T$hash:20000:0:99999:7:::' ;;
shadow:locked) echo 'locked:!$y$j9T$hash:20000:0:99999:7:::' ;;
shadow:never) echo 'never:*:20000:0:99999:7:::' ;;
shadow:empty) echo 'empty::20000:0:99999:7:::' ;;
*) exit 2 ;;
esac`)
	query := &node.SshdQuery{Path: wayIn, Content: []byte("MaxAuthTries 3\n"), Keywords: []string{"maxauthtries"}}
	users := []string{"open", "locked", "never", "empty", "nobody-there"}
	for _, user := range users {
		query.Connections = append(query.Connections, node.SshdConnection{User: user, Host: "x", Address: "192.0.2.7", LocalAddress: "192.0.2.1", LocalPort: 22})
	}
	seen, err := p.Observe(testContext(t), target("pve1", s), node.Query{Sshd: query})
	if err != nil {
		t.Fatal(err)
	}
	for i, user := range users {
		if want := user == "open"; seen.Sshd.AsIs[i].Password != want || seen.Sshd.With[i].Password != want {
			t.Errorf("%s: as it is %v, with the text %v", user, seen.Sshd.AsIs[i].Password, seen.Sshd.With[i].Password)
		}
	}
}

// TestSshdThatIsOff: an ssh.service that does not run is not started. Without a socket that starts an sshd for each
// connection nothing reads the change, so that one that adds something fails, and one that takes a file away does not.
func TestSshdThatIsOff(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // of this process, as a socket of systemd is of the service
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for name, c := range map[string]struct {
		service, socket string
		pid             int
		fails           bool
		acts            string
	}{
		"another unit runs it":     {"inactive", "inactive", 0, true, ""},
		"a socket":                 {"inactive", "active", 0, false, ""},
		"a socket and a service":   {"active", "active", os.Getpid(), false, "restart"}, // it would listen on the same socket after a reload
		"a service that fell over": {"failed", "inactive", 0, false, "restart"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := sshdServer(t, nodetest.Options{})
			s.Tool(t, "systemctl", `printf '%s\n' "$*" >>"$PVESEC_TEST_ROOT/tmp/systemctl"
state() { case $1 in ssh.service) if [ -e "$PVESEC_TEST_ROOT/tmp/up" ]; then echo active; else echo `+c.service+`; fi ;; ssh.socket) echo `+c.socket+` ;; *) echo active ;; esac; }
for unit; do :; done
case $1 in
show) case $* in *MainPID*) echo `+strconv.Itoa(c.pid)+` ;; *) echo "ActiveState=$(state "$unit")" ;; esac ;;
is-active) now=$(state "$unit"); echo "$now"; [ "$now" = active ] || exit 3 ;;
restart | start) : >"$PVESEC_TEST_ROOT/tmp/up" ;;
esac`)
			owner, group := me(t)
			change := node.Change{
				Target: target("pve1", s), Label: "the policy", RestartServices: []string{"ssh.service"}, RequireActive: []string{"ssh.service"},
				Files: []node.File{{Path: wayIn, Content: []byte("MaxAuthTries 3\n"), Mode: 0o600, Owner: owner, Group: group, Validate: node.Sshd}},
			}
			acted := func() string {
				var acts []string
				for line := range strings.Lines(strings.TrimPrefix(s.Read(t, "tmp/systemctl"), "(absent)")) {
					if word, _, _ := strings.Cut(line, " "); word == "restart" || word == "start" || word == "reload" {
						acts = append(acts, word)
					}
				}
				return strings.Join(acts, " ")
			}
			err := p.Apply(testContext(t), []node.Change{change}, nil)
			if (err != nil) != c.fails || acted() != c.acts {
				t.Errorf("got %v, and it did %q", err, acted())
			}
			if c.fails && (!strings.Contains(err.Error(), "ssh.service") || s.Read(t, wayIn) != "(absent)") {
				t.Errorf("got %v, and the node has %q", err, s.Read(t, wayIn))
			}
			s.Write(t, wayIn, "MaxAuthTries 3\n", 0o600)
			gone := change
			gone.RequireActive, gone.Files = nil, []node.File{{Path: wayIn, Kind: node.Absent}}
			if err := p.Apply(testContext(t), []node.Change{gone}, nil); err != nil || s.Read(t, wayIn) != "(absent)" {
				t.Errorf("a removal: %v", err)
			}
			if c.service == "inactive" && acted() != "" {
				t.Errorf("it did %q", acted())
			}
		})
	}
}
