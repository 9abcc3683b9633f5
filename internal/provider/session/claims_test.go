package session

import (
	"fmt"
	"testing"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	c := &Clients{}
	for i, step := range []struct {
		name            string
		subjects, nodes []string
		want            string
	}{
		{"one", []string{"alice", "%ops"}, nil, "[]"},
		{"two", []string{"bob"}, nil, "[]"},
		{"one", []string{"alice", "%ops"}, nil, "[]"}, // planned again
		{"everyone", nil, []string{"pve1"}, "[]"},
		{"all", nil, []string{"pve2"}, "[]"},
		{"third", []string{"bob", "carol"}, []string{"pve3"}, "[{two bob}]"},
		{"fourth", nil, nil, "2"},
		{"fifth", []string{"dave"}, []string{"pve1"}, "[]"},
		{"sixth", []string{"dave"}, []string{"pve2"}, "[]"},
	} {
		taken := c.Claim("audit logging", step.name, step.subjects, step.nodes)
		if got := fmt.Sprint(taken); got != step.want && fmt.Sprint(len(taken)) != step.want {
			t.Errorf("step %d, %s: %s, want %s", i, step.name, got, step.want)
		}
		if taken := c.Claim("something else", step.name, step.subjects, step.nodes); i == 0 && len(taken) != 0 {
			t.Errorf("another kind meets it: %v", taken)
		}
	}
}
