package paths

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// openNode and openEdge are the elements of the document that BloodHound takes, see "BloodHound OpenGraph, Schema".
type openNode struct {
	ID         string         `json:"id"`
	Kinds      []string       `json:"kinds"` // at most three
	Properties nodeProperties `json:"properties"`
}

type nodeProperties struct {
	DisplayName string `json:"displayname"`
	LeadsToRoot bool   `json:"leads_to_root"`
	Name        string `json:"name"`
	Node        string `json:"node,omitempty"`
}

type openEdge struct {
	Kind       string         `json:"kind"`
	Start      openEnd        `json:"start"`
	End        openEnd        `json:"end"`
	Properties edgeProperties `json:"properties"`
}

type edgeProperties struct {
	Condition string `json:"condition,omitempty"`
	Does      string `json:"does"`
	Evidence  string `json:"evidence"`
	Example   string `json:"example,omitempty"`
	Finding   string `json:"finding,omitempty"`
	Remedy    string `json:"remedy,omitempty"`
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

// OpenGraph is the graph as JSON in the form OpenGraph of BloodHound, with each principal and each step on a line of
// its own. Of principals it has those that a step starts from or leads to.
func (g *Graph) OpenGraph() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	first := true
	element := func(value any) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := encoder.Encode(value); err != nil {
			panic(err) // only texts, which JSON can hold
		}
	}
	b.WriteString(`{"metadata":{"source_kind":"` + sourceKind + `"},"graph":{"nodes":[` + "\n")
	_, distance := g.toRoot()
	for _, p := range g.Principals() {
		at := g.index[p.ID]
		if len(g.out[at])+len(g.in[at]) > 0 {
			element(&openNode{p.ID, []string{openKinds[p.Kind], sourceKind}, nodeProperties{p.Name, distance[at] != none, p.String(), p.Node}})
		}
	}
	b.WriteString(`],"edges":[` + "\n")
	first = true
	for _, i := range g.byOrder() {
		s := &g.steps[i]
		kind, ok := openWays[s.Way]
		if !ok {
			panic(fmt.Sprintf("paths: no kind of edge for the way %q", s.Way)) // a test walks all ways
		}
		element(&openEdge{kind, openEnd{s.From, "id"}, openEnd{s.To, "id"}, edgeProperties{s.Condition, s.Does, s.Evidence, s.Example, s.Finding, s.Remedy}})
	}
	b.WriteString("]}}\n")
	return b.String()
}
