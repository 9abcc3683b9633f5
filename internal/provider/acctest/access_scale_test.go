package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// fleet is an API with so many users, each with a token, two ACL entries, and a role of its own for every tenth, or
// with so many tokens of one user, and the configurations that made them.
type fleet struct {
	typeName string
	api      *pvesim.Server
	configs  []map[string]any
	states   []instance
}

// fleetOwner has the tokens of a fleet.
const fleetOwner = "owner@pve"

// fleets are made once for each number of users: no test changes them.
var fleets sync.Map

func fleetOf(tb testing.TB, typeName string, size int) *fleet {
	tb.Helper()
	made, _ := fleets.LoadOrStore(fmt.Sprint(typeName, size), sync.OnceValue(func() *fleet { return newFleet(tb, typeName, size) }))
	once, ok := made.(func() *fleet)
	if !ok {
		tb.Fatalf("a fleet of the type %T", made)
	}
	return once()
}

func newFleet(tb testing.TB, typeName string, size int) *fleet {
	tb.Helper()
	server := pvesim.New(pvesim.Options{Version: pvesim.Version91, AuthDelay: -1})
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	f := &fleet{typeName: typeName, api: server, configs: fleetConfigs(typeName, size)}
	server.SetUserCfg(server.UserCfg() + "user:" + fleetOwner + ":1:0::::::\nacl:1:/vms:" + fleetOwner + ":PVEVMUser:\n")
	p := newProtocol(tb, server)
	// As one terraform apply does: everything is planned before anything is written.
	plans := make([]*tfprotov6.PlanResourceChangeResponse, size)
	nothing, typ := p.absent(typeName), p.typeOf(typeName)
	for i, config := range f.configs {
		var err error
		if plans[i], _, err = p.plan(tb.Context(), nothing, build(typ, config)); err != nil {
			tb.Fatal(err)
		}
	}
	for i, config := range f.configs {
		made, err := p.change(tb.Context(), nothing, build(typ, config), plans[i].PlannedState, plans[i].PlannedPrivate)
		if err != nil {
			tb.Fatal(err)
		}
		f.states = append(f.states, made)
	}
	return f
}

const usersOfFleet, tokensOfFleet = "pvesec_restricted_user", "pvesec_api_token"

// fleetConfigs are the configurations of a fleet.
func fleetConfigs(typeName string, size int) []map[string]any {
	configs := make([]map[string]any, size)
	for i := range configs {
		if typeName == tokensOfFleet {
			configs[i] = map[string]any{"user_id": fleetOwner, "token_id": fmt.Sprintf("t%03d", i), "expires_at": "2100-01-01T00:00:00Z",
				"grant": []any{map[string]any{"path": fmt.Sprintf("/vms/%d", 100+i), "role": "PVEVMUser"}}}
			continue
		}
		grant := map[string]any{"path": fmt.Sprintf("/vms/%d", 100+i), "role": "PVEVMUser"}
		configs[i] = map[string]any{"user_id": fmt.Sprintf("user%03d@pve", i), "grant": []any{grant},
			"token": []any{map[string]any{"name": "ci", "expires_at": "2100-01-01T00:00:00Z"}}}
		if i%10 == 0 {
			configs[i]["role"] = map[string]any{"privileges": []any{"VM.Audit"}}
			delete(grant, "role")
		}
	}
	return configs
}

// plan refreshes and plans all users as one terraform plan does, and tells whether anything would change.
func (f *fleet) plan(ctx context.Context, p *protocol) (changes int, err error) {
	for i, was := range f.states {
		now, err := p.refresh(ctx, was)
		if err != nil {
			return 0, err
		}
		_, changed, err := p.plan(ctx, now, build(p.typeOf(was.typeName), f.configs[i]))
		if err != nil {
			return 0, err
		}
		if changed {
			changes++
		}
	}
	return changes, nil
}

// TestScaleOfRequests sees that a plan without changes costs the same few requests for ten users and for five hundred,
// with 1,000 ACL entries, and for tokens.
func TestScaleOfRequests(t *testing.T) {
	t.Parallel()
	for typeName, sizes := range map[string][]int{usersOfFleet: {10, 100, 500}, tokensOfFleet: {10, 100}} {
		for _, size := range sizes {
			t.Run(fmt.Sprint(typeName, size), func(t *testing.T) {
				t.Parallel()
				f := fleetOf(t, typeName, size)
				p := newProtocol(t, f.api)
				f.api.ResetRequests()
				changes, err := f.plan(t.Context(), p)
				if err != nil || changes != 0 {
					t.Fatalf("%d changes, %v", changes, err)
				}
				requests := f.api.RequestLog()
				for _, r := range requests {
					if r.Method != http.MethodGet {
						t.Errorf("a plan sent %s %s", r.Method, r.Path)
					}
				}
				if len(requests) > 6 {
					t.Errorf("%d requests: %v", len(requests), f.api.Requests())
				}
			})
		}
	}
}

