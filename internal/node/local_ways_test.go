package node_test

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestWaysThatCannotBeTold: sshd is asked for the user and an address. What depends on more than the user is not known
// by that.
func TestWaysThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		main, drop   string
		untold, each bool
	}{
		"none":          {"PubkeyAuthentication yes\n", "", false, false},
		"as Debian":     {"Include /etc/ssh/sshd_config.d/*.conf\n", "", false, false},
		"user":          {"Match User agent,night\n", "", false, true},
		"group":         {"\tmatch group sudo user x\n", "", false, true},
		"all":           {"Match all\n", "", false, true},
		"address":       {"Match Address 192.0.2.0/24\n", "", true, true},
		"user and more": {"Match User agent Host pve1\n", "", true, true},
		"port":          {"Match LocalPort 2222\n", "", true, true},
		"in a drop-in":  {"Include /etc/ssh/sshd_config.d/*.conf\n", "Match Address 192.0.2.1\n", true, true},
		"quoted":        {"\"Match\" Address 192.0.2.1\n", "", true, true},
		"equal sign":    {"Match=Address 192.0.2.1\n", "", true, true},
		"elsewhere":     {"Include /opt/sshd/*.conf\n", "", true, true},
		"of the future": {"Match Newcriterion x\n", "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			accountFiles(t, s, rootEntry+agentEntry)
			s.Tool(t, "sshd", `echo authorizedkeysfile "$3"`)
			s.Write(t, "etc/ssh/sshd_config", c.main, 0o644)
			if c.drop != "" {
				s.Write(t, "etc/ssh/sshd_config.d/50-site.conf", c.drop, 0o644)
			}
			all, err := localAccounts(t, s, "")
			if err != nil {
				t.Fatal(err)
			}
			asked := "user=root,host=localhost,addr=127.0.0.1"
			if c.each {
				asked = "user=agent,host=localhost,addr=127.0.0.1"
			}
			if ways := all["agent"].Ways; ways["authorizedkeysfile"] != asked || (ways["untold"] != "") != c.untold {
				t.Errorf("%q", ways)
			}
		})
	}
	s := nodetest.Start(t, nodetest.Options{})
	accountFiles(t, s, rootEntry+agentEntry)
	s.Tool(t, "sshd", "exit 255")
	all, err := localAccounts(t, s, "")
	if err != nil || all["agent"].Ways == nil || len(all["agent"].Ways) != 0 {
		t.Errorf("sshd fails: %v, %v", all["agent"].Ways, err)
	}
}
