package posture

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
)

// effectiveAccessModel is data source pvesec_effective_access.
type effectiveAccessModel struct {
	Nodes     types.Set      `tfsdk:"nodes"`
	Subjects  types.Set      `tfsdk:"subjects"`
	Access    []subjectModel `tfsdk:"access"`
	Merged    []mergedModel  `tfsdk:"merged"`
	Paths     []pathModel    `tfsdk:"paths"`
	Cuts      []cutModel     `tfsdk:"cuts"`
	Unknown   []gapModel     `tfsdk:"unknown"`
	Counts    *countsModel   `tfsdk:"counts"`
	Markdown  types.String   `tfsdk:"markdown"`
	OpenGraph types.String   `tfsdk:"open_graph_json"`
}

type subjectModel struct {
	ID          string            `tfsdk:"id"`
	Kind        string            `tfsdk:"kind"`
	Name        string            `tfsdk:"name"`
	Node        string            `tfsdk:"node"`
	Root        bool              `tfsdk:"leads_to_root"`
	Paths       int64             `tfsdk:"paths"`
	Active      bool              `tfsdk:"active"`
	Groups      []string          `tfsdk:"groups"`
	Shell       string            `tfsdk:"shell"`
	Password    string            `tfsdk:"password"`
	Factors     []string          `tfsdk:"second_factors"`
	Separated   bool              `tfsdk:"separated"`
	Keys        []keyModel        `tfsdk:"keys"`
	Sudo        []grantModel      `tfsdk:"sudo"`
	Findings    []findingModel    `tfsdk:"findings"`
	Permissions []permissionModel `tfsdk:"permissions"`
}

type keyModel struct {
	Fingerprint string   `tfsdk:"fingerprint"`
	Type        string   `tfsdk:"type"`
	Comment     string   `tfsdk:"comment"`
	Options     []string `tfsdk:"options"`
	File        string   `tfsdk:"file"`
	Line        int64    `tfsdk:"line"`
}

type grantModel struct {
	File      string `tfsdk:"file"`
	Line      int64  `tfsdk:"line"`
	Grant     string `tfsdk:"grant"`
	NoPasswd  bool   `tfsdk:"nopasswd"`
	By        string `tfsdk:"by"`
	Emergency string `tfsdk:"emergency"`
	Begins    string `tfsdk:"begins_at"`
	Ends      string `tfsdk:"ends_at"`
}

type findingModel struct {
	ID        string `tfsdk:"id"`
	Severity  string `tfsdk:"severity"`
	Effect    string `tfsdk:"effect"`
	Does      string `tfsdk:"does"`
	Example   string `tfsdk:"example"`
	Condition string `tfsdk:"condition"`
	Fix       string `tfsdk:"fix"`
	Evidence  string `tfsdk:"evidence"`
	Root      bool   `tfsdk:"root_equivalent"`
}

type permissionModel struct {
	Path      string `tfsdk:"path"`
	Role      string `tfsdk:"role"`
	Holder    string `tfsdk:"holder"`
	Propagate bool   `tfsdk:"propagate"`
}

type mergedModel struct {
	Kind  string   `tfsdk:"kind"`
	Name  string   `tfsdk:"name"`
	Nodes []string `tfsdk:"nodes"`
	Root  []string `tfsdk:"leads_to_root_on"`
}

type pathModel struct {
	From  string      `tfsdk:"from"`
	Name  string      `tfsdk:"name"`
	Node  string      `tfsdk:"node"`
	To    string      `tfsdk:"to"`
	Text  string      `tfsdk:"text"`
	Steps []stepModel `tfsdk:"steps"`
}

type stepModel struct {
	From      string `tfsdk:"from"`
	To        string `tfsdk:"to"`
	Way       string `tfsdk:"way"`
	Does      string `tfsdk:"does"`
	Evidence  string `tfsdk:"evidence"`
	Finding   string `tfsdk:"finding"`
	Example   string `tfsdk:"example"`
	Condition string `tfsdk:"condition"`
	Remedy    string `tfsdk:"remedy"`
}

type cutModel struct {
	stepModel
	Frees []string `tfsdk:"frees"`
}

type gapModel struct {
	Node   string `tfsdk:"node"`
	About  string `tfsdk:"about"`
	Reason string `tfsdk:"reason"`
}

type countsModel struct {
	Nodes    int64 `tfsdk:"nodes"`
	Subjects int64 `tfsdk:"subjects"`
	Root     int64 `tfsdk:"leads_to_root"`
	Paths    int64 `tfsdk:"paths"`
	Findings int64 `tfsdk:"findings"`
	Unknown  int64 `tfsdk:"unknown"`
}

// each makes a list that is never null.
func each[T, U any](list []T, of func(T) U) []U {
	made := make([]U, len(list))
	for i, element := range list {
		made[i] = of(element)
	}
	return made
}

func same(text string) string { return text }

func stepOf(s paths.Step) stepModel {
	return stepModel{s.From, s.To, s.Way, s.Does, s.Evidence, s.Finding, s.Example, s.Condition, s.Remedy}
}

// fill writes a report into the model.
func (m *effectiveAccessModel) fill(r *posture.Report) {
	m.Access = each(r.Subjects, func(s posture.Subject) subjectModel {
		return subjectModel{
			ID: s.ID, Kind: string(s.Kind), Name: s.Name, Node: s.Node, Root: s.Root, Paths: int64(s.Paths), Active: s.Active, Groups: each(s.Groups, same), Shell: s.Shell, Password: s.Password, Factors: each(s.SecondFactors, same), Separated: s.Separated,
			Keys: each(s.Keys, func(k posture.AuthorizedKey) keyModel {
				return keyModel{k.Fingerprint, k.Type, k.Comment, each(k.Options, same), k.File, int64(k.Line)}
			}),
			Sudo: each(s.Sudo, func(g posture.Grant) grantModel {
				return grantModel{g.File, int64(g.Line), g.Text, g.NoPassword, g.By, g.Emergency, g.Begins, g.Ends}
			}),
			Findings: each(s.Findings, func(f posture.Finding) findingModel {
				return findingModel{f.ID, f.Severity, f.Effect, f.Does, f.Example, f.Condition, f.Fix, f.Evidence, f.Root}
			}),
			Permissions: each(s.Permissions, func(p posture.Permission) permissionModel {
				return permissionModel{p.Path, p.Role, p.Holder, p.Propagate}
			}),
		}
	})
	m.Merged = each(r.Merged(), func(one posture.Merged) mergedModel {
		return mergedModel{string(one.Kind), one.Name, one.Nodes, one.Root}
	})
	m.Paths = each(r.Paths, func(p paths.Path) pathModel {
		return pathModel{p.From.ID, p.From.Name, p.From.Node, p.To.ID, posture.Describe(p), each(p.Steps, stepOf)}
	})
	m.Cuts = each(r.Cuts, func(c paths.Cut) cutModel { return cutModel{stepOf(c.Step), each(c.Frees, same)} })
	m.Unknown = each(r.Gaps, func(g posture.Gap) gapModel {
		return gapModel{g.Node, g.About, cmp.Or(g.Reason, "the node did not say why")}
	})
	counts := r.Counts()
	m.Counts = &countsModel{int64(counts.Nodes), int64(counts.Subjects), int64(counts.Root), int64(counts.Paths), int64(counts.Findings), int64(counts.Unknown)}
	m.Markdown, m.OpenGraph = types.StringValue(r.Markdown()), types.StringValue(r.Graph.OpenGraph())
}
