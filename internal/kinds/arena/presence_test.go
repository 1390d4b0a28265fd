package arena

import (
	"testing"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

var _ world.Presence = (*game)(nil)

func TestAwayAndBackInTime(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	p, s := r.join(1)
	r.put(s, 1000, 1000, 0)
	r.input(p, &arenav1.ShipInput{Thrust: 1, Fire: true})
	r.tick()
	if len(r.bullets) != 1 {
		t.Fatalf("%d bullets", len(r.bullets))
	}
	r.game.Away(p)
	v := s.VX
	for range 99 { // just under 5 s
		r.tick()
		if s.VX > v || s.row.Thrust {
			t.Fatalf("away, and flies: %+v", s.Motion)
		}
	}
	if len(r.bullets) != 0 || !s.alive {
		t.Fatalf("away: %d bullets, alive %t", len(r.bullets), s.alive)
	}
	x := s.X
	r.game.Back(p)
	r.input(p, &arenav1.ShipInput{Thrust: 1})
	for range 200 {
		r.tick()
	}
	if !s.alive || s.X <= x || s.tally.Deaths != 0 {
		t.Errorf("back: alive %t, x %g after %g, %+v", s.alive, s.X, x, *s.tally)
	}
}

func TestAwayForLong(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	pb, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1100, 1000, 0)
	a.tally.Score = 30
	r.tick()
	r.game.Away(pa)
	for range 99 {
		r.tick()
	}
	if !r.sees(pb, a.entity) {
		t.Fatal("the ship is gone at once")
	}
	for range 10 {
		r.tick()
	}
	if a.alive || !a.parked || r.sees(pb, a.entity) || r.GroupOf(a.entity) != r.limbo {
		t.Fatalf("after 5 s: alive %t, parked %t", a.alive, a.parked)
	}
	if *a.tally != (arenav1.Score{Score: 30}) || *b.tally != (arenav1.Score{}) {
		t.Errorf("scores %+v and %+v", *a.tally, *b.tally)
	}
	for range 1000 {
		r.tick()
		r.check(t)
		if a.alive {
			t.Fatal("the ship came back without its player")
		}
	}
	r.game.Back(pa)
	now := r.World.Tick()
	r.tick()
	if a.pilot.RespawnTick != now+60 {
		t.Errorf("comes back in tick %d; want %d", a.pilot.RespawnTick, now+60)
	}
	for range 60 {
		r.tick()
	}
	if !a.alive || !a.vitals.Protected || a.tally.Score != 30 || a.tally.Deaths != 0 {
		t.Errorf("back: alive %t, %+v, %+v", a.alive, *a.vitals, *a.tally)
	}
	// Once more, and for good.
	r.game.Away(pa)
	for range 150 {
		r.tick()
	}
	r.game.Leave(pa)
	r.tick()
	r.check(t)
	if len(r.ships) != 1 {
		t.Errorf("%d ships after the leave", len(r.ships))
	}
}

func TestShotWhileAway(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	_, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1100, 1000, 0)
	r.game.Away(pa)
	r.tick()
	for a.alive {
		r.hurt(a, damage, b)
	}
	for range 200 {
		r.tick()
	}
	if a.alive || a.parked || b.tally.Kills != 1 || a.tally.Deaths != 1 {
		t.Errorf("alive %t, parked %t, %+v, %+v", a.alive, a.parked, *a.tally, *b.tally)
	}
	// The time of a death is over long since.
	r.game.Back(pa)
	r.tick()
	if !a.alive {
		t.Error("back, and not on the map")
	}
}

func TestPresenceOfOthers(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	p, _ := r.watch(1)
	r.game.Away(p)
	r.tick()
	r.game.Back(p)
	r.tick()
	r.game.Leave(p)
	r.game.Away(p)
	r.game.Back(p)
	r.tick()
	r.check(t)
}