// TestScaleOfAllocations sees that what a plan without changes allocates, the API and the test around it included,
// grows as the users do, and that the shorter way for what is unchanged saves most of what the framework would take.
func TestScaleOfAllocations(t *testing.T) { // alone, since the runtime counts for the whole process
	at, space := map[int]float64{}, map[int]float64{}
	for _, users := range []int{10, 100, 500} {
		f := fleetOf(t, usersOfFleet, users)
		at[users], space[users] = f.allocations(t, func() *protocol { return newProtocol(t, f.api) })
		if users == 100 {
			full, _ := f.allocations(t, func() *protocol { return protocolOf(t, f.api, providerserver.NewProtocol6(provider.New("test")())()) })
			t.Logf("100 users: %.0f objects, through the framework alone %.0f", at[100], full)
			if at[100] > full/3 {
				t.Errorf("100 users take %.0f objects, through the framework alone %.0f", at[100], full)
			}
		}
	}
	for what, taken := range map[string]map[int]float64{"objects": at, "bytes": space} {
		small, large := (taken[100]-taken[10])/90, (taken[500]-taken[100])/400
		t.Logf("%s: %.0f for ten users, %.0f for each more up to 100, %.0f up to 500", what, taken[10], small, large)
		if large > 1.1*small {
			t.Errorf("each user from 100 to 500 takes %.0f %s, up to 100 %.0f", large, what, small)
		}
	}
}

// allocations are the objects and bytes that a plan takes, the least of three, since the runtime allocates at times of
// its own.
func (f *fleet) allocations(t *testing.T, start func() *protocol) (objects, size float64) {
	t.Helper()
	objects, size = math.Inf(1), math.Inf(1)
	for range 3 {
		p := start()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if changes, err := f.plan(t.Context(), p); err != nil || changes != 0 {
			t.Fatalf("%d changes, %v", changes, err)
		}
		runtime.ReadMemStats(&after)
		objects, size = min(objects, float64(after.Mallocs-before.Mallocs)), min(size, float64(after.TotalAlloc-before.TotalAlloc))
	}
	return objects, size
}

// BenchmarkPlanOfUsers measures a plan without changes, and the apply that made the users, with the real terraform and
// the provider in a process of its own: the costs of the provider, of Terraform itself, and the requests. All must grow
// in proportion to the users.
func BenchmarkPlanOfUsers(b *testing.B) { benchmarkPlan(b, usersOfFleet) }

// BenchmarkPlanOfTokens is BenchmarkPlanOfUsers for tokens of one user.
func BenchmarkPlanOfTokens(b *testing.B) { benchmarkPlan(b, tokensOfFleet) }

func benchmarkPlan(b *testing.B, typeName string) {
	b.Helper()
	perUser := map[int]float64{}
	for _, users := range []int{10, 100, 500} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			server := pvesim.New(pvesim.Options{Version: pvesim.Version91, AuthDelay: -1})
			if err := server.Start(); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = server.Close() }()
			server.SetUserCfg(server.UserCfg() + "user:" + fleetOwner + ":1:0::::::\nacl:1:/vms:" + fleetOwner + ":PVEVMUser:\n")
			resources := map[string]any{}
			for i, config := range fleetConfigs(typeName, users) {
				resources[fmt.Sprintf("r%03d", i)] = config
			}
			config, err := json.Marshal(map[string]any{
				"terraform": map[string]any{"required_providers": map[string]any{"pvesec": map[string]any{"source": "pvesec/pvesec"}}},
				"provider":  map[string]any{"pvesec": map[string]any{"endpoint": server.URL(), "tls": map[string]any{"fingerprint_sha256": server.Fingerprint()}}},
				"resource":  map[string]any{typeName: resources},
			})
			if err != nil {
				b.Fatal(err)
			}
			w := harness.NewWorkspace(b)
			w.Write("main.tf.json", string(config))
			w.Env = []string{"PVESEC_API_TOKEN=" + server.RootToken()}
			applying, _ := w.Measured("apply", "-input=false", "-auto-approve")
			server.ResetRequests()
			var all, least, terraform harness.Usage
			for b.Loop() {
				provider, rest := w.Measured("plan", "-input=false", "-detailed-exitcode")
				if least.CPU == 0 || provider.CPU < least.CPU {
					least.CPU, terraform.CPU = provider.CPU, rest.CPU
				}
				all.Memory, terraform.Memory = max(all.Memory, provider.Memory), max(terraform.Memory, rest.Memory)
			}
			b.ReportMetric(float64(len(server.RequestLog()))/float64(b.N), "requests/op")
			b.ReportMetric(least.CPU.Seconds(), "provider_cpu_s")
			b.ReportMetric(all.Memory, "provider_MiB")
			b.ReportMetric(terraform.CPU.Seconds(), "terraform_cpu_s")
			b.ReportMetric(terraform.Memory, "terraform_MiB")
			b.ReportMetric(applying.CPU.Seconds(), "apply_cpu_s")
			b.ReportMetric(applying.Memory, "apply_MiB")
			perUser[users] = least.CPU.Seconds() / float64(users)
			if at100 := perUser[100]; users == 500 && at100 > 0 {
				b.ReportMetric(perUser[500]/at100, "per_user_500/100")
			}
		})
	}
}
