package pvesim

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestChecksAreTheSchemas holds the permission checks that are written by hand to those of PVE's schema: somebody with
// one privilege on one path may call a method by both or by neither.
func TestChecksAreTheSchemas(t *testing.T) {
	t.Parallel()
	for _, version := range []string{Version84, Version91, Version92} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := New(Options{Version: version})
			cfg := parseUserConfig(onePrivilegeEach(s.privs), s.privs)
			methods, compared := methodsOf(version), 0
			for _, e := range s.endpoints() {
				of, known := methods[e.method+" "+e.path]
				if name := e.method + " " + e.path; name == "GET /" || version == Version84 && name == "POST /access/vncticket" {
					continue // the schema has no root, and the one of PVE 8 is older than this method
				}
				if !known {
					t.Errorf("PVE has no %s %s", e.method, e.path)
				}
				if e.open || !known {
					continue
				}
				if e.check == nil && of.check() != nil {
					t.Errorf("%s %s: no check, PVE has %v", e.method, e.path, of.Check)
				}
				if e.check == nil || of.check() == nil {
					continue
				}
				theirs := of.check()
				for who := range cfg.users {
					for _, raw := range someCalls {
						c := &call{srv: s, cfg: cfg, authid: who, raw: rawParams{}}
						for name, text := range raw {
							c.raw[name] = value{text: text}
						}
						if ours, pve := e.check(c), theirs(c); (ours == nil) != (pve == nil) {
							t.Errorf("%s %s as %s with %v: %v, by the schema %v", e.method, e.path, who, raw, ours, pve)
						}
						compared++
					}
				}
			}
			if compared < 20000 {
				t.Errorf("only %d comparisons", compared)
			}
		})
	}
}

// someCalls are parameters that the checks look at.
var someCalls = func() []map[string]string {
	var all []map[string]string
	for userid, groups := range map[string][]string{"bob@pve": {"", "ops", "desk", "ops,desk"}, "ann@pam": {""}, "absent@pve": {"", "ops"}, "root@pam": {"ops"}} {
		for _, groups := range groups {
			m := map[string]string{"userid": userid, "path": "/vms/100", "poolid": "build", "realm": "pve", "roleid": "X", "groupid": "ops", "tokenid": "ci", "node": "pve1", "vmid": "100", "id": "x", "storage": "local"}
			if groups != "" {
				m["groups"] = groups
			}
			all = append(all, m)
		}
	}
	return all
}()

// onePrivilegeEach is a user.cfg with a user for each privilege on each of some paths.
func onePrivilegeEach(privs *privileges) string {
	var b strings.Builder
	b.WriteString("user:root@pam:1:0::::::\nuser:bob@pve:1:0::::::\nuser:ann@pam:1:0::::::\ngroup:ops:bob@pve,ann@pam::\ngroup:desk:::\npool:build::::\n")
	for i, name := range privs.all.sorted() {
		if strings.HasPrefix(name, "VM.") && name != "VM.Allocate" || strings.HasPrefix(name, "SDN.") {
			continue // no check that is written by hand asks for them
		}
		fmt.Fprintf(&b, "role:R%d:%s:\n", i, name)
		for j, path := range []string{"/", "/access", "/access/groups", "/access/groups/ops", "/access/groups/desk", "/access/realm", "/access/realm/pve", "/pool/build", "/vms/100"} {
			for propagate := range 2 {
				fmt.Fprintf(&b, "user:u%d.%d.%d@pve:1:0::::::\nacl:%d:%s:u%d.%d.%d@pve:R%d:\n", i, j, propagate, propagate, path, i, j, propagate, i)
			}
		}
	}
	return b.String()
}

