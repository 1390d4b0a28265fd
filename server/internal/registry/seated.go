package registry

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/world"
)

// seatedAttempts is how often a room is looked for that ends each time.
const seatedAttempts = 3

// Suits returns why a joiner would not get in by its seat, as far as that can be told
// before it is used up, or nil. The error is a *refusal.Refusal.
func (r *Registry) Suits(j *room.Joiner) error {
	e := r.Get(j.Seat.Room)
	if e == nil {
		return nil
	}
	if err := e.suits(j.Hello.GetKind(), j.Seat); err != nil {
		return err
	}
	if j.Spectates() && !r.kinds[e.Kind].Spectators {
		return notWatched()
	}
	return nil
}

// suits returns why nobody gets into the room by a seat, or nil.
func (e *Entry) suits(kindName string, s *seat.Seat) error {
	if kindName != "" && kindName != e.Kind {
		return refusal.New(closecode.NoSuchRoom, "the seat is in a room of kind %.20q, not %.20q", e.Kind, kindName).Because("seat_wrong_kind")
	}
	if e.hasLeft(s) {
		return refusal.New(closecode.SeatRefused, "the seat was given up: its player has left the match since").Because("seat_given_up")
	}
	return nil
}

func notWatched() error {
	return refusal.New(closecode.BadHello, "%s", room.NotWatched).Because("not_watched")
}

// seated finds the room that a seat is in, or opens it, with a place taken in it for
// the player.
func (r *Registry) seated(ctx context.Context, kindName string, s *seat.Seat) (*Entry, error) {
	for range seatedAttempts {
		e := r.Get(s.Room)
		if e == nil {
			var err error
			if e, err = r.openMatch(ctx, s.Room); err != nil {
				r.unlist(ctx, s.Room, err)
				return nil, err
			}
		}
		if err := e.suits(kindName, s); err != nil {
			return nil, err
		}
		if ended, err := r.take(ctx, e, s.Player); !ended {
			return e, err
		}
	}
	return nil, refusal.New(closecode.RoomClosed, "the room has ended")
}

// take takes the place that the matchmaker has reserved in the player's name, or if there
// is none any other. ended is set if the room has ended, or is listed again: it is to be
// looked for once more.
func (r *Registry) take(ctx context.Context, e *Entry, player string) (ended bool, err error) {
	reserved, err := r.o.Directory.Confirm(ctx, e.ID, player)
	if err == nil && !reserved {
		_, err = r.o.Directory.Reserve(ctx, store.Want{ID: e.ID})
	}
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, store.ErrFull):
		return false, roomFull()
	case !errors.Is(err, store.ErrNoRoom):
		return false, away(err)
	}
	// It is about to end, since nobody was there; or the directory has lost it.
	added, err := r.Relist(ctx, e)
	if err != nil {
		return false, away(err)
	}
	if added {
		return true, nil
	}
	select {
	case <-e.Done():
		return true, nil
	case <-ctx.Done():
		return false, refusal.New(closecode.RoomClosed, "the room has ended")
	}
}

// openMatch makes the room of a match, or returns it if it is there. No place is taken.
// The error's code is closecode.RoomClosed if there is no such match any more.
func (r *Registry) openMatch(ctx context.Context, id string) (*Entry, error) {
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
	k.making.Lock()
	defer k.making.Unlock()
	if e := r.Get(id); e != nil {
		return e, nil // somebody else was faster
	}
	return r.make(ctx, plan{kind: k, id: id, options: r.matchOptions(k, &m), match: &m, owner: m.Host})
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
