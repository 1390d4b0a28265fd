package reporter

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// reports is a Results that answers with an error, and counts; and the room.
type reports struct {
	err    error
	n      int
	locked bool // the room is
}

func (r *reports) Report(context.Context, *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	r.n++
	return &tickroomv1.ReportResultResponse{}, r.err
}

// hosting returns a reporter with the room of a match of a against b, who are both there.
func hosting(t *testing.T, r *reports) (h *Reporter, st store.Stores) {
	t.Helper()
	md := mode.New("duel")
	md.Format = mode.Format{Teams: 2, Size: 1, MinSize: 1}
	md.Backfill.Enabled = true
	st = matchmaking.OpenMemory()
	m := store.Match{ID: "arena-1", Mode: "duel", Kind: "arena", Node: "n", Created: time.Now(), Teams: []store.Team{
		{Slots: []store.Slot{{Player: "a", Mu: 1500, Sigma: 300}}}, {Slots: []store.Slot{{Player: "b", Mu: 1500, Sigma: 300}}},
	}}
	if err := st.Matches.Keep(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	h = New(Options{
		Matches: st.Matches, Results: r, Mode: func(string) *mode.Mode { return &md }, Reserved: time.Minute,
		Logger: slog.New(slog.DiscardHandler),
	})
	h.Opened(&m, func() bool { return !r.locked })
	h.Joined(m.ID, "a")
	h.Joined(m.ID, "b")
	h.settle(t)
	return h, st
}

// settle deals with what has happened, as Run does.
func (r *Reporter) settle(t *testing.T) {
	t.Helper()
	for {
		select {
		case e := <-r.events:
			e(t.Context(), time.Now())
			continue
		default:
		}
		return
	}
}

var ended = &world.Result{Teams: []world.TeamResult{
	{Rank: 1, Players: []world.PlayerResult{{PlayerID: "a"}}}, {Rank: 2, Players: []world.PlayerResult{{PlayerID: "b"}}},
}}

// TestNobodyIsSentToAMatchThatIsDecided has a room that stays open for a while after the
// game has told who won.
func TestNobodyIsSentToAMatchThatIsDecided(t *testing.T) {
	t.Parallel()
	h, st := hosting(t, &reports{})
	asked := func() int { return backfills(t, st) }
	h.Left("arena-1", "b")
	h.settle(t)
	h.look(t.Context(), time.Now())
	if asked() != 1 {
		t.Fatal("nobody is asked for who takes the slot of b")
	}
	h.Result("arena-1", ended)
	h.settle(t)
	if asked() != 0 {
		t.Error("somebody is asked for still")
	}
	h.Left("arena-1", "a")
	h.settle(t)
	h.look(t.Context(), time.Now())
	if asked() != 0 {
		t.Error("somebody is asked for once more")
	}
}

// backfills returns how many requests for players are open.
func backfills(t *testing.T, st store.Stores) int {
	t.Helper()
	c, err := st.Queues.Changes(t.Context(), "duel", 0)
	if err != nil {
		t.Fatal(err)
	}
	return len(c.Backfills)
}

// TestNobodyIsSentToALockedRoom has a game that locks its room while a slot is free, and
// unlocks it.
func TestNobodyIsSentToALockedRoom(t *testing.T) {
	t.Parallel()
	r := &reports{}
	h, st := hosting(t, r)
	h.Left("arena-1", "b")
	h.settle(t)
	for i := range 3 {
		r.locked = i%2 == 1
		h.Places("arena-1")
		h.settle(t)
		for range 2 {
			if got := backfills(t, st); (got == 0) != r.locked || got > 1 {
				t.Errorf("%d requests; locked: %t", got, r.locked)
			}
			h.look(t.Context(), time.Now())
		}
	}
}

// TestAResultThatIsRefusedIsNoOutage sees that who leaves afterwards is let go, and the
// match forgotten with its room.
func TestAResultThatIsRefusedIsNoOutage(t *testing.T) {
	t.Parallel()
	r := &reports{err: connect.NewError(connect.CodeFailedPrecondition, errors.New("no"))}
	h, st := hosting(t, r)
	h.Result("arena-1", ended)
	h.settle(t)
	h.Left("arena-1", "a")
	h.settle(t)
	if _, err := st.Tickets.Playing(t.Context(), "a"); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("a, who has left, is led back: %v", err)
	}
	h.Ended("arena-1")
	h.settle(t)
	if _, err := st.Matches.Match(t.Context(), "arena-1", ""); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("the match is remembered: %v", err)
	}
}

// TestAStoreThatIsAwayIsNotAskedForEachResult has many matches end during an outage:
// each call may take a second, and what comes meanwhile waits.
func TestAStoreThatIsAwayIsNotAskedForEachResult(t *testing.T) {
	t.Parallel()
	r := &reports{err: connect.NewError(connect.CodeUnavailable, errors.New("away"))}
	h, st := hosting(t, r)
	h.Result("arena-1", ended)
	h.settle(t)
	h.Ended("arena-1")
	h.settle(t)
	h.quiet = time.Now().Add(time.Hour)
	h.Opened(&store.Match{ID: "arena-1", Mode: "duel", Teams: make([]store.Team, 2)}, func() bool { return true })
	h.Result("arena-1", ended)
	h.settle(t)
	h.Ended("arena-1")
	h.settle(t)
	if r.n != 1 || len(h.results) != 2 {
		t.Errorf("asked %d times, with %d results left", r.n, len(h.results))
	}
	r.err, h.quiet = nil, time.Time{}
	h.look(t.Context(), time.Now())
	if _, err := st.Matches.Match(t.Context(), "arena-1", ""); len(h.results) != 0 || !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("%d results are left; the match: %v", len(h.results), err)
	}
}

// TestWhoIsBannedWaitsNoMore sees that nobody is matched with a player who can't come.
func TestWhoIsBannedWaitsNoMore(t *testing.T) {
	t.Parallel()
	h, st := hosting(t, &reports{})
	if err := st.Tickets.Add(t.Context(), store.Ticket{ID: "t", Queue: "duel", Members: []store.Member{{Player: "eve", Ready: true}}}); err != nil {
		t.Fatal(err)
	}
	h.Banned("eve")
	h.Banned("who waits for nothing")
	h.settle(t)
	if st, err := st.Tickets.Ticket(t.Context(), "t"); err != nil || st.State != store.Cancelled {
		t.Errorf("the ticket: %+v, %v", st, err)
	}
	if !h.quiet.IsZero() {
		t.Error("the store is taken for one that is away")
	}
}
