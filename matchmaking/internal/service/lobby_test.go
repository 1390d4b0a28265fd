package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// list is the directory, as all calls of half a second see it.
type list struct {
	mu    sync.Mutex
	rooms []store.Listing
	err   error
}

func (l *list) get(context.Context) ([]store.Listing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rooms, l.err
}

// set has the directory be another one. Rooms are ID:PLAYERS:LABEL.
func (l *list) set(err error, rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.rooms = err, nil
	for _, r := range rooms {
		f := strings.Split(r, ":")
		x := store.Listing{ID: f[0], Kind: "arena", Occupancy: store.Occupancy{MaxPlayers: 9, Players: len(f[1]), Private: f[2] == "private", Labels: map[string]any{"map": f[2]}}}
		l.rooms = append(l.rooms, x)
	}
}

// said is a message in short.
func said(m *tickroomv1.WatchRoomsResponse) string {
	var out []string
	for _, r := range m.GetRooms() {
		out = append(out, fmt.Sprintf("%s:%d:%s", r.GetRoom(), r.GetPlayers(), r.GetLabels()["map"].GetText()))
	}
	for _, id := range m.GetGone() {
		out = append(out, "-"+id)
	}
	if m.GetComplete() {
		out = append(out, "complete")
	}
	if m.GetMore() {
		out = append(out, "more")
	}
	return strings.Join(out, " ")
}

func TestALobbyIsWatched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l list
		s := &Service{rooms: l.get, closed: make(chan struct{})}
		var q request
		w := &wish{kind: "arena", query: q.query(`map != "secret"`)}
		v := &view{wish: w, size: 2, page: &lobbyPage{}}
		ctx, cancel := context.WithCancel(t.Context())
		var heard []string
		ended := make(chan error, 1)
		l.set(nil, "a::dust", "b:1:dust", "c:1:secret", "d:1:private")
		go func() {
			ended <- s.watchView(ctx, v, func(m *tickroomv1.WatchRoomsResponse) error {
				l.mu.Lock()
				defer l.mu.Unlock()
				heard = append(heard, said(m))
				return nil
			})
		}()
		hears := func(after time.Duration, want ...string) {
			t.Helper()
			<-time.After(after)
			synctest.Wait()
			l.mu.Lock()
			defer l.mu.Unlock()
			if !slices.Equal(heard, want) {
				t.Errorf("heard %q, want %q", heard, want)
			}
			heard = nil
		}
		hears(0, "a:0:dust b:1:dust complete")
		hears(5 * time.Second)
		// What happens within a second is told at once, and what was undone not at all.
		l.set(nil, "a:11:ice", "b:1:dust")
		l.set(nil, "a:111:ice", "b:1:dust")
		hears(time.Second, "a:3:ice")
		l.set(nil, "b:1:dust", "c:1:ice", "d::ice")
		hears(time.Second, "c:1:ice -a more")
		l.set(nil, "b:1:dust", "c:1:ice")
		hears(time.Second, "")
		l.set(nil, "b:1:secret", "c:1:ice")
		hears(time.Second, "-b")
		// The directory is away, and back.
		l.set(errors.New("away"))
		hears(time.Second)
		hears(keepAlive, "")
		l.set(nil)
		hears(time.Second, "-c")
		hears(keepAlive, "")
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		l.set(errors.New("away"))
		if err := s.watchView(t.Context(), v, nil); err == nil {
			t.Error("a list is watched that was never there")
		}
	})
}

// TestALobbyIsWorkedOutOnce sees that those who want the same share what it takes.
func TestALobbyIsWorkedOutOnce(t *testing.T) {
	t.Parallel()
	l := lobby{views: map[viewKey]*view{}}
	w := &wish{}
	k := viewKey{query: "players > 0", size: 50}
	a, done, err := l.view(w, k)
	if err != nil {
		t.Fatal(err)
	}
	b, doneToo, err := l.view(&wish{}, k)
	if err != nil || a != b {
		t.Errorf("another view for the same list: %v", err)
	}
	all := []store.Listing{{ID: "a"}, {ID: "b"}}
	first := a.now(all)
	if again := b.now(all); again != first {
		t.Error("it is worked out twice")
	}
	changed := []store.Listing{{ID: "a"}, {ID: "b", Mode: "duel"}}
	if next := b.now(changed); next == first || next.rooms[0] != first.rooms[0] || next.rooms[1] == first.rooms[1] {
		t.Error("what has not changed is not the same, or what has")
	}
	done()
	doneToo()
	if len(l.views) != 0 {
		t.Errorf("%d views that nobody watches", len(l.views))
	}
	for i := range maxViews {
		if _, _, err := l.view(w, viewKey{size: i}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := l.view(w, viewKey{size: -1}); err == nil {
		t.Error("any number of lists is watched")
	}
	if _, _, err := l.view(w, viewKey{size: 1}); err != nil {
		t.Errorf("one that others watch: %v", err)
	}
}

// TestLabelsCanBeAskedFor sees that games and queries agree on what a name is, and on which
// names are taken.
func TestLabelsCanBeAskedFor(t *testing.T) {
	t.Parallel()
	r, _, err := world.NewRoom(world.Kind{Name: "k", New: func(*world.Room) (world.Game, error) { return nil, nil }}, world.Setup{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{
		"map", "Map_2", "_x", "a.b", "a.b_c.d1", "mine", "order", "", "1a", "a.1", "a b", "a.", ".a", "a..b", "é", "a-b", "my", "my.x",
		"and", "or", "not", "in", "has", "any", "all", "true", "false", "rating", "players", "capacity", "free", "kind", "mode", "region", "age", "watching", "locked",
	} {
		var q request
		l := store.Listing{Occupancy: store.Occupancy{Labels: map[string]any{n: "!"}}}
		w := wish{query: q.query(n + ` == "!"`)}
		asked := q.err == nil && w.fits(&l)
		if set := r.SetLabel(n, "!") == nil; set != asked && n != "my" {
			t.Errorf("%q can be set: %v; a query finds it: %v", n, set, asked)
		}
		_ = r.SetLabel(n, nil)
	}
	if DefaultPage > MaxPage || world.MaxLabels*(world.MaxLabelName+world.MaxLabelText+16)*MaxPage > 4<<20 {
		t.Error("a page of rooms with all the labels that there can be is too long for clients")
	}
}
