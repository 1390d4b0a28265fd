package queue

import (
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// running makes a stepper with a match of ann against a bot that runs, which asks for
// a player.
func running(t *testing.T, change func(*mode.Mode, *store.Match, *store.Backfill)) *stepper {
	t.Helper()
	md := duel()
	md.Backfill.Enabled, md.Backfill.After = true, 0
	m := store.Match{
		ID: "arena-running", Mode: md.Name, Kind: "arena", Node: "n7", URL: "ws://n7", Bots: 1,
		Teams: []store.Team{
			{Slots: []store.Slot{{Ticket: "old", Player: "old", Mu: 1500, Sigma: 100}}},
			{Slots: []store.Slot{{}}},
		},
	}
	r := store.Backfill{ID: "ask1", Room: m.ID, Queue: md.Name, Since: epoch, Teams: []store.BackfillTeam{
		{Mu: []float64{1500}, Sigma: []float64{100}}, {Free: 1},
	}}
	if change != nil {
		change(&md, &m, &r)
	}
	b := step(t, md, nil)
	if err := b.s.Keep(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := b.s.AskBackfill(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *stepper) match(id string) store.Match {
	b.t.Helper()
	m, err := b.s.Match(b.t.Context(), id, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// asks returns the requests that the store has.
func (b *stepper) asks() (out []string) {
	b.t.Helper()
	c, err := b.s.whole.Changes(b.t.Context(), "duel", 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range c.Backfills {
		out = append(out, c.Backfills[i].ID)
	}
	return out
}

func TestARoomThatRunsIsFilled(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	before := b.match("arena-running")
	b.add("ann")
	b.turn(0)
	b.want(map[string]string{"ann": "ann"})
	m := b.match("arena-running")
	if team, s, ok := m.Find("ann"); !ok || team != 1 || (s != store.Slot{Ticket: "ann", Player: "ann", Name: "ANN", Mu: 1500, Sigma: 100}) {
		t.Errorf("ann has %+v in team %d", s, team)
	}
	if m.Bots != 0 || len(m.Teams) != 2 || len(m.Teams[0].Slots) != 1 || len(m.Teams[1].Slots) != 1 || m.Node != "n7" {
		t.Errorf("the match is %+v", m)
	}
	if before.Teams[1].Slots[0].Player != "" {
		t.Error("the match that was read is changed")
	}
	if len(b.q.items)-b.q.tickets != 0 || b.told.fills != 1 || b.told.matches != 0 {
		t.Errorf("it knows %v and was told %+v", b.q.items, &b.told)
	}
	// It asked once, and nobody else is sent there.
	b.add("bob")
	b.turn(time.Second)
	b.want(map[string]string{"bob": "waiting"})
}

func TestWhoComesIsOneMore(t *testing.T) {
	t.Parallel()
	t.Run("in a team", func(t *testing.T) {
		t.Parallel()
		b := running(t, func(_ *mode.Mode, m *store.Match, _ *store.Backfill) {
			m.Teams[1].Slots[0] = store.Slot{Player: "left"}
			m.Bots = 0
		})
		b.add("ann")
		b.turn(0)
		if m := b.match("arena-running"); len(m.Teams[1].Slots) != 2 || m.Teams[1].Slots[0].Player != "left" || m.Bots != 0 {
			t.Errorf("the match is %+v", m)
		}
	})
	t.Run("in a free-for-all", func(t *testing.T) {
		t.Parallel()
		b := running(t, func(md *mode.Mode, m *store.Match, r *store.Backfill) {
			md.Format = mode.Format{FreeForAll: true, Teams: 1, Size: 4, MinSize: 4}
			r.Teams = []store.BackfillTeam{{Mu: []float64{1500}, Sigma: []float64{100}, Free: 2}}
		})
		b.add("ann")
		b.add("bob")
		b.turn(0)
		b.want(map[string]string{"ann": "ann+bob", "bob": "ann+bob"})
		if m := b.match("arena-running"); len(m.Teams) != 3 || m.Bots != 0 || m.Teams[1].Slots[0].Player != "ann" || m.Teams[2].Slots[0].Player != "bob" {
			t.Errorf("the match is %+v", m)
		}
	})
}

// ending ends the request when the store is asked for its room, or to commit.
func ending(b *stepper) func(string) error {
	return func(call string) error {
		if call == "Match" || call == "Commit" {
			_, err := b.s.whole.EndBackfill(b.t.Context(), "ask1")
			return err
		}
		return nil
	}
}

func TestARequestEndsBefore(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	b.turn(0)
	if len(b.q.items)-b.q.tickets != 1 {
		t.Fatalf("it knows %v", b.q.items)
	}
	if err := ending(b)("Match"); err != nil {
		t.Fatal(err)
	}
	b.add("ann")
	b.turn(time.Second)
	b.want(map[string]string{"ann": "waiting"})
	if len(b.q.items)-b.q.tickets != 0 || len(b.s.commits) != 0 {
		t.Errorf("it knows %v, %d commits", b.q.items, len(b.s.commits))
	}
}

func TestARequestEndsMeanwhile(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	b.s.set(ending(b), nil)
	b.add("ann")
	b.turn(0)
	b.turn(time.Second)
	b.want(map[string]string{"ann": "waiting"})
	if len(b.q.items)-b.q.tickets != 0 || b.q.tickets != 1 || len(b.s.commits) != 1 {
		t.Errorf("it knows %v and %v, %d commits", b.q.items, b.q.tickets, len(b.s.commits))
	}
}

func TestARequestEndsWithItsRoom(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	b.s.set(func(call string) error {
		if call == "Match" {
			return store.ErrNoRoom
		}
		return nil
	}, nil)
	b.add("ann")
	b.turn(0)
	b.turn(time.Second)
	b.want(map[string]string{"ann": "waiting"})
	if len(b.q.items)-b.q.tickets != 0 || len(b.s.commits) != 0 || len(b.asks()) != 0 {
		t.Errorf("it knows %v, the store %v, %d commits", b.q.items, b.asks(), len(b.s.commits))
	}
}

func TestRequestsThatDoNotFitEnd(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*mode.Mode, *store.Match, *store.Backfill){
		func(md *mode.Mode, _ *store.Match, _ *store.Backfill) { md.Backfill.Enabled = false },
		func(_ *mode.Mode, _ *store.Match, r *store.Backfill) { r.Query = "(" },
		func(_ *mode.Mode, _ *store.Match, r *store.Backfill) { r.Teams[0].Sigma = nil },
		func(_ *mode.Mode, _ *store.Match, r *store.Backfill) {
			r.Attributes = map[string]any{"level": 3}
		},
	} {
		b := running(t, change)
		b.turn(0)
		if len(b.q.items)-b.q.tickets != 0 || len(b.asks()) != 0 {
			t.Errorf("it knows %v, the store %v", b.q.items, b.asks())
		}
	}
}

// TestAFillIsTriedAgain: the room is asked about first, then the players committed; each
// may fail, and who is gone is left out while the room asks on.
func TestAFillIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := running(t, nil)
	fail := map[string]int{"Match": 2, "Commit": 2}
	b.s.set(nil, func(call string) error {
		if fail[call] > 0 {
			fail[call]--
			return errAway
		}
		return nil
	})
	b.add("ann")
	for range 8 {
		b.turn(2 * time.Second)
	}
	b.want(map[string]string{"ann": "ann"})

	b = running(t, nil)
	b.add("ann")
	b.s.set(func(call string) error {
		if call == "Match" {
			_, err := b.s.Cancel(t.Context(), "ann", "ann")
			return err
		}
		return nil
	}, nil)
	b.turn(0)
	b.s.set(nil, nil)
	b.add("bob")
	b.turn(time.Second)
	b.want(map[string]string{"ann": "cancelled", "bob": "bob"})
	if m := b.match("arena-running"); len(m.Teams[1].Slots) != 1 {
		t.Errorf("the match is %+v", m)
	}
}
