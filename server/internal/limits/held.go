package limits

import (
	"net/netip"
	"sync"

	"github.com/tickroom/tickroom/server/internal/networks"
)

// held counts what players and their addresses hold at once, beside connections. It is counted while
// it is there, not while whoever it is there for is.
type held struct {
	players   *Counts[string]
	addresses *Counts[AddrKey]

	ofPlayer, ofAddress int    // the most; 0: any number
	player, address     Reason // why no more
}

func newHeld(ofPlayer int, player Reason, ofAddress int, address Reason) held {
	return held{NewCounts[string](), NewCounts[AddrKey](), ofPlayer, ofAddress, player, address}
}

// OpenRoom counts a room that is made for a player, which came from an address: until release is called;
// further calls do nothing. An empty player and a zero address are nobody's. Addresses that are exempt
// have no limit. The error is a *Denied.
func (g *Guard) OpenRoom(player string, from netip.Addr) (release func(), err error) {
	return g.hold(&g.rooms, player, from)
}

// Hold counts a session that is held for a player whose connection from an address is lost, in the same
// way.
func (g *Guard) Hold(player string, from netip.Addr) (release func(), err error) {
	return g.hold(&g.held, player, from)
}

func (g *Guard) hold(h *held, player string, from netip.Addr) (release func(), err error) {
	from = networks.Plain(from)
	k := g.masks.Key(from)
	byAddress := h.ofAddress > 0 && from.IsValid() && (!networks.Contain(g.exempt, from) || g.proxies.Trusts(from))
	byPlayer := h.ofPlayer > 0 && player != ""
	if byAddress && !h.addresses.Acquire(k, h.ofAddress) {
		return nil, g.deny(&Denied{Reason: h.address})
	}
	if byPlayer && !h.players.Acquire(player, h.ofPlayer) {
		if byAddress {
			h.addresses.Release(k)
		}
		return nil, g.deny(&Denied{Reason: h.player})
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			if byAddress {
				h.addresses.Release(k)
			}
			if byPlayer {
				h.players.Release(player)
			}
		})
	}, nil
}
