package onnodes

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/attacker"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// everyAttempt runs all attempts instead of a sample of them; attackSeed chooses the sample, and the spellings.
var (
	everyAttempt = flag.Bool("every-attempt", false, "run every attempt against the examples, not a sample")
	attackSeed   = flag.Uint64("attack-seed", 1, "seed of the attempts")
)

// sampled is how many attempts of each example `make test` runs on each release.
const sampled = 300

// day is a whole example: what an operator has with it.
type day struct {
	promise promise
	// keyIn is the variable with the operator's key; none where the example makes no account.
	keyIn string
	// variables are further ones.
	variables tfconfig.Variables
	// allows is what the promise covers, as [attacker.Target] has it.
	allows *regexp.Regexp
	// warnings are what the example is warned of, and why that is right. There is no other one.
	warnings map[string]string
	// inAPI is the operator's user of PVE; none where the example makes none.
	inAPI string
	// log is sudo's event log of the operator.
	log string
	// alarm is what the example promises in an emergency, with further variables.
	alarm          *promise
	alarmVariables tfconfig.Variables
}

const power = `qm (start|stop|shutdown|status) 2[0-9]{3}`

var networksOfTheLab = tfconfig.ListVariable(tfconfig.StringVariable("127.0.0.0/8"))

var days = map[string]day{
	"restricted-operator": {
		promise: promise{
			runs: []string{
				"/usr/sbin/qm start 2001", "/usr/sbin/qm list", "/usr/sbin/pvesm status", "/usr/sbin/zfs list", "/usr/sbin/zpool status", "/usr/sbin/zpool status -v", "/usr/bin/pveversion",
				"/usr/bin/journalctl --no-pager -u pveproxy -n 100",
			},
			refuses: []string{"/usr/sbin/zpool scrub rpool", "/usr/sbin/pvesm free local:x"},
		},
		allows: attacker.Promise(power, `qm list`, `pvesm status`, `zfs list`, `zpool status( -v)?`, `pveversion`),
		inAPI:  "agent@pve",
		log:    "/var/log/sudo-agent.log",
	},
	"ai-agent": {
		promise: promise{
			runs:    []string{"/usr/sbin/qm start 2001", "/usr/sbin/qm listsnapshot 2001", "/usr/sbin/qm snapshot 2001 agent-before"},
			refuses: []string{"/usr/sbin/qm list", "/usr/sbin/qm rollback 2001 agent-before", "/usr/sbin/qm snapshot 100 agent-x"},
		},
		keyIn: "agent_key", variables: tfconfig.Variables{"agent_networks": networksOfTheLab},
		allows:         attacker.Promise(power, `qm listsnapshot 2[0-9]{3}`, `qm snapshot 2[0-9]{3} agent-[a-z0-9]{1,30}`),
		inAPI:          "agent@pve",
		log:            "/var/log/sudo-agent.log",
		alarm:          &promise{user: "alice", emergency: "owner", runs: []string{"/usr/bin/cat /etc/shadow"}},
		warnings:       map[string]string{"Emergency access of alice is open": "the owner's alarm is a part of the day"},
		alarmVariables: tfconfig.Variables{"emergency": tfconfig.StringVariable("the agent filled the disk of pve1")},
	},
	"hardened-node": {
		promise: promise{
			user: "oncall", runs: []string{"/usr/sbin/qm start 2001", "/usr/sbin/qm status 2001", "/usr/bin/pveversion", "/usr/sbin/zpool status", "/usr/bin/tail -n 5 /var/log/auth.log", "/usr/bin/pvecm apiver"},
			refuses: []string{"/usr/sbin/qm stop 2001"}, presets: []string{"monitoring", "network_monitoring", "storage"},
		},
		keyIn: "oncall_key", variables: tfconfig.Variables{"oncall_networks": networksOfTheLab},
		allows: attacker.Promise(
			`qm (start|shutdown|status) 2[0-9]{3}`, `qm list( --full=[01])?`, `pct list`, `pveversion( -v| --verbose)?`,
			`pvesm status( --storage [a-z0-9-]+)?( --content [a-z]+)?`, `pvesm list [a-z0-9-]+( --content [a-z]+)?( --vmid [0-9]+)?`,
			`pvesh get /(version|cluster/(status|resources)|nodes/[a-z0-9-]+/[a-z0-9/-]+)( --output-format=[a-z-]+)?`,
			`zpool (status|list|iostat)( -[vx]| [a-z0-9]+)*`, `zfs list( -[tr]| [a-z0-9][a-z0-9/_@.-]*)*`, `zfs get [a-z]+ [a-z0-9][a-z0-9/_-]*`,
			`(lvs|vgs|pvs)( --noheadings)?( --units [bkmg])?( -o [a-z_,]+)?( [a-z0-9][a-z0-9/-]*)?`,
			`smartctl -[aAHix]( -j)? /dev/[a-z0-9]+`, `nvme (list|smart-log /dev/nvme[0-9]+)`, `ceph [a-z_ -]+`,
			`pvesr (list|status)`, `ha-manager (status|config)`, `pvecm (status|nodes|apiver)`, `pve-firewall (status|compile|localnet)`, `iotop -b -n [0-9]+`, `lsof -i -n -P`,
			`brctl (show|showmacs|showstp)( [a-z0-9]+)?`, `ethtool( -[iSkgcaT])? [a-z0-9]+`, `ovs-vsctl (show|list-br|(list-ports|list-ifaces|br-exists) [a-z0-9]+)`,
			`(iptables|ip6tables) (-L -n( -v)?|-S)`, `nft( -j)? list ruleset`, `ifquery (--all( --(check|list))?|--running [a-z0-9]+)`, `ifreload --all --(syntax-check|no-act)`,
		),
		log: "/var/log/sudo.log",
	},
}

