package pvesim

import (
	"regexp"
	"slices"
	"strings"
)

// deed is what a method outside access control asks in its code, after the permission check of the schema. The
// simulation changes nothing then and answers null.
type deed func(*call) error

// deeds are the methods that the examples of findings use. Nothing of this is recorded from a real cluster: what they
// ask is read in PVE's source, of the packages named at each. Other methods are not there, so that none is allowed by
// omission.
var deeds = map[string]deed{
	"POST /storage":                          func(c *call) error { return fresh(c.srv.opts.Storages, "storage", c.arg("storage")) },
	"POST /cluster/mapping/dir":              newMapping,
	"PUT /cluster/mapping/dir/{id}":          oldMapping,
	"POST /cluster/mapping/pci":              newMapping,
	"PUT /cluster/mapping/pci/{id}":          oldMapping,
	"POST /nodes/{node}/network":             createInterface,
	"PUT /nodes/{node}/network":              onNode,
	"POST /nodes/{node}/lxc":                 createContainer,
	"PUT /nodes/{node}/qemu/{vmid}/config":   changeGuest,
	"POST /nodes/{node}/qemu/{vmid}/monitor": monitor,
}

// deedEndpoints are the methods of deeds that a release has.
func deedEndpoints(version string) []endpoint {
	var list []endpoint
	for name, of := range methodsOf(version) {
		do := deeds[name]
		if do == nil {
			continue
		}
		verb, path, _ := strings.Cut(name, " ")
		list = append(list, endpoint{method: verb, path: path, protected: true, params: of.schema(), check: of.check(), run: func(c *call) (any, error) {
			if c.authid == rootUser {
				return nil, nil
			}
			return nil, do(c)
		}})
	}
	slices.SortFunc(list, func(a, b endpoint) int { return strings.Compare(a.method+a.path, b.method+b.path) })
	return list
}

// fresh wants that nothing of a kind has a name yet.
func fresh(known []string, kind, name string) error {
	if slices.Contains(known, name) {
		return dief("%s ID '%s' already defined", kind, name)
	}
	return nil
}

// onNode wants that the node exists.
func onNode(c *call) error {
	if !slices.ContainsFunc(c.srv.opts.Nodes, func(n NodeInfo) bool { return n.Name == c.arg("node") }) {
		return dief("no such node '%s'", c.arg("node"))
	}
	return nil
}

// onGuest wants that the guest exists on the node.
func onGuest(c *call) error {
	if err := onNode(c); err != nil {
		return err
	}
	if !slices.Contains(c.srv.opts.Guests, c.arg("vmid")) {
		return dief("Configuration file for guest %s does not exist", c.arg("vmid"))
	}
	return nil
}

// Mappings: pve-manager PVE/API2/Cluster/Mapping/{Dir,PCI}.pm.

func (c *call) mapping(id string) string {
	kind := "dir"
	if c.given("mdev") || strings.Contains(c.arg("map"), "id=") {
		kind = "pci"
	}
	return kind + "/" + id
}

func newMapping(c *call) error {
	return fresh(c.srv.opts.Mappings, "mapping", c.mapping(c.arg("id")))
}

func oldMapping(c *call) error {
	if !slices.Contains(c.srv.opts.Mappings, c.mapping(c.arg("id"))) {
		return dief("mapping '%s' does not exist", c.arg("id"))
	}
	return nil
}

// createInterface: pve-manager PVE/API2/Network.pm create_network.
func createInterface(c *call) error {
	if c.arg("type") == "OVSPort" && !c.given("ovs_bridge") {
		return paramsError{"ovs_bridge": "parameter is required"}
	}
	return onNode(c)
}

// vmPerm wants privileges on a guest, or on the pool that the call names: pve-access-control PVE/RPCEnvironment.pm
// check_vm_perm.
func (c *call) vmPerm(privs ...string) error {
	if pool := c.arg("pool"); pool != "" && c.cfg.checkAll(c.authid, "/pool/"+pool, privs) == nil {
		return nil
	}
	return c.cfg.checkAll(c.authid, "/vms/"+c.arg("vmid"), privs)
}

