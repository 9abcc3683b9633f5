package hardening

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

var trixieAlgorithms = map[string][]string{
	"cipher":            {"3des-cbc", "aes128-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"},
	"mac":               {"hmac-sha1", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"},
	"kex":               {"curve25519-sha256", "ecdh-sha2-nistp256", "mlkem768x25519-sha256", "sntrup761x25519-sha512", "diffie-hellman-group14-sha1"},
	"HostKeyAlgorithms": {"ssh-rsa", "ssh-ed25519", "rsa-sha2-512"},
}

func TestSshdPolicyText(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{
		Name: "ops", Strict: true, Settings: map[string]string{"permit_root_login": "no", "password_authentication": "no", "allow_users": "alice bob@192.0.2.*"},
		Matches: []SshdMatch{{Users: []string{"agent", "!agent2"}, Addresses: []string{"192.0.2.0/24"}, Settings: map[string]string{"force_command": `/usr/bin/id "-u" # all`, "permit_tty": "no"}}},
	}
	text, err := p.Render(trixieAlgorithms, []string{"10.0.0.1", "10.0.0.2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `# Managed by Terraform: pvesec_sshd_policy "ops".
# A change made here is shown as drift and undone by the next apply.
PermitRootLogin no
PasswordAuthentication no
AllowUsers alice bob@192.0.2.*
# Algorithms: crypto_profile = "strict", as far as this node has them.
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-ctr
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
KexAlgorithms mlkem768x25519-sha256,sntrup761x25519-sha512,curve25519-sha256
HostKeyAlgorithms ssh-ed25519,rsa-sha2-512
# Cluster: root comes from the other nodes with a key.
Match User root Address 10.0.0.1,10.0.0.2
	PermitRootLogin prohibit-password
	AllowUsers root
Match User agent,!agent2 Address 192.0.2.0/24
	PermitTTY no
	ForceCommand /usr/bin/id "-u" # all
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	back, err := ParseSshdPolicy("ops", text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := back.Render(trixieAlgorithms, []string{"10.0.0.1", "10.0.0.2"}, nil); err != nil || again != text {
		t.Errorf("what was read back is %v\n%s", err, again)
	}
	for _, networks := range [][]string{{}, {"10.9.0.0/16"}} {
		p.ClusterNetworks = networks
		text, err := p.Render(trixieAlgorithms, []string{"10.0.0.1"}, nil)
		if err != nil || strings.Contains(text, "10.0.0.1") || strings.Contains(text, "Match User root") != (len(networks) > 0) {
			t.Errorf("%q: %v\n%s", networks, err, text)
		}
	}
	if _, err := p.Render(map[string][]string{"cipher": {"3des-cbc"}}, nil, nil); err == nil {
		t.Error("a node without a strong cipher takes the strict profile")
	}
}

// TestSshdPolicyOpensNothingByItself: where the policy leaves root and its tools alone, the cluster needs no block.
func TestSshdPolicyOpensNothingByItself(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"password_authentication": "no", "permit_root_login": "prohibit-password", "max_auth_tries": "3"}}
	if text, err := p.Render(nil, []string{"10.0.0.1"}, nil); err != nil || strings.Contains(text, "Match") {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestSshdClusterBlock: a match block narrows root of other nodes only where it can be about root.
func TestSshdClusterBlock(t *testing.T) {
	t.Parallel()
	for users, kept := range map[string]bool{"agent": false, "": true, "r*": true, "*,!root": false, "agent,root": true} {
		match := SshdMatch{Addresses: []string{"10.0.0.0/8"}, Settings: map[string]string{"force_command": "/bin/true"}}
		if users != "" {
			match.Users = strings.Split(users, ",")
		}
		text, err := SshdPolicy{Name: "ops", Matches: []SshdMatch{match}}.Render(nil, []string{"10.0.0.1"}, nil)
		if err != nil || strings.Contains(text, "ForceCommand none") != kept {
			t.Errorf("%q: %v\n%s", users, err, text)
		}
	}
}

// TestSshdValuesStayWhereTheyAre: no value can be a second line, a second value, a comment or a criterion.
func TestSshdValuesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	bad := []string{"a\nPermitRootLogin yes", "a\rb", "a b", "a,b", "a#b", `a"b`, "a\tb", "a=b", "", "a\x00b", "a\u2028b", "a\\b", "-x"}
	for _, text := range bad {
		for name, check := range map[string]func(string) error{
			"pattern": CheckSshdPattern, "group": CheckSshdGroup, "user": CheckSshdAllowedUser, "address": CheckSshdAddress, "match address": CheckSshdMatchAddress, "algorithm": CheckSshdAlgorithm,
			"source": CheckSshdSource, "connection": node.CheckSshdUser, "host": node.CheckSshdHost,
		} {
			if name == "host" && text == "-x" {
				continue
			}
			if check(text) == nil {
				t.Errorf("%s takes %q", name, text)
			}
		}
	}
	for _, text := range []string{"a\nb", "a\rb", " a", "a ", "", "none", "None", `a "b`, "a 'b", "a\x00b", "a\u2028b", strings.Repeat("a", 1001)} {
		if CheckSshdCommand(text) == nil {
			t.Errorf("a forced command may be %q", text)
		}
	}
	for _, text := range []string{"/usr/bin/id", `/usr/bin/sh -c "echo 'a'" # b`, "internal-sftp -R"} {
		if err := CheckSshdCommand(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"192.0.2.1/24", "2001:db8::1/32", "192.0.2.256", "10.0.0.0/33", "fe80::1%eth0"} {
		if CheckSshdAddress(text) == nil {
			t.Errorf("an address may be %q", text)
		}
	}
	for _, text := range []string{"+aes128-ctr", "-aes128-ctr", "^aes128-ctr", "*"} {
		if CheckSshdAlgorithm(text) == nil {
			t.Errorf("an algorithm may be %q", text)
		}
	}
	for attribute, value := range map[string]string{
		"permit_root_login": "maybe", "password_authentication": "true", "max_auth_tries": "3 # x", "allow_users": "a  b", "allow_groups": "a@b", "ciphers": "a,,b", "force_command": "a\nb", "unheard_of": "1",
	} {
		if (SshdPolicy{Name: "x", Settings: map[string]string{attribute: value}}).Check() == nil {
			t.Errorf("%s may be %q", attribute, value)
		}
	}
	if (SshdPolicy{Name: "x", Matches: []SshdMatch{{Settings: map[string]string{"permit_tty": "no"}}}}).Check() == nil {
		t.Error("a match block may be about nobody")
	}
}

func TestSshdPatterns(t *testing.T) {
	t.Parallel()
	at := node.SshdConnection{User: "alice", Host: "Desk.example.org", Address: "192.0.2.7"}
	for pattern, want := range map[string]bool{
		"alice": true, "al*": true, "a?ice": true, "*": true, "a*e": true, "alic": false, "alice2": false, "*x": false, "a?": false, "": false,
		"alice@192.0.2.7": true, "alice@192.0.2.*": true, "alice@192.0.2.0/24": true, "alice@198.51.100.0/24": false, "alice@desk.example.org": true, "bob@192.0.2.7": false, "*@192.0.2.?": true,
		"alice@192.0.2.0/24,!192.0.2.7": false, "alice@!192.0.2.7,192.0.2.0/24": false, "alice@198.51.100.0/24,192.0.2.0/24": true, "alice@198.51.100.0/24,203.0.113.0/24": false, "alice@!198.51.100.0/24,*": true,
		"alice@!192.0.2.0/24,*": false, "alice@!desk.example.org,*": false, "alice@!other.example.org,*.example.org": true, "alice@!198.51.100.0/24": false, "alice@192.0.2.0/24,*.example.org": true, "bob@!198.51.100.0/24,*": false,
	} {
		if got := matchesUser(pattern, at, false); got != want {
			t.Errorf("%s: got %v", pattern, got)
		}
	}
	for _, pattern := range []string{"alice@192.0.2.7/24", "alice@198.51.100.0/24,,x", "alice@192.0.2.0/99", "alice@198.51.100.0/24,192.0.2.7/24"} {
		for _, doubt := range []bool{true, false} {
			if matchesUser(pattern, at, doubt) != doubt {
				t.Errorf("%s: doubt %v does not count", pattern, doubt)
			}
		}
	}
}

func TestClusterAddresses(t *testing.T) {
	t.Parallel()
	corosync := "totem {\n  interface {\n    linknumber: 0\n  }\n}\nnodelist {\n  node {\n    name: pve1\n    ring0_addr: 10.0.0.1\n    ring1_addr: fd00::1\n  }\n  node {\n    name: pve2\n    ring0_addr: pve2\n  }\n}\n"
	seen := func(files map[string]string) *node.Observation {
		o := &node.Observation{Files: map[string]node.FileState{}, Sshd: &node.SshdAnswer{Addresses: []string{"10.0.0.1", "10.5.1.9", "fd05::9"}}}
		for name, text := range files {
			o.Files[name] = node.FileState{Exists: true, Type: node.TypeRegular, Content: []byte(text)}
		}
		return o
	}
	for name, c := range map[string]struct {
		files               map[string]string
		addresses, networks string
		refused             bool
	}{
		"the cluster's files are not mounted": {map[string]string{localCorosync: "ring0_addr: 10.0.0.1\n"}, "", "", true},
		"no network":                          {map[string]string{clusterCorosync: "ring0_addr: 10.0.0.1\n", clusterSettings: "migration: secure,network=10.5.1.7/240\n"}, "", "", true},
		"alone":                               {map[string]string{hostsFile: "10.0.0.1 pve1\n"}, "", "", false},
		"members":                             {map[string]string{clusterMembers: `{"nodename":"pve1","nodelist":{"pve1":{"id":1,"ip":"10.0.0.1"},"pve2":{"id":2,"ip":"10.0.0.2"}}}`}, "10.0.0.1 10.0.0.2", "", false},
		"one member":                          {map[string]string{clusterMembers: `{"nodename":"pve1","nodelist":{"pve1":{"id":1,"ip":"10.0.0.1"}}}`}, "", "", false},
		"corosync": {
			map[string]string{clusterMembers: "{}", localCorosync: corosync, hostsFile: "127.0.1.1 pve2\n10.0.0.2 pve2.example.org pve2 # here\n", clusterSettings: "keyboard: de\nmigration: secure,network=10.5.1.7/24\n"},
			"10.0.0.1 10.0.0.2 fd00::1", "10.5.1.0/24", false,
		},
		"a name that nobody knows":          {map[string]string{clusterCorosync: corosync}, "", "", true},
		"a wide network":                    {map[string]string{clusterCorosync: "ring0_addr: 10.0.0.1\n", clusterSettings: "migration: secure,network=64.0.0.0/8\n"}, "", "", true},
		"a network that the node is not in": {map[string]string{clusterCorosync: "ring0_addr: 10.0.0.1\n", clusterSettings: "migration: secure,network=198.51.100.0/24\n"}, "10.0.0.1", "", false},
		"no JSON":                           {map[string]string{clusterMembers: `{"nodelist":`}, "", "", true},
	} {
		found, err := clusterAddresses(seen(c.files))
		if err == nil && (strings.Join(found.addresses, " ") != c.addresses || strings.Join(found.networks, " ") != c.networks) || (err != nil) != c.refused {
			t.Errorf("%s: got %+v %v", name, found, err)
		}
		if want := map[bool]string{true: "198.51.100.0/24"}[name == "a network that the node is not in"]; strings.Join(found.elsewhere, " ") != want {
			t.Errorf("%s: elsewhere are %q", name, found.elsewhere)
		}
	}
	silent := seen(map[string]string{clusterCorosync: "ring0_addr: 10.0.0.1\n", clusterSettings: "migration: secure,network=10.5.1.7/24\n"})
	silent.Sshd.Addresses = nil
	if _, err := clusterAddresses(silent); err == nil || !strings.Contains(err.Error(), "cluster_networks") {
		t.Errorf("a node that does not tell its addresses: %v", err)
	}
}

// sshdNodes are nodes whose sshd answers as a test says.
type sshdNodes struct {
	*memoryNodes
	own    node.SshdConnection
	answer func(q *node.SshdQuery, c node.SshdConnection, with bool) node.SshdJudgement
	more   []node.SshdLine
	// ignores says that the main file does not include the directory of drop-ins.
	ignores bool
	// unread says that sshd may not have read its files.
	unread bool
	// without is what remains when the policy goes, where a test has it differ from what is there.
	without func(c node.SshdConnection) node.SshdJudgement
}

func (s *sshdNodes) Observe(ctx context.Context, target node.Target, query node.Query) (*node.Observation, error) {
	seen, err := s.memoryNodes.Observe(ctx, target, query)
	if err != nil || query.Sshd == nil {
		return seen, err
	}
	seen.Sshd = &node.SshdAnswer{Own: s.own, Algorithms: trixieAlgorithms, Conditional: s.more, Unread: s.unread, Addresses: []string{"192.0.2.10", "10.5.1.9"}}
	included := func(j node.SshdJudgement, words []string) node.SshdJudgement {
		if !s.ignores && len(words) > 0 && j.Problem == "" {
			j.Lines = append(slices.Clone(j.Lines), node.SshdLine{File: query.Sshd.Path, Line: 99, Keyword: "loglevel", Value: "INFO"})
		}
		return j
	}
	for _, c := range query.Sshd.Connections {
		if !query.Sshd.Bare {
			seen.Sshd.AsIs = append(seen.Sshd.AsIs, s.answer(query.Sshd, c, false))
		}
		if s.without != nil {
			seen.Sshd.Without = append(seen.Sshd.Without, s.without(c))
		} else {
			seen.Sshd.Without = append(seen.Sshd.Without, s.answer(query.Sshd, c, false))
		}
		if query.Sshd.Content != nil {
			seen.Sshd.With = append(seen.Sshd.With, included(s.answer(query.Sshd, c, true), query.Sshd.Keywords))
		}
	}
	return seen, nil
}

func sshdSays(settings ...string) node.SshdJudgement {
	j := node.SshdJudgement{Settings: map[string][]string{
		"permitrootlogin": {"without-password"}, "pubkeyauthentication": {"yes"}, "passwordauthentication": {"yes"}, "kbdinteractiveauthentication": {"no"}, "authenticationmethods": {"any"},
		"disableforwarding": {"no"}, "allowtcpforwarding": {"yes"}, "permittty": {"yes"}, "forcecommand": {"none"}, "ciphers": {"aes256-gcm@openssh.com"}, "macs": {"hmac-sha2-256-etm@openssh.com"}, "kexalgorithms": {"curve25519-sha256"}, "hostkeyalgorithms": {"ssh-ed25519,rsa-sha2-512"},
	}}
	for _, setting := range settings {
		keyword, value, _ := strings.Cut(setting, " ")
		j.Settings[keyword] = strings.Split(value, "|")
	}
	return j
}

func newSshdNodes(answer func(q *node.SshdQuery, c node.SshdConnection, with bool) node.SshdJudgement) *sshdNodes {
	m := newMemoryNodes("pve1")
	for name, uid := range map[string]int{"root": 0, "alice": 1000, "bob": 1001} {
		m.accounts[name] = node.Account{Exists: true, UID: uid, Shell: "/bin/bash", Groups: []string{name, "staff"}}
	}
	m.write("pve1", clusterMembers, "{}") // the file system of the cluster is mounted
	return &sshdNodes{memoryNodes: m, own: node.SshdConnection{User: "root", Host: "192.0.2.1", Address: "192.0.2.1", LocalAddress: "192.0.2.10", LocalPort: 22}, answer: answer}
}

// TestSshdLockout: what decides whether pvesec, the cluster and an administrator still get in.
func TestSshdLockout(t *testing.T) {
	t.Parallel()
	const corosync = "ring0_addr: 10.0.0.2\n"
	for name, c := range map[string]struct {
		after          []string // of everyone
		administrators []string
		keys           bool
		password       bool
		who            string // "" is taken
	}{
		"nothing changes":                  {after: nil},
		"root may not log in":              {after: []string{"permitrootlogin no"}, who: "pvesec itself"},
		"root with forced commands only":   {after: []string{"permitrootlogin forced-commands-only"}, who: "pvesec itself"},
		"no keys":                          {after: []string{"pubkeyauthentication no"}, who: "pvesec itself"},
		"a command":                        {after: []string{"forcecommand /bin/true"}, who: "pvesec itself"},
		"pvesec's command":                 {after: []string{"forcecommand sudo -n " + node.SudoersCommand}, who: "the other nodes of the cluster"},
		"other users":                      {after: []string{"allowusers alice|bob"}, who: "pvesec itself"},
		"root from elsewhere":              {after: []string{"allowusers root@198.51.100.*"}, who: "pvesec itself"},
		"not root":                         {after: []string{"denyusers r*"}, who: "pvesec itself"},
		"other groups":                     {after: []string{"allowgroups www-data"}, who: "pvesec itself"},
		"not the group":                    {after: []string{"denygroups staff"}, who: "pvesec itself"},
		"a second factor":                  {after: []string{"authenticationmethods publickey,keyboard-interactive"}, who: "pvesec itself"},
		"a key is enough":                  {after: []string{"authenticationmethods password,publickey publickey"}},
		"algorithms that Go does not have": {after: []string{"kexalgorithms sntrup761x25519-sha512@openssh.com"}, who: "pvesec itself"},
		"the cluster":                      {after: []string{"allowusers root@192.0.2.*"}, who: "the other nodes of the cluster"},
		"an administrator by password":     {administrators: []string{"alice"}, password: true},
		"an administrator whose password is locked": {administrators: []string{"alice"}, who: "every one of the administrators"},
		"nobody is called none":                     {after: []string{"allowusers none"}, who: "pvesec itself"},
		"host keys that nodes do not know":          {after: []string{"hostkeyalgorithms ssh-ed25519"}, who: "the other nodes of the cluster"},
		"a key exchange of new releases":            {after: []string{"kexalgorithms mlkem768x25519-sha256"}, who: "the other nodes of the cluster"},
		"a key exchange of upstream 9.9":            {after: []string{"kexalgorithms mlkem768x25519-sha256,sntrup761x25519-sha512"}, who: "the other nodes of the cluster"},
		"a cipher that nobody offers":               {after: []string{"ciphers aes128-cbc"}, who: "pvesec itself"},
		"no forwarding":                             {after: []string{"disableforwarding yes"}, who: "the other nodes of the cluster"},
		"remote forwarding":                         {after: []string{"allowtcpforwarding remote"}, who: "the other nodes of the cluster"},
		"no terminals":                              {after: []string{"permittty no"}, who: "the other nodes of the cluster"},
		"an administrator without a key":            {after: []string{"passwordauthentication no"}, password: true, administrators: []string{"alice"}, who: "every one of the administrators"},
		"an administrator with a key":               {after: []string{"passwordauthentication no"}, administrators: []string{"alice"}, keys: true},
		"one of two administrators":                 {password: true, after: []string{"denyusers alice"}, administrators: []string{"alice", "bob"}},
		"an administrator whom nobody knows":        {administrators: []string{"mallory"}, who: "every one of the administrators"},
		"root as administrator":                     {administrators: []string{"root"}, keys: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := newSshdNodes(func(q *node.SshdQuery, _ node.SshdConnection, with bool) node.SshdJudgement {
				j := sshdSays()
				if with {
					j = sshdSays(c.after...)
					for _, setting := range c.after {
						keyword, value, _ := strings.Cut(setting, " ")
						j.Lines = append(j.Lines, node.SshdLine{File: q.Path, Line: 3, Keyword: keyword, Value: value})
					}
				}
				j.Keys, j.Password = c.keys, c.password
				return j
			})
			nodes.write("pve1", localCorosync, corosync)
			p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}, Administrators: c.administrators}
			_, err := p.Plan(t.Context(), nodes, targets("pve1")[0])
			var lockout *SshdLockoutError
			switch {
			case c.who == "" && err != nil:
				t.Error(err)
			case c.who != "" && !errors.As(err, &lockout):
				t.Errorf("not refused: %v", err)
			case c.who != "" && !strings.HasPrefix(lockout.Who, c.who):
				t.Errorf("it says that it locks out %s", lockout.Who)
			case c.who != "" && len(c.after) > 0 && len(c.administrators) == 0 && !strings.Contains(lockout.Line, path.Base(p.Path())+":3: "):
				t.Errorf("the line is %q", lockout.Line)
			}
		})
	}
}

// TestSshdLockedOutBefore: a file that keeps somebody out as it is does not keep a policy out, where sshd has read it.
// pvesec came in by it, so that what looks as if it kept pvesec out does not. One that sshd has not read yet counts: a
// reload would have sshd do so.
func TestSshdLockedOutBefore(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	for _, out := range []string{"192.0.2.1", "10.0.0.2"} {
		for _, unread := range []bool{false, true} {
			nodes := newSshdNodes(func(_ *node.SshdQuery, c node.SshdConnection, _ bool) node.SshdJudgement {
				if c.Address == out {
					return sshdSays("allowusers alice")
				}
				return sshdSays()
			})
			nodes.unread = unread
			nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
			if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); (err != nil) != unread {
				t.Errorf("%s, unread %v: %v", out, unread, err)
			}
		}
	}
}

