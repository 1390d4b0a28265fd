package limits

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/networks"
)

// Reason is why somebody is kept out. Its String is fit for a metric's label.
type Reason uint8

// The reasons.
const (
	// BannedAddress: there is a ban for the address.
	BannedAddress Reason = iota + 1
	// BannedPlayer: there is a ban for the player.
	BannedPlayer
	// HandshakeRate: the address begins connections too fast.
	HandshakeRate
	// AddressConnections: the address has too many connections.
	AddressConnections
	// PlayerConnections: the player has too many connections.
	PlayerConnections
	// PlayerRooms: the player has too many rooms.
	PlayerRooms
	// AddressShows: clients of the address have had too many shows opened.
	AddressShows
	// NoAddress: nobody can tell the client's address.
	NoAddress
	// CallRate: the address or the player calls too fast.
	CallRate
	// AddressRooms: the players of the address have too many rooms.
	AddressRooms
	// AddressHeld: too many sessions of the address are held without connections.
	AddressHeld
	// PlayerHeld: too many sessions of the player are held without connections.
	PlayerHeld
	// FirstBytes: the address was sent too much by first messages, or does not take it.
	FirstBytes

	lastReason = FirstBytes
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{BannedAddress, BannedPlayer, HandshakeRate, AddressConnections, PlayerConnections, PlayerRooms, AddressShows, NoAddress, CallRate, AddressRooms, AddressHeld, PlayerHeld, FirstBytes}
}

// String returns the reason in snake case.
func (r Reason) String() string {
	switch r {
	case BannedAddress:
		return "banned_address"
	case BannedPlayer:
		return "banned_player"
	case HandshakeRate:
		return "handshake_rate"
	case AddressConnections:
		return "address_connections"
	case PlayerConnections:
		return "player_connections"
	case PlayerRooms:
		return "player_rooms"
	case AddressShows:
		return "address_shows"
	case NoAddress:
		return "no_address"
	case CallRate:
		return "call_rate"
	case AddressRooms:
		return "address_rooms"
	case AddressHeld:
		return "address_held"
	case PlayerHeld:
		return "player_held"
	case FirstBytes:
		return "first_bytes"
	}
	return fmt.Sprintf("reason_%d", uint8(r))
}

// Denied is the error for somebody who is kept out. Its text can be shown to the
// client, and is at most 123 bytes.
type Denied struct {
	Reason Reason
	// RetryAfter is when to try again; 0: nobody knows.
	RetryAfter time.Duration
	// Ban is the ban, if it is one.
	Ban Ban
}

// Error returns why, as the client may be told.
func (d *Denied) Error() string {
	switch d.Reason {
	case BannedAddress, BannedPlayer:
		s := "banned"
		if !d.Ban.Until.IsZero() {
			s += " until " + d.Ban.Until.UTC().Format("2006-01-02 15:04")
		}
		if d.Ban.Reason != "" {
			s += ": " + d.Ban.Reason
		}
		return s
	case HandshakeRate:
		return fmt.Sprintf("too many connections in a short time; try again in %d s", int(math.Ceil(d.RetryAfter.Seconds())))
	case AddressConnections:
		return "too many connections from this address"
	case PlayerConnections:
		return "too many connections of this player"
	case PlayerRooms:
		return "too many rooms of this player; try again when one of them has ended"
	case AddressRooms:
		return "too many rooms of players at this address; try again when one of them has ended"
	case AddressHeld:
		return "too many sessions of this address are held without connections"
	case PlayerHeld:
		return "too many sessions of this player are held without connections"
	case FirstBytes:
		return fmt.Sprintf("too much is sent to this address in a short time; try again in %d s", int(math.Ceil(d.RetryAfter.Seconds())))
	case AddressShows:
		return "too many shows were opened from this address"
	}
	return "the address that the request comes from is not known"
}

