package escalation

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// holding is somebody with the given privileges: "User.Modify /access" holds on
// /access and below, "=User.Modify /access" there alone.
func holding(grants ...string) Held {
	type grant struct {
		privilege, path string
		exact           bool
	}
	var all []grant
	paths := map[string]bool{}
	for _, text := range grants {
		name, exact := strings.CutPrefix(text, "=")
		privilege, path, _ := strings.Cut(name, " ")
		all = append(all, grant{privilege, path, exact})
		paths[path] = true
	}
	return Held{
		Paths: slices.Collect(maps.Keys(paths)),
		Has: func(path, privilege string) bool {
			return slices.ContainsFunc(all, func(g grant) bool {
				below := g.path == "/" || strings.HasPrefix(path, g.path+"/")
				return g.privilege == privilege && (g.path == path || below && !g.exact)
			})
		},
		PowerfulMember: func(group string) string {
			if group == "admins" {
				return "boss@pve"
			}
			return ""
		},
		PowerfulGroup: func(group string) bool { return group == "empty" },
		AnyMember: func(group string) string {
			if group == "ops" {
				return "bob@pve"
			}
			return ""
		},
	}
}

func ids(t *testing.T, held Held) []string {
	t.Helper()
	findings := FindPrivileges(held)
	found := []string{}
	for _, f := range findings {
		found = append(found, strings.TrimPrefix(f.ID, "PVESEC-"))
	}
	return found
}

