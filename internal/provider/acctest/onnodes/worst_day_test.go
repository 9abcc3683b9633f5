package onnodes

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

func TestUnreachableNodeChangesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	before := snapshot(t, c.Nodes[0])
	harness.Run(t,
		resource.TestStep{
			PreConfig:   func() { c.Nodes[1].Link().Refuse() },
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
			ExpectError: harness.Matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				c.Nodes[1].Link().Heal()
			},
			Config: config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
		},
		resource.TestStep{ // a node that cannot be read is an error, not a deletion
			PreConfig:    func() { c.Nodes[1].Link().Refuse() },
			RefreshState: true,
			ExpectError:  harness.Matches("pve2"),
		},
		resource.TestStep{
			PreConfig: func() { c.Nodes[1].Link().Heal() },
			Config:    config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
		},
	)
}

func TestHostKeysAreVerified(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	// pve2 answers with a key that known_hosts does not give for it.
	wrong := strings.ReplaceAll(c.Nodes[0].KnownHosts(), c.Nodes[0].Address, c.Nodes[1].Address)
	policy := harness.PolicyConfig(`"/usr/bin/id"`, `nodes = ["pve2"]`)
	harness.Run(t,
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: wrong}) + policy,
			ExpectError: harness.Matches(c.Nodes[1].HostKeyFingerprint("ed25519")),
		},
		resource.TestStep{
			Config:      configWith(c, connection{knownHosts: c.Nodes[0].KnownHosts()}) + policy,
			ExpectError: harness.Matches("pve2"),
		},
		resource.TestStep{
			Config: strings.Replace(configWith(c, connection{knownHosts: c.Nodes[0].KnownHosts()}), "known_hosts =",
				fmt.Sprintf("host_key_fingerprints = { pve2 = %q }\n    known_hosts =", c.Nodes[1].HostKeyFingerprint("ed25519")), 1) + policy,
		},
	)
}

// packSudo prints the package sudo of a node that has it, made of its files.
const packSudo = `d=$(mktemp -d); mkdir $d/DEBIAN
dpkg -L sudo | while read -r f; do if [ -L "$f" ] || [ -f "$f" ]; then cp -a --parents -- "$f" $d; fi; done
dpkg-query -W -f='Package: sudo\nVersion: ${Version}\nArchitecture: ${Architecture}\nMaintainer: ${Maintainer}\nDepends: ${Depends}\nDescription: sudo\n' sudo >$d/DEBIAN/control
dpkg-deb -Zgzip -b $d $d.deb >/dev/null; base64 $d.deb`

// offerSudo makes /srv/apt/sudo.deb the only package that apt-get of a node knows, beside a repository that answers
// 401, as that for subscribers of Proxmox does.
const offerSudo = `cd /srv/apt
{ dpkg-deb -f sudo.deb; echo "Filename: ./sudo.deb"; echo "Size: $(stat -c %s sudo.deb)"; echo "SHA256: $(sha256sum sudo.deb | cut -d' ' -f1)"; } >Packages
rm -f /etc/apt/sources.list.d/*
echo "127.0.0.1 enterprise.proxmox.com" >>/etc/hosts
printf '%s\n' 'deb [trusted=yes] file:/srv/apt ./' 'deb http://enterprise.proxmox.com/debian/pve trixie pve-enterprise' >/etc/apt/sources.list
cat >refuse.pl <<'.'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 80, Listen => 5, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) { while (<$c>) { last if /^\r?$/ } print $c "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"; close $c }
.
systemd-run --quiet --unit=refuse perl /srv/apt/refuse.pl`

