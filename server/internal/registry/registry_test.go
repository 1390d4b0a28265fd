package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/world"
)

// directory is one that can be away.
type directory struct {
	store.Directory
	deaf bool // Close gets no answer

	mu   sync.Mutex
	away bool
}

var errAway = errors.New("away")

func (d *directory) set(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

func (d *directory) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errAway
	}
	return nil
}

func (d *directory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	if err := d.err(); err != nil {
		return store.Listing{}, err
	}
	return d.Directory.Reserve(ctx, w)
}

func (d *directory) Report(ctx context.Context, node string, rooms []store.Report) (int, error) {
	if err := d.err(); err != nil {
		return 0, err
	}
	return d.Directory.Report(ctx, node, rooms)
}

func (d *directory) Close(ctx context.Context, r store.Report) (bool, error) {
	if d.deaf {
		<-ctx.Done()
		return false, ctx.Err()
	}
	if err := d.err(); err != nil {
		return false, err
	}
	return d.Directory.Close(ctx, r)
}

// open returns a registry of rooms for two walkers, until the test ends.
func open(t *testing.T, change func(*config.Config)) (*Registry, *directory) {
	t.Helper()
	cfg := config.Default()
	cfg.KindOptions = map[string]map[string]string{"walkers": {"players": "2"}}
	if change != nil {
		change(cfg)
	}
	log := slog.New(slog.DiscardHandler)
	pool, err := room.NewPool(2, true, log)
	if err != nil {
		t.Fatal(err)
	}
	bans := limits.NewMemoryBans(10, nil)
	guard, err := limits.NewGuard(cfg.Access, limits.Options{Bans: bans})
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{Directory: matchmaking.OpenMemory().Directory}
	m := metrics.New("test")
	r := New(Options{
		Config: cfg, Node: "here", Directory: d, Pool: pool, Metrics: m, Guard: guard, Bans: bans,
		Refusals: refusal.NewJournal(log, m, nil), Logger: log,
	})
	k := walkers.Kind()
	k.Sleeps = false // what is looked at are ticks
	if err := r.Register(k); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(r.Close(ctx), pool.Close(time.Second)); err != nil {
			t.Error(err)
		}
	})
	return r, d
}

// joiner returns somebody who wants into a room of walkers; id may be empty.
func joiner(player, id string) *room.Joiner {
	j := &room.Joiner{Hello: &tickroomv1.Hello{Kind: "walkers", Room: id}}
	j.Identity.Player = player
	return j
}

func refusedWith(t *testing.T, err error, code int, why string) {
	t.Helper()
	if r := refusal.Of(err); err == nil || r.Code != code || r.Why != why {
		t.Errorf("%v; want %d, %s", err, code, why)
	}
}

func TestRoomsFillOneAfterAnother(t *testing.T) {
	t.Parallel()
	r, d := open(t, func(c *config.Config) { c.MaxRooms, c.MaxConnections = 2, 5 })
	var rooms []*Entry
	for i := range 4 {
		e, err := r.Join(t.Context(), joiner(fmt.Sprint("p", i), ""))
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, e)
	}
	if rooms[0] != rooms[1] || rooms[2] != rooms[3] || rooms[0] == rooms[2] || r.Clients() != 4 || len(r.List()) != 2 {
		t.Errorf("four are in %v, %d clients in %d rooms", rooms, r.Clients(), len(r.List()))
	}
	_, err := r.Join(t.Context(), joiner("p4", ""))
	refusedWith(t, err, closecode.ServerFull, "max_rooms")
	_, err = r.Join(t.Context(), joiner("p4", rooms[0].ID))
	refusedWith(t, err, closecode.RoomFull, "room_full")
	_, err = r.Join(t.Context(), joiner("p4", "walkers-nope"))
	refusedWith(t, err, closecode.NoSuchRoom, "no_such_room")
	if r.Clients() != 4 {
		t.Errorf("%d clients, after some were refused", r.Clients())
	}
	if list, err := d.Rooms(t.Context(), "walkers", ""); err != nil || len(list) != 2 || list[0].ReservedPlayers+list[1].ReservedPlayers != 4 || list[0].Node != "here" {
		t.Errorf("listed: %+v, %v", list, err)
	}
	_, err = r.Resume("arena", rooms[0].ID)
	refusedWith(t, err, closecode.SessionGone, "session_room_gone")
	if e, err := r.Resume("walkers", rooms[2].ID); e != rooms[2] || err != nil {
		t.Errorf("to resume: %v, %v", e, err)
	}
}

