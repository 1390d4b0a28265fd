package socket

import (
	"net"
	"net/http"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// What a gateway knows of its connections: which are pending, in what order they give way,
// and which are seated.

// place is what the gateway knows of a seated connection.
type place struct {
	live  bool   // false: over, but not closed yet
	onEnd func() // of Options.OnHandshake
}

// holder returns whose a handshake is.
func (g *Gateway) holder(r *http.Request) string {
	if g.opt.Holder != nil {
		return g.opt.Holder(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// enter puts a connection, one of a holder's, among the pending, at another's cost if need be.
func (g *Gateway) enter(p *pending, holder string) *refusal {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return &refusal{status: http.StatusServiceUnavailable, reason: FailClosing, text: "This server is going down."}
	}
	var gives *pending
	if len(g.pending) >= g.opt.MaxPending {
		gives, _ = g.hearing.pop()
		if gives == nil {
			g.mu.Unlock()
			return &refusal{status: http.StatusServiceUnavailable, reason: FailBusy, text: "Too many players are joining: try again soon."}
		}
		delete(g.pending, gives)
	}
	g.pending[p] = true
	g.hearing.push(p, holder)
	g.all.Add(1)
	g.mu.Unlock()
	if gives != nil {
		gives.abort(FailBusy, errBusy)
	}
	return nil
}

var errBusy = &CloseError{Code: closecode.TryLater, Reason: "too many players are joining"}

// heard notes that a connection's hello is complete, so that it does not have to give way
// any more. It reports false if it has had to already.
func (g *Gateway) heard(p *pending) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hearing.remove(p)
}

// doomed makes a connection that is being refused the first to give way.
func (g *Gateway) doomed(p *pending) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending[p] {
		g.hearing.doom(p)
	}
}

// leave takes a connection out of the pending.
func (g *Gateway) leave(p *pending) {
	g.mu.Lock()
	g.hearing.remove(p)
	delete(g.pending, p)
	g.mu.Unlock()
}

// seat counts a connection as seated. The caller holds a place in g.all.
func (g *Gateway) seat(p *pending, c Conn) {
	g.all.Add(1)
	g.mu.Lock()
	g.hearing.remove(p)
	delete(g.pending, p)
	g.seated[c] = place{true, p.onEnd}
	g.stats.Seated++
	if c.Raw() {
		g.stats.Raw++
	} else {
		g.stats.Carried++
	}
	closed := g.closed
	g.mu.Unlock()
	if closed {
		c.Close(closecode.GoingAway, goingAway)
	}
}

// unseat counts a connection as over. It is still waited for.
func (g *Gateway) unseat(c Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.seated[c]
	if !s.live {
		return
	}
	g.seated[c] = place{false, s.onEnd}
	if c.Raw() {
		g.stats.Raw--
	} else {
		g.stats.Carried--
		g.stats.Lingering++
	}
}

// forget takes out a seated connection whose descriptor is closed, or has been given to
// linger.
func (g *Gateway) forget(c Conn) {
	g.unseat(c)
	g.mu.Lock()
	s := g.seated[c]
	delete(g.seated, c)
	if !c.Raw() {
		g.stats.Lingering--
	}
	g.mu.Unlock()
	s.onEnd()
	g.all.Done()
}

// Ending returns how many connections have ended, and are seen off.
func (g *Gateway) Ending() int { return g.linger.len() }

func keys[K comparable, V any](m map[K]V) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}
