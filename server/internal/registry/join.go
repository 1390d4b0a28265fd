package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/netip"
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
		// In the same words as the room, so that nobody learns which rooms there are.
		return nil, refusal.New(closecode.SessionGone, room.NoSession).Because("session_room_gone")
	}
	return e, nil
}

// Has reports whether a room of a kind runs here.
func (r *Registry) Has(kind, id string) bool {
	_, err := r.Resume(kind, id)
	return err == nil
}

// Join returns the room that somebody goes to who resumes no session, and is in none of
// j.Except. A player who has a session where it wants to go, to do there what it wants to do,
// comes back into that, and j.Back is set; others are counted. j.Reservation is set if a
// place is reserved for the player, needed or not. The error is, or wraps, a *refusal.Refusal.
func (r *Registry) Join(ctx context.Context, j *room.Joiner) (*Entry, error) {
	kindName, id := j.Hello.GetKind(), j.Hello.GetRoom()
	switch {
	case j.Led != nil:
		kindName, id = j.Led.Kind, ""
	case j.Seat != nil:
		id = j.Seat.Room
	}
	if e := r.players.find(j.Identity.Player, kindName, id, r.showOf(j, kindName), j.Spectates()); e != nil {
		j.Back, j.Reservation = true, room.Reservation{}
		if j.Seat != nil && j.Seat.Room == e.ID {
			j.Reservation = room.SeatReservation(j.Seat) // which it does not need
		}
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
	if j.Seat != nil && j.Led == nil {
		e, err = r.seated(ctx, j)
	} else {
		e, err = r.open(ctx, j, kindName, id)
	}
	if err != nil {
		r.clients.Add(-1)
	}
	return e, err
}

// open finds the room for a player without a seat, or with one in any room, or makes one. A
// place is reserved in it, if the directory answers.
func (r *Registry) open(ctx context.Context, j *room.Joiner, kindName, id string) (*Entry, error) {
	k := r.kinds[kindName]
	if k == nil || k.Backstage {
		return nil, refusal.New(closecode.NoSuchRoom, "there is no kind %.20q; there are: %s", kindName, strings.Join(r.Public(), ", ")).Because("no_such_kind")
	}
	if r.Private(id) {
		return nil, needsSeat()
	}
	if j.Spectates() {
		if err := r.watch(k, r.Get(id), false); err != nil {
			return nil, err
		}
	}
	var chosen map[string]string
	var err error
	if id == "" {
		wanted := j.Hello.GetOptions()
		if j.Led != nil {
			wanted = j.Led.Options
		}
		if chosen, err = r.chosen(k, wanted); err != nil {
			return nil, err
		}
		j.Options = store.OptionsText(chosen)
	}
	j.Reservation = room.Reservation{Name: rand.Text(), Spectate: j.Spectates(), Made: time.Now()}
	w := r.want(j, kindName, id)
	if e, err := r.search(ctx, &w, j, false); e != nil || err != nil {
		return e, err
	}
	switch {
	case id != "":
		return nil, refusal.New(closecode.NoSuchRoom, "there is no room %.40q of kind %.20q", id, kindName)
	case j.Spectates():
		return nil, refusal.New(closecode.NoSuchRoom, "there is no room of kind %.20q that can be watched now", kindName).Because("nothing_to_watch")
	case w.Mode != "":
		return nil, roomFull() // those of matches are made by the matchmaker
	}
	if err := r.mayOpen(ctx, k, j, chosen); err != nil {
		return nil, err
	}
	unlock, err := k.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Somebody else may have made one meanwhile.
	if e, err := r.search(ctx, &w, j, true); e != nil || err != nil {
		return e, err
	}
	e, err := r.make(ctx, plan{kind: k, options: r.options(k, chosen), chosen: chosen, owner: j.Identity.Player, from: j.Addr})
	if err != nil {
		return nil, err
	}
	j.Made = true
	w.ID = e.ID
	return r.reserve(ctx, &w, j, true)
}

// want returns what a joiner wants of the directory: a place in the room with the id, or in
// any one of this server, where the client has come; it can't be led to another one.
func (r *Registry) want(j *room.Joiner, kindName, id string) store.Want {
	w := store.Want{
		Kind: kindName, ID: id, Except: j.Except, Spectate: j.Spectates(),
		Reservation: j.Reservation.Name, Made: j.Reservation.Made, Until: time.Now().Add(joinHold),
	}
	if id == "" {
		w.Node, w.Options = r.o.Node, j.Options
	}
	if j.Led != nil {
		w.Mode = j.Led.Mode
	}
	return w
}

// search reserves a place in a room that is there. One whom all rooms but one have turned
// away goes to a new one: that was made since the first of them did, by somebody in the same
// need. Both results are nil if there is none.
func (r *Registry) search(ctx context.Context, w *store.Want, j *room.Joiner, making bool) (*Entry, error) {
	if len(j.Except) < maxTries-1 {
		return r.reserve(ctx, w, j, making)
	}
	for _, e := range r.Entries() {
		if in := e.Info(); !in.Created.After(j.Led.Since) || !fits(e, &in, w) {
			continue
		}
		one := *w
		one.ID = e.ID
		if e, err := r.reserve(ctx, &one, j, making); err == nil && e != nil {
			return e, nil
		} else if err != nil && refusal.Of(err).Code != closecode.RoomFull {
			return nil, err
		}
	}
	return nil, nil
}

// chosen returns those of the options that a client asks for that differ from what its room would
// have anyway.
func (r *Registry) chosen(k *kind, asked map[string]string) (map[string]string, error) {
	if len(asked) > maxOptions {
		return nil, badOptions(fmt.Errorf("%d options; there can be %d", len(asked), maxOptions))
	}
	chosen, err := k.Asked(asked, r.o.Config.Options(k.Name))
	if err != nil {
		return nil, badOptions(err)
	}
	return chosen, nil
}

// options returns the options of a room for which some were chosen.
func (r *Registry) options(k *kind, chosen map[string]string) map[string]string {
	options := map[string]string{}
	maps.Copy(options, r.o.Config.Options(k.Name))
	maps.Copy(options, chosen)
	return options
}

// maxOptions is how many options a hello may have.
const maxOptions = 32

func badOptions(err error) error {
	return refusal.New(closecode.BadHello, "%s", err).Because("bad_options")
}

func needsSeat() error {
	return refusal.New(closecode.SeatRefused, "the room is for those with a seat from the matchmaker").Because("room_private")
}

func roomFull() error { return refusal.New(closecode.RoomFull, "the room is full") }

// noPlace returns what a joiner is told for whom a room has no place. One that is only
// locked is asked itself, since it knows why: it is returned.
func (r *Registry) noPlace(w *store.Want) (*Entry, error) {
	if w.Spectate {
		return nil, refusal.New(closecode.RoomFull, "the room has no more places to watch from")
	}
	if e := r.Get(w.ID); e != nil {
		if p := e.Info().Places; p.Locked && p.Players < p.MaxPlayers {
			return e, nil
		}
	}
	return nil, roomFull()
}

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

// reserve reserves a place in a room that is there. Both results are nil if there is none.
// making is set if the making of rooms of the kind is locked.
func (r *Registry) reserve(ctx context.Context, w *store.Want, j *room.Joiner, making bool) (*Entry, error) {
	if time.Now().UnixNano() < r.quiet.Load() {
		if e := r.known(w); e != nil {
			return e, nil
		}
	}
	for range reserveAttempts {
		l, err := r.o.Directory.Reserve(ctx, *w)
		switch {
		case errors.Is(err, store.ErrNoRoom) && w.ID != "":
			return r.known(w), nil // it may have lost the room
		case errors.Is(err, store.ErrNoRoom):
			return nil, nil
		case errors.Is(err, store.ErrFull):
			return r.noPlace(w)
		case err != nil:
			r.quiet.Store(time.Now().Add(quietFor).UnixNano())
			if e := r.known(w); e != nil {
				return e, nil
			}
			return nil, away(err)
		}
		if e := r.Get(l.ID); e != nil {
			return e, nil
		}
		if l.Node != r.o.Node {
			r.cancel(ctx, w, l.ID)
			return nil, refusal.New(closecode.NoSuchRoom, "the room is on another server, %.60s", l.Node).Because("room_elsewhere")
		}
		if e, again, err := r.listed(ctx, w, &l, j.Addr, making); !again {
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
		if in := e.Info(); fits(e, &in, w) && e.rank(&in, w) > most {
			best, most = e, e.rank(&in, w)
		}
	}
	return best
}

// rank orders rooms that fit as store.Listing.Rank does.
func (e *Entry) rank(in *room.Info, w *store.Want) int {
	l := store.Listing{Spread: e.spread, Occupancy: occupancy(in.Places)}
	return l.Rank(w.Spectate)
}

// fits reports whether a room of this server is one of those that are wanted, and has a
// place, as far as it knows.
func fits(e *Entry, in *room.Info, w *store.Want) bool {
	free := in.Places.Open()
	if w.Spectate {
		free = in.Places.Spectators < in.Places.MaxSpectators
	}
	return free && e.Kind == w.Kind && e.mode() == w.Mode && e.alike == w.Options && !e.Private() && !slices.Contains(w.Except, e.ID)
}

// cancel gives back the place that is reserved for a joiner. If that fails the reservation
// ends by itself.
func (r *Registry) cancel(ctx context.Context, w *store.Want, id string) {
	_ = r.o.Directory.Cancel(ctx, id, store.Reservation{Name: w.Reservation, Spectate: w.Spectate, Made: w.Made})
}

// listed opens a room that the directory lists here and that does not run: one of a match
// to which nobody has come yet; or it has ended, and is about to be taken off the list. A
// place in it is reserved. again is set if another room is to be looked for.
func (r *Registry) listed(ctx context.Context, w *store.Want, l *store.Listing, from netip.Addr, making bool) (_ *Entry, again bool, err error) {
	e, err := r.openMatch(ctx, l.ID, making, from)
	if err == nil {
		if e.Private() {
			r.cancel(ctx, w, l.ID)
			return nil, false, needsSeat()
		}
		return e, false, nil
	}
	if refusal.Of(err).Code != closecode.RoomClosed {
		// It is to be opened, and can't be now.
		r.cancel(ctx, w, l.ID)
		return nil, false, err
	}
	if err := r.o.Directory.Remove(ctx, l.ID, l.Revision); err != nil {
		return nil, false, away(err)
	}
	return nil, true, nil
}
