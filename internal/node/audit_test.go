package node_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestAuditStatus: what the kernel says of its rules, under every shell, and that it says nothing.
func TestAuditStatus(t *testing.T) {
	t.Parallel()
	const status = `printf 'enabled 2\nfailure 1\npid 7\nrate_limit 0\nbacklog_limit 8192\nlost 3\nbacklog 0\nloginuid_immutable 0 unlocked\n'`
	for name, shell := range shells() {
		for answer, test := range map[string]struct {
			tool string
			want node.AuditStatus
		}{
			"rules":    {`case $1 in -s) ` + status + ` ;; -l) printf -- '-w /etc/pve -p wa -k x\n-a always,exit -S all -F key=\033[2Jy\n' ;; esac`, node.AuditStatus{Enabled: 2, Failure: 1, Backlog: 8192, Lost: 3, Rules: []string{"-w /etc/pve -p wa -k x", `-a always,exit -S all -F key=\x1b[2Jy`}}},
			"no rules": {`case $1 in -s) ` + status + ` ;; -l) echo No rules ;; esac`, node.AuditStatus{Enabled: 2, Failure: 1, Backlog: 8192, Lost: 3}},
			"refused":  {`echo 'Error sending status request (Operation not permitted)'; echo more; exit 255`, node.AuditStatus{Problem: "Error sending status request (Operation not permitted)"}},
			"nonsense": {`echo enabled x`, node.AuditStatus{Problem: `auditctl -s answered "enabled x"`}},
			"silence":  {`:`, node.AuditStatus{Problem: `auditctl -s answered ""`}},
		} {
			t.Run(name+"/"+answer, func(t *testing.T) {
				t.Parallel()
				s := nodetest.Start(t, nodetest.Options{Shell: shell})
				s.Tool(t, "auditctl", test.tool)
				seen, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Audit: true})
				if err != nil || seen.Audit == nil {
					t.Fatalf("%+v, %v", seen, err)
				}
				got := *seen.Audit
				if !slices.Equal(got.Rules, test.want.Rules) {
					t.Errorf("rules %q, want %q", got.Rules, test.want.Rules)
				}
				got.Rules, test.want.Rules = nil, nil
				if got.Problem != test.want.Problem || got.Enabled != test.want.Enabled || got.Backlog != test.want.Backlog || got.Failure != test.want.Failure || got.Lost != test.want.Lost {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		}
	}
}

// TestSystemdConfigs: the files of a configuration as systemd puts them together, and an error where it cannot.
func TestSystemdConfigs(t *testing.T) {
	t.Parallel()
	const name = "systemd/journald.conf"
	for said, test := range map[string]struct{ tool, want, fails string }{
		"text":    {`[ "$*" = "cat-config systemd/journald.conf" ] && printf '# /etc/x.conf\n[Journal]\nSeal=no\n\033\n'`, "# /etc/x.conf\n[Journal]\nSeal=no\n\\x1b", ""},
		"refused": {`echo no such thing; exit 1`, "", "no such thing"},
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			s.Tool(t, "systemd-analyze", test.tool)
			seen, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Configs: []string{name}})
			switch {
			case test.fails != "":
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("%v, want %q", err, test.fails)
				}
			case err != nil || seen.Configs[name] != test.want:
				t.Errorf("%q, %v, want %q", seen.Configs[name], err, test.want)
			}
		})
	}
}

