package room

import (
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/internal/async"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// LoopConfig says how a room is run, and who is told what becomes of it. Its functions are
// called by the loop's goroutine, but for PlaceFree and Refused, which Loop.Admit calls
// too; they must not block. Those of which it is said may be nil.
type LoopConfig struct {
	// MaxCatchUp is how many late ticks are simulated one right after the other.
	// Later ones are dropped, and counted. Default 5.
	MaxCatchUp int
	// EmptyRoomLinger is how long a room without clients lives on. Default 10 s.
	EmptyRoomLinger time.Duration
	// Phase is how long after its creation the room's first tick starts, at most
	// one tick. Rooms with different phases do not tick at once.
	Phase time.Duration
	// Metrics are those of the room's kind.
	Metrics *metrics.KindMetrics

	// Line connects the room with the bus; nil: it hears nothing, and what it posts is lost.
	Line *bus.Line
	// Async does work beside the room; nil: none is done.
	Async *async.Runner
	// Told is called with what the room tells backends. It may be nil.
	Told func(t Told)

	// BlackBox is called with the newest part of the room's journal when something has happened that
	// somebody will want to look into: a panic, a desync, a tick that took longer than LateTick. It may
	// be nil.
	BlackBox func(box BlackBox)
	// LateTick is how long a tick may take. 0: nobody wants to know.
	LateTick time.Duration

	// CloseEmpty is asked before a room that has lingered ends, so that nobody is
	// sent to it any more. It reports whether the room may end.
	CloseEmpty func() bool
	// Ended is called when the room has ended and its clients are told why.
	Ended func(why string)
	// Suspended is called instead of Ended when the room is to go on when the server is started again; see
	// Loop.Suspend, without which it may be nil.
	Suspended func()
	// Result is called with what the game has reported of its match; nil: nobody wants to
	// know.
	Result func(r *world.Result)

	// Places is called when the room's places have changed, or joiners have come or were
	// turned away for whom places were reserved: those reservations are settled. It is called
	// once a tick; not for the places that the room begins with. nil: nobody wants to know.
	Places func(p Places, settled []Reservation)
	// Labels is called when the room's labels have changed, once a second at most; not for those
	// that the room begins with. They are not to be changed. nil: nobody wants to know.
	Labels func(labels map[string]any)
	// PlaceFree is called for each session that has ended, and each joiner that has got none.
	PlaceFree func()
	// Joined and Left are called for sessions that begin and end. They may be nil.
	Joined, Left func(p *world.Player)
	// Refused is called for a joiner that is turned away, PutOut for a client that the room
	// has closed for a reason of its own, while it goes on for others. why is what they are
	// told. They may be nil.
	Refused func(j *Joiner, why *socket.CloseError)
	PutOut  func(player string, addr netip.Addr, why *socket.CloseError)
	// Elsewhere takes over a joiner for whom another room is to be found, if it reports
	// true: one who came back to a session that has just ended, or for whom the room has no
	// place. nil: the joiner is told why, as after false.
	Elsewhere func(conn socket.Conn, j Joiner, why *socket.CloseError) bool
	// Renew has a token checked with which a session is to be prolonged, elsewhere. done is
	// called with the identity from now on, or an error. It reports false if the token can't
	// be checked now. nil: none can.
	Renew func(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool
}
