package preset

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

func TestParameterRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, value, reason string }{
		{"vmid", "", "empty"},
		{"vmid", ".*", "spaces too"},
		{"vmid", "2.00", "[.]"},
		{"vmid", "[0-9]+", "without end"},
		{"vmid", "2[0-9]*", "without end"},
		{"vmid", "[^0]00", "negated"},
		{"vmid", "2[0-9]{3}|", "is empty"},
		{"vmid", "|2000", "is empty"},
		{"vmid", "2000)|(.*", "was not opened"},
		{"vmid", "(2000", "not closed"},
		{"vmid", "[0-9", "not closed"},
		{"vmid", "()", "was not opened"},
		{"vmid", "?000", "nothing stands before"},
		{"vmid", "(?i)200", "nothing stands before"},
		{"vmid", "20{3,1}", "{m} or {m,n}"},
		{"vmid", "20{1,999}", "{m} or {m,n}"},
		{"vmid", "20{1,}", "{m} or {m,n}"},
		{"vmid", "20{,3}", "{m} or {m,n}"},
		{"vmid", "200??", "nothing stands before"},
		{"vmid", "^200$", "as a whole"},
		{"vmid", "200 --args x", "space"},
		{"vmid", "200\n", "space"},
		{"vmid", "200#", "sudoers"},
		{"vmid", `200\d`, "sudoers"},
		{"vmid", "200,300", "cannot stand"},
		{"vmid", "200\x00", "cannot stand"},
		{"vmid", "[[:digit:]]{3}", "cannot stand in a class"},
		{"vmid", "99", `matches "99"`},
		{"vmid", "[0-9]{3}", `matches "000"`},
		{"vmid", "2[0-9]{1,9}", "which is none"},
		{"vmid", "200|--args", "which is none"},
		{"vmid", "(200)?", "empty text"},
		{"vmid", "2[!-~]{3}", "cannot stand in a class"},
		{"vmid", strings.Repeat("2", 101), "longer than"},
		{"storage", "-x", "which is none"},
		{"storage", "local/x", "which is none"},
		{"storage", "a", "which is none"},
		{"bridge", "vmbr0,model=x", "cannot stand"},
		{"bridge", "vmbr[0-9]{1,20}", "which is none"},
		{"node", "pve1/execute", "which is none"},
		{"dataset", "rpool", "which is none"},
		{"dataset", "rpool/ROOT", "own file system"},
		{"dataset", "rpool/[A-Z]{1,8}", "own file system"},
		{"dataset", "rpool/ROOT/pve-1|rpool/data", "own file system"},
		{"dataset", "/rpool/data", "which is none"},
		{"dataset", "rpool/[.]{2}", "which is none"},
		{"user_prefix", "root", "which is none"},
		{"user_prefix", "[a-z]?", "empty text"},
		{"api_service", "pve-cluster", "which is none"},
		{"vlan", "4095", "which is none"},
		{"vlan", "0", "which is none"},
	} {
		p := Parameter{Name: "x", Kind: tt.kind, Example: kinds[tt.kind].example}
		var problem *ParameterError
		if err := p.check(tt.value); !errors.As(err, &problem) {
			t.Errorf("%s %q: %v", tt.kind, tt.value, err)
		} else if !strings.Contains(problem.Reason, tt.reason) || problem.Value != tt.value || !strings.Contains(problem.Hint, kinds[tt.kind].example) {
			t.Errorf("%s %q: %q, want %q in it", tt.kind, tt.value, problem, tt.reason)
		}
	}
}

