// Package costs keeps account of what addresses and players cost the server, so that an
// operator sees who costs most. It is told where somebody connects, calls, joins, leaves or is
// refused, and never by a tick; it keeps a fixed number of addresses and players for each
// kind of cost, those with most.
//
// Weights are of about the last two minutes: each minute all are halved.
package costs

import (
	"net/netip"
	"sync"
)

// Cost is a kind of cost.
type Cost uint8

// The costs.
const (
	Connections Cost = iota // WebSockets that were begun
	Calls                   // calls of the matchmaking service
	CallTime                // seconds that such calls took, streams left out: waiting counts as well
	Bytes                   // bytes to and from rooms, of connections that have ended
	Joins                   // hellos that led into a room
	Refusals                // refusals
	costs
)

// String returns the cost's name in snake case.
func (c Cost) String() string {
	return [...]string{"connections", "calls", "call_seconds", "bytes", "joins", "refusals"}[c]
}

// kept is how many addresses, and players, are kept of a cost.
const kept = 128

// Ledger is the account. It may be used from any goroutine.
type Ledger struct {
	mu        sync.Mutex
	addresses [costs]*sketch[string]
	players   [costs]*sketch[string]
	name      func(netip.Addr) string
}

// New returns a ledger. name returns what an address counts as, such as its network; nil: itself.
func New(name func(netip.Addr) string) *Ledger {
	if name == nil {
		name = netip.Addr.String
	}
	l := &Ledger{name: name}
	for c := range costs {
		l.addresses[c], l.players[c] = newSketch[string](kept), newSketch[string](kept)
	}
	return l
}

// Add adds a cost of an address and of a player; one that is not known is zero, or empty. A nil
// ledger adds nothing.
func (l *Ledger) Add(c Cost, weight float64, from netip.Addr, player string) {
	if l == nil || !(weight > 0) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if from.IsValid() {
		l.addresses[c].add(l.name(from), weight)
	}
	if player != "" {
		l.players[c].add(player, weight)
	}
}

// Fade halves all that there is. It is to be called each minute.
func (l *Ledger) Fade() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range costs {
		l.addresses[c].fade(1.0 / 64)
		l.players[c].fade(1.0 / 64)
	}
}

// Most is who has most of one cost.
type Most struct {
	Cost      string          `json:"cost"`
	Addresses []Count[string] `json:"addresses"`
	Players   []Count[string] `json:"players"`
}

// Top returns the n addresses and players with most of each cost.
func (l *Ledger) Top(n int) []Most {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Most, costs)
	for c := range costs {
		out[c] = Most{c.String(), l.addresses[c].top(n), l.players[c].top(n)}
	}
	return out
}
