// Package reporter tells the matchmaker what happens in the rooms of matches that run on
// this server: who of their players is there, which slots are free again, how they end.
//
// The rooms' loops tell a Reporter what happens, and never wait. A goroutine of its own,
// Run, passes it on. What could not be passed on is made up for differently: results are
// tried again until they are told; who comes and goes is told once, since all that hangs
// on it is a player's way back into the room; matches that the store has lost are kept
// anew.
//
// Which of a match's players count as there, and what to ask for when some do not, is
// worked out by attendance, which knows no clock and no store.
package reporter

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// maxEvents bounds what waits to be told to the matchmaker. When it is full, what
	// comes is dropped, and logged: players who come and go are then unknown to it,
	// which costs them the way back alone.
	maxEvents = 16 << 10
	// storePause is how long nobody tries to tell who comes and goes after the store has
	// failed.
	storePause = time.Second
	// touchEvery is how often the matches that run are kept from being forgotten, where
	// touchBeats looks take longer.
	touchEvery = store.MatchKept / 5
	touchBeats = 30
)

// Options of a Reporter. All are to be set.
type Options struct {
	// Matches keeps the matches.
	Matches store.Matches
	// Results is told how matches have ended.
	Results Results
	// Mode returns the mode of a name, nil if there is none.
	Mode func(name string) *mode.Mode
	// Reserved is how long the slot is kept of a player who has a seat for the room and has
	// not come yet, from when it is heard that it belongs there. Then it counts as free.
	Reserved time.Duration
	Logger   *slog.Logger
}

// Results is told how matches have ended. The service of matchmaking is one.
type Results interface {
	Report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error)
}

// Reporter tells the matchmaker about the matches whose rooms run on this server. Its
// methods but Run may be called from any goroutine, and do not block. Those of a nil
// *Reporter do nothing.
type Reporter struct {
	o       Options
	events  chan event
	dropped atomic.Uint64 // events for which there was no place

	// Run's own.
	rooms   map[string]*hosted
	results []*tickroomv1.ReportResultRequest // that could not be told yet
	quiet   time.Time                         // the store has failed; nobody is told who comes and goes until then
	touched time.Time                         // when the matches were
	every   time.Duration                     // between two touches
}

// hosted is the room of a match.
type hosted struct {
	*attendance
	open   func() bool // the room would take another player
	asked  string      // the request for players that is open
	wanted int         // slots that it asks for
	over   bool        // the game has reported how it ended: nobody is to come any more
}

// event is something that has happened, and is dealt with by Run.
type event func(ctx context.Context, now time.Time)

// New returns a reporter. Nothing is told before Run is called.
func New(o Options) *Reporter {
	return &Reporter{o: o, events: make(chan event, maxEvents), rooms: map[string]*hosted{}}
}

// Opened notes that the room of a match is there. The room's other events come later. open
// reports whether the room would take another player, from any goroutine: while it would
// not, since its game has locked it for one, nobody is asked for.
func (r *Reporter) Opened(m *store.Match, open func() bool) {
	r.tell(func(_ context.Context, now time.Time) {
		r.rooms[m.ID] = &hosted{attendance: newAttendance(*m, r.o.Mode(m.Mode), r.o.Reserved, now), open: open}
	})
}

// Places notes that the room of a match was locked, or is no more, so that this is looked at
// at once.
func (r *Reporter) Places(room string) {
	r.tellOf(room, func(ctx context.Context, h *hosted, now time.Time) {
		if now.After(r.quiet) {
			r.backfill(ctx, h, now)
		}
	})
}

// Joined notes that a player is in the room of a match.
func (r *Reporter) Joined(room, player string) {
	r.tellOf(room, func(ctx context.Context, h *hosted, now time.Time) {
		h.joined(player, now)
		if now.After(r.quiet) {
			_ = r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Joined(ctx, player, room) })
		}
	})
}

// Left notes that the session of a player has ended.
func (r *Reporter) Left(room, player string) {
	r.tellOf(room, func(ctx context.Context, h *hosted, now time.Time) {
		h.left(player)
		if now.After(r.quiet) {
			_ = r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Left(ctx, player, room) })
		}
	})
}

// Result notes what the game has reported of its match.
func (r *Reporter) Result(room string, res *world.Result) {
	r.tellOf(room, func(ctx context.Context, h *hosted, now time.Time) {
		h.over = true
		r.endBackfill(ctx, h)
		r.result(ctx, h, *res, now)
	})
}

