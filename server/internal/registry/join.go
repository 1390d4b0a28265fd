package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

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

// Join returns the room that somebody goes to who resumes no session, and is in none of
// j.Except. A player who has a session where it wants to go, to do there what it wants to do,
// comes back into that, and j.Back is set; others are counted, and j.Reservation is set if a
// place is reserved for them. The error is, or wraps, a *refusal.Refusal.
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
		e, err = r.seated(ctx, j)
	} else {
		e, err = r.open(ctx, j, id)
	}
	if err != nil {
		r.clients.Add(-1)
	}
	return e, err
}

// open finds the room for a player without a seat, or makes one. A place is reserved in it,
// if the directory answers.
func (r *Registry) open(ctx context.Context, j *room.Joiner, id string) (*Entry, error) {
	kindName := j.Hello.GetKind()
	k := r.kinds[kindName]
	if k == nil {
		return nil, refusal.New(closecode.NoSuchRoom, "there is no kind %.20q; there are: %s", kindName, strings.Join(r.Kinds(), ", ")).Because("no_such_kind")
	}
	if r.Private(id) {
		return nil, needsSeat()
	}
	j.Reservation = room.Reservation{Name: rand.Text(), Made: time.Now()}
	if e, err := r.reserve(ctx, j, id, false); e != nil || err != nil {
		return e, err
	}
	switch {
	case id != "":
		return nil, refusal.New(closecode.NoSuchRoom, "there is no room %.40q of kind %.20q", id, kindName)
	case j.Spectates():
		return nil, refusal.New(closecode.NoSuchRoom, "there is no room of kind %.20q to watch", kindName)
	}
	unlock, err := k.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Somebody else may have made one meanwhile.
	if e, err := r.reserve(ctx, j, "", true); e != nil || err != nil {
		return e, err
	}
	e, err := r.make(ctx, plan{kind: k, options: r.o.Config.Options(kindName), owner: j.Identity.Player})
	if err != nil {
		return nil, err
	}
	return r.reserve(ctx, j, e.ID, true)
}

func needsSeat() error {
	return refusal.New(closecode.SeatRefused, "the room is for those with a seat from the matchmaker").Because("room_private")
}

func roomFull() error { return refusal.New(closecode.RoomFull, "the room is full") }

// away returns what a joiner is told when the directory does not answer.
func away(err error) error {
	return refusal.TryLater(err, "the rooms can't be looked up now").Because("directory_away")
}

const (
	// joinHold is for how long a place is reserved for a joiner, whom the room takes in with
	// its next tick.
	joinHold = 3 * time.Second
	// reserveAttempts is how many rooms are tried that are listed here and not there.
	reserveAttempts = 8
	// quietFor is for how long after it has failed the directory is not asked by those who
	// can do without.
	quietFor = time.Second
)

// reserve reserves a place in a room that is there: the one with the id, or the fullest of
// this server, where the client has come; it can't be led to another one. Both results are
// nil if there is none. making is set if the making of rooms of the kind is locked.
func (r *Registry) reserve(ctx context.Context, j *room.Joiner, id string, making bool) (*Entry, error) {
	w := store.Want{
		Kind: j.Hello.GetKind(), ID: id, Except: j.Except, Spectate: j.Spectates(),
		Reservation: j.Reservation.Name, Made: j.Reservation.Made, Until: time.Now().Add(joinHold),
	}
	if id == "" {
		w.Node = r.o.Node
	}
	if time.Now().UnixNano() < r.quiet.Load() {
		if e := r.known(&w); e != nil {
			return e, nil
		}
	}
	for range reserveAttempts {
		l, err := r.o.Directory.Reserve(ctx, w)
		switch {
		case errors.Is(err, store.ErrNoRoom) && id != "":
			return r.known(&w), nil // it may have lost the room
		case errors.Is(err, store.ErrNoRoom):
			return nil, nil
		case errors.Is(err, store.ErrFull):
			return nil, roomFull()
		case err != nil:
			r.quiet.Store(time.Now().Add(quietFor).UnixNano())
			if e := r.known(&w); e != nil {
				return e, nil
			}
			return nil, away(err)
		}
		if e := r.Get(l.ID); e != nil {
			return e, nil
		}
		if l.Node != r.o.Node {
			r.cancel(ctx, j, l.ID)
			return nil, refusal.New(closecode.NoSuchRoom, "the room is on another server, %.60s", l.Node).Because("room_elsewhere")
		}
		if e, again, err := r.listed(ctx, j, &l, making); !again {
			return e, err
		}
	}
	return nil, refusal.New(closecode.TryLater, "the rooms end as soon as they are found").Because("rooms_end")
}

// known returns a room that will do, as far as this server alone knows: its own rooms
// decide in the end. nil if there is none.
func (r *Registry) known(w *store.Want) *Entry {
	if w.ID != "" {
		if e := r.Get(w.ID); e != nil && e.Kind == w.Kind {
			return e
		}
		return nil
	}
	var best *Entry
	most := -1
	for _, e := range r.Entries() {
		p := e.Info().Places
		free := p.Open()
		if w.Spectate {
			free = p.Spectators < p.MaxSpectators
		}
		if e.Kind == w.Kind && e.public() && free && p.Players > most && !slices.Contains(w.Except, e.ID) {
			best, most = e, p.Players
		}
	}
	return best
}

// cancel gives back the place that is reserved for a joiner. If that fails the reservation
// ends by itself.
func (r *Registry) cancel(ctx context.Context, j *room.Joiner, id string) {
	_ = r.o.Directory.Cancel(ctx, id, store.Reservation(j.Reservation))
}

// listed opens a room that the directory lists here and that does not run: one of a match
// to which nobody has come yet; or it has ended, and is about to be taken off the list. A
// place in it is reserved. again is set if another room is to be looked for.
func (r *Registry) listed(ctx context.Context, j *room.Joiner, l *store.Listing, making bool) (_ *Entry, again bool, err error) {
	e, err := r.openMatch(ctx, l.ID, making)
	if err == nil {
		if e.Private() {
			r.cancel(ctx, j, l.ID)
			return nil, false, needsSeat()
		}
		return e, false, nil
	}
	if refusal.Of(err).Code != closecode.RoomClosed {
		// It is to be opened, and can't be now.
		r.cancel(ctx, j, l.ID)
		return nil, false, err
	}
	if err := r.o.Directory.Remove(ctx, l.ID, l.Revision); err != nil {
		return nil, false, away(err)
	}
	return nil, true, nil
}