// containerOptions are the privileges of the options of a container: pve-container PVE/LXC.pm
// check_ct_modify_config_perm. Options that it leaves to root@pam are missing.
var containerOptions = []struct {
	name      *regexp.Regexp
	privilege string
}{
	{regexp.MustCompile(`^(cores|cpuunits|cpulimit)$`), "VM.Config.CPU"},
	{regexp.MustCompile(`^(rootfs|mp[0-9]+)$`), "VM.Config.Disk"},
	{regexp.MustCompile(`^(memory|swap)$`), "VM.Config.Memory"},
	{regexp.MustCompile(`^(nameserver|searchdomain|hostname)$`), "VM.Config.Network"},
	{regexp.MustCompile(`^(arch|cmode|console|description|onboot|ostype|protection|startup|timezone|tty)$`), "VM.Config.Options"},
	{regexp.MustCompile(`^(node|vmid|ostemplate|unprivileged|password|ssh-public-keys|pool|storage|start|bwlimit)$`), ""},
}

// createContainer: pve-container PVE/API2/LXC.pm create_vm, without restore.
func createContainer(c *call) error {
	if err := onNode(c); err != nil {
		return err
	}
	if c.srv.opts.Version != Version84 && c.arg("unprivileged") == "0" {
		if err := c.cfg.checkAll(c.authid, "/", []string{"Sys.Modify"}); err != nil {
			return err
		}
	}
	if slices.Contains(c.srv.opts.Guests, c.arg("vmid")) {
		return dief("unable to create CT %s - CT %s already exists", c.arg("vmid"), c.arg("vmid"))
	}
	if pool := c.arg("pool"); pool != "" && c.cfg.pools[pool] == nil {
		return dief("pool '%s' does not exist", pool)
	}
	if c.vmPerm("VM.Allocate") != nil {
		return &forbiddenError{}
	}
	storages := map[string]bool{}
	for name := range c.args {
		if err := c.containerOption(name, storages); err != nil {
			return err
		}
	}
	if !c.given("rootfs") {
		storage := c.arg("storage")
		if storage == "" {
			storage = "local"
		}
		storages[storage] = true
	}
	template, _, volume := strings.Cut(c.arg("ostemplate"), ":")
	if !volume {
		return dief("Only root can pass arbitrary filesystem paths.")
	}
	if err := c.cfg.checkAny(c.authid, "/storage/"+template, []string{"Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit"}); err != nil {
		return err
	}
	for storage := range storages {
		if !slices.Contains(c.srv.opts.Storages, storage) {
			return dief("storage '%s' does not exist", storage)
		}
		if err := c.cfg.checkAll(c.authid, "/storage/"+storage, []string{"Datastore.AllocateSpace"}); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) containerOption(name string, storages map[string]bool) error {
	for _, of := range containerOptions {
		if !of.name.MatchString(name) {
			continue
		}
		if of.privilege == "" {
			return nil
		}
		if of.privilege == "VM.Config.Disk" {
			storage, _, volume := strings.Cut(c.arg(name), ":")
			if !volume || strings.HasPrefix(storage, "/") {
				return &forbiddenError{"mount point type bind is only allowed for root@pam"}
			}
			storages[storage] = true
		}
		return c.vmPerm(of.privilege)
	}
	return &forbiddenError{name + " is left to root@pam, or the simulation does not know it"}
}

// changeGuest: qemu-server PVE/API2/Qemu.pm update_vm_api, for the options that reach the node.
func changeGuest(c *call) error {
	if err := onGuest(c); err != nil {
		return err
	}
	for name := range c.args {
		var err error
		switch kind := strings.TrimRight(name, "0123456789"); {
		case name == "node" || name == "vmid":
		case kind == "virtiofs":
			err = c.useMapping("VM.Config.Disk", "/mapping/dir/", name, "dirid")
		case kind == "hostpci":
			err = c.useMapping("VM.Config.HWType", "/mapping/pci/", name, "mapping")
		default:
			err = &forbiddenError{name + " is left to root@pam, or the simulation does not know it"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// useMapping wants that a device of a guest is a mapping which the caller may use.
func (c *call) useMapping(privilege, path, option, key string) error {
	if err := c.vmPerm(privilege); err != nil {
		return err
	}
	for part := range strings.SplitSeq(c.arg(option), ",") {
		if name, value, _ := strings.Cut(part, "="); name == key {
			return c.cfg.checkAll(c.authid, path+value, []string{"Mapping.Use"})
		}
	}
	return dief("only root can set '%s' config for non-mapped devices", option)
}

// monitor: qemu-server PVE/API2/Qemu.pm monitor. Since PVE 9 what runs programs is left to root@pam.
func monitor(c *call) error {
	if err := onGuest(c); err != nil {
		return err
	}
	command, _, _ := strings.Cut(c.arg("command"), " ")
	if command == "info" || command == "help" {
		return nil
	}
	if c.srv.opts.Version != Version84 {
		return dief("root-only command '%s'", command)
	}
	return c.cfg.checkAll(c.authid, "/", []string{"Sys.Modify"})
}