// TestAuditRulesAreLoaded: the kernel takes the rules of a change, without the lock; one that does not is undone, one
// that is locked is told, and a removal stands in any case.
func TestAuditRulesAreLoaded(t *testing.T) {
	t.Parallel()
	const rules = "-c\n-w /etc/pve -p wa -k pvesec-pve\n-e 2\n"
	const path = "/etc/audit/rules.d/pvesec.rules"
	install := node.File{Path: path, Content: []byte(rules), Mode: 0o600, Validate: node.AuditRules}
	for name, test := range map[string]struct {
		status, load string // what auditctl says to -s, and does to -R
		file         node.File
		says, notes  string // of the error; "" for none
		loaded       string
	}{
		"taken":            {status: "enabled 1", load: "exit 0", file: install, loaded: "-D\n-c\n-w /etc/pve -p wa -k pvesec-pve\n"},
		"locked":           {status: "enabled 2", load: "exit 1", file: install, notes: "take effect when the node boots"},
		"refused":          {status: "enabled 1", load: `echo 'Error sending add rule data request (No space left on device)'; echo "There was an error in line 3 of $2"; exit 1`, file: install, says: "the kernel took 0 of the 1 audit rules: Error sending add rule data request (No space left on device): -w /etc/pve -p wa -k pvesec-pve"},
		"others refused":   {status: "enabled 1", load: `echo -w /etc/pve -p wa -k pvesec-pve >"$PVESEC_TEST_ROOT/test/rules"; echo 'Rule exists'; echo "There was an error in line 1 of $2"; exit 1`, file: install, notes: "audit rules of other files: Rule exists: -D", loaded: "-D\n-c\n-w /etc/pve -p wa -k pvesec-pve\n"},
		"off":              {status: "enabled 0", load: "exit 0", file: install, says: "auditing is off"},
		"no kernel":        {status: "", load: "exit 1", file: install, says: "a container or was booted with audit=0"},
		"removed, refused": {status: "", load: "exit 1", file: node.File{Path: path, Kind: node.Absent, Validate: node.AuditRules}, notes: "a container or was booted with audit=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{})
			fakes(t, s)
			s.Write(t, "etc/audit/rules.d/audit.rules", "", 0o640)
			if test.file.Kind == node.Absent {
				s.Write(t, path[1:], rules, 0o600)
			}
			s.Write(t, "test/rules", "", 0o600)
			s.Write(t, "test/loaded", "", 0o600)
			s.Tool(t, "augenrules", `cat "$PVESEC_TEST_ROOT"/etc/audit/rules.d/*.rules >"$PVESEC_TEST_ROOT/etc/audit/audit.rules" 2>/dev/null; exit 0`)
			judge := s.Read(t, "test/bin/auditctl")
			s.Tool(t, "auditctl", `
case $1 in
-s) [ -n "`+test.status+`" ] || { echo 'Operation not permitted'; exit 255; }; echo `+test.status+`; exit 0 ;;
-l) cat "$PVESEC_TEST_ROOT/test/rules"; exit 0 ;;
esac
case $2 in */run/pvesec/audit.rules) cat "$2" >"$PVESEC_TEST_ROOT/test/loaded"; `+test.load+` ;; esac
`+judge)
			var noted []string
			change := node.Change{Target: target("pve1", s), Label: "audit rules", Files: mine(t, test.file), RestartServices: []string{"auditd.service"}, Noted: func(text string) { noted = append(noted, text) }}
			err := newPool(t, s).Apply(testContext(t), []node.Change{change}, nil)
			switch {
			case test.says == "" && err != nil:
				t.Fatal(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("%v does not say %q", err, test.says)
			}
			if said := strings.Join(noted, "\n"); !strings.Contains(said, test.notes) || test.notes == "" && said != "" {
				t.Errorf("noted %q, want %q", said, test.notes)
			}
			if loaded := s.Read(t, "test/loaded"); test.loaded != "" && loaded != test.loaded {
				t.Errorf("loaded %q, want %q", loaded, test.loaded)
			}
			if test.says == "" && test.loaded != "" {
				again := func(reload bool) string {
					s.Write(t, "test/loaded", "", 0o600)
					change.ReloadAuditRules = reload
					if err := newPool(t, s).Apply(testContext(t), []node.Change{change}, nil); err != nil {
						t.Fatal(err)
					}
					return s.Read(t, "test/loaded")
				}
				if loaded := again(false); loaded != "" {
					t.Errorf("a change of nothing loaded %q", loaded)
				}
				if loaded := again(true); loaded != test.loaded {
					t.Errorf("where the kernel has other rules, %q was loaded, want %q", loaded, test.loaded)
				}
			}
			if there := strings.Contains(s.List(t, "etc/audit"), "pvesec.rules"); there != (test.says == "" && test.file.Kind == node.Regular) {
				t.Errorf("the file is there: %v", there)
			}
			noTraces(t, s)
		})
	}
}