// TestPrivilegeRules has for each rule what meets it, from the shortest way down,
// and what comes near and does not.
func TestPrivilegeRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule string
		pve8 bool
		met  [][]string
		near [][]string
	}{
		{"P0001", false, [][]string{{"User.Modify /"}, {"User.Modify /access"}, {"=User.Modify /access/groups"}},
			[][]string{{"=User.Modify /"}, {"=User.Modify /access"}, {"User.Modify /access/groups/ops"}, {"User.Modify /access/realm"}, {"Group.Allocate /"}}},
		{"P0002", false, [][]string{{"User.Modify /access/groups/admins"}, {"=User.Modify /access/groups/admins"}},
			[][]string{{"User.Modify /access/groups/ops"}, {"Group.Allocate /access/groups/admins"}}},
		{"P0003", false, [][]string{{"Permissions.Modify /"}, {"=Permissions.Modify /"}}, [][]string{{"Permissions.Modify /pool/build"}, {"Permissions.Modify /vms"}}},
		{"P0004", false, [][]string{{"Permissions.Modify /access"}, {"=Permissions.Modify /access/groups"}, {"Permissions.Modify /"}},
			[][]string{{"=Permissions.Modify /"}, {"Permissions.Modify /access/realm"}}},
		{"P0005", false, [][]string{{"Permissions.Modify /nodes"}, {"=Permissions.Modify /nodes/pve1"}}, [][]string{{"Permissions.Modify /vms/100"}}},
		{"P0006", false, [][]string{{"=Permissions.Modify /storage"}}, [][]string{{"Permissions.Modify /storage/local"}}},
		{"P0007", false, [][]string{{"Permissions.Modify /mapping", "VM.Config.Disk /vms/100"}, {"Permissions.Modify /mapping/dir", "VM.Config.Disk /pool/build/ci"}},
			[][]string{{"Permissions.Modify /mapping"}, {"VM.Config.Disk /vms"}, {"Permissions.Modify /mapping/usb", "VM.Config.Disk /vms"}}},
		{"P0008", false, [][]string{{"Sys.Modify /"}, {"=Sys.Modify /access"}}, [][]string{{"=Sys.Modify /"}, {"Sys.Modify /access/groups"}, {"Sys.Audit /"}}},
		{"P0009", false, [][]string{{"Sys.Modify /nodes"}, {"=Sys.Modify /nodes/pve1"}}, [][]string{{"Sys.Modify /vms/100"}, {"Sys.PowerMgmt /nodes"}, {"Sys.Console /"}, {"=Sys.Modify /nodes"}}},
		{"P0010", false, [][]string{{"Realm.Allocate /"}, {"=Realm.Allocate /access/realm"}}, [][]string{{"Realm.AllocateUser /"}}},
		{"P0011", false, [][]string{{"Datastore.Allocate /"}, {"=Datastore.Allocate /storage"}}, [][]string{{"Datastore.Allocate /storage/local"}, {"Datastore.AllocateSpace /"}}},
		{"P0012", false, [][]string{{"Mapping.Modify /mapping", "Mapping.Use /mapping/dir/x", "VM.Config.Disk /vms/100"}, {"Mapping.Modify /", "Mapping.Use /", "VM.Config.Disk /"}},
			[][]string{{"Mapping.Modify /mapping", "Mapping.Use /mapping"}, {"Mapping.Use /", "VM.Config.Disk /"}, {"Mapping.Modify /mapping/usb", "Mapping.Use /", "VM.Config.Disk /"},
				{"Mapping.Modify /mapping/dir/x", "Mapping.Use /mapping/dir/y", "VM.Config.Disk /vms/100"}, {"Mapping.Modify /mapping", "=Mapping.Use /mapping/dir", "VM.Config.Disk /vms/100"},
				{"Mapping.Modify /mapping", "Mapping.Use /mapping", "=VM.Config.Disk /vms"}}},
		{"P0013", false, [][]string{{"Mapping.Modify /mapping/pci", "Mapping.Use /mapping/pci", "VM.Config.HWType /vms"}},
			[][]string{{"Mapping.Modify /mapping/pci", "Mapping.Use /mapping/pci", "VM.Config.Disk /vms"}}},
		{"P0014", true, [][]string{{"VM.Allocate /vms", "Datastore.AllocateSpace /storage/local"}, {"=VM.Allocate /vms/200", "Datastore.AllocateSpace /"}},
			[][]string{{"VM.Allocate /"}, {"Datastore.AllocateSpace /"}}},
		{"P0015", true, [][]string{{"VM.Monitor /vms/100", "=Sys.Modify /"}}, [][]string{{"VM.Monitor /"}, {"VM.Monitor /", "Sys.Modify /vms"}}},
		{"P0016", false, [][]string{{"Realm.AllocateUser /access/realm/pam", "User.Modify /access/groups/ops"}, {"Realm.AllocateUser /", "User.Modify /"}},
			[][]string{{"Realm.AllocateUser /access/realm/pve", "User.Modify /access/groups/ops"}, {"Realm.AllocateUser /"}}},
		{"P0017", false, [][]string{{"=Sys.Modify /", "VM.Allocate /vms", "Datastore.AllocateSpace /storage/local"}, {"=Sys.Modify /", "VM.Allocate /pool/build", "Datastore.AllocateSpace /pool/build"}},
			[][]string{{"=Sys.Modify /", "VM.Allocate /vms"}, {"Sys.Modify /nodes/pve1", "VM.Allocate /vms", "Datastore.AllocateSpace /storage"}}},
		{"P0018", false, [][]string{{"User.Modify /access/groups/empty", "Realm.AllocateUser /access/realm/pve"}, {"=User.Modify /access/groups/empty", "Realm.AllocateUser /"}},
			[][]string{{"User.Modify /access/groups/empty"}, {"User.Modify /access/groups/ops", "Realm.AllocateUser /access/realm/pve"}, {"Realm.AllocateUser /"},
				{"User.Modify /access/groups/empty", "=Realm.AllocateUser /access/realm"}}},
		{"P0019", false, [][]string{{"User.Modify /access/groups/empty", "User.Modify /access/groups/ops"}}, [][]string{{"User.Modify /access/groups/empty"}, {"User.Modify /access/groups/ops"}}},
	}
	tested := map[string]bool{}
	for _, test := range tests {
		tested["PVESEC-"+test.rule] = true
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			for _, grants := range test.met {
				held := holding(grants...)
				held.PVE8 = test.pve8
				if !slices.Contains(ids(t, held), test.rule) {
					t.Errorf("%q does not meet the rule", grants)
				}
				held.PVE8 = false
				if test.pve8 && slices.Contains(ids(t, held), test.rule) {
					t.Errorf("%q meets the rule on PVE 9", grants)
				}
			}
			for _, grants := range test.near {
				held := holding(grants...)
				held.PVE8 = test.pve8
				if slices.Contains(ids(t, held), test.rule) {
					t.Errorf("%q meets the rule", grants)
				}
			}
		})
	}
	for _, rule := range Privileges() {
		if !tested[rule.ID] {
			t.Errorf("%s has no test", rule.ID)
		}
	}
}

