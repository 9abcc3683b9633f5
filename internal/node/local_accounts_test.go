package node_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// accountFiles gives a node the files of its accounts, and stand-ins for sshd and for setpriv, which runs the command
// as the user of the test.
func accountFiles(t *testing.T, s *nodetest.Server, passwd string) {
	t.Helper()
	s.Write(t, "etc/passwd", passwd, 0o644)
	s.Write(t, "etc/group", "root:x:0:\nagent:x:1000:\nnight:x:1001:\n", 0o644)
	s.Write(t, "etc/shadow", "root:*:19000:0:99999:7:::\nagent:$y$j9T$secret:19000:0:99999:7::30000:\nagent:!:19000:0:99999:7:::\nnight:!:19000:0:99999:7:::\n", 0o600)
	s.Tool(t, "sshd", "echo authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2")
	asUser(t, s, "")
}

// asUser puts a stand-in for setpriv on the path. before is run first, with the user id in $uid.
func asUser(t *testing.T, s *nodetest.Server, before string) {
	t.Helper()
	s.Tool(t, "setpriv", `while [ "$1" != -- ]; do [ "$1" != --reuid ] || uid=$2; shift; done; shift
`+before+`
exec "$@"`)
}

const (
	rootEntry  = "root:x:0:0:root:/root:/bin/bash\n"
	agentEntry = "agent:x:1000:1000:Agent:/home/agent:/bin/bash\n"
	nightEntry = "night:x:1001:1001::/home/night:/bin/sh\n"
)

func localAccounts(t *testing.T, s *nodetest.Server, only string) (map[string]node.LocalAccount, error) {
	t.Helper()
	o, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{LocalAccounts: true, OnlyAccount: only})
	if err != nil {
		return nil, err
	}
	return o.LocalAccounts, nil
}

// TestLocalAccountsProof: only a whole answer proves that an account is not there. Who believes an empty one forgets
// the accounts that it made.
func TestLocalAccountsProof(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ passwd, says string }{
		"empty":                 {"", "has no entry of root"},
		"without root":          {agentEntry, "has no entry of root"},
		"root is another":       {"root:x:1:0::/root:/bin/sh\n" + agentEntry, "has no entry of root"},
		"cut off":               {rootEntry + "age", "a line that is no entry"},
		"too few fields":        {rootEntry + "agent:x:1000:1000\n", "account agent: its entry in /etc/passwd has 4 fields"},
		"user id is no number":  {rootEntry + "agent:x:a:1000::/home/agent:/bin/sh\n", "account agent: its entry in /etc/passwd has a user or group id that is no number"},
		"group id is no number": {rootEntry + "agent:x:1000:::/home/agent:/bin/sh\n", "account agent: its entry in /etc/passwd has a user or group id that is no number"},
		"blanks":                {rootEntry + " agent:x:1000:1000::/home/agent:/bin/sh\n", "blanks"},
		"file is gone":          {"-", "files of accounts cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			accountFiles(t, s, c.passwd)
			if c.passwd == "-" {
				s.Tool(t, "sed", `case $* in */passwd) exit 1 ;; esac; exec /usr/bin/sed "$@"`)
			}
			got, err := localAccounts(t, s, "agent")
			var observe *node.ObserveError
			if !errors.As(err, &observe) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %v, want an error that says %q", got, err, c.says)
			}
			// Who asks for all is told of the one that cannot be read, and not that it is gone.
			if all, err := localAccounts(t, s, ""); err == nil && all["agent"].Problem == "" {
				t.Errorf("all are %+v", all)
			}
		})
	}
	s := nodetest.Start(t, nodetest.Options{})
	accountFiles(t, s, rootEntry+"# a comment\n#old:$y$j9T$secret:1005:1005::/:/bin/sh\n\n"+agentEntry+"agent:x:0:0::/root:/bin/sh\nbroken:x\n+nisuser::::::\n")
	all, err := localAccounts(t, s, "")
	if err != nil {
		t.Fatal(err)
	}
	if a := all["agent"]; a.UID != 1000 || a.Problem != "" || a.Password != node.PasswordSet || a.Expires != 30000 || a.Looks != "1000:1000:Agent:/home/agent:/bin/bash:" {
		t.Errorf("of two entries the first counts: %+v", a)
	}
	if all["broken"].Problem == "" || all["root"].Problem != "" {
		t.Errorf("got %+v", all)
	}
	for name := range all {
		if strings.ContainsAny(name, "#+") || name == "" {
			t.Errorf("%q is no account", name)
		}
	}
	if _, err := localAccounts(t, s, "agent"); err != nil {
		t.Errorf("the broken entry of another: %v", err)
	}
	if one, err := localAccounts(t, s, "nobody-here"); err != nil || one["nobody-here"].Name != "" {
		t.Errorf("absent: %+v %v", one["nobody-here"], err)
	}
}

