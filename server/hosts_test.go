package server

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// reports is a reporter that answers with an error, and counts.
type reports struct {
	err error
	n   int
}

func (r *reports) Report(context.Context, *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	r.n++
	return &tickroomv1.ReportResultResponse{}, r.err
}

// hosting is hosts with the room of a match of a against b in which a is.
func hosting(t *testing.T, r *reports) (h *hosts, tickets *store.MemoryTickets) {
	t.Helper()
	md := mode.New("duel")
	md.Format = mode.Format{Teams: 2, Size: 1, MinSize: 1}
	md.Backfill.Enabled = true
	tickets = store.NewMemoryTickets(nil)
	m := store.Match{ID: "arena-1", Mode: "duel", Kind: "arena", Node: "n", Created: time.Now(), Teams: []store.Team{
		{Slots: []store.Slot{{Player: "a", Mu: 1500, Sigma: 300}}}, {Slots: []store.Slot{{Player: "b", Mu: 1500, Sigma: 300}}},
	}}
	if err := tickets.Keep(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	h = newHosts(tickets, r, func(string) *mode.Mode { return &md }, time.Minute, slog.New(slog.DiscardHandler))
	h.handle(t.Context(), hostEvent{room: m.ID, opened: &m})
	h.handle(t.Context(), hostEvent{room: m.ID, joined: "a"})
	h.handle(t.Context(), hostEvent{room: m.ID, joined: "b"})
	return h, tickets
}

var ended = &world.Result{Teams: []world.TeamResult{
	{Rank: 1, Players: []world.PlayerResult{{PlayerID: "a"}}}, {Rank: 2, Players: []world.PlayerResult{{PlayerID: "b"}}},
}}

// TestNobodyIsSentToAMatchThatIsDecided has a room that stays open for a while after the
// game has told who won.
func TestNobodyIsSentToAMatchThatIsDecided(t *testing.T) {
	t.Parallel()
	h, tickets := hosting(t, &reports{})
	asked := func() (n int) {
		changes, _, err := tickets.Changes(t.Context(), "duel", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Backfill != nil {
				n++
			}
		}
		return n
	}
	h.handle(t.Context(), hostEvent{room: "arena-1", left: "b"})
	h.look(t.Context(), time.Now())
	if asked() != 1 {
		t.Fatal("nobody is asked for who takes the seat of b")
	}
	h.handle(t.Context(), hostEvent{room: "arena-1", result: ended})
	if asked() != 0 {
		t.Error("somebody is asked for still")
	}
	h.handle(t.Context(), hostEvent{room: "arena-1", left: "a"})
	h.look(t.Context(), time.Now())
	if asked() != 0 {
		t.Error("somebody is asked for once more")
	}
}

// TestAResultThatIsRefusedIsNoOutage sees that who leaves afterwards is let go, and the
// match forgotten with its room.
func TestAResultThatIsRefusedIsNoOutage(t *testing.T) {
	t.Parallel()
	r := &reports{err: connect.NewError(connect.CodeFailedPrecondition, errors.New("no"))}
	h, tickets := hosting(t, r)
	h.handle(t.Context(), hostEvent{room: "arena-1", result: ended})
	h.handle(t.Context(), hostEvent{room: "arena-1", left: "a"})
	if _, err := tickets.Playing(t.Context(), "a"); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("a, who has left, is led back: %v", err)
	}
	h.handle(t.Context(), hostEvent{room: "arena-1", ended: true})
	if _, err := tickets.Match(t.Context(), "arena-1", ""); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("the match is remembered: %v", err)
	}
}

// TestAStoreThatIsAwayIsNotAskedForEachResult has many matches end during an outage:
// each call may take a second, and what comes meanwhile waits.
func TestAStoreThatIsAwayIsNotAskedForEachResult(t *testing.T) {
	t.Parallel()
	r := &reports{err: connect.NewError(connect.CodeUnavailable, errors.New("away"))}
	h, tickets := hosting(t, r)
	h.handle(t.Context(), hostEvent{room: "arena-1", result: ended})
	h.handle(t.Context(), hostEvent{room: "arena-1", ended: true})
	h.quiet = time.Now().Add(time.Hour)
	h.handle(t.Context(), hostEvent{room: "arena-1", opened: &store.Match{ID: "arena-1", Mode: "duel", Teams: make([]store.Team, 2)}})
	h.handle(t.Context(), hostEvent{room: "arena-1", result: ended})
	h.handle(t.Context(), hostEvent{room: "arena-1", ended: true})
	if r.n != 1 || len(h.results) != 2 {
		t.Errorf("asked %d times, with %d results left", r.n, len(h.results))
	}
	r.err, h.quiet = nil, time.Time{}
	h.look(t.Context(), time.Now())
	if _, err := tickets.Match(t.Context(), "arena-1", ""); len(h.results) != 0 || !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("%d results are left; the match: %v", len(h.results), err)
	}
}

// TestWhoIsBannedWaitsNoMore sees that nobody is matched with a player who can't come.
func TestWhoIsBannedWaitsNoMore(t *testing.T) {
	t.Parallel()
	h, tickets := hosting(t, &reports{})
	if err := tickets.Add(t.Context(), store.Ticket{ID: "t", Queue: "duel", Members: []store.Member{{Player: "eve", Ready: true}}}); err != nil {
		t.Fatal(err)
	}
	s := &Server{rooms: &rooms{hosts: h}, metrics: metrics.New("test"), log: h.log}
	s.expel(limits.Ban{Player: "eve"})
	s.expel(limits.Ban{Player: "who waits for nothing"})
	for range 2 {
		h.handle(t.Context(), <-h.events)
	}
	if st, err := tickets.Ticket(t.Context(), "t"); err != nil || st.State != store.Cancelled {
		t.Errorf("the ticket: %+v, %v", st, err)
	}
	if !h.quiet.IsZero() {
		t.Error("the store is taken for one that is away")
	}
}
