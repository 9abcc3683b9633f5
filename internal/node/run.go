package node

import "context"

// Run runs a script once, as [Query.Scripts] are run, over the connection that is there. It may do more than read, so it is not run again where the connection breaks.
func (p *Pool) Run(ctx context.Context, t Target, script string) (Section, error) {
	ctx, cancel := withTimeout(ctx, observeTimeout)
	defer cancel()
	if p.ctx.Err() != nil {
		return Section{}, errClosed
	}
	seen, _, err := p.observe(ctx, p.link(t), Query{Scripts: []string{script}})
	if err != nil {
		return Section{}, err
	}
	return seen.Scripts[script], nil
}