// TestSshdClusterIsAsked: every address of the cluster is asked about, and one of each of its networks. A policy that
// tells the networks does not keep the others from it.
func TestSshdClusterIsAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		told []string
		want string
	}{"found": {nil, "10.0.0.2 10.5.1.1"}, "told": {[]string{"10.9.0.0/16"}, "10.0.0.2 10.5.1.1"}, "none": {[]string{}, ""}} {
		var asked []string
		nodes := newSshdNodes(func(_ *node.SshdQuery, c node.SshdConnection, with bool) node.SshdJudgement {
			if with && c.Address != "192.0.2.1" {
				asked = append(asked, c.Address)
			}
			return sshdSays()
		})
		nodes.write("pve1", localCorosync, "ring0_addr: 10.0.0.2\n")
		nodes.write("pve1", clusterSettings, "migration: secure,network=10.5.1.0/24\n")
		p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}, ClusterNetworks: c.told}
		if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); err != nil || strings.Join(asked, " ") != c.want {
			t.Errorf("%s: asked for %q %v", name, asked, err)
		}
	}
}

// TestSshdRefuses: a node whose sshd refuses the policy is named, one whose sshd refuses what is there can still be
// read and left.
func TestSshdRefuses(t *testing.T) {
	t.Parallel()
	nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement {
		return node.SshdJudgement{Problem: "/etc/ssh/sshd_config.d/x.conf: line 1: Bad configuration option: x"}
	})
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3"}}
	var refused *SshdRefusedError
	if _, err := p.Plan(t.Context(), nodes, targets("pve1")[0]); !errors.As(err, &refused) || !strings.Contains(err.Error(), "Bad configuration option") {
		t.Errorf("got %v", err)
	}
	nodes.write("pve1", p.Path(), "MaxAuthTries 3\n")
	state, err := p.Observe(t.Context(), nodes, targets("pve1")[0])
	if err != nil || !state.File.Present || !strings.Contains(strings.Join(state.Overruled, ""), "Bad configuration option") {
		t.Errorf("got %+v %v", state, err)
	}
	if err := p.Remove(t.Context(), nodes, targets("pve1"), nil, silent); err != nil {
		t.Error(err)
	}
	if len(nodes.applied) != 1 || nodes.applied[0].Files[0].Kind != node.Absent || len(nodes.applied[0].Expect) != 0 || !slices.Equal(nodes.applied[0].RestartServices, []string{sshdService}) {
		t.Errorf("a removal is %+v", nodes.applied)
	}
}

