package session

import (
	"context"
	"slices"
	"sync"
)

// Holdings are the objects that the states of this run hold, each by a name such as "user agent@pve". Terraform plans a
// replacement, and every tainted object, as if there were no object yet: what PVE has under that name is then somebody
// else's, or the very object that is to be replaced.
type Holdings struct {
	mu                         sync.Mutex
	held, planned, read, roles map[string]bool
	applied                    map[string]string
	told                       map[string][]string
	any                        bool
	lacked                     lists
}

// lacks notes what packages a node was seen to lack, and gives those of some packages that it was seen to lack at any
// time of this run. One resource may install what another one was planned with, and Terraform plans that one once more
// after this: its plan must stay the same.
func (h *Holdings) lacks(node string, seen, of []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lacked == nil {
		h.lacked = lists{}
	}
	h.lacked.add(node, seen)
	return slices.DeleteFunc(slices.Clone(h.lacked[node]), func(name string) bool { return !slices.Contains(of, name) })
}

// NoteState notes that Terraform showed a state of some resource. While it applies a creation it shows none, and while
// it plans one it shows none either if there is none.
func (h *Holdings) NoteState() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.any = true
}

// MayApply tells that this run may be one in which Terraform applies: it showed no state so far. What it creates then
// may come before the destruction of an object under the same id (create_before_destroy), of which nothing tells. An
// error of the plan would leave that object as a deposed one and nothing in its place; an error of the creation puts it
// back.
func (h *Holdings) MayApply() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.any
}

func (h *Holdings) note(set *map[string]bool, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[name] = true
}

// NoteHeld notes that a state holds an object.
func (h *Holdings) NoteHeld(name string) { h.note(&h.held, name) }

// NoteApplied notes the digest of the configuration that an object was applied with, "" where nothing was applied yet.
func (h *Holdings) NoteApplied(name, digest string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.applied == nil {
		h.applied = map[string]string{}
	}
	h.applied[name] = digest
}

// Applied is the digest that was noted of an object.
func (h *Holdings) Applied(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.applied[name]
}

// NoteTold notes what the refresh of an object has warned of, for a plan that does not say it again.
func (h *Holdings) NoteTold(name string, lines []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told == nil {
		h.told = map[string][]string{}
	}
	h.told[name] = lines
}

// Told is what the refresh of an object has warned of.
func (h *Holdings) Told(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told[name]
}

// NotePlanned notes that an object was planned with what its state holds, which Terraform never does for a tainted one.
func (h *Holdings) NotePlanned(name string) { h.note(&h.planned, name) }

// NoteRead notes that an object was refreshed in this run. Terraform plans once more while it applies, in a run without
// refreshing: what a plan warns of is said only where this was.
func (h *Holdings) NoteRead(name string) { h.note(&h.read, name) }

// Read tells whether an object was refreshed in this run.
func (h *Holdings) Read(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.read[name]
}

// Own tells whether an object that is planned to be created, and is there already, is the one that it replaces, and
// whether that one is tainted: a replacement is told by the request (see [WithReplacement]), a tainted object by a
// state that holds it and that nothing was planned with. Two resources for one object are neither.
func (h *Holdings) Own(ctx context.Context, name string) (own, tainted bool) {
	if replacement, _ := ctx.Value(replacementKey{}).(bool); replacement {
		return true, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	tainted = h.held[name] && !h.planned[name]
	return tainted, tainted
}

type replacementKey struct{}

// WithReplacement marks a request as the second half of planning a replacement: the creation of what comes after an
// object of this resource.
func WithReplacement(ctx context.Context) context.Context {
	return context.WithValue(ctx, replacementKey{}, true)
}

// NoteRole notes a role that a user who is planned brings along.
func (h *Holdings) NoteRole(id string) { h.note(&h.roles, id) }

// MakesRole tells whether a user who was planned before brings a role along.
func (h *Holdings) MakesRole(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.roles[id]
}