// TestGivenToOneself: what a holder can give itself counts as held, and is told with the step that gives it.
func TestGivenToOneself(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pve8   bool
		grants []string
		want   []string
	}{
		{false, []string{"Permissions.Modify /access/realm"}, []string{"P0010"}},
		{false, []string{"Permissions.Modify /access/groups/admins"}, []string{"P0002"}},
		{false, []string{"Permissions.Modify /access/groups/ops"}, []string{}},
		{false, []string{"Permissions.Modify /access/groups/empty", "User.Modify /access/groups/ops"}, []string{"P0019"}},
		{false, []string{"Mapping.Modify /mapping/dir/x", "Mapping.Use /mapping/dir/x", "VM.Config.Disk /vms/100"}, []string{"P0012"}},
		{false, []string{"Permissions.Modify /mapping/dir/x", "VM.Config.Disk /vms/100"}, []string{"P0012"}},
		{false, []string{"Permissions.Modify /mapping/pci/gpu", "VM.Config.HWType /vms/100"}, []string{"P0013"}},
		{true, []string{"Permissions.Modify /pool/build"}, []string{"P0014"}},
		{false, []string{"Permissions.Modify /pool/build"}, []string{}},
		{true, []string{"Permissions.Modify /vms", "Datastore.AllocateSpace /storage/local"}, []string{"P0014"}},
		{false, []string{"Permissions.Modify /"}, []string{"P0003", "P0004", "P0005", "P0006"}},
		// A right to give roles that is not propagated gives one that is.
		{false, []string{"=Permissions.Modify /access"}, []string{"P0004"}},
		{false, []string{"=Permissions.Modify /access/groups"}, []string{"P0004"}},
		{false, []string{"=Permissions.Modify /nodes"}, []string{"P0005"}},
		{false, []string{"=Permissions.Modify /mapping/dir", "VM.Config.Disk /vms/100"}, []string{"P0007"}},
		{false, []string{"=Permissions.Modify /mapping", "VM.Config.HWType /vms/100"}, []string{"P0013"}},
		{false, []string{"=Permissions.Modify /mapping/pci", "=Permissions.Modify /vms"}, []string{"P0013"}},
		{true, []string{"=Permissions.Modify /pool"}, []string{"P0014"}},
		{false, []string{"=Permissions.Modify /pool"}, []string{}},
		{true, []string{"=Permissions.Modify /pool/build"}, []string{"P0014"}},
		{false, []string{"=Permissions.Modify /vms"}, []string{}},
	} {
		held := holding(test.grants...)
		held.PVE8 = test.pve8
		if got := ids(t, held); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.grants, got, test.want)
		}
	}
	f := FindPrivileges(holding("Permissions.Modify /access/realm"))[0]
	if want := "pvesh set /access/acl --path /access/realm --roles Administrator --users SELF; "; !strings.HasPrefix(f.Witness, want) || f.Holds[0].String() != "Permissions.Modify on /access/realm" {
		t.Errorf("%+v", f)
	}
}

// TestExampleNames: an example names what the privileges are held on, asks for what is held there, and gives a token
// what its user has to have as well.
func TestExampleNames(t *testing.T) {
	t.Parallel()
	const dir = " --map node=NODE,path=/ && pvesh set /nodes/NODE/qemu/100/config --virtiofs0 dirid="
	for _, test := range []struct {
		grants      []string
		id, witness string
	}{
		{[]string{"Mapping.Modify /mapping/dir/docs", "Mapping.Use /mapping/dir", "VM.Config.Disk /vms/100"}, "P0012", "pvesh set /cluster/mapping/dir/docs" + dir + "docs"},
		{[]string{"Mapping.Modify /mapping/dir", "Mapping.Use /mapping/dir/docs", "VM.Config.Disk /vms/100"}, "P0012", "pvesh create /cluster/mapping/dir --id docs" + dir + "docs"},
		{[]string{"Permissions.Modify /mapping/dir/docs", "VM.Config.Disk /vms/100"}, "P0012", "pvesh set /access/acl --path /mapping/dir/docs --roles Administrator --users SELF; pvesh set /cluster/mapping/dir/docs" + dir + "docs"},
		{[]string{"=Sys.Modify /nodes/pve7"}, "P0009", "pvesh create /nodes/pve7/network --type OVSPort --iface port0 --ovs_bridge BRIDGE --ovs_options OPTIONS && pvesh set /nodes/pve7/network"},
		{[]string{"=Sys.Modify /", "VM.Allocate /pool/build/ci", "Datastore.AllocateSpace /storage/fast"}, "P0017",
			"pvesh create /nodes/NODE/lxc --vmid VMID --ostemplate fast:vztmpl/TEMPLATE --unprivileged 0 --storage fast --password PASSWORD --pool build/ci"},
		{[]string{"=Permissions.Modify /access"}, "P0004", "pvesh set /access/acl --path /access --roles PVEUserAdmin --users SELF && pvesh create /access/users/root@pam/token/steps --privsep 0"},
	} {
		held := holding(test.grants...)
		for _, f := range FindPrivileges(held) {
			if f.ID == "PVESEC-"+test.id && f.Witness != test.witness {
				t.Errorf("%q:\n%s, want\n%s", test.grants, f.Witness, test.witness)
			}
		}
		if got := ids(t, held); !slices.Contains(got, test.id) {
			t.Errorf("%q: %q", test.grants, got)
		}
	}
	token := holding("Permissions.Modify /")
	token.Token = "bob@pve!ci"
	if got, want := FindPrivileges(token)[0].Witness, "pvesh set /access/acl --path / --roles Administrator --users bob@pve --tokens bob@pve!ci"; got != want {
		t.Errorf("of a token: %s", got)
	}
}

