package acctest

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// computed is the expiry of a token that has expires_in, which depends on the second.
var computed = regexp.MustCompile(`(token:agent@pve!ci:)1[0-9]{9}:`)

// TestUpdateAsCreated changes each configuration into each other one, on each release in turn: in place, to what PVE
// would hold if the second had been there from the beginning, with an empty plan afterwards, and with nothing left by a
// destroy.
func TestUpdateAsCreated(t *testing.T) {
	t.Parallel()
	holds := func(server *pvesim.Server) string {
		return computed.ReplaceAllString(lines(server.UserCfg()), "${1}LATER:")
	}
	config := func(name string) map[string]any {
		full := maps.Clone(unchangedConfigs[name])
		full["user_id"] = "agent@pve"
		return full
	}
	release := 0
	for from := range unchangedConfigs {
		release++
		version := versions[release%len(versions)]
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			for to := range unchangedConfigs {
				fresh := userAPI(t, version)
				if _, err := newProtocol(t, fresh).apply(t.Context(), newProtocol(t, fresh).absent("pvesec_restricted_user"), config(to)); err != nil {
					t.Fatalf("%s on PVE %s: %v", to, version, err)
				}
				server := userAPI(t, version)
				before := server.UserCfg()
				it, err := newProtocol(t, server).apply(t.Context(), newProtocol(t, server).absent("pvesec_restricted_user"), config(from))
				must(t, err)
				server.ResetRequests()
				it, err = newProtocol(t, server).apply(t.Context(), it, config(to))
				where := fmt.Sprintf("%s becomes %s on PVE %s", from, to, version)
				if from == "lifetimes" && to == "plain" && version == pvesim.Version84 {
					// The one change that a release cannot make, which the plan says before anything is sent.
					if err == nil || !strings.Contains(err.Error(), "cannot remove a token's comment") {
						t.Errorf("%s: %v", where, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", where, err)
					continue
				}
				for _, r := range server.RequestLog() {
					if r.Path == "/access/users" && r.Method == "POST" || r.Path == "/access/users/agent@pve" && r.Method == "DELETE" {
						t.Errorf("%s: by %s %s, not in place", where, r.Method, r.Path)
					}
				}
				if diff := cmp.Diff(holds(fresh), holds(server)); diff != "" {
					t.Errorf("%s: user.cfg (-created +changed):\n%s", where, diff)
				}
				p := newProtocol(t, server)
				now, err := p.refresh(t.Context(), it)
				must(t, err)
				if _, changes, err := p.plan(t.Context(), now, build(p.typeOf(it.typeName), config(to))); err != nil || changes {
					t.Errorf("%s: a second plan is not empty: %v", where, err)
				}
				if _, err := newProtocol(t, server).destroy(t.Context(), now); err != nil || server.UserCfg() != before {
					t.Errorf("%s: destroying left something: %v\n%s", where, err, server.UserCfg())
				}
			}
		})
	}
}
