package session

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Finder gives what a node holds, by name, with a text by which objects of one name differ.
type Finder func(ctx context.Context, nodes hardening.Nodes, target node.Target) (map[string]string, error)

// ListedOnNodes lists what nodes hold and a resource could manage, for terraform query.
type ListedOnNodes[M, S any, P NodeModel[M, S]] struct {
	OnNodes[M, S, P]
	// Find looks at one node.
	Find Finder
	// What are the objects, for the documentation: "sudoers files".
	What string
}

type nodeListModel struct {
	Nodes types.List `tfsdk:"nodes"`
}

// ListResourceConfigSchema describes what narrows a list down.
func (l *ListedOnNodes[M, S, P]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the " + l.What + " on nodes. What is the same on several nodes is one result, with these nodes; what is on all of them is one without `nodes`, as the resource has it.",
		Attributes: map[string]schema.Attribute{
			"nodes": schema.ListAttribute{
				MarkdownDescription: "Names of the nodes to look at; all nodes by default.", ElementType: types.StringType, Optional: true, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			},
		},
	}
}

// List looks at the nodes, and gives each object with its identity and, where it is asked for, with what an import
// would read.
func (l *ListedOnNodes[M, S, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	found := l.find(ctx, req, &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	if req.Limit > 0 {
		found = found[:min(int64(len(found)), req.Limit)]
	}
	stream.Results = func(yield func(list.ListResult) bool) {
		for _, one := range found {
			result := req.NewListResult(ctx)
			if result.DisplayName = one.name; one.nodes != nil {
				result.DisplayName += " on " + strings.Join(one.nodes, ", ")
			}
			result.Diagnostics.Append(result.Identity.Set(ctx, IdentityOf(one.name, one.nodes))...)
			if req.IncludeResource {
				var problems diag.Diagnostics
				model := l.Adopted(ctx, tfsdk.State{Schema: result.Resource.Schema}, one.name, one.nodes, nil, &problems)
				for _, problem := range problems { // it is there all the same, and its name is known
					result.Diagnostics.AddWarning(problem.Summary(), problem.Detail())
				}
				result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
			}
			if !yield(result) {
				return
			}
		}
	}
}

// listed is an object, with the nodes that have it, nil for all.
type listed struct {
	name, text string
	nodes      []string
}

// find looks at the nodes and puts together what is the same.
func (l *ListedOnNodes[M, S, P]) find(ctx context.Context, req list.ListRequest, diags *diag.Diagnostics) []listed {
	var model nodeListModel
	diags.Append(req.Config.Get(ctx, &model)...)
	if diags.HasError() {
		return nil
	}
	all, err := l.Clients.Targets(ctx, nil)
	targets := all
	if err == nil && !model.Nodes.IsNull() {
		targets, err = l.Clients.Targets(ctx, values.StringsInList(ctx, model.Nodes, diags))
	}
	var nodes hardening.Nodes
	if err == nil {
		nodes, err = l.Clients.Nodes()
	}
	var seen map[string]*map[string]string
	if err == nil {
		seen, err = onEach(ctx, targets, func(ctx context.Context, target node.Target) (*map[string]string, error) {
			found, err := l.Find(ctx, nodes, target)
			return &found, err
		})
	}
	if err != nil {
		values.AddError(diags, "Unable to list "+l.What, err)
		return nil
	}
	var found []listed
	for _, node := range slices.Sorted(maps.Keys(seen)) {
		for name, text := range *seen[node] {
			at := slices.IndexFunc(found, func(one listed) bool { return one.name == name && one.text == text })
			if at < 0 {
				at, found = len(found), append(found, listed{name: name, text: text})
			}
			found[at].nodes = append(found[at].nodes, node)
		}
	}
	slices.SortFunc(found, func(a, b listed) int {
		if a.name != b.name {
			return strings.Compare(a.name, b.name)
		}
		return slices.Compare(a.nodes, b.nodes)
	})
	for i := range found {
		if len(found[i].nodes) == len(all) {
			found[i].nodes = nil
		}
	}
	return found
}
