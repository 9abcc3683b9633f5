package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// packageAttributes adds what a resource on nodes says of the packages that it needs.
func packageAttributes(attributes map[string]schema.Attribute) {
	attributes["install_packages"] = schema.BoolAttribute{
		MarkdownDescription: "Whether an apply installs the Debian packages that the resource needs and a node does not have: `sudo` on a stock Proxmox VE node, `rsyslog` for `collector = \"rsyslog\"`; an account needs none. `false` by default: such a node is refused. " +
			"`apt-get` runs unattended, on every node before any file is changed, and keeps configuration files that are there. Neither an undo nor a destroy removes a package. " +
			"A repository that cannot be read (`enterprise.proxmox.com` answers 401 without a subscription) is no error while the packages come from another one.",
		Optional: true,
	}
	attributes["missing_packages"] = schema.MapAttribute{
		MarkdownDescription: "Debian packages that the resource needs and a node does not have, by node; null where no node lacks any. A plan warns of them unless `install_packages` is true, and an apply on such a node is refused.",
		ElementType:         values.StringListType,
		Computed:            true,
	}
	attributes["installed_packages"] = schema.MapAttribute{
		MarkdownDescription: "Debian packages that an apply installed for the resource (`install_packages`), by node; null for none. A plan shows those that it will install. They stay when the resource is destroyed.",
		ElementType:         values.StringListType,
		Computed:            true,
	}
}

// lists are lists of names by node.
type lists map[string][]string

// value is an attribute: null where there is nothing to say.
func (l lists) value() types.Map {
	entries := map[string]types.List{}
	for name, names := range l {
		if len(names) > 0 {
			entries[name] = values.StringList(names)
		}
	}
	if len(entries) == 0 {
		return types.MapNull(values.StringListType)
	}
	value, _ := types.MapValueFrom(context.Background(), values.StringListType, entries) // lists of strings
	return value
}

// listsIn reads an attribute.
func listsIn(ctx context.Context, value types.Map, diags *diag.Diagnostics) lists {
	l := lists{}
	for name, entry := range value.Elements() {
		if list, is := entry.(types.List); is && !list.IsUnknown() {
			l[name] = values.StringsInList(ctx, list, diags)
		}
	}
	return l
}

// add adds names of a node.
func (l lists) add(node string, names []string) {
	all := slices.Concat(l[node], names)
	slices.Sort(all)
	l[node] = slices.Compact(all)
}

// OpenPackages leaves both lists of packages open, for a plan of which the nodes are not known.
func (p *Placed) OpenPackages() {
	p.MissingPackages, p.InstalledPackages = types.MapUnknown(values.StringListType), types.MapUnknown(values.StringListType)
}

// PlanPackages fills in missing_packages and installed_packages. Nodes that an earlier look of this plan has seen are
// not asked again, and of others only those of which the state does not know what they lack. A node that does not
// answer leaves both open.
func (r *OnNodes[M, S, P]) PlanPackages(ctx context.Context, plan, state P, targets []node.Target, seen map[string]*S, diags *diag.Diagnostics) {
	placed := plan.placed()
	before, needs := &Placed{}, plan.Commands(ctx, diags)
	if state != nil {
		before = state.placed()
	}
	recorded, lacks, known := listsIn(ctx, before.MissingPackages, diags), lists{}, true
	var look []node.Target
	for _, target := range targets {
		_, held := before.Deployed.Elements()[target.Name]
		switch {
		case seen[target.Name] != nil:
			lacks[target.Name] = plan.Lacks(seen[target.Name])
		case held && slices.Equal(needs, state.Commands(ctx, diags)):
			lacks[target.Name] = recorded[target.Name]
		default:
			look = append(look, target)
		}
	}
	if len(look) > 0 {
		found := r.lookFor(ctx, needs, look, diags)
		for _, target := range look {
			packages, answered := found[target.Name]
			known = known && answered
			lacks[target.Name] = packages
		}
	}
	for _, target := range targets {
		lacks[target.Name] = r.Clients.Holdings().lacks(target.Name, lacks[target.Name], hardening.PackagesOf(needs))
	}
	installs := placed.InstallPackages
	installed := listsIn(ctx, before.InstalledPackages, diags)
	placed.MissingPackages, placed.InstalledPackages = types.MapNull(values.StringListType), installed.value()
	switch {
	case installs.IsUnknown():
		placed.OpenPackages()
	case installs.ValueBool() && !known:
		placed.InstalledPackages = types.MapUnknown(values.StringListType)
	case installs.ValueBool():
		for name, packages := range lacks {
			installed.add(name, packages)
		}
		placed.InstalledPackages = installed.value()
	case !known:
		placed.MissingPackages = types.MapUnknown(values.StringListType)
	default:
		// What a node lacks that has the resource is a change: an apply that succeeds leaves no such node.
		missing := maps.Clone(lacks)
		maps.DeleteFunc(missing, func(name string, _ []string) bool { return before.Deployed.Elements()[name] != nil })
		placed.MissingPackages = missing.value()
	}
	if !installs.IsUnknown() && !installs.ValueBool() && (state == nil || r.Clients.Holdings().Read(plan.What())) {
		warnOfMissing(plan.What(), lacks, diags)
	}
}

