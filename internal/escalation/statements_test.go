package escalation

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

func never(t *testing.T, tree *sudoers.Tree, subject string) map[string]Proof {
	t.Helper()
	analysis := Analyse(tree, questionOf(subject, sudoers.PVE9))
	named := map[string]Proof{}
	for _, s := range Statements() {
		named[s.Name] = analysis.Never(s)
	}
	return named
}

// TestDenylistClaims takes what the author of the deny-list policy meant to protect, one by one: nothing of it is.
func TestDenylistClaims(t *testing.T) {
	t.Parallel()
	tree := denylist(t, sudoers.PVE9)
	proofs := never(t, tree, "operator")
	claims := []struct {
		name    string
		example string // what a direct way has in it, "" if it takes the way over root
	}{
		{"touches root@pam", "root@pam"},
		{"edits sudoers", "/usr"},
		{"installs packages", ""},
		{"changes the network", "/usr/sbin/ip"},
		{"stops logging", "/usr"},
		{"stops services of Proxmox VE", ""},
		{"destroys disks", "/usr"},
		{"becomes another user", ""},
	}
	if len(claims) != len(proofs) {
		t.Errorf("%d claims, %d statements", len(claims), len(proofs))
	}
	for _, claim := range claims {
		p := proofs[claim.name]
		if p.Verdict != regular.No {
			t.Errorf("%s: %v %s", claim.name, p.Verdict, p.Note)
			continue
		}
		if verdict := decide(t, tree, sudoers.PVE9, p.Example); verdict != policy.Allowed {
			t.Errorf("%s: %s is %s", claim.name, p.Example, verdict)
		}
		if overRoot := strings.HasPrefix(p.Note, "It leads to root"); overRoot != (claim.example == "") || !strings.Contains(p.Example, claim.example) {
			t.Errorf("%s: %s (%s)", claim.name, p.Example, p.Note)
		}
		if p.Pos.Line == 0 || p.Grant == "" {
			t.Errorf("%s: no grant: %+v", claim.name, p)
		}
		t.Logf("%s: %s %s", claim.name, p.Example, p.Note)
	}
}

// TestNever has a policy that does nothing of all, one of which nothing can be told, and for each statement one that
// does it.
func TestNever(t *testing.T) {
	t.Parallel()
	tree := func(text string) *sudoers.Tree {
		file, errs := sudoers.Parse("policy", text, sudoers.PVE9)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		return sudoers.TreeOf(file)
	}
	for _, harmless := range []string{"", `op ALL=/usr/sbin/qm ^(start|status) 2[0-9]{3}$, /usr/sbin/pveum ^user list$, /usr/bin/systemctl ^restart (pveproxy|pvestatd)$, /usr/sbin/brctl show, /usr/sbin/ip a, ` +
		`/usr/sbin/ip ^(-4 )?(addr|route|link) show$, /usr/sbin/pveum ^user permissions root@pam$, /usr/bin/systemctl ^--no-pager is-active (rsyslog|pveproxy)$`} {
		for name, p := range never(t, tree(harmless), "op") {
			if p.Verdict != regular.Yes {
				t.Errorf("%q, %s: %v %s %s", harmless, name, p.Verdict, p.Example, p.Note)
			}
		}
	}
	for _, unclear := range []string{"op ALL=/usr/local/sbin/report *", "op ALL=(www-data) /usr/bin/env", "op ALL=/usr/local/sbin/report daily"} {
		for name, p := range never(t, tree(unclear), "op") {
			if p.Verdict != regular.Unknown || p.Note == "" {
				t.Errorf("%q, %s: %v %s", unclear, name, p.Verdict, p.Example)
			}
		}
	}
	for _, ways := range []map[string]string{{
		"touches root@pam":             "/usr/sbin/pveum ^user modify root@pam --comment [a-z]+$",
		"edits sudoers":                "sudoedit /etc/sudoers.d/x",
		"installs packages":            "/usr/bin/apt install vim",
		"changes the network":          "/usr/sbin/ip ^link set vmbr0 down$",
		"stops logging":                "/usr/bin/systemctl stop rsyslog.service",
		"stops services of Proxmox VE": "/usr/bin/systemctl ^stop pveproxy$",
		"destroys disks":               "/usr/sbin/pvesm ^free local:[0-9]+$",
		"becomes another user":         "/bin/su - nobody -s /usr/bin/id",
	}, {
		"changes the network":          "/usr/sbin/ip ^-4 a add 10.0.0.1/8 dev [a-z]+$",
		"stops logging":                "/usr/bin/dmesg -C",
		"stops services of Proxmox VE": "/usr/bin/systemctl --no-pager -t service disable --now corosync",
		"becomes another user":         "/usr/bin/passwd alice",
	}} {
		for name, text := range ways {
			p := never(t, tree("op ALL=(root) "+text), "op")[name]
			if p.Verdict != regular.No || p.Example == "" || strings.HasPrefix(p.Note, "It leads to root") {
				t.Errorf("%s: %v %s %s", name, p.Verdict, p.Example, p.Note)
			}
		}
	}
	if _, err := FindStatement("touches root"); err == nil || !strings.Contains(err.Error(), `"touches root@pam"`) {
		t.Errorf("error %v", err)
	}
	if s, err := FindStatement("edits sudoers"); err != nil || s.Name != "edits sudoers" {
		t.Error(s, err)
	}
}
