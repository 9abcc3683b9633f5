package preset

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var versions = []sudoers.Version{sudoers.PVE8, sudoers.PVE9}

func all(t *testing.T) []Preset {
	t.Helper()
	return Presets()
}

// policyOf renders a preset for subject agent, as pvesec_sudoers_document does.
func policyOf(t *testing.T, p *Preset, values map[string]string, v sudoers.Version) *sudoers.File {
	t.Helper()
	rules, err := p.Render(values)
	if err != nil {
		t.Fatal(err)
	}
	structured := sudoers.Policy{Name: p.Name, Subject: "agent", Defaults: Defaults()}
	for _, rule := range rules {
		for _, command := range rule.Commands {
			structured.Rules = append(structured.Rules, sudoers.Rule{Commands: []string{command}, NoPasswd: sudoers.Yes, NoExec: noExec(rule.NoExec)})
		}
	}
	file, problems := sudoers.Build(structured, v)
	for _, problem := range problems {
		t.Errorf("%s: %v", p.Name, problem)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return file
}

func noExec(set bool) sudoers.Tri {
	if set {
		return sudoers.Yes
	}
	return sudoers.Unset
}

// choices are values for the parameters of a preset: only what is required, all examples, all but one, and one longer
// alternative for each.
func choices(p *Preset) []map[string]string {
	minimal := map[string]string{}
	for _, parameter := range p.Parameters {
		if parameter.Required {
			minimal[parameter.Name] = parameter.Example
		}
	}
	list := []map[string]string{minimal, p.Example()}
	for _, parameter := range p.Parameters {
		wide := p.Example()
		if alternative, ok := alternatives[parameter.Kind]; ok {
			wide[parameter.Name] = alternative
		}
		list = append(list, wide)
		if !parameter.Required {
			without := p.Example()
			delete(without, parameter.Name)
			list = append(list, without)
		}
	}
	return list
}

// alternatives are the widest values that people could want.
var alternatives = map[string]string{
	"vmid": "[1-9][0-9]{2,8}", "storage": "[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]", "bridge": "[A-Za-z][A-Za-z0-9_]{0,14}",
	"vlan": "[1-9][0-9]{0,2}|[1-3][0-9]{3}", "node": "[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]", "dataset": "[a-z]{1,8}/data|tank/(vm|ct)", "pool": "[A-Za-z][A-Za-z0-9_-]{0,31}",
	"volume_group": "[A-Za-z0-9_][A-Za-z0-9_+.]{0,30}", "interfaces": "all|currently-up", "guest_dataset": "[a-z]{1,8}/(data|guests)(/[a-z0-9]{1,20}){0,2}", "host": "pve[1-9]",
	"login": "[a-z]{1,8}", "ups": "[a-z]{1,10}", "user_prefix": "[a-z][a-z0-9]{0,15}[-_]", "api_service": "pveproxy|pvedaemon|pvestatd|pvescheduler|spiceproxy",
}

// decide asks for a command line by the program's base name, wherever it may be.
func decide(t *testing.T, tree *sudoers.Tree, line string, v sudoers.Version) policy.Verdict {
	t.Helper()
	words := strings.Split(line, " ")
	verdict := policy.Unmatched
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		request := policy.Request{Subject: policy.Subject{Name: "agent"}, Host: "pve1", Command: path.Join(dir, words[0]), Args: words[1:], Env: policy.Debian(v)}
		if d := policy.Decide(tree, request); d.Verdict == policy.Allowed {
			verdict = policy.Allowed
		}
	}
	return verdict
}

// TestOperations: what a preset promises is allowed with real command lines, what comes near is not, and what it calls
// unsafe is allowed by no preset at all.
func TestOperations(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		for _, p := range all(t) {
			t.Run(p.Name+" "+v.String(), func(t *testing.T) {
				t.Parallel()
				tree := sudoers.TreeOf(policyOf(t, &p, p.Example(), v))
				for _, grant := range p.Grants {
					alone := p
					alone.Grants = []Grant{grant}
					own := sudoers.TreeOf(policyOf(t, &alone, p.Example(), v))
					for _, line := range grant.Allows {
						if decide(t, own, line, v) != policy.Allowed {
							t.Errorf("grant %s does not allow %q", grant.Name, line)
						}
					}
					for _, line := range grant.Refuses {
						if decide(t, tree, line, v) == policy.Allowed {
							t.Errorf("grant %s: %q is allowed", grant.Name, line)
						}
					}
				}
				for _, other := range all(t) {
					for _, entry := range other.NotSafe {
						for _, line := range entry.Commands {
							if decide(t, tree, line, v) == policy.Allowed {
								t.Errorf("%s allows what %s calls unsafe: %q", p.Name, other.Name, line)
							}
						}
					}
				}
			})
		}
	}
}

// TestEveryCommandIsShown: each command of a grant has a command line among its examples, so that none is there
// untried.
func TestEveryCommandIsShown(t *testing.T) {
	t.Parallel()
	for _, p := range all(t) {
		for _, grant := range p.Grants {
			for _, command := range grant.Commands {
				alone := p
				alone.Grants = []Grant{{Name: grant.Name, Commands: []string{command}}}
				tree := sudoers.TreeOf(policyOf(t, &alone, p.Example(), sudoers.PVE9))
				if !slices.ContainsFunc(grant.Allows, func(line string) bool { return decide(t, tree, line, sudoers.PVE9) == policy.Allowed }) {
					t.Errorf("preset %s, grant %s: no example for %s", p.Name, grant.Name, command)
				}
			}
		}
	}
}