func TestParameterTakes(t *testing.T) {
	t.Parallel()
	for kind, values := range map[string][]string{
		"vmid":         {"100", "2[0-9]{3}", "20[0-4][0-9]|3000", "1(0[1-9]|1[0-2])", "[1-9][0-9]{2,8}", "200(0)?"},
		"storage":      {"local-zfs", "local|nfs[1-3]", "[a-z]{2,8}", "a[.]b", "pbs_1"},
		"bridge":       {"vmbr0", "vmbr[0-9]", "vmbr(0|1[0-9])", "lan"},
		"vlan":         {"1", "4094", "[1-9][0-9]?"},
		"node":         {"pve1", "pve[1-3]", "pve-(a|b)"},
		"dataset":      {"rpool/data", "tank/vm/(a|b)", "rpool/ROOTS"},
		"pool":         {"rpool", "tank[0-9]?"},
		"volume_group": {"pve", "vg[+]x"},
		"user_prefix":  {"op-", "(ops|dev)_"},
		"api_service":  {"pveproxy", "pve(proxy|statd)"},
	} {
		for _, value := range append(values, kinds[kind].example) {
			if err := (Parameter{Name: "x", Kind: kind}).check(value); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestKindsHaveNoSeparators: no name of any kind holds what separates words, options, parts of a property string or of
// a path that must not be left, or begins like an option.
func TestKindsHaveNoSeparators(t *testing.T) {
	t.Parallel()
	danger, err := regular.Compile(regular.ERE{Pattern: `[^A-Za-z0-9_.+/-]|^-|^/|[.][.]/|/[.]|/$|^$`})
	if err != nil {
		t.Fatal(err)
	}
	all := languages()
	for name := range kinds {
		if answer := regular.Disjoint(all[name], danger, regular.Budget{}); answer.Verdict != regular.Yes {
			t.Errorf("%s: %v, %q", name, answer.Verdict, answer.Witness)
		}
		if slash, _ := regular.Compile(regular.ERE{Pattern: "/"}); !strings.HasSuffix(name, "dataset") && regular.Disjoint(all[name], slash, regular.Budget{}).Verdict != regular.Yes {
			t.Errorf("%s has a slash in it", name)
		}
	}
}

// TestTakenValuesOnlyNarrow: whatever text is taken, put in its place it lets nothing through that its kind does not.
func TestTakenValuesOnlyNarrow(t *testing.T) {
	t.Parallel()
	const alphabet = `0123479|()[]{},?-. *+^$\a/_`
	random := rand.New(rand.NewPCG(1, 2))
	within, err := regular.Compile(regular.ERE{Pattern: `^start [1-9][0-9]{2,8} --x$`})
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for range 20_000 {
		value := []byte(pieces[random.IntN(len(pieces))])
		for range random.IntN(4) {
			at := random.IntN(len(value) + 1)
			value = append(value[:at:at], append([]byte{alphabet[random.IntN(len(alphabet))]}, value[at:]...)...)
		}
		if (Parameter{Name: "x", Kind: "vmid"}).check(string(value)) != nil {
			continue
		}
		taken++
		placed, err := regular.Compile(regular.ERE{Pattern: "^start (" + string(value) + ") --x$"})
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		if answer := regular.Subset(placed, within, regular.Budget{}); answer.Verdict != regular.Yes {
			t.Fatalf("%q lets %q through", value, answer.Witness)
		}
	}
	if taken < 500 {
		t.Errorf("only %d values were taken: the test says little", taken)
	}
}

var pieces = []string{"2000", "2[0-9]{3}", "200|300", "(20|30)00", "1(0[1-9]|1[0-2])", "[1-9][0-9]{2,8}", "200(0)?"}

func TestRenderReportsAll(t *testing.T) {
	t.Parallel()
	p, err := Find("vm_operator")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Render(map[string]string{"storage": "x y", "vmid": "2000"})
	var problems Errors
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Fatalf("got %v", err)
	}
	for i, want := range []string{"parameter vmids = \"\": it is required", "parameter storage = \"x y\": column 2", "no such parameter; its parameters are vmids, storage"} {
		if !strings.Contains(problems[i].Error(), want) {
			t.Errorf("%q does not say %q", problems[i], want)
		}
	}
}

func TestRenderRefusesLongPatterns(t *testing.T) {
	t.Parallel()
	p := Preset{Name: "x", Parameters: []Parameter{{Name: "vmids", Kind: "vmid", Required: true, Example: "200"}},
		Grants: []Grant{{Name: "g", Commands: []string{"/usr/sbin/qm ^" + strings.Repeat("<vmids>", 12) + "$"}}}}
	_, err := p.Render(map[string]string{"vmids": strings.Repeat("2000|", 18) + "2000"})
	if err == nil || !strings.Contains(err.Error(), "1024 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestLoaderRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"name":"x","title":"t","description":"d","parameters":[{"name":"p","kind":"vmid","description":"d","example":"200"}],` +
		`"grants":[{"name":"g","does":"s","commands":["/usr/sbin/qm ^start <p>$"],"allows":["qm start 200"]}],"not_safe":[{"operation":"o","commands":["x"],"why":"w","note":"n"}]}`
	if _, err := load([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for old, broken := range map[string]string{
		`"name":"x"`:                `"name":"X"`,
		`"title":"t"`:               `"titel":"t"`,
		`"kind":"vmid"`:             `"kind":"guest"`,
		`"example":"200"`:           `"example":"20"`,
		`"description":"d",`:        `"description":"d","required":true,"default":"200",`,
		`<p>`:                       `<q>`,
		`start <p>`:                 `start 200`,
		`^start <p>$`:               `start <p>`,
		`start <p>$`:                `start <p>.*$`,
		`^start`:                    `^start .`,
		`/usr/sbin/qm`:              `/opt/qm`,
		`"allows":["qm start 200"]`: `"allows":[]`,
		`"note":"n"`:                `"note":""`,
		`[{"operation":"o","commands":["x"],"why":"w","note":"n"}]`: `[]`,
	} {
		text := strings.Replace(good, old, broken, 1)
		if _, err := load([]byte(text)); err == nil || text == good {
			t.Errorf("%s in place of %s is taken", broken, old)
		}
	}
}
