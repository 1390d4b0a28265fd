package registry

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/world"
)

// Suits returns why a joiner would not get in by its seat, as far as that can be told
// before it is used up, or nil. The error is a *refusal.Refusal.
func (r *Registry) Suits(ctx context.Context, j *room.Joiner) error {
	kindName := r.seatKind(ctx, j.Seat)
	k := r.kinds[kindName]
	if k == nil {
		return nil // what is wrong is found when the room is opened
	}
	if err := wrongKind(j.Hello.GetKind(), kindName); err != nil {
		return err
	}
	e := r.Get(j.Seat.Room)
	if e != nil && e.hasLeft(j.Seat) {
		return givenUp()
	}
	if !j.Spectates() {
		return nil
	}
	return r.watch(k, e, true)
}

// seatKind returns the kind of the room that a seat is in, whether it runs already or the
// first player opens it; "" if that can't be found out.
func (r *Registry) seatKind(ctx context.Context, s *seat.Seat) string {
	if e := r.Get(s.Room); e != nil {
		return e.Kind
	}
	if r.o.Matches == nil {
		return ""
	}
	m, err := r.o.Matches.Match(ctx, s.Room, "")
	if err != nil {
		return ""
	}
	return m.Kind
}

// suits returns why nobody gets into the room by a seat, or nil.
func (e *Entry) suits(kindName string, s *seat.Seat) error {
	if err := wrongKind(kindName, e.Kind); err != nil {
		return err
	}
	if e.hasLeft(s) {
		return givenUp()
	}
	return nil
}

// wrongKind returns why a hello that names a kind does not go with a seat in a room of
// another one, or nil.
func wrongKind(named, kindName string) error {
	if named == "" || named == kindName {
		return nil
	}
	return refusal.New(closecode.NoSuchRoom, "the seat is in a room of kind %.20q, not %.20q", kindName, named).Because("seat_wrong_kind")
}

func givenUp() error {
	return refusal.New(closecode.SeatRefused, "the seat was given up: its player has left the match since").Because("seat_given_up")
}

// seated finds the room that a seat is in, or opens it. The directory is not asked: the room
// knows whether there is a place, and the reservation that the matchmaker has made in the
// player's name, which may have ended by now, is settled when the player is in.
func (r *Registry) seated(ctx context.Context, j *room.Joiner) (*Entry, error) {
	s := j.Seat
	e := r.Get(s.Room)
	if e == nil {
		var err error
		if e, err = r.openMatch(ctx, s.Room, false, j.Addr); err != nil {
			r.unlist(ctx, s.Room, err)
			return nil, err
		}
	}
	j.Reservation = room.SeatReservation(s)
	if err := e.suits(j.Hello.GetKind(), s); err != nil {
		e.settle(j.Reservation)
		return nil, err
	}
	return e, nil
}

// openMatch makes the room of a match, or returns it if it is there. No place is reserved. making
// is set if the caller has locked the making of rooms of the kind, from is the address of the player
// for whom it is made. The error's code is closecode.RoomClosed if there is no such match any more.
func (r *Registry) openMatch(ctx context.Context, id string, making bool, from netip.Addr) (*Entry, error) {
	return r.openKept(ctx, id, making, from, 0)
}

// openKept is openMatch for a room that is kept for so long while nobody is in it; 0: as usual.
func (r *Registry) openKept(ctx context.Context, id string, making bool, from netip.Addr, linger time.Duration) (*Entry, error) {
	gone := refusal.New(closecode.RoomClosed, "the room is not there any more").Because("match_gone")
	if r.o.Matches == nil {
		return nil, gone
	}
	m, err := r.o.Matches.Match(ctx, id, "")
	switch {
	case errors.Is(err, store.ErrNoRoom):
		return nil, gone
	case err != nil:
		return nil, refusal.TryLater(err, "the match can't be looked up now").Because("matches_away")
	case m.ID != id || m.Node != "" && m.Node != r.o.Node:
		return nil, refusal.New(closecode.NoSuchRoom, "the room is on another server").Because("room_elsewhere")
	}
	k := r.kinds[m.Kind]
	if k == nil {
		return nil, refusal.New(closecode.NoSuchRoom, "there is no kind %.20q here", m.Kind).Because("no_such_kind").At(slog.LevelError)
	}
	if !making {
		unlock, err := k.lock(ctx)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	if e := r.Get(id); e != nil {
		return e, nil // somebody else was faster
	}
	p := plan{kind: k, id: id, options: r.matchOptions(k, &m), match: &m, owner: m.Host, from: from, linger: linger}
	if m.Mode == "" {
		p.chosen = m.Options
	}
	return r.make(ctx, p)
}

// botsOption is the option of kinds that says how many bots the game plays. Those of a
// match come into it.
const botsOption = "bots"

// matchOptions returns the options of the room of a match.
func (r *Registry) matchOptions(k *kind, m *store.Match) map[string]string {
	options := maps.Clone(r.o.Config.Options(m.Kind))
	maps.Copy(options, m.Options)
	known := slices.ContainsFunc(k.Options, func(o world.Option) bool { return o.Name == botsOption })
	if m.Bots > 0 && known {
		options[botsOption] = strconv.Itoa(m.Bots)
	}
	return options
}