// TestNoFindings proves for many values of the parameters, the widest among them, that what a preset allows meets
// nothing that is known to lead to root or to go unseen, and that lint has nothing to say.
func TestNoFindings(t *testing.T) {
	t.Parallel()
	for _, p := range all(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for _, values := range choices(&p) {
				file := policyOf(t, &p, values, sudoers.Version{})
				if text := sudoers.Print(file); seen[text] {
					continue
				} else {
					seen[text] = true
				}
				for _, v := range versions {
					for _, finding := range lint.Lint(sudoers.TreeOf(policyOf(t, &p, values, v)), lint.Options{Version: v}) {
						t.Errorf("%v for sudo %s: %v", values, v, finding)
					}
				}
				analysis := escalation.Analyse(sudoers.TreeOf(file), escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}})
				for _, finding := range analysis.Findings {
					t.Errorf("%v: %s %s: %s\n%s", values, finding.ID, finding.Does, finding.Example, finding.Grant)
				}
			}
		})
	}
}

// TestAnalysisSeesThePresets: the proof above is no proof if the analysis does not look. Each preset with one careless
// grant more is found.
func TestAnalysisSeesThePresets(t *testing.T) {
	t.Parallel()
	for _, p := range all(t) {
		p.Grants = append(slices.Clone(p.Grants), Grant{Name: "careless", Commands: []string{"/usr/sbin/qm ^set [1-9][0-9]{2,8} --(onboot|hookscript) [a-z:/.]{1,30}$"}})
		analysis := escalation.Analyse(sudoers.TreeOf(policyOf(t, &p, p.Example(), sudoers.PVE9)), escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}})
		if len(analysis.Findings) != 1 || !strings.Contains(analysis.Findings[0].Example, "--hookscript") {
			t.Errorf("%s: %+v", p.Name, analysis.Findings)
		}
	}
}

// TestAllTogether: presets go together without findings.
func TestAllTogether(t *testing.T) {
	t.Parallel()
	var files []*sudoers.File
	for _, p := range all(t) {
		files = append(files, policyOf(t, &p, p.Example(), sudoers.PVE9))
	}
	analysis := escalation.Analyse(sudoers.TreeOf(files...), escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}})
	for _, finding := range analysis.Findings {
		t.Errorf("%s %s: %s\n%s", finding.ID, finding.Does, finding.Example, finding.Grant)
	}
}

// TestInsteadIsSafe: the privileges that are named instead of sudo are no way to root on PVE 9, all of a preset's
// together.
func TestInsteadIsSafe(t *testing.T) {
	t.Parallel()
	names := map[string]string{"POOL": "build", "STORAGE": "local", "NODE": "pve1", "GROUP": "ops", "ZONE": "lan"}
	for _, p := range all(t) {
		held := map[Privilege]bool{}
		paths := map[string]bool{}
		for _, entry := range p.NotSafe {
			for _, privilege := range entry.Instead {
				on := regexp.MustCompile(`[A-Z]{2,}`).ReplaceAllStringFunc(privilege.On, func(name string) string {
					if names[name] == "" {
						t.Errorf("%s: %s on %s: what is %s?", p.Name, privilege.Privilege, privilege.On, name)
					}
					return names[name]
				})
				held[Privilege{privilege.Privilege, on}] = true
				paths[on] = true
			}
		}
		findings := escalation.FindPrivileges(escalation.Held{
			Paths: slices.Collect(maps.Keys(paths)),
			Has: func(path, name string) bool {
				for at := range held {
					if at.Privilege == name && (at.On == path || at.On == "/" || strings.HasPrefix(path, at.On+"/")) {
						return true
					}
				}
				return false
			},
			PowerfulMember: func(string) string { return "" },
		})
		for _, finding := range findings {
			t.Errorf("%s: %s: %v", p.Name, finding.ID, finding.Holds)
		}
	}
}

// TestLeftOut: a grant whose parameter is not given is not there, and every preset says so by its rules.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	p, err := Find("vm_operator")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := p.Render(map[string]string{"vmids": "2[0-9]{3}", "bridge": "vmbr0"})
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, rule := range rules {
		have = append(have, rule.Grant)
	}
	if want := []string{"inspect", "power", "snapshots", "resources", "network", "cdrom"}; !slices.Equal(have, want) {
		t.Errorf("grants %q, want %q", have, want)
	}
	if text := strings.Join(rules[4].Commands, "\n"); strings.Contains(text, "tag=") {
		t.Errorf("a tag without vlans: %s", text)
	}
	if want := []string{"bridge", "iso_storage", "storage"}; !slices.Equal(p.Needs(p.Grants[8].Commands[1]), want) {
		t.Errorf("create needs %q, want %q", p.Needs(p.Grants[7].Commands[1]), want)
	}
}

func TestFindTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	if _, err := Find("vm_admin"); err == nil || !strings.Contains(err.Error(), "vm_operator") {
		t.Errorf("got %v", err)
	}
}