// TestNodeWithoutSudo: a stock node has no sudo. A plan says so once, an apply is refused before it changes another
// node, and with install_packages it installs what is missing for all resources that need it. Nothing removes it again.
func TestNodeWithoutSudo(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{}, {WithoutSudo: true}}})
	stock := c.Nodes[1]
	before := snapshot(t, c.Nodes[0])
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(install string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(`"/usr/bin/id"`, install)+harness.AuditConfig(install))
	}
	write("")
	said := w.Terraform("plan", "-no-color")
	if !strings.Contains(said, "Warning: Missing packages on pve2: sudo") || strings.Count(said, "+ missing_packages ") != 2 || strings.Count(said, `"pve2" = [`) != 2 {
		t.Errorf("the plan of two resources does not say of each what is missing:\n%s", said)
	}
	if said := w.Refused("apply", "-auto-approve", "-no-color"); !strings.Contains(said, "apt-get install sudo") {
		t.Errorf("not refused for what is missing:\n%s", said)
	}
	if after := snapshot(t, c.Nodes[0]); after != before {
		t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
	}
	write("install_packages = true")
	if said := w.Refused("apply", "-auto-approve", "-no-color"); !strings.Contains(said, "apt-get could not install sudo on pve2") {
		t.Errorf("without a package:\n%s", said)
	}
	if said, err := stock.Exec(t.Context(), shell(t, c.Nodes[0], packSudo), "sh", "-c", "mkdir -p /srv/apt && base64 -d >/srv/apt/sudo.deb"); err != nil {
		t.Fatal(err, said)
	}
	shell(t, stock, offerSudo)
	said = w.Terraform("apply", "-auto-approve", "-no-color")
	if strings.Contains(said, "Missing packages") || !strings.Contains(said, "installed_packages") {
		t.Errorf("the plan does not say what it installs:\n%s", said)
	}
	if held := shell(t, stock, "cat /etc/sudoers.d/agent && visudo -c && dpkg-query -W -f='${db:Status-Status}' sudo"); !strings.Contains(held, "/usr/bin/id") || !strings.HasSuffix(held, "installed") {
		t.Errorf("pve2 holds\n%s", held)
	}
	if output, err := w.Try("plan", "-no-color", "-detailed-exitcode"); err != nil {
		t.Errorf("the plan after it is not empty: %v\n%s", err, output)
	}
	w.Terraform("destroy", "-auto-approve", "-no-color")
	shell(t, stock, "test ! -e /etc/sudoers.d/agent && visudo -c")
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	ctx := context.Background()
	policy := config(c) + harness.PolicyConfig(`"/usr/bin/id"`, "")
	before := snapshot(t, c.Nodes[0])
	harness.Run(t,
		resource.TestStep{
			PreConfig:   func() { harness.Tamper(t, c.Nodes[1].ReadOnly(ctx)) },
			Config:      policy,
			ExpectError: harness.Matches("Read-only file system"),
		},
		resource.TestStep{
			PreConfig: func() {
				if after := snapshot(t, c.Nodes[0]); after != before {
					t.Errorf("pve1 was changed although pve2 could not be:\n%s", after)
				}
				harness.Tamper(t, c.Nodes[1].ReadWrite(ctx))
			},
			Config: policy,
		},
	)
}

// TestRejectedByTheNode has a node whose own visudo refuses the tree, for a reason that no plan can see.
func TestRejectedByTheNode(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Trixie}, {Suite: lab.Bookworm}}})
	before := snapshot(t, c.Nodes[0])
	// cmddenial_message is known since sudo 1.9.16; Debian 12 has 1.9.13.
	harness.Run(t,
		resource.TestStep{
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `defaults = ["cmddenial_message=no"]`),
			ExpectError: harness.Matches("cmddenial_message"),
		},
		resource.TestStep{Config: config(c)},
	)
	if after := snapshot(t, c.Nodes[0]); after != before {
		t.Errorf("pve1 was changed although pve2 refused:\n%s", after)
	}
}

// TestExistingFileIsNotOverwritten has a file of that name which Terraform did not write: nothing that nobody reviewed
// is overwritten.
func TestExistingFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	harness.Run(t,
		resource.TestStep{
			PreConfig:   onNodes(t, c, "echo 'carol ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/agent"),
			Config:      config(c) + harness.PolicyConfig(`"/usr/bin/id"`, ""),
			ExpectError: harness.Matches("/etc/sudoers.d/agent"),
		},
		resource.TestStep{Config: config(c)},
	)
	if got := shell(t, c.Nodes[0], "cat /etc/sudoers.d/agent"); !strings.HasPrefix(got, "carol") {
		t.Errorf("the file is now %q", got)
	}
}

// TestTimeouts has a node that accepts connections and never answers: the operation ends when its timeout says so, and
// names the node.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	within := func(limit string) string {
		return config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `timeouts { create = "`+limit+`" }`)
	}
	harness.Run(t,
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Cut() }, Config: within("2s"), ExpectError: harness.Matches("pve1")},
		resource.TestStep{PreConfig: func() { c.Nodes[0].Link().Heal() }, Config: within("10m")},
	)
}