// TestNothingWantedIsPromised: what an attacker wants is no promise of an example, so the judge can see it; what is
// promised, he knows.
func TestNothingWantedIsPromised(t *testing.T) {
	t.Parallel()
	call := func(line string) string { return line[strings.LastIndex(strings.Fields(line)[0], "/")+1:] }
	for name, d := range days {
		target := attacker.Target{User: d.promise.userName()}
		for _, line := range target.Wanted() {
			if d.allows.MatchString(call(line)) {
				t.Errorf("%s promises what an attacker wants: %s", name, line)
			}
		}
		for _, line := range d.promise.runs {
			if attacker.StandsIn(line) && !d.allows.MatchString(call(line)) {
				t.Errorf("%s promises %s, and the judge does not know", name, line)
			}
		}
	}
}

// TestOperatorsDay applies each whole example to nodes of both releases, runs what it promises as its operator, lets
// the operator try to get more, sees to it that a second plan is empty, and that a destroy leaves no trace, all without
// a warning but those of the day.
func TestOperatorsDay(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(filepath.Join(harness.Examples, "*", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if name := filepath.Base(filepath.Dir(file)); givesSudo.MatchString(example(t, file)) && name != "policy-tests" {
			if _, planned := days[name]; !planned {
				t.Errorf("examples/%s gives sudo: say in days what it promises", name)
			}
		}
	}
	for name, d := range days {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.live(t, name)
		})
	}
}

