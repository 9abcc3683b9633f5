package difftest

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// settle makes the accounts and files that the questions are about. Some names are
// awkward on purpose.
const settle = `set -e
# Nobody proves who he is here, and sudo loads what its PAM services name for every question: they name what needs nothing. The same goes for NIS.
printf '%s required pam_permit.so\n' auth account password session | tee /etc/pam.d/sudo >/etc/pam.d/other
sed -i 's/^netgroup.*/netgroup: files/' /etc/nsswitch.conf
groupadd -g 3101 ops
groupadd -g 3102 dev
groupadd -g 3103 web.x
useradd -u 3001 -m -G ops alice
useradd -u 3002 -m -G dev bob
useradd -u 3003 -m -g ops -G dev,web.x carol
useradd -u 3004 -m dave-x
useradd -u 3005 -m -G web.x eve_1
mkdir -p /opt/pv/sub /srv/x
for f in tool tool-x a ab b.c .hid x1 x2 '[y]' 'q?' sub/tool sub/a; do cp /bin/true "/opt/pv/$f"; done
for f in tool y cat; do cp /bin/true "/srv/x/$f"; done
ln -s /opt/pv /opt/link
ln -s /usr/bin/id /srv/x/id
ln -s ../../opt/pv/tool /srv/x/a
cp /bin/true /usr/local/bin/tool
useradd -u 3006 -m noc
for f in sbin/qm sbin/pct sbin/pveum sbin/pvesh sbin/pvesm sbin/zfs sbin/zpool sbin/ip sbin/smartctl sbin/ethtool sbin/ha-manager \
	sbin/lvs sbin/vgs sbin/pvs bin/pvecm bin/vtysh bin/tcpdump bin/pveversion bin/ping bin/ss bin/pvesubscription bin/pveperf \
	bin/traceroute bin/netstat; do
	[ -e /usr/$f ] || cp /bin/true /usr/$f
done
install -d -m 0700 /run/difftest
`

// world is what the model knows of a node.
type world struct {
	version sudoers.Version
	env     *policy.Environment
	users   []policy.Subject
	files   []string // canonical paths that can be run
}

// asked are the users that the questions are about.
var asked = []string{"alice", "bob", "carol", "dave-x", "eve_1"}

func newWorld(ctx context.Context, n machine, v sudoers.Version) (*world, error) {
	if _, err := n.Shell(ctx, settle); err != nil {
		return nil, err
	}
	w := &world{version: v, env: policy.Debian(v)}
	w.env.Links["/opt/link"] = "/opt/pv"
	w.env.Directories = []string{"/opt/pv", "/opt/pv/sub", "/srv/x"}
	out, err := n.Shell(ctx, `getent passwd | while IFS=: read -r name x uid gid rest; do
	printf '%s\t%s\t%s\t%s\n' "$name" "$uid" "$(id -G "$name")" "$(id -Gn "$name")"; done`)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		uid, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, err
		}
		s := policy.Subject{Name: f[0], UID: &uid, Groups: strings.Fields(f[3])}
		for _, g := range strings.Fields(f[2]) {
			gid, err := strconv.Atoi(g)
			if err != nil {
				return nil, err
			}
			s.GIDs = append(s.GIDs, gid)
		}
		w.users = append(w.users, s)
	}
	w.env.Accounts = w.users
	out, err = n.Shell(ctx, `find /opt /srv /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin -printf '%y\t%Y\t%m\t%p\t%l\n'`)
	if err != nil {
		return nil, err
	}
	exists := map[string]bool{}
	w.env.Targets = map[string]string{}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		path := f[3]
		if f[1] == "N" || f[1] == "L" {
			continue
		}
		exists[path] = true
		if f[0] == "l" && f[1] == "f" {
			target := f[4]
			if !strings.HasPrefix(target, "/") {
				target = path[:strings.LastIndexByte(path, '/')] + "/" + target
			}
			w.env.Targets[path] = w.env.Canonical(target)
		}
		if strings.HasSuffix(path, "/sudoedit") {
			continue // sudo refuses to run it, whatever the policy says
		}
		if f[1] == "f" && (f[0] == "l" || strings.ContainsAny(f[2], "1357")) {
			w.files = append(w.files, path)
		}
	}
	w.env.Exists = func(path string) bool { return exists[path] }
	return w, nil
}

func (w *world) user(name string) policy.Subject {
	for _, u := range w.users {
		if u.Name == name {
			return u
		}
	}
	return policy.Subject{Name: name}
}

// The names and addresses of the machine that the questions are about.
const (
	hostShort = "pve1"
	hostLong  = "pve1.lab.example"
	// addresses as sudo's front end hands them over.
	addressList = "10.1.2.3/255.255.255.0 192.168.7.9/255.255.0.0 fd00::17/ffff:ffff:ffff:ffff::"
)

var addresses = []netip.Prefix{
	netip.MustParsePrefix("10.1.2.3/24"), netip.MustParsePrefix("192.168.7.9/16"), netip.MustParsePrefix("fd00::17/64"),
}