// TestDeeds: what methods outside access control ask for, in their schema and in their code.
func TestDeeds(t *testing.T) {
	t.Parallel()
	const container = "POST /nodes/pve1/lxc?ostemplate=fast:vztmpl/x.tar.zst&"
	for _, test := range []struct {
		rights, request string
		from84, from91  bool
	}{
		{"Datastore.Allocate /storage", "POST /storage?storage=away&type=nfs", true, true},
		{"Datastore.Allocate /storage", "POST /storage?storage=local&type=nfs", false, false}, // it exists
		{"Datastore.Allocate /storage", "POST /storage?storage=away", false, false},           // no type
		{"Datastore.Allocate /storage/away", "POST /storage?storage=away&type=nfs", false, false},
		{"Mapping.Modify /mapping/dir", "POST /cluster/mapping/dir?id=whole&map=node=pve1,path=/", true, true},
		{"Mapping.Modify /mapping/dir/whole", "POST /cluster/mapping/dir?id=whole&map=node=pve1,path=/", false, false},
		{"Mapping.Modify /mapping/dir/data", "PUT /cluster/mapping/dir/data?map=node=pve1,path=/", true, true},
		{"Mapping.Modify /mapping/dir/whole", "PUT /cluster/mapping/dir/whole?map=node=pve1,path=/", false, false}, // there is none
		{"Mapping.Use /mapping/dir/data, VM.Config.Disk /vms/100", "PUT /nodes/pve1/qemu/100/config?virtiofs0=dirid=data", true, true},
		{"Mapping.Use /mapping/dir/data, VM.Config.HWType /vms/100", "PUT /nodes/pve1/qemu/100/config?virtiofs0=dirid=data", false, false},
		{"Mapping.Use /mapping/dir/else, VM.Config.Disk /vms/100", "PUT /nodes/pve1/qemu/100/config?virtiofs0=dirid=data", false, false},
		{"Mapping.Use /mapping/dir/data, VM.Config.Disk /vms", "PUT /nodes/pve1/qemu/999/config?virtiofs0=dirid=data", false, false},
		{"Mapping.Use /mapping/pci/gpu, VM.Config.HWType /vms/100", "PUT /nodes/pve1/qemu/100/config?hostpci0=mapping=gpu", true, true},
		{"VM.Config.HWType /vms/100", "PUT /nodes/pve1/qemu/100/config?hostpci0=0000:00:02.0", false, false},
		{"VM.Config.Options /vms/100", "PUT /nodes/pve1/qemu/100/config?args=-x", false, false},
		{"Sys.Modify /nodes/pve1", "POST /nodes/pve1/network?iface=p0&type=OVSPort&ovs_bridge=vmbr1", true, true},
		{"Sys.Modify /nodes/pve1", "POST /nodes/pve1/network?iface=p0&type=OVSPort", false, false},
		{"Sys.Modify /nodes/pve1", "POST /nodes/pve2/network?iface=p0&type=OVSPort&ovs_bridge=vmbr1", false, false},
		{"VM.Allocate /vms/200, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=0&storage=fast", true, false},
		{"VM.Allocate /vms/200, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1&storage=fast", true, true},
		{"VM.Allocate /vms/200, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1", false, false}, // on local
		{"VM.Allocate /vms/200, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1&rootfs=fast:4", false, false},
		{"VM.Allocate /vms/200, VM.Config.Disk /vms/200, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1&rootfs=fast:4", true, true},
		{"VM.Allocate /vms/200, VM.Config.Disk /vms/200, Datastore.AllocateSpace /storage", container + "vmid=200&unprivileged=1&rootfs=/mnt", false, false},
		{"VM.Allocate /vms/100, Datastore.AllocateSpace /storage/fast", container + "vmid=100&unprivileged=1&storage=fast", false, false}, // it exists
		{"VM.Allocate /pool/build, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1&storage=fast", false, false},
		{"VM.Allocate /pool/build, Datastore.AllocateSpace /storage/fast", container + "vmid=200&unprivileged=1&storage=fast&pool=build", true, true},
		{"VM.Allocate /, Datastore.AllocateSpace /, Sys.Modify /", container + "vmid=200&unprivileged=0&storage=fast&features=nesting=1", false, false},
		{"VM.Allocate /, Datastore.AllocateSpace /, Sys.Modify /", container + "vmid=200&unprivileged=0&storage=fast&password=Correct-Horse-7", true, true},
		{"VM.Monitor /vms/100, Sys.Modify /", "POST /nodes/pve1/qemu/100/monitor?command=migrate exec:id", true, false},
		{"VM.Monitor /vms/100", "POST /nodes/pve1/qemu/100/monitor?command=migrate exec:id", false, false},
		{"VM.Monitor /vms/100", "POST /nodes/pve1/qemu/100/monitor?command=info version", true, false},
	} {
		for version, want := range map[string]bool{Version84: test.from84, Version91: test.from91, Version92: test.from91} {
			s := New(Options{Version: version, Guests: []string{"100"}, Storages: []string{"local", "fast"}, Mappings: []string{"dir/data", "pci/gpu"}})
			text := "user:root@pam:1:0::::::\nuser:eve@pve:1:0::::::\npool:build::::\n"
			for i, right := range strings.Split(test.rights, ", ") {
				name, path, _ := strings.Cut(right, " ")
				text += fmt.Sprintf("role:R%d:%s:\nacl:1:%s:eve@pve:R%d:\n", i, name, path, i)
			}
			s.SetUserCfg(text)
			verb, target, _ := strings.Cut(test.request, " ")
			path, query, _ := strings.Cut(target, "?")
			sent := rawParams{}
			for part := range strings.SplitSeq(query, "&") {
				name, text, _ := strings.Cut(part, "=")
				sent.add(name, text)
			}
			e, inPath, err := s.find(verb, path)
			if err == nil {
				_, err = s.dispatch(e, inPath, sent, "eve@pve", path, false)
			}
			if (err == nil) != want {
				t.Errorf("%s: %s with %s: %v", version, test.request, test.rights, err)
			}
		}
	}
}

// TestDeedsAreMethods: each deed is a method of every release, and a name that PVE does not know is refused.
func TestDeedsAreMethods(t *testing.T) {
	t.Parallel()
	for _, version := range []string{Version84, Version91} {
		if got := len(deedEndpoints(version)); got != len(deeds) {
			t.Errorf("%s has %d of %d", version, got, len(deeds))
		}
	}
	s := New(Options{})
	if _, err := s.Do("POST", "/storage", url.Values{"storage": {"x"}, "type": {"nfs"}, "colour": {"red"}}); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("an unknown parameter: %v", err)
	}
}
