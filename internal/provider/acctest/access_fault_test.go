package acctest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// accessFaults are what happens to one request.
var accessFaults = map[string]pvesim.Fault{
	"595":           {Status: 595, Reason: "Connection refused"},
	"599":           {Status: 599, Reason: "Too many redirections"},
	"answer lost":   {DropAfter: true},
	"never arrived": {DropBefore: true},
	"lock timeout":  {Status: 500, Reason: "cfs-lock 'file-user_cfg' error: got lock request timeout"},
	"no quorum":     {Status: 500, Reason: "cfs-lock 'file-user_cfg' error: no quorum!"},
	"401":           {Status: 401, Reason: "Authentication failed!"},
	"403":           {Status: 403, Reason: "Permission check failed"},
	"slow":          {Delay: 50 * time.Millisecond},
}

// faultCase is one resource with what it is changed to.
type faultCase struct {
	typeName      string
	first, second map[string]any
	secrets       func(instance) map[string]string // what state says, by full token id
}

var accessCases = map[string]faultCase{
	"user": {
		typeName: "pvesec_restricted_user",
		first: map[string]any{"user_id": "agent@pve", "comment": "one", "groups": []any{"operators"}, "secret_in_state": true,
			"role":  map[string]any{"privileges": []any{"VM.Audit"}},
			"grant": []any{map[string]any{"path": "/pool/build"}},
			"token": []any{map[string]any{"name": "ci", "expires_at": "2040-01-01T00:00:00Z"}}},
		second: map[string]any{"user_id": "agent@pve", "comment": "two", "expires_at": "2041-01-01T00:00:00Z", "secret_in_state": true,
			"role":  map[string]any{"privileges": []any{"VM.PowerMgmt"}},
			"grant": []any{map[string]any{"path": "/vms/100"}, map[string]any{"path": "/storage/local", "role": "PVEDatastoreUser"}},
			"token": []any{map[string]any{"name": "ci", "comment": "kept", "never_expires": true}, map[string]any{"name": "next", "never_expires": true}}},
		secrets: func(i instance) map[string]string {
			secrets := map[string]string{}
			for _, id := range i.keys("tokens") {
				secrets["agent@pve!"+id] = i.text("token_secrets", id)
			}
			return secrets
		},
	},
	"token": {
		typeName: "pvesec_api_token",
		first: map[string]any{"user_id": "deploy@pve", "token_id": "ci", "expires_at": "2040-01-01T00:00:00Z", "rotation_id": "1", "secret_in_state": true,
			"grant": []any{map[string]any{"path": "/pool/build", "role": "PVEVMUser"}}},
		second: map[string]any{"user_id": "deploy@pve", "token_id": "ci", "expires_at": "2041-01-01T00:00:00Z", "rotation_id": "2", "secret_in_state": true,
			"grant": []any{map[string]any{"path": "/vms/100", "role": "PVEVMUser"}}},
		secrets: func(i instance) map[string]string {
			return map[string]string{i.text("full_token_id"): i.text("secret")}
		},
	},
}

// faultRun is one resource on one API.
type faultRun struct {
	faultCase
	api *pvesim.Server
	it  instance
}

// fresh is a new provider process, as every command of Terraform has one.
func (r *faultRun) fresh(t *testing.T) *protocol { t.Helper(); return newProtocol(t, r.api) }

