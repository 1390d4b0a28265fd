package limits

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/tickroom/tickroom/server/internal/networks"
)

// Accepted is a connection that counts from accept on (package door), so that a lease of it
// takes its share over and does not count it once more.
type Accepted interface {
	// Peer returns the address at the other end, a client's or a proxy's.
	Peer() netip.Addr
	// Lend lets a lease have the connection's share, until release is called. ok is false
	// if its address has none left.
	Lend() (release func(), ok bool)
	// Settle notes that a lease's client is in a room: it does not give way any more.
	Settle()
}

type acceptedKey struct{}

// WithAccepted returns a context for the requests that come over a connection.
func WithAccepted(ctx context.Context, c Accepted) context.Context {
	return context.WithValue(ctx, acceptedKey{}, c)
}

// AcceptedOf returns the connection that a request comes over; nil: one that is not counted.
func AcceptedOf(ctx context.Context) Accepted {
	c, _ := ctx.Value(acceptedKey{}).(Accepted)
	return c
}

// Key returns what an address counts by.
func (g *Guard) Key(a netip.Addr) AddrKey { return g.masks.Key(a) }

// Limited reports whether an address is bound in its number of connections: no proxy is that
// tells its clients' addresses, and none that is exempt.
func (g *Guard) Limited(a netip.Addr) bool {
	a = networks.Plain(a)
	return g.cfg.ConnectionsPerAddress > 0 && !g.proxies.Trusts(a) && !networks.Contain(g.exempt, a)
}

// Acquire takes a share for a connection of an address, of which there are no more than
// most; false: it has all of them.
func (g *Guard) Acquire(k AddrKey, most int) bool {
	return g.addresses.Acquire(k, min(g.cfg.ConnectionsPerAddress, most))
}

// Release gives back what Acquire took.
func (g *Guard) Release(k AddrKey) { g.addresses.Release(k) }

// Requests returns what the client of a request counts by, and how many requests of it may be
// answered at once; 0: any number.
func (g *Guard) Requests(r *http.Request) (k AddrKey, limit int) {
	a, err := g.proxies.Client(r.RemoteAddr, r.Header)
	if err != nil || !g.Limited(a) {
		return k, 0
	}
	return g.masks.Key(a), g.cfg.ConnectionsPerAddress
}
