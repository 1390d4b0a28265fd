package registry

import (
	"context"
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/shows"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Entry is a room that runs here.
type Entry struct {
	*room.Loop

	// Fixed.
	ID, Kind string
	registry *Registry
	match    *store.Match      // that the room is for; nil: for whoever comes
	chosen   map[string]string // what clients chose of its options
	alike    string            // the same, for comparison
	options  map[string]string // all that are not by default
	hooks    *hooks.Events     // tells backends what happens; nil: nobody is told
	disown   func()            // the room counts no more among those of its owner
	of       *shows.Show       // that the room is a house of; nil: none
	is       *shows.State      // which show the room is, by its claim; nil: none
	spread   bool              // see world.Kind.Spread
	hidden   bool              // clients have no business there
	again    []string          // players of the match who were there when the room was made again

	// Of its own lock.
	told told // what the directory is told

	// The registry's mu guards it.
	left map[string]time.Time // players of the match who have left it for good, and when
}

// Private reports whether the room is one of a match that lets in those alone who have
// seats, or is backstage.
func (e *Entry) Private() bool { return e.hidden || e.match != nil && !e.match.Open }

// Chosen returns what was chosen of the room's options, but for what must not be shown.
func (e *Entry) Chosen() map[string]string { return e.registry.Shown(e.Kind, e.chosen) }

// What follows is called by the room's loop, and does not block; but for ended, with which
// that is over.

func (e *Entry) placeFree() { e.registry.clients.Add(-1) }

// places has the directory told who is in the room by now, and who is not on the way any
// more.
func (e *Entry) places(p room.Places, settled []room.Reservation) {
	if e.told.note(p) && e.match != nil {
		e.registry.reporter.Places(e.ID)
	}
	if e.spread && e.mode() == "" && !e.hidden {
		e.registry.ahead.soon(e)
	}
	e.settle(settled...)
}

// labels has the directory told what the game says of the room.
func (e *Entry) labels(labels map[string]any) {
	e.told.label(labels)
	e.registry.telling.soon(e)
}

// settle has the directory told of reservations whose holders have come in or were turned
// away.
func (e *Entry) settle(done ...room.Reservation) {
	e.told.settle(done, e.registry.o.Config.Seats.Reserved())
	e.registry.telling.soon(e)
}

// made tells that the room was made, before it runs, if it is for the first time.
func (e *Entry) made(first bool) {
	e.hooks = e.registry.o.Hooks.Room(e.ID, e.Kind)
	if first {
		e.hooks.Made(e.mode(), e.Chosen(), e.Private())
	}
}

// tells returns what is told what the game tells backends; nil if nobody wants to know.
func (e *Entry) tells() func(t room.Told) {
	if e.hooks == nil {
		return nil
	}
	return func(t room.Told) {
		for i := range t.Messages {
			e.hooks.Told(t.Messages[i].ID, t.Messages[i].Data)
		}
	}
}

func (e *Entry) joined(p *world.Player) {
	e.hooks.Joined(p)
	e.registry.players.joined(p.PlayerID, stay{e, p.Spectator})
	if e.plays(p) {
		e.registry.reporter.Joined(e.ID, p.PlayerID)
	}
}

func (e *Entry) leaves(p *world.Player) {
	r := e.registry
	r.players.left(p.PlayerID, stay{e, p.Spectator})
	e.hooks.Left(p)
	if !e.plays(p) {
		return
	}
	r.mu.Lock()
	if e.left == nil {
		e.left = map[string]time.Time{}
	}
	e.left[p.PlayerID] = time.Now()
	r.mu.Unlock()
	r.reporter.Left(e.ID, p.PlayerID)
}

// plays reports whether the matchmaker is told of a player.
func (e *Entry) plays(p *world.Player) bool { return e.match != nil && !p.Spectator }

func (e *Entry) refused(j *room.Joiner, why *socket.CloseError) {
	s := subject(j)
	s.Room, s.Kind = e.ID, e.Kind
	e.registry.o.Refusals.Record(refusal.Room, refusal.Of(why), s)
}

func (e *Entry) putOut(player string, addr netip.Addr, why *socket.CloseError) {
	e.registry.o.Refusals.Record(refusal.Session, refusal.Of(why), refusal.Subject{Player: player, Room: e.ID, Kind: e.Kind, Client: addr})
}

func (e *Entry) result(res *world.Result) {
	e.hooks.Result(res)
	if e.match != nil {
		e.registry.reporter.Result(e.ID, res)
	}
}

// ended takes the room out of the registry and the directory.
func (e *Entry) ended(why string) {
	e.hooks.Ended(why)
	e.gone()
	e.registry.o.Logger.Info("room ended", "room", e.ID)
	if e.match != nil {
		e.registry.reporter.Ended(e.ID)
	}
}

// suspended does the same for a room that is to go on when the server is started again. Nobody else is told.
func (e *Entry) suspended() {
	e.gone()
	e.registry.o.Logger.Info("room put by until the server is started again", "room", e.ID)
}

func (e *Entry) gone() {
	r := e.registry
	e.disown()
	r.mu.Lock()
	delete(r.entries, e.ID)
	r.mu.Unlock()
	if e.of != nil {
		r.shows.Closed(*e.of, e)
	}
	if err := r.o.Directory.Remove(context.Background(), e.ID, e.told.last()); err != nil {
		r.o.Logger.Warn("a room that has ended stays in the directory for now", "room", e.ID, "error", err)
	}
}

// hasLeft reports whether the player of a seat has left the room since the seat was
// given. Somebody else may have the place by now.
func (e *Entry) hasLeft(s *seat.Seat) bool {
	e.registry.mu.Lock()
	defer e.registry.mu.Unlock()
	at, left := e.left[s.Player]
	return left && !s.Issued.After(at)
}

// subject returns a joiner as the log names it.
func subject(j *room.Joiner) refusal.Subject {
	s := refusal.Subject{Player: j.Identity.Player, Kind: j.Hello.GetKind(), Room: j.Hello.GetRoom(), Client: j.Addr}
	if j.Seat != nil && s.Room == "" {
		s.Room = j.Seat.Room
	}
	return s
}
