package node

import (
	"context"
	"time"
)

// Run runs a script once, as [Query.Scripts] are run, over the connection that is there. It may do more than read, so
// it is not run again where the connection breaks. The node ends it after limit.
func (p *Pool) Run(ctx context.Context, t Target, script string, limit time.Duration) (Section, error) {
	ctx, cancel := withTimeout(ctx, limit+observeTimeout)
	defer cancel()
	if p.ctx.Err() != nil {
		return Section{}, errClosed
	}
	seen, _, err := p.observe(ctx, p.link(t), Query{Scripts: []string{script}, limit: limit})
	if err != nil {
		return Section{}, err
	}
	return seen.Scripts[script], nil
}