func TestTheServerIsFullBeforeItsRoomsAre(t *testing.T) {
	t.Parallel()
	r, _ := open(t, func(c *config.Config) { c.MaxConnections = 1 })
	if _, err := r.Join(t.Context(), joiner("ann", "")); err != nil {
		t.Fatal(err)
	}
	_, err := r.Join(t.Context(), joiner("bob", ""))
	refusedWith(t, err, closecode.ServerFull, "server_full")
}

// TestTheDirectoryIsAway sees that players come to the rooms that are here, as long as those
// have places; nobody else does, and nothing of it is left.
func TestTheDirectoryIsAway(t *testing.T) {
	t.Parallel()
	r, d := open(t, nil)
	refuses := func(j *room.Joiner) {
		t.Helper()
		before := r.Clients()
		_, err := r.Join(t.Context(), j)
		refusedWith(t, err, closecode.TryLater, "directory_away")
		if !errors.Is(err, errAway) || r.Clients() != before {
			t.Errorf("%v; %d clients; there were %d", err, r.Clients(), before)
		}
	}
	d.set(true)
	refuses(joiner("ann", ""))
	if len(r.Entries()) != 0 {
		t.Errorf("%d rooms", len(r.Entries()))
	}
	d.set(false)
	e, err := r.Join(t.Context(), joiner("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	d.set(true)
	for i, id := range []string{"", e.ID, ""} {
		if got, err := r.Join(t.Context(), joiner(fmt.Sprint("p", i), id)); got != e || err != nil {
			t.Errorf("into room %q: %v, %v", id, got, err)
		}
	}
	except := joiner("eve", "")
	except.Except = []string{e.ID}
	refuses(except)
	watch := joiner("eve", "")
	watch.Hello.Spectate = true // walkers can't be watched
	_, err = r.Join(t.Context(), watch)
	refusedWith(t, err, closecode.BadHello, "not_watched")
	refuses(joiner("eve", "walkers-nope"))
}

// TestTheDirectoryIsSetRight has the directory know less, more and other things than are so.
func TestTheDirectoryIsSetRight(t *testing.T) {
	t.Parallel()
	r, d := open(t, nil)
	e, err := r.Join(t.Context(), joiner("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	is := func(players, reserved int) {
		t.Helper()
		r.mend(t.Context())
		list, err := d.Rooms(t.Context(), "", "here")
		if err != nil || len(list) != 1 || list[0].ID != e.ID || list[0].Players != players || list[0].ReservedPlayers != reserved || list[0].MaxPlayers != 2 {
			t.Fatalf("listed: %+v, %v; want %d and %d", list, err, players, reserved)
		}
	}
	is(0, 1) // ann has not come yet
	for _, lost := range []func() error{
		func() error { return d.Remove(t.Context(), e.ID, 1<<60) },
		func() error { _, err := d.RemoveNode(t.Context(), "here"); return err },
	} {
		if err := lost(); err != nil {
			t.Fatal(err)
		}
		is(0, 0)
	}
	e.places(room.Places{Players: 2, MaxPlayers: 2}, nil)
	is(2, 0)
	// Others say something else, of it and of rooms that are not there.
	wrong := e.told.report(true)
	wrong.Players, wrong.Revision = 0, wrong.Revision-1
	old, gone := wrong, wrong
	old.ID, gone.ID, gone.Revision = "old", "gone", 0
	if _, err := d.Report(t.Context(), "here", []store.Report{wrong, old, gone}); err != nil {
		t.Fatal(err)
	}
	is(2, 0)
	e.Stop(closecode.RoomClosed, "")
	<-e.Done()
	if r.mend(t.Context()); r.Get(e.ID) != nil {
		t.Error("it is there after its end")
	}
	if list, err := d.Rooms(t.Context(), "", ""); err != nil || len(list) != 0 {
		t.Errorf("after the end: %v, %v", list, err)
	}
}

// matches has those whose rooms may be opened, and may be away.
type matches struct {
	ids []string
	err error
}

func (m *matches) Match(_ context.Context, id, _ string) (store.Match, error) {
	if m.err == nil && !slices.Contains(m.ids, id) {
		return store.Match{}, store.ErrNoRoom
	}
	return store.Match{ID: id}, m.err
}

// TestNobodyComes sees that a room for the players of a match to which nobody comes is taken off the list when its match
// is forgotten, and not before.
func TestNobodyComes(t *testing.T) {
	t.Parallel()
	r, d := open(t, nil)
	m := &matches{ids: []string{"awaited"}}
	r.o.Matches = m
	old := time.Now().Add(-store.MatchKept)
	for id, made := range map[string]time.Time{"awaited": old, "new": time.Now(), "forgotten": old} {
		l := store.Listing{ID: id, Kind: "walkers", Node: "here", Created: made, Occupancy: store.Occupancy{Private: true}}
		if _, err := d.Report(t.Context(), "here", []store.Report{{Listing: l}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		err  error
		want []string
	}{{errAway, []string{"awaited", "forgotten", "new"}}, {nil, []string{"awaited", "new"}}} {
		m.err = c.err
		r.mend(t.Context())
		var got []string
		list, err := d.Rooms(t.Context(), "", "")
		for i := range list {
			got = append(got, list[i].ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("listed: %q, %v; want %q", got, err, c.want)
		}
	}
}

func TestNoRoomIsMadeAfterTheEnd(t *testing.T) {
	t.Parallel()
	r, _ := open(t, nil)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := r.Join(t.Context(), joiner("ann", ""))
	refusedWith(t, err, closecode.GoingAway, "going_away")
}

// blank is a game that does nothing.
type blank struct{}

func (blank) Join(*world.Player, []byte) error { return nil }
func (blank) Leave(*world.Player)              {}
func (blank) Tick()                            {}

func TestAnAuthorIsToldOnceWhatAGameLeavesOut(t *testing.T) {
	t.Parallel()
	r, _ := open(t, nil)
	var lines bytes.Buffer
	r.o.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	k := walkers.Kind()
	k.Name, k.Options, k.New = "blank", nil, func(*world.Room) (world.Game, error) { return blank{}, nil }
	if err := r.Register(k); err != nil {
		t.Fatal(err)
	}
	j := joiner("ann", "")
	j.Hello.Kind = "blank"
	for range 2 {
		// The rooms are full of places that were taken.
		for range 1 + k.MaxPlayers/2 {
			if _, err := r.Join(t.Context(), j); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(r.Entries()) != 2 {
		t.Fatalf("%d rooms", len(r.Entries()))
	}
	for _, what := range []string{"inputs (WalkerInput)", "command Shout", "component Walker"} {
		if n := strings.Count(lines.String(), what); n != 1 {
			t.Errorf("%q is logged %d times:\n%s", what, n, lines.String())
		}
	}
}

func TestKindsAreChecked(t *testing.T) {
	t.Parallel()
	r, _ := open(t, nil)
	if err := r.Register(walkers.Kind()); err == nil {
		t.Error("a kind is registered twice")
	}
	k := walkers.Kind()
	if k.Name = "other"; r.Register(k) != nil {
		t.Error("a second kind is not taken")
	}
	if k.Name = ""; r.Register(k) == nil {
		t.Error("a kind without a name is taken")
	}
	if n, _, err := r.Probe(r.Kind("walkers"), map[string]string{"players": "7"}); n != 7 || err != nil {
		t.Errorf("rooms for seven take %d, %v", n, err)
	}
	if err := r.Check(); err != nil {
		t.Error(err)
	}
	r.o.Config.KindOptions["chess"] = map[string]string{"players": "2"}
	if err := r.Check(); err == nil {
		t.Error("options of a kind that is not there are taken")
	}
}