// TestOrdinaryWork sees that what operators usually get is no finding.
func TestOrdinaryWork(t *testing.T) {
	t.Parallel()
	for _, grants := range [][]string{
		{},
		{"VM.Audit /pool/build", "VM.PowerMgmt /pool/build", "VM.Snapshot /pool/build"},
		{"VM.Audit /", "Datastore.Audit /", "Sys.Audit /", "Mapping.Audit /", "Pool.Audit /", "SDN.Audit /", "VM.GuestAgent.Audit /"},
		{"VM.Audit /vms", "VM.Backup /vms", "VM.Console /vms", "VM.Config.CDROM /vms", "VM.Config.Cloudinit /vms", "VM.PowerMgmt /vms"},
		{"VM.Allocate /pool/build", "Datastore.AllocateSpace /storage/local", "VM.Config.Disk /pool/build", "SDN.Use /sdn"},
		{"Pool.Allocate /pool/build", "Permissions.Modify /pool/build"},
		{"Sys.PowerMgmt /nodes/pve1", "Sys.Console /nodes/pve1", "Sys.Syslog /nodes/pve1"},
	} {
		if found := ids(t, holding(grants...)); len(found) > 0 {
			t.Errorf("%q: %v", grants, found)
		}
	}
}

// TestFinding sees what a finding tells.
func TestFinding(t *testing.T) {
	t.Parallel()
	findings := FindPrivileges(holding("User.Modify /access/groups/admins", "Sys.Modify /nodes/pve1"))
	if len(findings) != 2 {
		t.Fatalf("%v", findings)
	}
	if diff := cmp.Diff([]Hold{{"User.Modify", "/access/groups/admins"}}, findings[0].Holds); diff != "" {
		t.Error(diff)
	}
	if want := "pvesh create /access/users/boss@pve/token/steps --privsep 0"; findings[0].Witness != want {
		t.Errorf("witness %q, want %q", findings[0].Witness, want)
	}
	if got := findings[1].Holds[0].String(); got != "Sys.Modify on /nodes/pve1" {
		t.Errorf("hold reads %q", got)
	}
}

// TestLoaderRefuses sees that broken data is not taken.
func TestLoaderRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"id":"PVESEC-P0001","severity":"high","needs":[{"privilege":"Sys.Modify","on":["/nodes/NODE"]}],"why":"w","witness":"x","fix":"f","evidence":"e"}`
	if _, err := loadPrivileges([]byte("[" + good + "]")); err != nil {
		t.Fatal(err)
	}
	for old, broken := range map[string]string{
		`PVESEC-P0001`:         `PVESEC-E0001`,
		`"high"`:               `"bad"`,
		`"why":"w"`:            `"why":""`,
		`"fix":"f"`:            `"fix":" f"`,
		`"evidence":"e"`:       `"evidenz":"e"`,
		`Sys.Modify`:           `sys.modify`,
		`"/nodes/NODE"`:        `"nodes"`,
		`["/nodes/NODE"]`:      `[]`,
		`"on":["/nodes/NODE"]`: `"on":["/nodes/NODE"],"powerful_member":true`,
		`"severity":`:          `"releases":"7","severity":`,
		`"why":`:               `"instead":{"Sys.Modify on /vms/VMID":"x"},"why":`,
		`"witness":`:           `"instead":{"Sys.Modify on /nodes/NODE":""},"witness":`,
		good:                   good + "," + good,
		`"needs":[{"privilege":"Sys.Modify","on":["/nodes/NODE"]}]`: `"needs":[]`,
	} {
		if _, err := loadPrivileges([]byte("[" + strings.Replace(good, old, broken, 1) + "]")); err == nil {
			t.Errorf("%s in place of %s is taken", broken, old)
		}
	}
}