// lookFor asks nodes for commands. Nodes that cannot be asked are not in the answer: what keeps them from it is said
// where they are read or changed.
func (r *OnNodes[M, S, P]) lookFor(ctx context.Context, commands []string, targets []node.Target, diags *diag.Diagnostics) lists {
	nodes, err := r.Clients.Nodes()
	if err != nil {
		return nil
	}
	found, mu := lists{}, sync.Mutex{}
	_, err = onEach(ctx, targets, func(ctx context.Context, target node.Target) (*struct{}, error) {
		seen, err := nodes.Observe(ctx, target, node.Query{Commands: commands})
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		found[target.Name] = hardening.Lacking(seen, commands)
		return nil, nil //nolint:nilnil // found has the answer
	})
	if err != nil && node.Interrupted(err) {
		PlanReached(err, path.Empty(), diags)
	}
	return found
}

// warnOfMissing warns of nodes that lack packages, once for all that lack the same.
func warnOfMissing(what string, lacks lists, diags *diag.Diagnostics) {
	nodes := lists{}
	for _, name := range slices.Sorted(maps.Keys(lacks)) {
		if packages := strings.Join(lacks[name], ", "); packages != "" {
			nodes[packages] = append(nodes[packages], name)
		}
	}
	for _, packages := range slices.Sorted(maps.Keys(nodes)) {
		on := strings.Join(nodes[packages], ", ")
		diags.AddAttributeWarning(path.Root("install_packages"), fmt.Sprintf("Missing packages on %s: %s", on, packages),
			fmt.Sprintf("%s needs them, and an apply is refused without them. Set install_packages = true: the next apply then installs them. Or run on each of the nodes, and plan again: apt-get install %s",
				values.UpperFirst(what), strings.ReplaceAll(packages, ",", "")))
	}
}

// settlePackages fills in what the plan left open. Installed is what the apply installed.
func (p *Placed) settlePackages(ctx context.Context, before *Placed, installed lists, diags *diag.Diagnostics) {
	if p.MissingPackages.IsUnknown() {
		p.MissingPackages = types.MapNull(values.StringListType)
	}
	if p.InstalledPackages.IsUnknown() {
		all := lists{}
		if before != nil {
			all = listsIn(ctx, before.InstalledPackages, diags)
		}
		for name, packages := range installed {
			all.add(name, packages)
		}
		p.InstalledPackages = all.value()
	}
}

// installing are nodes that install missing packages where the plan says so. The lists fill while a change is made.
func (p *Placed) installing(nodes hardening.Nodes) (hardening.Nodes, lists) {
	installed, mu := lists{}, sync.Mutex{}
	if !p.InstallPackages.ValueBool() {
		return nodes, installed
	}
	return hardening.InstallingPackages(nodes, func(node string, packages []string) {
		mu.Lock()
		defer mu.Unlock()
		installed.add(node, packages)
	}), installed
}

// showMissing fills in missing_packages at a refresh or an import. Nodes that were not read keep what is recorded.
func (p *Placed) showMissing(ctx context.Context, seen lists, diags *diag.Diagnostics) {
	missing := listsIn(ctx, p.MissingPackages, diags)
	maps.Copy(missing, seen)
	maps.DeleteFunc(missing, func(name string, _ []string) bool { return p.Deployed.Elements()[name] == nil })
	p.MissingPackages = missing.value()
	if p.InstalledPackages.IsUnknown() {
		p.InstalledPackages = types.MapNull(values.StringListType)
	}
}

// lacking is what nodes lack that were read.
func lacking[M, S any, P NodeModel[M, S]](model P, seen map[string]*S) lists {
	l := lists{}
	for name, found := range seen {
		l[name] = model.Lacks(found)
	}
	return l
}
