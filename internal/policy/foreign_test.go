package policy

import (
	"bufio"
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// foreignDecision is a command line of which sudo and this engine once said different things, found by a generator that
// was made elsewhere.
type foreignDecision struct {
	Sudo       string   `json:"sudo"`
	Allows     bool     `json:"sudo_allows"`
	User       string   `json:"user"`
	RunAsUser  string   `json:"run_as_user"`
	RunAsGroup string   `json:"run_as_group"`
	Argv       []string `json:"argv"`
	Policy     string   `json:"policy"`
}

func readLines[T any](t *testing.T, name string) []T {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	if lines.Err() != nil || len(list) == 0 {
		t.Fatalf("%d lines, %v", len(list), lines.Err())
	}
	return list
}

// foreignWorld is the node of those decisions.
func foreignWorld(v sudoers.Version) *Environment {
	env := Debian(v)
	env.Links["/opt/lnk"] = "/opt/t"
	env.Directories = []string{"/opt/t"}
	env.Targets = map[string]string{"/opt/u/a": "/opt/t/a"}
	account := func(name string, uid int, groups []string, gids []int, netgroups ...string) Subject {
		return Subject{Name: name, UID: &uid, Groups: append([]string{name}, groups...), GIDs: append([]int{uid}, gids...), Netgroups: netgroups}
	}
	env.Accounts = []Subject{
		account("root", 0, nil, nil), account("ann", 4001, []string{"ops"}, []int{4101}, "ngu"), account("bob", 4002, nil, nil), account("cy.d", 4003, []string{"ops"}, []int{4101}),
		account("dan_1", 4004, nil, nil), account("eve", 4005, nil, nil, "ngu"), account("svc", 4006, nil, nil),
	}
	return env
}

var foreignVersions = map[string]sudoers.Version{"1.9.13": sudoers.PVE8, "1.9.16": sudoers.PVE9, "newest": {}}

// TestForeignDecisions: what sudo said is said.
func TestForeignDecisions(t *testing.T) {
	t.Parallel()
	for _, d := range readLines[foreignDecision](t, "testdata/foreign/decisions.jsonl") {
		env := foreignWorld(foreignVersions[d.Sudo])
		r := Request{
			Subject: env.account(d.User), Host: "node7", LongHost: "node7.ex.org", Env: env, Command: d.Argv[0], Args: d.Argv[1:], RunAsGroup: d.RunAsGroup,
			Interfaces: []netip.Prefix{netip.MustParsePrefix("10.9.8.7/24"), netip.MustParsePrefix("172.20.1.2/16"), netip.MustParsePrefix("fd12::5/64")},
		}
		if d.RunAsUser != "" {
			target := env.account(d.RunAsUser)
			r.RunAsUser = &target
		}
		file, _ := sudoers.Parse("policy", d.Policy+"\nDefaults !authenticate, !pam_acct_mgmt, !syslog, !fqdn, !env_reset\n", env.Version)
		got := Decide(sudoers.TreeOf(file), r)
		if (got.Verdict == Allowed) != d.Allows {
			rule := ""
			if got.Rule != nil {
				rule = got.Rule.Text
			}
			t.Errorf("%s says %t, decided is %s by %q: %s as %q:%q %q", d.Sudo, d.Allows, got.Verdict, rule, d.User, d.RunAsUser, d.RunAsGroup, d.Argv)
		}
	}
}

// foreignProof is a statement whose example or proof sudo did not confirm.
type foreignProof struct {
	What string            `json:"what"`
	Sudo string            `json:"sudo"`
	Data []json.RawMessage `json:"data"`
}

// foreignWitness is an example as it was recorded.
type foreignWitness struct {
	Host, Long, RU, RG string
	Line               []string
}

// TestForeignProofs: each of those examples is decided as sudo does, and what a comparison or a proof shows today is
// what the decision says.
//
// The sudo of Debian 12 and 13 allows the line that one of them calls proven but refused: there the other generator had
// erred.
func TestForeignProofs(t *testing.T) {
	t.Parallel()
	read := func(raw json.RawMessage, into any) {
		t.Helper()
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range readLines[foreignProof](t, "testdata/foreign/proofs.jsonl") {
		env := foreignWorld(foreignVersions[p.Sudo])
		parse := func(text string) *sudoers.Tree {
			file, _ := sudoers.Parse("policy", text, env.Version)
			return sudoers.TreeOf(file)
		}
		var user string
		read(p.Data[0], &user)
		q := Question{Subject: env.account(user), Env: env}
		switch kind, outcome, _ := strings.Cut(p.What, " real before/after "); {
		case outcome != "":
			var w foreignWitness
			var old, now string
			read(p.Data[1], &w)
			read(p.Data[2], &old)
			read(p.Data[3], &now)
			before, after := parse(old), parse(now)
			r := Request{Subject: q.Subject, Host: "node7", LongHost: "node7.ex.org", Env: env, RunAsGroup: w.RG, Command: w.Line[0], Args: w.Line[1:]}
			target := env.account(w.RU)
			r.RunAsUser = &target
			if was, is := Decide(before, r).Verdict, Decide(after, r).Verdict; (was == Allowed) != (outcome[0] == '1') || (is == Allowed) != (outcome[2] == '1') {
				t.Errorf("%s %s: %s and %s of %+v", kind, outcome, was, is, w)
			}
			confirmed(t, before, after, Compare(before, after, q))
		case kind == "counterexample not allowed":
			var path, policy string
			read(p.Data[1], &path)
			read(p.Data[5], &policy)
			statement, err := ParseStatement(path, env)
			if err != nil {
				t.Fatal(err)
			}
			q.Host = "node7"
			proof := ProveNever(parse(policy), q, statement)
			if proof.Verdict == regular.No && proof.If == "" && Decide(parse(policy), proof.Request).Verdict != Allowed {
				t.Errorf("%s is no counterexample", proof.Counterexample)
			}
		case kind == "ALWAYS proven but refused":
			var line []string
			var policy string
			read(p.Data[1], &line)
			read(p.Data[2], &policy)
			if proof := ProveAlways(parse(policy), q, line); proof.Verdict != regular.Yes {
				t.Errorf("always %q is %s", line, proof.Verdict)
			}
		default:
			t.Errorf("%q is not understood", p.What)
		}
	}
}

// confirmed puts the examples of a comparison to the decision.
func confirmed(t *testing.T, before, after *sudoers.Tree, c Comparison) {
	t.Helper()
	check := func(list []Difference, allowing, refusing *sudoers.Tree) {
		for _, d := range list {
			r := d.Request.Of(d.Line)
			if d.If == "" && (Decide(allowing, r).Verdict != Allowed || Decide(refusing, r).Verdict == Allowed) {
				t.Errorf("%s is no example", d)
			}
		}
	}
	check(c.NewlyAllowed, after, before)
	check(c.NoLongerAllowed, before, after)
}