// live is a day from the first apply to the end.
func (d *day) live(t *testing.T, name string) {
	t.Helper()
	text := settingsBlock.ReplaceAllString(example(t, filepath.Join(harness.Examples, name, "main.tf")), "")
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "pve2", Suite: lab.Trixie}}})
	keepCluster(t, c)
	user := d.promise.userName()
	who := newOperator(t, user)
	variables := maps.Clone(d.variables)
	if d.keyIn != "" {
		variables[d.keyIn] = tfconfig.StringVariable(who.publicKey())
	}
	canary := strings.ReplaceAll(strings.Fields(newOperator(t, "canary").publicKey())[1], "/", "x")
	var before []string
	for _, node := range c.Nodes {
		shell(t, node, attacker.Prepare(canary))
		if d.keyIn == "" {
			shell(t, node, fmt.Sprintf("useradd -m -s /bin/bash %[1]s; install -d -o %[1]s -m 700 /home/%[1]s/.ssh; echo '%[2]s' >/home/%[1]s/.ssh/authorized_keys; chown %[1]s /home/%[1]s/.ssh/authorized_keys",
				user, who.publicKey()))
		}
		if d.alarm != nil {
			shell(t, node, "useradd -m -s /bin/bash "+d.alarm.userName())
		}
		before = append(before, traces(t, node))
	}
	harness.Tamper(t, c.API.AddPool("build"), c.API.AddPool("agents")) // what examples take for given
	users := c.API.UserCfg()
	steps := []resource.TestStep{{Config: config(c) + text, ConfigVariables: variables, Check: func(s *terraform.State) error {
		errs := []error{d.promise.keep(c)(s), d.attacked(t, name, c, who, canary), d.promise.keep(c)(s)}
		if d.inAPI != "" {
			errs = append(errs, triedInAPI(c.API, d.inAPI))
		}
		return errors.Join(errs...)
	}}}
	if d.alarm != nil {
		alarmed := maps.Clone(variables)
		maps.Copy(alarmed, d.alarmVariables)
		steps = append(steps, resource.TestStep{Config: config(c) + text, ConfigVariables: alarmed, Check: d.alarm.keep(c)})
	}
	d.onlyWarnings(t)
	harness.Run(t, append(steps, resource.TestStep{Config: config(c)})...)
	for i, node := range c.Nodes {
		if after := traces(t, node); after != before[i] {
			t.Errorf("%s: the destroy left something behind, before:\n%s\nafter:\n%s", node.Name, before[i], after)
		}
	}
	if after := c.API.UserCfg(); after != users {
		t.Errorf("the destroy left something in PVE:\n%s\nbefore:\n%s", after, users)
	}
}

// onlyWarnings holds the day to its warnings.
func (d *day) onlyWarnings(t *testing.T) {
	t.Helper()
	warned := harness.Golden(t)
	for _, warning := range warned {
		if d.warnings[warning] == "" {
			t.Errorf("there is a warning without a reason: %s", warning)
		}
	}
	if len(warned) != len(d.warnings) {
		t.Errorf("%d warnings, and reasons for %d", len(warned), len(d.warnings))
	}
}

// traces is what a destroy must leave as it was: configuration and accounts.
func traces(t *testing.T, node *lab.Node) string {
	t.Helper()
	return snapshot(t, node) + shell(t, node, "find /etc/ssh /home -printf '%p %m %u\\n' | grep -v '^/home/[a-z]*/' | sort; getent passwd | cut -d: -f1 | sort; getent group | cut -d: -f1 | sort")
}

// attacked has the operator try on all nodes at once.
func (d *day) attacked(t *testing.T, name string, c *lab.Cluster, who *operator, canary string) error {
	t.Helper()
	target := attacker.Target{User: who.user, Promised: d.promise.runs, Allows: d.allows}
	attempts := attacker.Generate(&target, recordedWays(t), *attackSeed)
	if all := len(attempts); !*everyAttempt {
		attempts = attempts[:min(all, sampled)]
	}
	errs := make([]error, len(c.Nodes))
	var wait sync.WaitGroup
	for i, node := range c.Nodes {
		wait.Go(func() {
			a := attack{node: node, who: who, target: &target, canary: canary, log: d.log}
			errs[i] = a.run(attempts)
			t.Logf("%s on %s: %d attempts, %d found in sudo's event log, %d without sudo, %d violations", name, node.Suite, len(attempts), a.logged, a.alone, len(a.violations))
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
