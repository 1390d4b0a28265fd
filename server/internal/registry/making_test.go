package registry

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// late is a directory in which a room is found by those who look a second time.
type late struct {
	store.Directory
	asked atomic.Int32
}

func (d *late) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	if d.asked.Add(1) == 1 {
		return store.Listing{}, store.ErrNoRoom
	}
	return d.Directory.Reserve(ctx, w)
}

// match knows one match.
type match store.Match

func (m match) Match(context.Context, string, string) (store.Match, error) {
	return store.Match(m), nil
}

// TestARoomIsListedMeanwhile has a joiner who is about to make a room, and finds one then that a
// quick join has listed and that is not open yet.
func TestARoomIsListedMeanwhile(t *testing.T) {
	t.Parallel()
	r, d := open(t, nil)
	r.o.Directory = &late{Directory: d.Directory}
	r.o.Matches = match{ID: "listed", Kind: "walkers", Node: "here", Open: true}
	l := store.Listing{ID: "listed", Kind: "walkers", Node: "here", Created: time.Now()}
	l.MaxPlayers = 2
	if _, err := d.Report(t.Context(), "here", []store.Report{{Listing: l}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	e, err := r.Join(ctx, joiner("ann", ""))
	if err != nil || e.ID != "listed" {
		t.Fatalf("in %v, %v", e, err)
	}
}

// TestWhoMakesRoomsIsNotWaitedForForEver has the making of rooms of a kind take too long.
func TestWhoMakesRoomsIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	r, _ := open(t, nil)
	unlock, err := r.kinds["walkers"].lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = r.Join(ctx, joiner("ann", ""))
	refusedWith(t, err, closecode.TryLater, "rooms_made")
	unlock()
	if _, err := r.Join(t.Context(), joiner("ann", "")); err != nil {
		t.Error(err)
	}
}