// TestSshdOverruled: the line that sshd took decides, in a Match block before the main part; lists add up; blocks for
// others are told.
func TestSshdOverruled(t *testing.T) {
	t.Parallel()
	p := SshdPolicy{Name: "ops", Settings: map[string]string{"max_auth_tries": "3", "password_authentication": "no", "kbd_interactive_authentication": "no", "allow_users": "root"}, Matches: []SshdMatch{{Users: []string{"agent"}, Settings: map[string]string{"permit_tty": "no"}}}}
	own := p.Path()
	nodes := newSshdNodes(func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement {
		j := sshdSays("allowusers root|eve")
		j.Lines = []node.SshdLine{
			{File: "/etc/ssh/sshd_config.d/00-a.conf", Line: 2, Keyword: "maxauthtries", Value: "20"},
			{File: "/etc/ssh/sshd_config.d/00-a.conf", Line: 3, Keyword: "challengeresponseauthentication", Value: "yes"},
			{File: own, Line: 3, Keyword: "passwordauthentication", Value: "no"}, {File: own, Line: 4, Keyword: "kbdinteractiveauthentication", Value: "no"},
			{File: own, Line: 5, Keyword: "maxauthtries", Value: "3"}, {File: own, Line: 6, Keyword: "allowusers", Value: "root"},
			{File: "/etc/ssh/sshd_config", Line: 9, Keyword: "allowusers", Value: "eve"}, {File: "/etc/ssh/sshd_config", Line: 10, Keyword: "maxauthtries", Value: "6"},
			{File: "/etc/ssh/sshd_config", Line: 11, Keyword: "permittty", Value: "yes"},
			{File: "/etc/ssh/sshd_config.d/50-b.conf", Line: 2, Keyword: "passwordauthentication", Value: "yes", InMatch: true},
		}
		return j
	})
	nodes.more = []node.SshdLine{
		{File: "/etc/ssh/sshd_config.d/50-b.conf", Line: 2, Keyword: "passwordauthentication", Value: "yes", InMatch: true},
		{File: "/etc/ssh/sshd_config.d/50-b.conf", Line: 7, Keyword: "permittty", Value: "yes", InMatch: true},
		{File: "/etc/ssh/sshd_config.d/50-b.conf", Line: 8, Keyword: "banner", Value: "x", InMatch: true},
		{File: own, Line: 8, Keyword: "permittty", Value: "no", InMatch: true},
	}
	nodes.write("pve1", own, "x\n")
	state, err := p.Observe(t.Context(), nodes, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/etc/ssh/sshd_config.d/00-a.conf:2: maxauthtries 20", "/etc/ssh/sshd_config.d/00-a.conf:3: challengeresponseauthentication yes", "/etc/ssh/sshd_config.d/50-b.conf:2: passwordauthentication yes",
		"/etc/ssh/sshd_config.d/50-b.conf:7: permittty yes (in a Match block)", "/etc/ssh/sshd_config:9: allowusers eve",
	}
	if !slices.Equal(state.Overruled, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(state.Overruled, "\n"), strings.Join(want, "\n"))
	}
	if len(state.Changes) == 0 {
		t.Error("a file with other lines is as it was applied")
	}
	nodes.answer = func(*node.SshdQuery, node.SshdConnection, bool) node.SshdJudgement { return sshdSays() }
	nodes.more = nil
	if state, err = p.Observe(t.Context(), nodes, targets("pve1")[0]); err != nil || !slices.Equal(state.Overruled, []string{"/etc/ssh/sshd_config does not include " + own}) {
		t.Errorf("got %q %v", state.Overruled, err)
	}
}
