package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// hostEvents bounds what waits to be told to the matchmaker. When it is full, what
	// comes is dropped, and logged: players who come and go are then unknown to it,
	// which costs them the way back alone.
	hostEvents = 16 << 10
	// hostResults bounds the results that could not be told yet.
	hostResults = 4096
	// hostCall bounds a call of a store.
	hostCall = time.Second
	// hostPause is how long nobody tries to tell who comes and goes after the store has
	// failed.
	hostPause = time.Second
	// touchEvery is how often the matches that run are kept from being forgotten, where
	// touchBeats looks take longer.
	touchEvery = store.MatchKept / 5
	touchBeats = 30
)

// reporter is told how matches have ended.
type reporter interface {
	Report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error)
}

// hosts tells the matchmaker about the matches whose rooms run on this server: who is
// there, which seats are free again, how they end. The rooms' loops hand it what
// happens and never wait; its own goroutine, Run, does the rest.
type hosts struct {
	matches store.Matches
	report  reporter
	mode    func(name string) *mode.Mode
	late    time.Duration // how long a player may take to come
	log     *slog.Logger

	events chan hostEvent

	dropped atomic.Uint64

	// Run's own.
	rooms   map[string]*hosted
	results []*tickroomv1.ReportResultRequest
	quiet   time.Time // the store has failed; nobody is told who comes and goes until then
	touched time.Time
	every   time.Duration // between two touches
}

// hosted is the room of a match.
type hosted struct {
	*attendance
	asked  string // the request for players that is open
	wanted int    // seats that it asks for
	over   bool   // the game has reported how it ended: nobody is to come any more
}

type hostEvent struct {
	room   string
	opened *store.Match  // the room is there
	joined string        // a player is in it
	left   string        // a player's seat was given up
	result *world.Result // the game has reported
	ended  bool          // the room is gone
	banned string        // a player may play no more, wherever; room is empty
}

func newHosts(m store.Matches, r reporter, md func(string) *mode.Mode, late time.Duration, log *slog.Logger) *hosts {
	return &hosts{matches: m, report: r, mode: md, late: late, log: log, events: make(chan hostEvent, hostEvents), rooms: map[string]*hosted{}}
}

// tell hands an event over. It does not block.
func (h *hosts) tell(e hostEvent) {
	if h == nil {
		return
	}
	select {
	case h.events <- e:
	default:
		h.dropped.Add(1)
	}
}

// Run tells the matchmaker what happens, until ctx is done; then what has happened is
// told still, as far as a moment allows.
func (h *hosts) Run(ctx context.Context, every time.Duration) {
	h.every = min(touchEvery, touchBeats*every)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case e := <-h.events:
			h.handle(ctx, e)
		case <-tick.C:
			h.look(ctx, time.Now())
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*hostCall)
			defer cancel()
			for {
				select {
				case e := <-h.events:
					h.handle(last, e)
					continue
				default:
				}
				break
			}
			h.deliver(last)
			if n := len(h.results); n > 0 {
				h.log.Error("results could not be told to the matchmaker, and are lost", "matches", n)
			}
			return
		}
	}
}

// call bounds a call of the store, and notes whether it answers.
func (h *hosts) call(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, hostCall)
	defer cancel()
	err := fn(ctx)
	if err != nil && !errors.Is(err, store.ErrNoRoom) {
		h.quiet = time.Now().Add(hostPause)
	}
	return err
}

func (h *hosts) handle(ctx context.Context, e hostEvent) {
	if e.opened != nil {
		h.rooms[e.room] = &hosted{attendance: newAttendance(*e.opened, h.mode(e.opened.Mode), h.late, time.Now())}
		return
	}
	if e.banned != "" {
		h.dismiss(ctx, e.banned)
		return
	}
	r := h.rooms[e.room]
	if r == nil {
		return
	}
	now := time.Now()
	switch {
	case e.joined != "":
		r.joined(e.joined, now)
		if now.After(h.quiet) {
			_ = h.call(ctx, func(ctx context.Context) error { return h.matches.Joined(ctx, e.joined, e.room) })
		}
	case e.left != "":
		r.left(e.left)
		if now.After(h.quiet) {
			_ = h.call(ctx, func(ctx context.Context) error { return h.matches.Left(ctx, e.left, e.room) })
		}
	case e.result != nil:
		r.over = true
		h.endBackfill(ctx, r)
		h.result(ctx, r, *e.result)
	case e.ended:
		delete(h.rooms, e.room)
		h.endBackfill(ctx, r)
		if now.After(h.quiet) && !h.owed(e.room) {
			_ = h.call(ctx, func(ctx context.Context) error { return h.matches.Forget(ctx, e.room) })
		}
	}
}

// dismiss ends the ticket of a player who could not come to a match: others would wait
// for it there.
func (h *hosts) dismiss(ctx context.Context, player string) {
	var id string
	err := h.call(ctx, func(ctx context.Context) (err error) {
		if id, err = h.matches.Of(ctx, player); err == nil {
			_, err = h.matches.Cancel(ctx, id, player)
		}
		if errors.Is(err, store.ErrNoTicket) {
			err = nil
		}
		return err
	})
	if err != nil {
		h.log.Warn("the ticket of a player who is banned may wait on", "player", player, "error", err)
	}
}

