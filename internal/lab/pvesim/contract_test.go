package pvesim

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deviation is a pair in which the simulation is known to answer otherwise.
type deviation struct {
	Version string
	ID      string
	Reason  string
}

func readDeviations(t *testing.T, version string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "deviations.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []deviation
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range all {
		if d.Reason == "" {
			t.Errorf("deviation %s %s has no reason", d.Version, d.ID)
		}
		if d.Version == version || d.Version == "all" {
			out[d.ID] = d.Reason
		}
	}
	return out
}

// recorder is what the recorder did between two calls, outside the API, to get out
// of a corner or to make a fault.
var recorder = map[string]func(*player){
	// Root had locked itself out.
	"root-put-enable-0":   func(p *player) { p.srv.SetUserCfg(initialUserCfg) },
	"root-password-token": func(p *player) { p.srv.SetUserCfg(initialUserCfg) },
	"a-op": func(p *player) {
		p.srv.SetUserCfg(strings.Replace(p.srv.UserCfg(), "user:root@pam:0:", "user:root@pam:1:", 1))
	},
	"lock-held-post":   func(p *player) { p.srv.HoldLock(LockUserCfg) },
	"lock-free-post":   func(p *player) { p.srv.setLock(LockUserCfg, false) },
	"token-lock-held":  func(p *player) { p.srv.HoldLock(LockTokenCfg) },
	"token-lock-after": func(p *player) { p.srv.setLock(LockTokenCfg, false) },
	"daemon-down-post": func(p *player) { p.srv.StopDaemon() },
}

// score counts pairs that agree.
type score struct{ agree, all int }

func (s score) String() string {
	return fmt.Sprintf("%d of %d (%.1f %%)", s.agree, s.all, 100*float64(s.agree)/float64(max(1, s.all)))
}

// replay plays the groups of a recording, each against a new server, and returns
// what differs by pair id. only is nil, or the ids that count; the others prepare.
func replay(t *testing.T, version string, pairs []pair, only map[string]bool) (diffs map[string]string, scores map[string]*score) {
	t.Helper()
	diffs, scores = map[string]string{}, map[string]*score{}
	var (
		p     *player
		group string
		blind bool
	)
	for i := range pairs {
		rec := &pairs[i]
		if rec.Group != group {
			p, group, blind = newPlayer(t, version), rec.Group, false
		}
		if f := recorder[rec.ID]; f != nil {
			f(p)
		}
		before := p.srv.UserCfg()
		got := p.play(t, rec)
		if only != nil && !only[rec.ID] {
			continue
		}
		name := p.endpointOf(rec)
		diff := compare(name, rec, got)
		if diff == "" {
			diff = p.compareFiles(rec, before, blind)
		}
		// A user id beyond ASCII made user.cfg unreadable for the recorder.
		blind = blind || strings.Contains(p.srv.UserCfg(), "müller")
		if scores[name] == nil {
			scores[name] = &score{}
		}
		scores[name].all++
		if diff == "" {
			scores[name].agree++
		} else {
			diffs[rec.ID] = diff
		}
	}
	return diffs, scores
}

// endpointOf names the endpoint of a request with its parameters unfilled.
func (p *player) endpointOf(rec *pair) string {
	if e, _, err := p.srv.find(rec.Request.Method, parseTarget(rec.Request.Target).path); err == nil {
		return e.method + " " + e.path
	}
	return "not implemented"
}

// compareFiles compares the configuration after a call with the recorded one; no
// recording means that the call must not have changed it.
func (p *player) compareFiles(rec *pair, before string, blind bool) string {
	want, got := before, p.srv.UserCfg()
	if rec.UserCfgAfter != nil {
		want = *rec.UserCfgAfter
	} else if blind {
		want = got
	}
	if w, g := configLines(want), configLines(got); w != g {
		return fmt.Sprintf("user.cfg\n--- want\n%s\n--- got\n%s", w, g)
	}
	p.srv.mu.Lock()
	defer p.srv.mu.Unlock()
	if rec.TokenCfgAfter != nil {
		var b strings.Builder
		for _, id := range slices.Sorted(maps.Keys(p.srv.state.secrets)) {
			b.WriteString(id + " <uuid>\n")
		}
		if w, g := configLines(*rec.TokenCfgAfter), configLines(b.String()); w != g {
			return fmt.Sprintf("token.cfg\n--- want\n%s\n--- got\n%s", w, g)
		}
	}
	if rec.ShadowUsersAfter != nil {
		if g := slices.Sorted(maps.Keys(p.srv.state.shadow)); !slices.Equal(rec.ShadowUsersAfter, g) {
			return fmt.Sprintf("shadow.cfg: want %v, got %v", rec.ShadowUsersAfter, g)
		}
	}
	return ""
}

// TestContract holds the simulation to what the real API answered.
func TestContract(t *testing.T) {
	t.Parallel()
	t.Run(Version84, func(t *testing.T) {
		t.Parallel()
		judge(t, Version84, readRecording(t, Version84), nil)
	})
	t.Run(Version91, func(t *testing.T) {
		t.Parallel()
		judge(t, Version91, readRecording(t, Version91), nil)
	})
	t.Run(Version92, func(t *testing.T) {
		t.Parallel()
		pairs, only := additions(readRecording(t, Version91), readRecording(t, "9.2-additions"))
		judge(t, Version92, pairs, only)
	})
}

// additions lays the pairs that only 9.2 has into those of 9.1: they replace pairs
// of the same id, and groups of their own follow.
func additions(base, added []pair) (pairs []pair, only map[string]bool) {
	byID, groups := map[string]pair{}, map[string]bool{}
	only = map[string]bool{}
	for _, p := range added {
		byID[p.ID], only[p.ID] = p, true
		groups[p.Group] = true
	}
	shared := map[string]bool{}
	for _, p := range base {
		if !groups[p.Group] {
			continue
		}
		shared[p.Group] = true
		if a, ok := byID[p.ID]; ok {
			p = a
		}
		pairs = append(pairs, p)
	}
	for _, p := range added {
		if !shared[p.Group] {
			pairs = append(pairs, p)
		}
	}
	return pairs, only
}

// judge reports the agreement and fails on every deviation that is not listed, and
// on every listed one that is none any more.
func judge(t *testing.T, version string, pairs []pair, only map[string]bool) {
	t.Helper()
	diffs, scores := replay(t, version, pairs, only)
	listed := readDeviations(t, version)
	total := score{}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		t.Logf("PVE %s  %-52s %s", version, name, scores[name])
		total.agree += scores[name].agree
		total.all += scores[name].all
	}
	t.Logf("PVE %s  %-52s %s", version, "in total", total)
	for _, id := range slices.Sorted(maps.Keys(diffs)) {
		if _, ok := listed[id]; !ok {
			t.Errorf("%s: %s", id, diffs[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(listed)) {
		if _, ok := diffs[id]; !ok && (only == nil || only[id]) {
			t.Errorf("%s agrees with the recording: take it off the list of deviations", id)
		}
	}
}
