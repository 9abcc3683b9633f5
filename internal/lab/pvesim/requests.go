package pvesim

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Request is a request as the simulation saw it. It holds no secret.
type Request struct {
	Method string
	// Path is decoded and without /api2/json: /access/users/a@pve.
	Path string
	// Target is the path as sent, without its query.
	Target string
	// As is the authenticated id that the request claims, unverified; "" for none.
	As string
}

// RequestCount tells how often a path was asked for.
type RequestCount struct {
	Method string
	Path   string
	Count  int
}

// requestLog remembers requests since it was cleared.
type requestLog struct {
	mu  sync.Mutex
	all []Request
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}

// RequestLog lists all requests in the order of their arrival.
func (s *Server) RequestLog() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.all)
}

// Requests counts all requests by method and path, sorted by path and method.
func (s *Server) Requests() []RequestCount {
	type key struct{ method, path string }
	counts := map[key]int{}
	for _, r := range s.RequestLog() {
		counts[key{r.Method, r.Path}]++
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(x, y key) int {
		return cmp.Or(cmp.Compare(x.path, y.path), cmp.Compare(x.method, y.method))
	})
	out := make([]RequestCount, 0, len(keys))
	for _, k := range keys {
		out = append(out, RequestCount{k.method, k.path, counts[k]})
	}
	return out
}

// ResetRequests forgets the requests seen so far.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.all = nil
}
