package proxmox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// counts returns how often each path was asked by GET.
func (s *sim) counts() map[string]int {
	counts := map[string]int{}
	for _, r := range s.Requests() {
		if r.Method == http.MethodGet {
			counts[r.Path] += r.Count
		}
	}
	return counts
}

// TestListsAreShared sees that a refresh of many users costs a handful of
// requests, also when they are read at once.
func TestListsAreShared(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	const users = 20
	for i := range users {
		s.create(Principal{UserID: UserID(fmt.Sprintf("u%d@pve", i)), Groups: nil, Role: &Role{ID: fmt.Sprintf("r%d", i)},
			Grants: []Grant{{Path: "/vms", Role: fmt.Sprintf("r%d", i)}}, Tokens: map[string]Token{"ci": {}}})
	}
	c := s.fresh()
	s.ResetRequests()
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			id, role := UserID(fmt.Sprintf("u%d@pve", i)), fmt.Sprintf("r%d", i)
			p, err := c.ReadPrincipal(t.Context(), id, role)
			if err != nil || p == nil || len(p.Grants) != 1 || len(p.Tokens) != 1 {
				t.Errorf("%s: %+v, %v", id, p, err)
				return
			}
			if problems := c.CheckPrincipal(t.Context(), *p); len(problems) != 0 {
				t.Errorf("%s: %v", id, problems)
			}
		})
	}
	wg.Wait()
	want := map[string]int{"/access/permissions": 1, "/access/users": 1, "/access/acl": 1, "/access/roles": 1, "/access/domains": 1}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestListsAreDroppedByFailedWrites sees that a write that failed is followed by
