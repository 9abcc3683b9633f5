package paths

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// openGraph is the document that BloodHound takes, see "BloodHound OpenGraph, Schema".
type openGraph struct {
	Metadata struct {
		SourceKind string `json:"source_kind"`
	} `json:"metadata"`
	Graph struct {
		Nodes []openNode `json:"nodes"`
		Edges []openEdge `json:"edges"`
	} `json:"graph"`
}

type openNode struct {
	ID         string         `json:"id"`
	Kinds      []string       `json:"kinds"` // at most three
	Properties map[string]any `json:"properties"`
}

type openEdge struct {
	Kind       string            `json:"kind"`
	Start      openEnd           `json:"start"`
	End        openEnd           `json:"end"`
	Properties map[string]string `json:"properties"`
}

type openEnd struct {
	Value   string `json:"value"`
	MatchBy string `json:"match_by"`
}

// sourceKind is the kind that all nodes of the document have, by which BloodHound can remove them together.
const sourceKind = "PVESec"

var openKinds = map[Kind]string{
	Root: "PVERoot", Account: "PVELinuxAccount", Group: "PVELinuxGroup", Everyone: "PVEEveryone", Key: "PVESSHKey",
	PVEUser: "PVEUser", PVEGroup: "PVEGroup", PVEToken: "PVEToken",
}

// openWays are the kinds of edges by way. BloodHound takes letters, digits and underscores.
var openWays = map[string]string{
	"sudo": "PVECanSudo", "member": "PVEMemberOf", "group": "PVEGroupLeadsTo", "key": "PVECanLogIn", "uid": "PVESameUID", "password": "PVEEmptyPassword",
	"set-id": "PVESetID", "capability": "PVECapability", "file": "PVECanWrite", "cron": "PVECanWriteCron", "unit": "PVECanWriteUnit",
	"privilege": "PVEPrivilege", "token": "PVETokenOf", "login": "PVELoginOf", "local": "PVECanRunPrograms",
}

// OpenGraph is the graph as JSON in the form OpenGraph of BloodHound. Of principals it has those that a step starts from or leads to.
func (g *Graph) OpenGraph() string {
	var doc openGraph
	doc.Metadata.SourceKind = sourceKind
	doc.Graph.Nodes, doc.Graph.Edges = []openNode{}, []openEdge{}
	for _, p := range g.Principals() {
		if at := g.index[p.ID]; len(g.out[at])+len(g.in[at]) == 0 {
			continue
		}
		properties := map[string]any{"name": p.String(), "displayname": p.Name, "leads_to_root": p.Kind == Root}
		if p.Node != "" {
			properties["node"] = p.Node
		}
		doc.Graph.Nodes = append(doc.Graph.Nodes, openNode{p.ID, []string{openKinds[p.Kind], sourceKind}, properties})
	}
	_, distance := g.toRoot()
	for i := range doc.Graph.Nodes {
		doc.Graph.Nodes[i].Properties["leads_to_root"] = distance[g.index[doc.Graph.Nodes[i].ID]] != none
	}
	for _, s := range g.Steps() {
		kind, ok := openWays[s.Way]
		if !ok {
			panic(fmt.Sprintf("paths: no kind of edge for the way %q", s.Way)) // a test walks all ways
		}
		properties := map[string]string{"does": s.Does, "evidence": s.Evidence}
		for name, text := range map[string]string{"finding": s.Finding, "example": s.Example, "condition": s.Condition, "remedy": s.Remedy} {
			if text != "" {
				properties[name] = text
			}
		}
		doc.Graph.Edges = append(doc.Graph.Edges, openEdge{kind, openEnd{s.From, "id"}, openEnd{s.To, "id"}, properties})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		panic(err) // only texts, which JSON can hold
	}
	return b.String()
}
