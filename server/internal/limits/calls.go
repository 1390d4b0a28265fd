package limits

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tickroom/tickroom/server/internal/networks"
)

// Rate is how many calls a second may be made, and how many at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Calls bounds the calls that one address and one player make, of several kinds with a
// rate for each. It may be used from any goroutine.
type Calls struct {
	guard     *Guard
	addresses []*Buckets[AddrKey]
	players   []*Buckets[string]
}

// NewCalls makes one that knows addresses as a guard does. There is a kind of calls for
// each rate; a player may make as many as an address.
func NewCalls(g *Guard, rates ...Rate) (*Calls, error) {
	c := &Calls{guard: g}
	for i, r := range rates {
		a, err := NewBuckets[AddrKey](r.PerSecond, r.Burst, g.cfg.MaxTracked, g.o.Now())
		if err != nil {
			return nil, fmt.Errorf("limits: calls of kind %d: %w", i, err)
		}
		p, err := NewBuckets[string](r.PerSecond, r.Burst, g.cfg.MaxTracked, g.o.Now())
		if err != nil {
			return nil, fmt.Errorf("limits: calls of kind %d: %w", i, err)
		}
		c.addresses, c.players = append(c.addresses, a), append(c.players, p)
	}
	return c, nil
}

// Address counts a call from a connection's remote address, and returns the time until
// one may be made; 0: now. Addresses that are exempt are not counted. The error, a
// *Denied, is for those who are banned or whose address nobody can tell.
func (c *Calls) Address(remote string, h http.Header, kind int) (wait time.Duration, err error) {
	g := c.guard
	a, err := g.proxies.Client(remote, h)
	if err != nil {
		return 0, g.deny(&Denied{Reason: NoAddress})
	}
	a = networks.Plain(a)
	now := g.o.Now()
	if g.o.Bans != nil {
		if b, banned := g.o.Bans.Check("", a, now); banned {
			return 0, g.deny(&Denied{Reason: BannedAddress, RetryAfter: left(b, now), Ban: b})
		}
	}
	if networks.Contain(g.exempt, a) && !g.proxies.Trusts(a) {
		return 0, nil
	}
	if wait = c.addresses[kind].Take(g.masks.Key(a), now); wait > 0 {
		g.count(CallRate)
	}
	return wait, nil
}

// Player counts a call of a player in the same way.
func (c *Calls) Player(player string, kind int) (wait time.Duration, err error) {
	g := c.guard
	now := g.o.Now()
	if g.o.Bans != nil {
		if b, banned := g.o.Bans.Check(player, noAddr, now); banned {
			return 0, g.deny(&Denied{Reason: BannedPlayer, RetryAfter: left(b, now), Ban: b})
		}
	}
	if wait = c.players[kind].Take(player, now); wait > 0 {
		g.count(CallRate)
	}
	return wait, nil
}

// Sweep frees memory that is not needed any more; see Guard.Sweep.
func (c *Calls) Sweep() {
	now := c.guard.o.Now()
	for i := range c.addresses {
		c.addresses[i].Sweep(now)
		c.players[i].Sweep(now)
	}
}

// Len returns how many addresses and players are remembered.
func (c *Calls) Len() (n int) {
	for i := range c.addresses {
		n += c.addresses[i].Len() + c.players[i].Len()
	}
	return n
}