func newFaultRun(t *testing.T, c faultCase, version string) *faultRun {
	t.Helper()
	server := userAPI(t, version)
	harness.Tamper(t, server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
	r := &faultRun{faultCase: c, api: server}
	r.it = r.fresh(t).absent(c.typeName)
	return r
}

// operations are what a fault may strike; each returns when its last request was answered.
var operations = []string{"create", "update", "delete"}

// everyRelease, which make access-faults sets, makes TestAccessFaults strike each request with each fault on each
// release, which takes minutes. Otherwise every pair of request and fault meets one release, in turn.
const everyRelease = "PVESEC_TEST_EVERY_RELEASE"

// TestAccessFaults strikes every request of creating, changing and removing a user and a token with every fault.
// Whatever comes of it, the next apply reaches the wanted state, every secret that state tells works, every token has
// its secret told, and a destroy leaves PVE byte for byte as it was.
func TestAccessFaults(t *testing.T) {
	t.Parallel()
	all := os.Getenv(everyRelease) != ""
	faults := slices.Sorted(maps.Keys(accessFaults))
	if !all { // these two end like others: 599 like a lost connection, a missing quorum like a refusal
		faults = slices.DeleteFunc(faults, func(name string) bool { return name == "599" || name == "no quorum" })
	}
	var ends budget.Struck
	t.Cleanup(func() { ends.Report(t) })
	for name, c := range accessCases {
		for _, operation := range operations {
			t.Run(name+"/"+operation, func(t *testing.T) {
				t.Parallel()
				var group errgroup.Group
				group.SetLimit(32) // most of the time is spent waiting between attempts
				for release, version := range versions {
					calls := countCalls(t, c, version, operation)
					if calls < 4 {
						t.Fatalf("only %d requests were counted", calls)
					}
					for kind, fault := range faults {
						for n := 1; n <= calls; n++ {
							if !all && (kind+n)%len(versions) != release {
								continue
							}
							group.Go(func() error {
								r := newFaultRun(t, c, version)
								if err := r.strike(t, operation, n, accessFaults[fault]); err != nil {
									return fmt.Errorf("%s at request %d of %d on PVE %s: %w", fault, n, calls, version, err)
								}
								ends.Count(fault, "as it must be")
								return r.api.Close()
							})
						}
					}
				}
				if err := group.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// countCalls runs an operation without fault.
func countCalls(t *testing.T, c faultCase, version, operation string) int {
	t.Helper()
	r := newFaultRun(t, c, version)
	if err := r.prepare(t, operation); err != nil {
		t.Fatal(err)
	}
	r.api.ResetRequests()
	if err := r.perform(t, operation); err != nil {
		t.Fatal(err)
	}
	return len(r.api.RequestLog())
}

// prepare brings about what an operation begins with.
func (r *faultRun) prepare(t *testing.T, operation string) (err error) {
	t.Helper()
	if operation != "create" {
		r.it, err = r.fresh(t).apply(context.Background(), r.it, r.first)
	}
	return err
}

func (r *faultRun) perform(t *testing.T, operation string) (err error) {
	t.Helper()
	p := r.fresh(t)
	switch operation {
	case "create":
		r.it, err = p.apply(context.Background(), r.it, r.first)
	case "update":
		r.it, err = p.apply(context.Background(), r.it, r.second)
	case "delete":
		r.it, err = p.destroy(context.Background(), r.it)
	}
	return err
}

// strike performs an operation with a fault at its n-th request, and then what an operator would do: apply again, look,
// destroy.
func (r *faultRun) strike(t *testing.T, operation string, n int, fault pvesim.Fault) error {
	t.Helper()
	before := r.api.UserCfg()
	if err := r.prepare(t, operation); err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	kept := r.secrets(r.it)
	var count atomic.Int64
	r.api.SetHook(func(pvesim.Request) pvesim.Fault {
		if count.Add(1) == int64(n) {
			return fault
		}
		return pvesim.Fault{}
	})
	failure := r.perform(t, operation)
	r.api.SetHook(nil)
	if err := r.tellsNoSecret(failure); err != nil {
		return err
	}
	wanted := r.first
	if operation == "update" {
		wanted = r.second
	}
	if operation == "delete" {
		if failure != nil {
			if err := r.perform(t, "delete"); err != nil {
				return fmt.Errorf("removing it again after %w: %w", failure, err)
			}
		}
		return unchanged(before, r.api.UserCfg())
	}
	var err error
	if r.it, err = r.fresh(t).apply(context.Background(), r.it, wanted); err != nil {
		return fmt.Errorf("applying again after (%w): %w", orNone(failure), err)
	}
	if _, changes, err := r.replan(t, wanted); err != nil || changes {
		return fmt.Errorf("after (%w) and a second apply a plan is not empty: %w", orNone(failure), orNone(err))
	}
	if err := r.secretsWork(kept); err != nil {
		return fmt.Errorf("after (%w): %w", orNone(failure), err)
	}
	if r.it, err = r.fresh(t).destroy(context.Background(), r.it); err != nil {
		return fmt.Errorf("destroying: %w", err)
	}
	return unchanged(before, r.api.UserCfg())
}

func (r *faultRun) replan(t *testing.T, wanted map[string]any) (instance, bool, error) {
	t.Helper()
	p := r.fresh(t)
	refreshed, err := p.refresh(context.Background(), r.it)
	if err != nil {
		return r.it, false, err
	}
	_, changes, err := p.plan(context.Background(), refreshed, build(p.typeOf(r.typeName), wanted))
	return refreshed, changes, err
}

// secretsWork sees that state has a working secret of every token that PVE has of the resource, and that a token that
// was there before and did not rotate has the secret that it had.
func (r *faultRun) secretsWork(kept map[string]string) error {
	told := r.secrets(r.it)
	for full, secret := range told {
		if !r.api.Authenticates(full + "=" + secret) {
			return fmt.Errorf("the secret of %s does not work", full)
		}
		if before := kept[full]; before != "" && before != secret && r.typeName == "pvesec_restricted_user" {
			return fmt.Errorf("%s has another secret than before", full)
		}
	}
	user, _, _ := strings.Cut(slices.Sorted(maps.Keys(told))[0], "!")
	for _, line := range strings.Split(r.api.UserCfg(), "\n") {
		id, isToken := strings.CutPrefix(line, "token:"+user+"!")
		if !isToken {
			continue
		}
		id, _, _ = strings.Cut(id, ":")
		full := user + "!" + id
		if _, known := told[full]; !known && r.it.text("previous", "token_id") != id {
			return fmt.Errorf("PVE has a token %s that state does not know", full)
		}
	}
	return nil
}

// tellsNoSecret searches an error.
func (r *faultRun) tellsNoSecret(err error) error {
	if err == nil {
		return nil
	}
	for owner, secret := range r.api.Secrets() {
		if strings.Contains(err.Error(), secret) {
			return fmt.Errorf("the error tells the secret of %s", owner)
		}
	}
	return nil
}

var errNone = errors.New("no error")

// orNone makes an error of none, for a text.
func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

func unchanged(before, after string) error {
	if diff := cmp.Diff(lines(before), lines(after)); diff != "" {
		return fmt.Errorf("user.cfg (-before +after):\n%s", diff)
	}
	return nil
}

// TestAccessOtherAdmin lets another administrator change something at every request of an update: the next apply
// reaches the wanted state.
func TestAccessOtherAdmin(t *testing.T) {
	t.Parallel()
	meddling := map[string]func(*pvesim.Server) error{
		"comment":    func(s *pvesim.Server) error { return s.ChangeUser("agent@pve", url.Values{"comment": {"x"}}) },
		"grant":      func(s *pvesim.Server) error { return s.GrantACL("/nodes", "agent@pve", "PVEAuditor", true) },
		"token":      func(s *pvesim.Server) error { _, err := s.AddToken("agent@pve", "extra", true); return err },
		"token gone": func(s *pvesim.Server) error { return s.DeleteToken("agent@pve", "ci") },
		"user gone":  func(s *pvesim.Server) error { return s.DeleteUser("agent@pve") },
		"role gone":  func(s *pvesim.Server) error { return s.DeleteRole("restricted-agent-pve") },
	}
	c := accessCases["user"]
	calls := countCalls(t, c, pvesim.Version91, "update")
	for name, meddle := range meddling {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var group errgroup.Group
			group.SetLimit(8)
			for n := 1; n <= calls; n++ {
				group.Go(func() error {
					r := newFaultRun(t, c, pvesim.Version91)
					before := r.api.UserCfg()
					if err := r.prepare(t, "update"); err != nil {
						return err
					}
					var count atomic.Int64
					var meddled error
					r.api.SetHook(func(pvesim.Request) pvesim.Fault {
						if count.Add(1) == int64(n) {
							meddled = meddle(r.api)
						}
						return pvesim.Fault{}
					})
					failure := r.perform(t, "update")
					r.api.SetHook(nil)
					var err error
					if r.it, err = r.fresh(t).apply(context.Background(), r.it, c.second); err != nil {
						return fmt.Errorf("request %d: applying again after (%w) (%w): %w", n, orNone(failure), orNone(meddled), err)
					}
					if _, changes, err := r.replan(t, c.second); err != nil || changes {
						return fmt.Errorf("request %d: after (%w) a plan is not empty: %w", n, orNone(failure), orNone(err))
					}
					if err := r.secretsWork(nil); err != nil {
						return fmt.Errorf("request %d: after (%w): %w", n, orNone(failure), err)
					}
					if r.it, err = r.fresh(t).destroy(context.Background(), r.it); err != nil {
						return err
					}
					return unchanged(before, r.api.UserCfg())
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