// new lists, that one that succeeded is not, and that realms and the version stay.
func TestListsAreDroppedByFailedWrites(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	c := s.fresh()
	ask := func() {
		t.Helper()
		for _, err := range []error{
			second(c.Users(t.Context())), second(c.Groups(t.Context())), second(c.Roles(t.Context())), second(c.ACL(t.Context())),
			second(c.Realms(t.Context())), second(c.Permissions(t.Context())), second(c.Version(t.Context())), second(c.Privileges(t.Context())),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	s.ResetRequests()
	ask()
	ask()
	if err := c.createRole(t.Context(), Role{ID: "ops"}); err != nil {
		t.Fatal(err)
	}
	ask()
	if err := c.createRole(t.Context(), Role{ID: "ops"}); !errors.Is(err, ErrExists) {
		t.Fatalf("error is %v", err)
	}
	ask()
	want := map[string]int{"/access/permissions": 2, "/access/users": 2, "/access/groups": 2, "/access/acl": 2, "/access/roles": 2,
		"/access/domains": 1, "/version": 1}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func second[T any](_ T, err error) error { return err }

// TestFailedListIsAskedAgain sees that an error is not remembered.
func TestFailedListIsAskedAgain(t *testing.T) {
	t.Parallel()

	f := newFake(t, func(n int, _ *http.Request) answer {
		if n == 0 {
			return pveError(500, "boom")
		}
		return answer{200, "OK", `{"data":[]}`}
	})
	c := f.client(t)
	if _, err := c.Users(t.Context()); !hasStatus(err, 500) {
		t.Errorf("error is %v", err)
	}
	if users, err := c.Users(t.Context()); err != nil || len(users) != 0 {
		t.Errorf("got %v, %v", users, err)
	}
	if _, err := c.Users(t.Context()); err != nil || len(f.requests()) != 2 {
		t.Errorf("an empty list was asked %d times, %v", len(f.requests()), err)
	}
}

// TestSharedFetchOutlivesACaller sees that one caller's cancellation does not
// fail the others.
func TestSharedFetchOutlivesACaller(t *testing.T) {
	t.Parallel()

	started, goOn := make(chan struct{}), make(chan struct{})
	f := newFake(t, func(int, *http.Request) answer {
		close(started)
		<-goOn
		return answer{200, "OK", `{"data":[]}`}
	})
	c := f.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- second(c.Groups(ctx)) }()
	<-started
	other := make(chan error, 1)
	go func() { other <- second(c.Groups(t.Context())) }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled caller got %v", err)
	}
	close(goOn)
	if err := <-other; err != nil {
		t.Errorf("the other caller got %v", err)
	}
	if n := len(f.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestParallelPrincipals runs whole life cycles at once on one client.
func TestParallelPrincipals(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	before := s.UserCfg()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			ctx := t.Context()
			role := fmt.Sprintf("r%d", i)
			p := Principal{UserID: UserID(fmt.Sprintf("u%d@pve", i)), Enabled: true, Role: &Role{ID: role, Privileges: []string{"VM.Audit"}},
				Grants: []Grant{{Path: "/vms", Role: role, Propagate: true}},
				Tokens: map[string]Token{"ci": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms", Role: role, Propagate: true}}}}}
			if _, err := s.CreatePrincipal(ctx, p); err != nil {
				t.Errorf("create: %v", err)
				return
			}
			got, err := s.ReadPrincipal(ctx, p.UserID, role)
			want := p.normal()
			if diff := cmp.Diff(&want, got); diff != "" || err != nil {
				t.Errorf("read: %v (-want +got):\n%s", err, diff)
			}
			q := p
			q.Comment = "changed"
			if _, err := s.UpdatePrincipal(ctx, p, q); err != nil {
				t.Errorf("update: %v", err)
			}
			if err := s.DeletePrincipal(ctx, q); err != nil {
				t.Errorf("delete: %v", err)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
		t.Errorf("user.cfg (-before +after):\n%s", diff)
	}
}

// TestTolerantDecoding feeds the types that Perl prints in other moods, a
// TFA-locked user included, which go-proxmox fails on.
func TestTolerantDecoding(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(answer{200, "OK", `{"data":[
		{"userid":"b@pve","enable":"1","expire":"2000000000","groups":"y,x","tokens":[{"tokenid":"b1","privsep":"0","expire":"0"},{"tokenid":"a1","privsep":true}],"tfa-locked-until":1700000000},
		{"userid":"a@pve","enable":0,"tokens":null,"email":""}]}`}))
	users, err := f.client(t).Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []User{
		{ID: "a@pve", Groups: []string{}},
		{ID: "b@pve", Enabled: true, Expire: 2000000000, Groups: []string{"x", "y"},
			Tokens: []TokenInfo{{ID: "a1", PrivilegeSeparation: true}, {ID: "b1"}}},
	}
	if diff := cmp.Diff(want, users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	broken := newFake(t, always(answer{200, "OK", `{"data":[{"userid":"a@pve","enable":"yes"}]}`}))
	if _, err := broken.client(t).Users(t.Context()); err == nil {
		t.Error("an enable of \"yes\" was understood")
	}
}

func TestClusterNodes(t *testing.T) {
	t.Parallel()

	nodes := []pvesim.NodeInfo{{Name: "pve2", Address: "192.0.2.2", Online: true}, {Name: "pve1", Address: "192.0.2.1", Online: true}, {Name: "pve3", Address: "192.0.2.3"}}
	server := pvesim.New(pvesim.Options{Nodes: nodes, AuthDelay: -1})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	got, err := simClient(t, server, server.RootToken()).ClusterNodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	local := 0
	for i, want := range []ClusterNode{{Name: "pve1", Address: "192.0.2.1", Online: true}, {Name: "pve2", Address: "192.0.2.2", Online: true}, {Name: "pve3", Address: "192.0.2.3"}} {
		if got[i].Local {
			local++
		}
		got[i].Local = false
		if got[i] != want {
			t.Errorf("node %d is %+v, want %+v", i, got[i], want)
		}
	}
	if local != 1 || len(got) != 3 {
		t.Errorf("%d local nodes of %d", local, len(got))
	}

	single := newFake(t, always(answer{200, "OK", `{"data":[{"type":"node","name":"pve1","id":"node/pve1","local":1,"online":1,"level":"","nodeid":0}]}`}))
	got, err = single.client(t).ClusterNodes(t.Context())
	if diff := cmp.Diff([]ClusterNode{{Name: "pve1", Online: true, Local: true}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestPrivilegesNeedAdministrator sees that a server without the built-in role
// is not taken for one without privileges.
func TestPrivilegesNeedAdministrator(t *testing.T) {
	t.Parallel()

	f := newFake(t, always(answer{200, "OK", `{"data":[{"roleid":"x","privs":"A.B","special":0}]}`}))
	if got, err := f.client(t).Privileges(t.Context()); err == nil {
		t.Errorf("privileges are %v", got)
	}
}
