package registry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/room"
)

// running runs a registry until the test ends.
func running(t *testing.T, r *Registry) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// endsWithin fails unless a room ends by itself between two times from now on.
func endsWithin(t *testing.T, e *Entry, after, before time.Duration) {
	t.Helper()
	began := time.Now()
	select {
	case <-e.Done():
	case <-time.After(before):
		t.Fatalf("it runs after %v", before)
	}
	if took := time.Since(began); took < after {
		t.Fatalf("it has ended after %v; want %v", took, after)
	}
}

// TestAnEmptyRoomEnds has nobody come to a room: for whom the place was reserved may still be
// on the way, and the directory may be away.
func TestAnEmptyRoomEnds(t *testing.T) {
	t.Parallel()
	const linger = 5 * time.Second // as is the default
	t.Run("whoever does not come", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r, d := open(t, nil)
			running(t, r)
			e, err := r.Join(t.Context(), joiner("ann", ""))
			if err != nil {
				t.Fatal(err)
			}
			// One with a seat, whose answer was lost.
			if _, err := d.Reserve(t.Context(), store.Want{ID: e.ID, Reservation: "bob", Until: time.Now().Add(30 * time.Second)}); err != nil {
				t.Fatal(err)
			}
			endsWithin(t, e, 30*time.Second, 30*time.Second+2*closeRetry)
			if list, err := d.Rooms(t.Context(), "", ""); err != nil || len(list) != 0 {
				t.Errorf("listed: %+v, %v", list, err)
			}
		})
	})
	t.Run("without the directory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r, d := open(t, nil)
			running(t, r)
			e, err := r.Join(t.Context(), joiner("ann", ""))
			if err != nil {
				t.Fatal(err)
			}
			d.set(true)
			endsWithin(t, e, linger+closeGiveUp, linger+closeGiveUp+2*closeRetry)
		})
	})
	t.Run("when the directory is back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r, d := open(t, nil)
			running(t, r)
			e, err := r.Join(t.Context(), joiner("ann", ""))
			if err != nil {
				t.Fatal(err)
			}
			d.set(true)
			time.AfterFunc(20*time.Second, func() { d.set(false) })
			endsWithin(t, e, 20*time.Second, 20*time.Second+2*closeRetry)
		})
	})
}

// TestARoomTicksWhileTheDirectoryIsAsked has an empty room ask whether it may end, and get no
// answer.
func TestARoomTicksWhileTheDirectoryIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, d := open(t, nil)
		d.deaf = true
		running(t, r)
		e, err := r.Join(t.Context(), joiner("ann", ""))
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		ticks := func() (n int) {
			if err := e.Do(t.Context(), func(en *room.Engine) { n = int(en.World().Tick()) }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := ticks()
		<-time.After(10 * time.Second)
		if n := ticks() - before; n < 200 {
			t.Errorf("%d ticks in 10 s", n)
		}
		e.Stop(closecode.RoomClosed, "")
	})
}

// TestClosingIsTakenBack has somebody come while the directory closes the room.
func TestClosingIsTakenBack(t *testing.T) {
	t.Parallel()
	r, d := open(t, nil)
	ann := joiner("ann", "")
	e, err := r.Join(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	closed := func(want bool) {
		t.Helper()
		list, err := d.Rooms(t.Context(), "", "")
		if err != nil || len(list) != 1 || list[0].Closed != want {
			t.Errorf("%+v, %v; want it closed: %t", list, err, want)
		}
	}
	closing := func(meanwhile func()) bool {
		n := e.told.report(true)
		ok, err := d.Close(t.Context(), n)
		if meanwhile != nil {
			meanwhile()
		}
		e.told.answered(n.Revision, ok, err)
		return e.closeEmpty()
	}
	e.settle(ann.Reservation)
	if closing(func() { r.mend(t.Context()) }) {
		t.Error("it may end though it was told of anew")
	}
	closed(false)
	if closing(func() { e.places(room.Places{Players: 1, MaxPlayers: 2}, nil) }) {
		t.Error("it may end though somebody is there")
	}
	r.mend(t.Context())
	closed(false)
	e.places(room.Places{MaxPlayers: 2}, nil)
	if !closing(nil) {
		t.Error("it may not end")
	}
	r.mend(t.Context())
	closed(true)
	e.places(room.Places{Spectators: 1, MaxPlayers: 2}, nil)
	if e.closeEmpty() {
		t.Error("it may end though somebody has come")
	}
	r.mend(t.Context())
	closed(false)
}

// TestARoomThatNobodyEntersGoesOffTheList has a room made open, by a call, and nobody come: it stays on the
// list for as long as somebody may be on the way, though its match is there for longer.
func TestARoomThatNobodyEntersGoesOffTheList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, d := open(t, nil)
		r.o.Matches = match{ID: "listed", Kind: "walkers", Node: "here", Open: true}
		running(t, r)
		listed := func() int {
			all, err := d.Rooms(t.Context(), "", "here")
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		if _, err := d.Report(t.Context(), "here", []store.Report{{Listing: store.Listing{
			ID: "listed", Kind: "walkers", Node: "here", Created: time.Now(), Occupancy: store.Occupancy{MaxPlayers: 2},
		}}}); err != nil {
			t.Fatal(err)
		}
		<-time.After(r.o.Config.Seats.Reserved() - time.Second)
		if listed() != 1 {
			t.Error("it is gone though somebody may be on the way")
		}
		<-time.After(5 * time.Second)
		if listed() != 0 {
			t.Error("it is listed still")
		}
	})
}
