package registry

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
)

// Resume returns the room in which a session is to be resumed. The error is a
// *refusal.Refusal.
func (r *Registry) Resume(kind, id string) (*Entry, error) {
	e := r.Get(id)
	if e == nil || e.Kind != kind {
		return nil, refusal.New(closecode.SessionGone, "the room of the session is not there any more").Because("session_room_gone")
	}
	return e, nil
}

// Join returns the room that somebody goes to who resumes no session. A player who has a
// session where it wants to go, to do there what it wants to do, comes back into that, and
// j.Back is set; others are counted,
// and a place is taken for them. The error is, or wraps, a *refusal.Refusal.
func (r *Registry) Join(ctx context.Context, j *room.Joiner) (*Entry, error) {
	h := j.Hello
	id := h.GetRoom()
	if j.Seat != nil {
		id = j.Seat.Room
	}
	if e := r.players.find(j.Identity.Player, h.GetKind(), id, j.Spectates()); e != nil {
		j.Back = true
		return e, nil
	}
	if r.o.Config.Seats.Required && j.Seat == nil {
		r.o.Metrics.Seat("missing")
		return nil, refusal.New(closecode.SeatRefused, "a seat from the matchmaker is needed").Because("seat_missing")
	}
	if r.clients.Add(1) > int64(r.o.Config.MaxConnections) {
		r.clients.Add(-1)
		return nil, refusal.New(closecode.ServerFull, "the server is full")
	}
	var e *Entry
	var err error
	if j.Seat != nil {
		e, err = r.seated(ctx, h.GetKind(), j.Seat)
	} else {
		e, err = r.open(ctx, j.Identity.Player, h.GetKind(), id)
	}
	if err != nil {
		r.clients.Add(-1)
	}
	return e, err
}

// open finds the room for a player without a seat, or makes one, with a place taken in it.
func (r *Registry) open(ctx context.Context, player, kindName, id string) (*Entry, error) {
	k := r.kinds[kindName]
	if k == nil {
		return nil, refusal.New(closecode.NoSuchRoom, "there is no kind %.20q; there are: %s", kindName, strings.Join(r.Kinds(), ", ")).Because("no_such_kind")
	}
	if r.Private(id) {
		return nil, needsSeat()
	}
	if e, err := r.reserve(ctx, kindName, id); e != nil || err != nil {
		return e, err
	}
	if id != "" {
		return nil, refusal.New(closecode.NoSuchRoom, "there is no room %.40q of kind %.20q", id, kindName)
	}
	k.making.Lock()
	defer k.making.Unlock()
	// Somebody else may have made one meanwhile.
	if e, err := r.reserve(ctx, kindName, ""); e != nil || err != nil {
		return e, err
	}
	return r.make(ctx, plan{kind: k, options: r.o.Config.Options(kindName), owner: player, taken: 1})
}

func needsSeat() error {
	return refusal.New(closecode.SeatRefused, "the room is for those with a seat from the matchmaker").Because("room_private")
}

func roomFull() error { return refusal.New(closecode.RoomFull, "the room is full") }

// away returns what a joiner is told when the directory does not answer.
func away(err error) error {
	return refusal.TryLater(err, "the rooms can't be looked up now").Because("directory_away")
}

// reserve takes a place in a room that is there. Both results are nil if there is none.
func (r *Registry) reserve(ctx context.Context, kindName, id string) (*Entry, error) {
	for {
		l, err := r.o.Directory.Reserve(ctx, store.Want{Kind: kindName, ID: id})
		switch {
		case errors.Is(err, store.ErrNoRoom):
			return nil, nil
		case errors.Is(err, store.ErrFull):
			return nil, roomFull()
		case err != nil:
			return nil, away(err)
		}
		if e := r.Get(l.ID); e != nil {
			return e, nil
		}
		if l.Node != r.o.Node {
			if err := r.o.Directory.Release(ctx, l.ID); err != nil {
				return nil, away(err)
			}
			if id == "" {
				return r.reserveHere(ctx, kindName)
			}
			return nil, refusal.New(closecode.NoSuchRoom, "the room is on another server, %.60s", l.Node).Because("room_elsewhere")
		}
		if e, again, err := r.listed(ctx, l.ID); !again {
			return e, err
		}
	}
}

// listed opens a room that the directory lists here and that does not run: one of a match
// to which nobody has come yet; or it has ended, and is about to be taken off the list. A
// place in it is taken. again is set if another room is to be looked for.
func (r *Registry) listed(ctx context.Context, id string) (_ *Entry, again bool, err error) {
	e, err := r.openMatch(ctx, id)
	if err == nil {
		if e.Private() {
			if err := r.o.Directory.Release(ctx, id); err != nil {
				return nil, false, away(err)
			}
			return nil, false, needsSeat()
		}
		return e, false, nil
	}
	if refusal.Of(err).Code != closecode.RoomClosed {
		// It is to be opened, and can't be now.
		return nil, false, errors.Join(err, r.o.Directory.Release(ctx, id))
	}
	if err := r.o.Directory.Remove(ctx, id); err != nil {
		return nil, false, away(err)
	}
	return nil, true, nil
}

// reserveHere takes a place in the fullest room of this server that is open to all: the
// client has come here, and can't be led to another server. Both results are nil if there
// is none.
func (r *Registry) reserveHere(ctx context.Context, kindName string) (*Entry, error) {
	fit := slices.DeleteFunc(r.Entries(), func(e *Entry) bool { return e.Kind != kindName || !e.public() })
	taken := func(e *Entry) int { return e.Info().Places.Players }
	slices.SortFunc(fit, func(a, b *Entry) int { return cmp.Compare(taken(b), taken(a)) })
	for _, e := range fit {
		if places := e.Info().Places; !places.Open() {
			continue
		}
		_, err := r.o.Directory.Reserve(ctx, store.Want{Kind: kindName, ID: e.ID})
		if err == nil {
			return e, nil
		}
		if !errors.Is(err, store.ErrNoRoom) && !errors.Is(err, store.ErrFull) {
			return nil, away(err)
		}
	}
	return nil, nil
}
