package node

// Gathered counts the calls of Apply that wait to be made together, for tests.
func (p *Pool) Gathered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, groups := range p.changing {
		for _, g := range groups {
			n += len(g.requests)
		}
	}
	return n
}