// Options of a Guard. The zero value of a field means its default.
type Options struct {
	// Bans are asked about everybody. Default: nobody is banned.
	Bans Bans
	// OnDenied is called whenever somebody is kept out. It must not block.
	OnDenied func(Reason)
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Guard applies the limits. It may be used from any goroutine.
type Guard struct {
	cfg     config.Access
	o       Options
	proxies *Proxies
	exempt  []netip.Prefix
	masks   Masks

	handshakes *Buckets[AddrKey] // nil: no limit
	addresses  *Counts[AddrKey]
	players    *Counts[string]
	rooms      held    // those that were made for somebody
	held       held    // sessions without connections
	firsts     *firsts // nil: no limit
	shows      *Counts[AddrKey]

	denied [lastReason + 1]atomic.Uint64
}

// NewGuard makes one.
func NewGuard(cfg config.Access, o Options) (*Guard, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Guard{cfg: cfg, o: o, masks: Masks{cfg.IPv4Prefix, cfg.IPv6Prefix},
		addresses: NewCounts[AddrKey](), players: NewCounts[string](), shows: NewCounts[AddrKey](),
		rooms: newHeld(cfg.RoomsPerPlayer, PlayerRooms, cfg.RoomsPerAddress, AddressRooms),
		held:  newHeld(cfg.HeldPerPlayer, PlayerHeld, cfg.HeldPerAddress, AddressHeld)}
	var err error
	if g.proxies, err = NewProxies(cfg.TrustedProxies, cfg.ForwardedHeader); err != nil {
		return nil, err
	}
	if g.exempt, err = networks.Parse(cfg.Exempt); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if cfg.Handshakes > 0 {
		if g.handshakes, err = NewBuckets[AddrKey](cfg.Handshakes, cfg.HandshakesAtOnce(), cfg.MaxTracked, o.Now()); err != nil {
			return nil, err
		}
	}
	if cfg.FirstBytes > 0 {
		g.firsts = newFirsts(cfg.FirstBytes, cfg.MaxTracked)
	}
	return g, nil
}

// Proxies returns the proxies that are trusted.
func (g *Guard) Proxies() *Proxies { return g.proxies }

// Request is Connect for the client that a request comes from.
func (g *Guard) Request(r *http.Request) (*Lease, error) {
	a, err := g.proxies.Client(r.RemoteAddr, r.Header)
	if err != nil {
		return nil, g.deny(&Denied{Reason: NoAddress})
	}
	return g.connect(a, AcceptedOf(r.Context()))
}

// Connect lets a client at an address begin a connection, which lasts until the
// lease's Release. The error is a *Denied.
func (g *Guard) Connect(a netip.Addr) (*Lease, error) { return g.connect(a, nil) }

// connect is Connect for an address that comes by a connection that counts already; nil: by
// none.
func (g *Guard) connect(a netip.Addr, by Accepted) (*Lease, error) {
	a = networks.Plain(a)
	now := g.o.Now()
	if g.o.Bans != nil {
		if b, banned := g.o.Bans.Check("", a, now); banned {
			return nil, g.deny(&Denied{Reason: BannedAddress, RetryAfter: left(b, now), Ban: b})
		}
	}
	l := &Lease{guard: g, addr: a, back: func() {}}
	exempt := networks.Contain(g.exempt, a) && !g.proxies.Trusts(a)
	k := g.masks.Key(a)
	l.key, l.exempt = k, exempt
	if g.handshakes != nil && !exempt {
		if wait := g.handshakes.Take(k, now); wait > 0 {
			return nil, g.deny(&Denied{Reason: HandshakeRate, RetryAfter: wait})
		}
	}
	if by != nil {
		back, ok := by.Lend()
		if !ok {
			return nil, g.deny(&Denied{Reason: AddressConnections})
		}
		l.back = back
		if by.Peer() == a {
			return l, nil // it has its share
		}
	}
	if limit := g.cfg.ConnectionsPerAddress; limit > 0 && !exempt {
		if !g.addresses.Acquire(k, limit) {
			l.back()
			return nil, g.deny(&Denied{Reason: AddressConnections})
		}
		l.counted = true
	}
	return l, nil
}

// OpenShow lets a client at an address have a house of a show opened, which lasts until release is
// called; further calls do nothing. Addresses that are exempt have any number, and so has a zero
// address. The error is a *Denied.
func (g *Guard) OpenShow(a netip.Addr) (release func(), err error) {
	a = networks.Plain(a)
	if g.cfg.ShowsPerAddress == 0 || !a.IsValid() || networks.Contain(g.exempt, a) && !g.proxies.Trusts(a) {
		return func() {}, nil
	}
	k := g.masks.Key(a)
	if !g.shows.Acquire(k, g.cfg.ShowsPerAddress) {
		return nil, g.deny(&Denied{Reason: AddressShows})
	}
	var once sync.Once
	return func() { once.Do(func() { g.shows.Release(k) }) }, nil
}

func (g *Guard) deny(d *Denied) error {
	g.count(d.Reason)
	return d
}

func (g *Guard) count(r Reason) {
	g.denied[r].Add(1)
	if g.o.OnDenied != nil {
		g.o.OnDenied(r)
	}
}

// noAddr stands for no address.
var noAddr netip.Addr

// left returns how long a ban goes on; 0 for ever.
func left(b Ban, now time.Time) time.Duration {
	if b.Until.IsZero() {
		return 0
	}
	return b.Until.Sub(now)
}

// Sweep frees memory that is not needed any more. To be called now and then,
// each minute for one.
func (g *Guard) Sweep() {
	if g.handshakes != nil {
		g.handshakes.Sweep(g.o.Now())
	}
	if g.firsts != nil {
		g.firsts.mu.Lock()
		defer g.firsts.mu.Unlock()
		g.firsts.sweep(g.o.Now())
	}
}

// Stats says how the guard is doing.
type Stats struct {
	// Tracked counts the addresses whose handshakes are remembered now, Addresses and
	// Players those with connections, Owners the players with rooms, Holders the addresses with
	// sessions that are held.
	Tracked, Addresses, Players, Owners, Holders int
	// Overflows counts handshakes from addresses for which there was no place: a sign
	// of an attack.
	Overflows uint64
	// Denied counts those who were kept out, by reason.
	Denied map[Reason]uint64
}

// Stats returns how the guard is doing. It takes a while: it is for metrics.
func (g *Guard) Stats() Stats {
	s := Stats{Addresses: g.addresses.Len(), Players: g.players.Len(), Owners: g.rooms.players.Len(), Holders: g.held.addresses.Len(), Denied: map[Reason]uint64{}}
	if g.handshakes != nil {
		s.Tracked, s.Overflows = g.handshakes.Len(), g.handshakes.Overflows()
	}
	for _, r := range Reasons() {
		s.Denied[r] = g.denied[r].Load()
	}
	return s
}

// Lease is a connection's share.
type Lease struct {
	guard   *Guard
	addr    netip.Addr
	key     AddrKey
	exempt  bool
	counted bool   // key counts the connection
	back    func() // gives back what an Accepted has lent

	mu       sync.Mutex
	player   string
	holds    bool // player counts it
	released bool
	first    int // bytes of first messages that wait to be taken
}

// Addr returns the client's address.
func (l *Lease) Addr() netip.Addr { return l.addr }

// Key returns what the client's address counts by.
func (l *Lease) Key() AddrKey { return l.key }

// Identify counts the connection as a player's, once it is known whose it is. The error is a *Denied;
// the lease is still to be released.
func (l *Lease) Identify(player string) error {
	g := l.guard
	if g.o.Bans != nil {
		now := g.o.Now()
		if b, banned := g.o.Bans.Check(player, l.addr, now); banned {
			reason := BannedPlayer
			if b.Player == "" {
				reason = BannedAddress
			}
			return g.deny(&Denied{Reason: reason, RetryAfter: left(b, now), Ban: b})
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released || g.cfg.ConnectionsPerPlayer == 0 || l.holds && l.player == player {
		l.player = player
		return nil
	}
	if !g.players.Acquire(player, g.cfg.ConnectionsPerPlayer) {
		return g.deny(&Denied{Reason: PlayerConnections})
	}
	if l.holds {
		g.players.Release(l.player)
	}
	l.player, l.holds = player, true
	return nil
}

// Release ends the connection's share. It may be called more than once.
func (l *Lease) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return
	}
	l.released = true
	l.back()
	l.firstTaken()
	if l.counted {
		l.guard.addresses.Release(l.key)
	}
	if l.holds {
		l.guard.players.Release(l.player)
	}
}

// Network returns what an address counts as, as text: itself, or the network that counts as one address.
func (g *Guard) Network(a netip.Addr) string {
	a = networks.Plain(a)
	bits := g.masks.IPv6
	if a.Is4() {
		bits = g.masks.IPv4
	}
	p, err := a.Prefix(bits)
	if err != nil || p.IsSingleIP() {
		return a.String()
	}
	return p.String()
}