// TestLocalAccountsUnseen: what a user, or root, cannot look at is not known. It is not absent by that.
func TestLocalAccountsUnseen(t *testing.T) {
	t.Parallel()
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k agent@example\n\n"
	prepared := func(t *testing.T) *nodetest.Server {
		t.Helper()
		s := nodetest.Start(t, nodetest.Options{})
		accountFiles(t, s, rootEntry+agentEntry+nightEntry)
		s.Write(t, "home/agent/.ssh/authorized_keys", key, 0o644)
		s.Write(t, "home/night/.ssh/authorized_keys2", key, 0o644)
		return s
	}
	s := prepared(t)
	all, err := localAccounts(t, s, "")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(key))
	agent, night := all["agent"], all["night"]
	if got := agent.Keys["authorized_keys"]; string(got.Content) != key || got.Problem != "" || got.Sum() != hex.EncodeToString(sum[:]) || agent.HomeState.Type != node.TypeDirectory || agent.HomeProblem != "" {
		t.Errorf("agent %+v", agent)
	}
	if agent.Keys["authorized_keys2"].Sum() != node.AbsentAccount || night.Keys["authorized_keys"].Exists || string(night.Keys["authorized_keys2"].Content) != key {
		t.Errorf("agent %+v, night %+v", agent, night)
	}
	for name, before := range map[string]string{
		"hidden":             `case $uid:$1 in 1001:*) set -- /bin/sh -c 'for f; do echo "stat: cannot statx $f: Permission denied"; done' sh "$5" "$6" ;; esac`,
		"ended by its user":  `[ "$uid" != 1001 ] || exit 137`,
		"ended in the midst": `case $uid:$1 in 1001:*) echo "stat: cannot statx 'x': No such file or directory"; exit 137 ;; esac`,
		"not readable":       `case $uid:$1 in 1001:dd) exit 1 ;; esac`,
		"takes too long":     `[ "$uid" != 1001 ] || exec sleep 1000`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepared(t)
			asUser(t, s, before)
			o, err := impatient(t, s).Observe(testContext(t), target("pve1", s), node.Query{LocalAccounts: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := o.LocalAccounts["night"].Keys["authorized_keys2"]; !got.Exists || got.Problem == "" || got.Sum() != "" {
				t.Errorf("%+v counts as known", got)
			}
			if got := o.LocalAccounts["agent"].Keys["authorized_keys"]; string(got.Content) != key {
				t.Errorf("the other account has %+v", got)
			}
		})
	}
	// Nobody waits for a process of the user that no signal ends, such as one in a file system that he serves himself,
	// or for what it leaves behind with its output open.
	for name, stand := range map[string]func(*nodetest.Server){
		"keeps its output open": func(s *nodetest.Server) { asUser(t, s, `[ "$uid" != 1001 ] || sleep 1000 &`) },
		"beyond every signal": func(s *nodetest.Server) {
			s.Tool(t, "timeout", `case $* in *' setpriv --reuid 1001 '*) exec sleep 1000 ;; esac; exec /usr/bin/timeout "$@"`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepared(t)
			stand(s)
			o, err := impatient(t, s).Observe(testContext(t), target("pve1", s), node.Query{LocalAccounts: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := o.LocalAccounts["night"].Keys["authorized_keys2"]; !got.Exists || got.Problem == "" || got.Sum() != "" {
				t.Errorf("%+v counts as known", got)
			}
			if got := o.LocalAccounts["agent"].Keys["authorized_keys"]; string(got.Content) != key {
				t.Errorf("the other account has %+v", got)
			}
		})
	}
	for name, stat := range map[string]string{
		"home hidden":         `echo "stat: cannot statx '$4': Permission denied" >&2; exit 1`,
		"home takes too long": "exec sleep 1000",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepared(t)
			s.Tool(t, "stat", `case $* in -c*/home/night*) `+stat+` ;; esac; exec /usr/bin/stat "$@"`)
			o, err := impatient(t, s).Observe(testContext(t), target("pve1", s), node.Query{LocalAccounts: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := o.LocalAccounts["night"]; got.HomeProblem == "" || got.HomeState.Exists {
				t.Errorf("home %+v, problem %q", got.HomeState, got.HomeProblem)
			}
			if got := o.LocalAccounts["agent"]; got.HomeProblem != "" || !got.HomeState.Exists {
				t.Errorf("the other home %+v, problem %q", got.HomeState, got.HomeProblem)
			}
		})
	}
	without := nodetest.Start(t, nodetest.Options{})
	accountFiles(t, without, rootEntry+agentEntry)
	if all, err := localAccounts(t, without, ""); err != nil || all["agent"].HomeProblem != "" || all["agent"].HomeState.Exists || len(all["agent"].Keys) != 0 {
		t.Errorf("no home: %+v %v", all["agent"], err)
	}
}

// TestUsersInput: what runs as a user gets nothing of the session. The rest of the program is in it, with hashes and
// keys.
func TestUsersInput(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	accountFiles(t, s, rootEntry+agentEntry)
	s.Write(t, "home/agent/.ssh/authorized_keys", "# none\n", 0o644)
	asUser(t, s, `echo ran >>"$PVESEC_TEST_ROOT/tmp/ran"; cat >>"$PVESEC_TEST_ROOT/tmp/stolen"; for fd in 3 4 7 8 9; do [ ! -e /proc/self/fd/$fd ] || echo "fd $fd" >>"$PVESEC_TEST_ROOT/tmp/stolen"; done`)
	all, err := localAccounts(t, s, "")
	if err != nil || string(all["agent"].Keys["authorized_keys"].Content) != "# none\n" {
		t.Errorf("%+v %v", all["agent"], err)
	}
	if ran, stolen := s.Read(t, "tmp/ran"), s.Read(t, "tmp/stolen"); strings.Count(ran, "ran") < 2 || stolen != "" {
		t.Errorf("%q ran and read %q", ran, stolen)
	}
}

// TestUserIDs: an entry whose user or group id is another one in disguise makes root do nothing as that user.
func TestUserIDs(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	accountFiles(t, s, rootEntry+"a:x:0000:0000::/home/agent:/bin/sh\nb:x:4294967295:1000::/home/agent:/bin/sh\nc:x:1000:4294967295::/home/agent:/bin/sh\nd:x:65534:65534::/home/agent:/bin/sh\n"+
		"e:x:1002:8589934591::/home/agent:/bin/sh\nf:x:18446744073709551616:1000::/home/agent:/bin/sh\ng:x:01000:1000::/home/agent:/bin/sh\n"+agentEntry)
	s.Write(t, "home/agent/.ssh/authorized_keys", "# none\n", 0o644)
	asUser(t, s, `echo "$uid" >>"$PVESEC_TEST_ROOT/tmp/ran"`)
	all, err := localAccounts(t, s, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(s.Read(t, "tmp/ran")) {
		if line != "1000" {
			t.Errorf("ran as the user id %s", line)
		}
	}
	if len(all["agent"].Keys) != 1 || all["c"].Keys["authorized_keys"].Problem == "" || all["e"].Keys["authorized_keys"].Problem == "" {
		t.Errorf("got %+v", all)
	}
}

// TestLocalAccountsOnce: five hundred accounts cost one login and one look at each node, in a plan that refreshes them
// at once and in what comes after. Only a look for one account asks anew.
func TestLocalAccountsOnce(t *testing.T) {
	t.Parallel()
	servers := map[string]*nodetest.Server{}
	var all []*nodetest.Server
	for _, name := range []string{"pve1", "pve2", "pve3"} {
		s := nodetest.Start(t, nodetest.Options{})
		accountFiles(t, s, rootEntry+agentEntry+nightEntry)
		servers[name], all = s, append(all, s)
	}
	p := newPool(t, all...)
	look := func() {
		var wait sync.WaitGroup
		for range 500 {
			for name, s := range servers {
				wait.Go(func() {
					if o, err := p.Observe(testContext(t), target(name, s), node.Query{LocalAccounts: true}); err != nil || o.LocalAccounts["night"].UID != 1001 {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
		}
		wait.Wait()
	}
	look()
	look()
	costs := func(want int) {
		t.Helper()
		for name, s := range servers {
			if handshakes, sessions, _ := s.Counts(); handshakes != 1 || sessions != want {
				t.Errorf("%s: %d logins and %d looks, want 1 and %d", name, handshakes, sessions, want)
			}
		}
	}
	costs(1)
	for name, s := range servers {
		if _, err := p.Observe(testContext(t), target(name, s), node.Query{LocalAccounts: true, OnlyAccount: "night"}); err != nil {
			t.Error(err)
		}
	}
	look()
	costs(2)
}