// Ended notes that the room of a match is gone.
func (r *Reporter) Ended(room string) {
	r.tellOf(room, func(ctx context.Context, h *hosted, now time.Time) {
		delete(r.rooms, room)
		r.endBackfill(ctx, h)
		if now.After(r.quiet) && !r.owed(room) {
			r.forget(ctx, room)
		}
	})
}

// Banned notes that a player may play no more, wherever. Its ticket ends: others would
// wait in vain for it in a match.
func (r *Reporter) Banned(player string) {
	r.tell(func(ctx context.Context, _ time.Time) {
		var id string
		err := r.call(ctx, func(ctx context.Context) (err error) {
			if id, err = r.o.Matches.Of(ctx, player); err == nil {
				_, err = r.o.Matches.Cancel(ctx, id, player)
			}
			if errors.Is(err, store.ErrNoTicket) {
				err = nil
			}
			return err
		})
		if err != nil {
			r.o.Logger.Warn("the ticket of a player who is banned may wait on", "player", player, "error", err)
		}
	})
}

// tell hands an event over.
func (r *Reporter) tell(e event) {
	if r == nil {
		return
	}
	select {
	case r.events <- e:
	default:
		r.dropped.Add(1)
	}
}

// tellOf hands an event in a room over. If the room is not known then, it is passed over.
func (r *Reporter) tellOf(room string, e func(ctx context.Context, h *hosted, now time.Time)) {
	r.tell(func(ctx context.Context, now time.Time) {
		if h := r.rooms[room]; h != nil {
			e(ctx, h, now)
		}
	})
}

// Run tells the matchmaker what happens until ctx is done, and looks after the rooms
// every so often. At the end what has happened is still told, as far as a moment allows.
func (r *Reporter) Run(ctx context.Context, every time.Duration) {
	r.every = min(touchEvery, touchBeats*every)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case e := <-r.events:
			e(ctx, time.Now())
		case <-tick.C:
			r.look(ctx, time.Now())
		case <-ctx.Done():
			r.finish(context.WithoutCancel(ctx))
			return
		}
	}
}

// finish tells what there is to tell still.
func (r *Reporter) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*store.CallTimeout)
	defer cancel()
	for {
		select {
		case e := <-r.events:
			e(ctx, time.Now())
			continue
		default:
		}
		break
	}
	r.deliver(ctx)
	if n := len(r.results); n > 0 {
		r.o.Logger.Error("results could not be told to the matchmaker, and are lost", "matches", n)
	}
}

// look does what is due now and then.
func (r *Reporter) look(ctx context.Context, now time.Time) {
	if n := r.dropped.Swap(0); n > 0 {
		r.o.Logger.Error("too much has happened at once to tell the matchmaker of all of it", "events", n)
	}
	r.deliver(ctx)
	touch := now.Sub(r.touched) >= r.every
	if touch {
		r.touched = now
	}
	for id, h := range r.rooms {
		if ctx.Err() != nil {
			return
		}
		if touch {
			err := r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Touch(ctx, id) })
			if errors.Is(err, store.ErrNoRoom) {
				err = r.again(ctx, h)
			}
			if err != nil {
				r.touched = time.Time{} // again with the next look
			}
		}
		r.backfill(ctx, h, now)
		if now.Before(r.quiet) {
			return // the store is away
		}
	}
}

// again tells the store of a match that it has lost.
func (r *Reporter) again(ctx context.Context, h *hosted) error {
	err := r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Keep(ctx, h.match) })
	if err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil // its code is somebody else's by now
		}
		return err
	}
	r.o.Logger.Info("a match was missing, and is kept again", "room", h.match.ID)
	for player, p := range h.players {
		if p.there {
			_ = r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Joined(ctx, player, h.match.ID) })
		}
	}
	return nil
}

// forget has the match of a room that has ended forgotten.
func (r *Reporter) forget(ctx context.Context, room string) {
	_ = r.call(ctx, func(ctx context.Context) error { return r.o.Matches.Forget(ctx, room) })
}

// call bounds a call of the store, and notes whether it answers.
func (r *Reporter) call(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	err := fn(ctx)
	if err != nil && !errors.Is(err, store.ErrNoRoom) {
		r.quiet = time.Now().Add(storePause)
	}
	return err
}
