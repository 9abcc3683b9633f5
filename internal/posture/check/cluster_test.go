package check_test

import (
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// today is the moment of tests with a simulated PVE: it refuses what ends in the past of the real clock.
var today = time.Now()

func try(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// unix is a moment some days from today, as PVE takes it.
func unix(days int) string { return strconv.FormatInt(today.AddDate(0, 0, days).Unix(), 10) }

// hardenedCluster is a PVE on which every check passes.
func hardenedCluster(t *testing.T) *pvesim.Server {
	t.Helper()
	s := pvesim.New(pvesim.Options{AuthDelay: -1})
	try(t, s.Start())
	t.Cleanup(func() { _ = s.Close() })
	s.AddSecondFactor("root@pam", "webauthn", true)
	try(t, change(s, "PUT", "/access/domains/pam", "tfa", "type=oath"), change(s, "PUT", "/access/domains/pve", "tfa", "type=oath"),
		s.AddRole("Operator", "VM.Audit", "VM.PowerMgmt"), s.AddGroup("operators"), s.AddUser("bob@pve", url.Values{"groups": {"operators"}, "comment": {"Bob"}}), s.GrantACL("/vms", "@operators", "Operator", true))
	s.AddSecondFactor("bob@pve", "totp", true)
	_, err := s.AddToken("bob@pve", "ci", true)
	try(t, err, s.ChangeToken("bob@pve", "ci", url.Values{"expire": {unix(90)}, "comment": {"CI"}}), s.GrantACL("/vms/100", "bob@pve!ci", "Operator", true))
	return s
}

func change(s *pvesim.Server, method, path string, pairs ...string) error {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	_, err := s.Do(method, path, values)
	return err
}

// look asks PVE. The token of root@pam by which it asks is left out.
func look(t *testing.T, s *pvesim.Server, token string) *check.Cluster {
	t.Helper()
	pve, err := proxmox.New(proxmox.Config{Endpoint: s.URL(), APIToken: token, CAPEM: []byte(s.CAPEM())})
	try(t, err)
	seen, err := posture.CollectCluster(t.Context(), pve, today)
	try(t, err)
	asking := s.RootToken()
	for i := range seen.Users {
		u := &seen.Users[i]
		u.Tokens = slices.DeleteFunc(slices.Clone(u.Tokens), func(tok proxmox.TokenInfo) bool {
			id := u.ID.Token(tok.ID)
			return len(asking) > len(id) && asking[:len(id)+1] == id+"="
		})
	}
	n, err := posture.Collect(t.Context(), &posturetest.Node{}, node.Target{Name: "pve1"})
	try(t, err)
	return check.NewCluster(seen, posture.NewReport([]*posture.Node{n}, seen, nil), today)
}

// clusterSituations are how PVE is made to fail each check of it.
var clusterSituations = map[string]func(t *testing.T, s *pvesim.Server){
	"PVESEC-C1101": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		s.RemoveSecondFactors("root@pam")
		s.AddSecondFactor("root@pam", "recovery", true)
	},
	"PVESEC-C1102": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.AddUser("chief@pve", nil), s.GrantACL("/", "chief@pve", "Administrator", true))
	},
	"PVESEC-C1103": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.AddUser("new@pve", nil)) },
	"PVESEC-C1104": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.AddRole("Desk", "Permissions.Modify"), s.GrantACL("/access", "bob@pve", "Desk", true))
	},
	"PVESEC-C1105": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		s.SetUserCfg(s.UserCfg() + "user:lost@gone:1:0::::::\n")
	},
	"PVESEC-C1106": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.AddUser("new@pve", nil)) },
	"PVESEC-C1107": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.AddUser("gone@pve", url.Values{"enable": {"0"}, "groups": {"operators"}}))
	},
	"PVESEC-C1111": token("root@pam", "backup", true, 30),
	"PVESEC-C1112": token("bob@pve", "all", false, 30),
	"PVESEC-C1113": token("bob@pve", "endless", true, 0),
	"PVESEC-C1114": token("bob@pve", "long", true, 400),
	"PVESEC-C1115": token("bob@pve", "old", true, -10),
	"PVESEC-C1116": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.GrantACL("/", "bob@pve", "Administrator", true))
		token("bob@pve", "root", false, 30)(t, s)
	},
	"PVESEC-C1117": token("bob@pve", "what", true, 30),
	"PVESEC-C1121": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.GrantACL("/", "bob@pve", "Administrator", false))
	},
	"PVESEC-C1122": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.GrantACL("/", "bob@pve", "Operator", true)) },
	"PVESEC-C1123": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.GrantACL("/vms", "bob@pve!ci", "Administrator", true))
	},
	"PVESEC-C1125": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.AddRole("Console", "Sys.Console")) },
	"PVESEC-C1126": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.AddRole("Spare", "VM.Audit")) },
	"PVESEC-C1131": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, change(s, "PUT", "/access/domains/pve", "delete", "tfa"))
	},
	"PVESEC-C1132": func(t *testing.T, s *pvesim.Server) { t.Helper(); try(t, s.AddUser("frank@pam", nil)) },
	"PVESEC-C1133": func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		try(t, s.AddGroup("forgotten"), s.GrantACL("/vms", "@forgotten", "Operator", true))
	},
}

// token makes a token that ends some days from today, or never.
func token(user, name string, separated bool, days int) func(*testing.T, *pvesim.Server) {
	return func(t *testing.T, s *pvesim.Server) {
		t.Helper()
		_, err := s.AddToken(user, name, separated)
		try(t, err)
		if days != 0 {
			try(t, s.ChangeToken(user, name, url.Values{"expire": {unix(days)}}))
		}
	}
}

// TestEveryCheckOfTheClusterFails: each check of PVE passes on a hardened one and fails in its situation.
func TestEveryCheckOfTheClusterFails(t *testing.T) {
	t.Parallel()
	good := hardenedCluster(t)
	fine := look(t, good, good.RootToken())
	count := 0
	for _, c := range check.Catalogue() {
		if !c.OfCluster() {
			continue
		}
		count++
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			prepare := clusterSituations[c.ID]
			if prepare == nil {
				t.Fatalf("%s %s has no situation in which it fails", c.ID, c.Title)
			}
			if o := c.JudgeCluster(fine); o.Status != check.Pass {
				t.Errorf("on a hardened cluster %s: %q", o.Status, o.Observed)
			}
			s := hardenedCluster(t)
			prepare(t, s)
			if o := c.JudgeCluster(look(t, s, s.RootToken())); o.Status != check.Fail || len(o.Observed) == 0 {
				t.Errorf("%s: %s %q", c.Title, o.Status, o.Observed)
			}
		})
	}
	if count != len(clusterSituations) {
		t.Errorf("%d checks of the cluster, %d situations", count, len(clusterSituations))
	}
}

// TestNothingOfTheClusterPassesUnseen: where PVE shows a token only a part, no check passes.
func TestNothingOfTheClusterPassesUnseen(t *testing.T) {
	t.Parallel()
	s := hardenedCluster(t)
	try(t, s.AddUser("looker@pve", url.Values{"comment": {"Looker"}}))
	secret, err := s.AddToken("looker@pve", "look", false)
	try(t, err)
	seen := look(t, s, secret)
	for _, c := range check.Catalogue() {
		if !c.OfCluster() {
			continue
		}
		if o := c.JudgeCluster(seen); o.Status == check.Pass || o.Status == check.NotApplicable {
			t.Errorf("%s %s: %s %q", c.ID, c.Title, o.Status, o.Observed)
		}
	}
}