// result hands a result on; if the store is away, it is tried again.
func (h *hosts) result(ctx context.Context, r *hosted, res world.Result) {
	if r.mode == nil || len(r.match.Teams) == 0 {
		return // nobody has made a match of it
	}
	full, absent := r.attendance.result(res)
	req := &tickroomv1.ReportResultRequest{Room: r.match.ID}
	for _, t := range full.Teams {
		out := &tickroomv1.TeamResult{Rank: uint32(max(t.Rank, 1))}
		for _, p := range t.Players {
			if _, _, ok := r.match.Find(p.PlayerID); !ok {
				continue // came without the matchmaker, and is rated by nobody
			}
			out.Players = append(out.Players, &tickroomv1.PlayerResult{
				Player: p.PlayerID, Weight: p.Weight, Left: p.Left, Absent: absent[p.PlayerID],
			})
		}
		if len(out.Players) > 0 {
			req.Teams = append(req.Teams, out)
		}
	}
	if len(h.results) >= hostResults {
		h.log.Error("a result could not be told to the matchmaker, and is lost", "room", r.match.ID)
		return
	}
	h.results = append(h.results, req)
	if time.Now().After(h.quiet) {
		h.deliver(ctx)
	}
}

// owed tells whether the result of a room is still to be told.
func (h *hosts) owed(room string) bool {
	for _, r := range h.results {
		if r.GetRoom() == room {
			return true
		}
	}
	return false
}

// deliver tells results. What the matchmaker refuses for good is logged and dropped.
func (h *hosts) deliver(ctx context.Context) {
	for len(h.results) > 0 {
		req := h.results[0]
		var refused error // an answer: the store is there
		err := h.call(ctx, func(ctx context.Context) error {
			_, err := h.report.Report(ctx, req)
			switch connect.CodeOf(err) {
			case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled:
				return err
			}
			refused = err
			return nil
		})
		switch {
		case err != nil:
			return
		case refused != nil:
			h.log.Error("the matchmaker refuses a result", "room", req.GetRoom(), "error", refused)
		default:
			h.log.Info("match rated", "room", req.GetRoom())
		}
		h.results = h.results[1:]
		if h.rooms[req.GetRoom()] == nil {
			_ = h.call(ctx, func(ctx context.Context) error { return h.matches.Forget(ctx, req.GetRoom()) })
		}
	}
}

// look does what is due now and then.
func (h *hosts) look(ctx context.Context, now time.Time) {
	if n := h.dropped.Swap(0); n > 0 {
		h.log.Error("too much has happened at once to tell the matchmaker of all of it", "events", n)
	}
	h.deliver(ctx)
	touch := now.Sub(h.touched) >= h.every
	if touch {
		h.touched = now
	}
	for id, r := range h.rooms {
		if ctx.Err() != nil {
			return
		}
		if touch {
			err := h.call(ctx, func(ctx context.Context) error { return h.matches.Touch(ctx, id) })
			if errors.Is(err, store.ErrNoRoom) {
				err = h.again(ctx, r)
			}
			if err != nil {
				h.touched = time.Time{} // again with the next look
			}
		}
		h.backfill(ctx, r, now)
		if now.Before(h.quiet) {
			return // the store is away
		}
	}
}

// again tells the store of a match that it has lost.
func (h *hosts) again(ctx context.Context, r *hosted) error {
	err := h.call(ctx, func(ctx context.Context) error { return h.matches.Keep(ctx, r.match) })
	if err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil // its code is somebody else's by now
		}
		return err
	}
	h.log.Info("a match was missing, and is kept again", "room", r.match.ID)
	for player, p := range r.players {
		if p.there {
			_ = h.call(ctx, func(ctx context.Context) error { return h.matches.Joined(ctx, player, r.match.ID) })
		}
	}
	return nil
}

// backfill asks for players for the seats that are free, or stops asking.
func (h *hosts) backfill(ctx context.Context, r *hosted, now time.Time) {
	if r.mode == nil || !r.mode.Backfill.Enabled || len(r.match.Teams) == 0 {
		return
	}
	if r.over {
		h.endBackfill(ctx, r)
		return
	}
	if r.asked != "" {
		// Whether somebody was sent here shows in the match.
		var m store.Match
		err := h.call(ctx, func(ctx context.Context) (err error) {
			m, err = h.matches.Match(ctx, r.match.ID, "")
			return err
		})
		if err != nil {
			return
		}
		if r.update(m, now) {
			r.asked = ""
		}
	}
	b := r.attendance.backfill(now)
	if b == nil {
		h.endBackfill(ctx, r)
		return
	}
	free := 0
	for _, t := range b.Teams {
		free += t.Free
	}
	if r.asked != "" {
		if r.wanted == free || !h.endBackfill(ctx, r) {
			return
		}
	}
	b.ID = rand.Text()
	err := h.call(ctx, func(ctx context.Context) error { return h.matches.AskBackfill(ctx, *b) })
	if err == nil {
		r.asked, r.wanted = b.ID, free
		h.log.Debug("players are wanted", "room", r.match.ID, "seats", free)
	}
}

// endBackfill takes the request of a room back. It tells whether it did: if not,
// somebody may have been sent here, which will show in the match.
func (h *hosts) endBackfill(ctx context.Context, r *hosted) bool {
	if r.asked == "" {
		return true
	}
	ended := false
	err := h.call(ctx, func(ctx context.Context) (err error) {
		ended, err = h.matches.EndBackfill(ctx, r.mode.Name, r.asked)
		return err
	})
	if err != nil || !ended {
		return false
	}
	r.asked = ""
	return true
}
