package arena

import (
	"math"
	"strings"
	"testing"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
)

func TestBulletHits(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	_, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1200, 1000, 0)
	r.input(pa, &arenav1.ShipInput{Fire: true})
	r.tick()
	if len(r.bullets) != 1 || r.bullet.Len() != 1 {
		t.Fatalf("%d bullets, %d rows", len(r.bullets), r.bullet.Len())
	}
	if want := full - energyShot; a.energy != want || a.pilot.Energy != float32(want) {
		t.Errorf("energy %g after a shot; want %g", a.energy, want)
	}
	row := *r.bullet.Get(r.bullets[0].entity)
	ticks := 0
	for len(r.bullets) > 0 {
		r.input(pa, &arenav1.ShipInput{})
		r.tick()
		ticks++
		if len(r.bullets) > 0 {
			bl := &r.bullets[0]
			if *r.bullet.Get(bl.entity) != row {
				t.Fatal("a bullet's row changed while it flies")
			}
			// Where a client computes it, and where the grid has it.
			x, _, _ := r.Position(bl.entity)
			if want := 1000 + BulletSpeed*r.dt*float64(ticks); math.Abs(x-want) > 1e-6 {
				t.Fatalf("bullet at %g; want %g", x, want)
			}
		}
	}
	if want := int(math.Ceil((200 - ShipRadius) / (BulletSpeed * r.dt))); ticks != want {
		t.Errorf("the bullet flew %d ticks; want %d", ticks, want)
	}
	if b.vitals.Health != full-damage {
		t.Errorf("health %d after a hit; want %d", b.vitals.Health, full-damage)
	}
	// A shield takes it first.
	b.vitals.Shield = 10
	r.hurt(b, damage, a)
	if b.vitals.Shield != 0 || b.vitals.Health != full-damage-(damage-10) {
		t.Errorf("with a shield of 10: %+v", *b.vitals)
	}
}

func TestBulletRangeAndObstacles(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	r.terrain = NewTerrain(4096, []Obstacle{{X: 1200, Y: 1000, HalfW: 20, HalfH: 40}})
	pa, a := r.join(1)
	_, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1260, 1000, 0)
	fly := func(heading float64) (ticks int, way float64) {
		r.put(a, 1000, 1000, heading)
		a.ready = 0
		r.input(pa, &arenav1.ShipInput{Fire: true})
		r.tick()
		r.input(pa, &arenav1.ShipInput{})
		way = r.bullets[0].left
		for len(r.bullets) > 0 {
			r.tick()
			ticks++
		}
		return ticks, way
	}
	if ticks, way := fly(0); way != 180 || ticks != 9 || b.vitals.Health != full {
		t.Errorf("towards a box: %g units in %d ticks, health behind it %d", way, ticks, b.vitals.Health)
	}
	if ticks, way := fly(math.Pi); way != BulletRange || ticks != 18 {
		t.Errorf("into the open: %g units in %d ticks; want %d in 18", way, ticks, BulletRange)
	}
}

func TestKillAndRespawn(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	pb, b := r.join(2)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1200, 1000, 0)
	r.tick()
	if !r.sees(pa, b.entity) || !r.sees(pb, b.entity) {
		t.Fatal("the ships don't see each other")
	}
	for b.alive {
		r.hurt(b, damage, a)
	}
	died := r.World.Tick()
	r.tick()
	if got := string(r.look(pa)); !strings.Contains(got, "player 2") || !strings.Contains(got, "player 1") {
		t.Error("the kill feed lacks the names")
	}
	if r.sees(pa, b.entity) || r.sees(pb, b.entity) {
		t.Error("a dead ship is seen")
	}
	if *a.tally != (arenav1.Score{Score: killScore, Kills: 1}) || *b.tally != (arenav1.Score{Deaths: 1}) {
		t.Errorf("scores %+v and %+v", *a.tally, *b.tally)
	}
	if b.pilot.RespawnTick != died+60 {
		t.Errorf("comes back in tick %d; want %d", b.pilot.RespawnTick, died+60)
	}
	// The dead look at the place of death.
	if !r.sees(pb, a.entity) {
		t.Error("the dead player does not see the killer")
	}
	for !b.alive {
		if r.World.Tick() > died+60 {
			t.Fatal("no respawn")
		}
		r.input(pa, &arenav1.ShipInput{})
		r.tick()
	}
	if !b.vitals.Protected || b.vitals.Health != full || b.pilot.RespawnTick != 0 || !r.sees(pb, b.entity) {
		t.Errorf("after the respawn: %+v", *b.vitals)
	}
	if math.Hypot(a.X-b.X, a.Y-b.Y) < 300 {
		t.Error("came back next to the enemy")
	}
	r.hurt(b, damage, a)
	if b.vitals.Health != full {
		t.Error("a protected ship was hurt")
	}
	// Firing ends the protection.
	r.input(pb, &arenav1.ShipInput{Fire: true})
	r.tick()
	if b.vitals.Protected {
		t.Error("a ship that fires is protected")
	}
}

func TestPickups(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind arenav1.PickupKind
		does func(s *ship) bool
	}{
		{arenav1.PickupKind_PICKUP_KIND_HEALTH, func(s *ship) bool { return s.vitals.Health == 50+pickupHealth }},
		{arenav1.PickupKind_PICKUP_KIND_SHIELD, func(s *ship) bool { return s.vitals.Shield == pickupShield }},
		{arenav1.PickupKind_PICKUP_KIND_RAPID, func(s *ship) bool { return s.pilot.RapidUntil > 0 }},
		{arenav1.PickupKind_PICKUP_KIND_BOOST, func(s *ship) bool { return s.pilot.BoostUntil > 0 }},
	} {
		r := newRoom(t, 1, "bots=0 obstacles=0 pickups=1")
		_, s := r.join(1)
		r.tick()
		p := &r.pickups[0]
		e := p.entity
		p.row.Kind = tt.kind
		s.vitals.Health = 50
		r.put(s, float64(p.row.X)+ShipRadius, float64(p.row.Y), 0)
		r.tick()
		if p.entity != 0 || r.Alive(e) || !tt.does(s) || s.tally.Score != pickupScore {
			t.Errorf("%d: pickup %+v, vitals %+v, pilot %+v", tt.kind, *p, *s.vitals, *s.pilot)
		}
		for range 200 {
			r.tick()
		}
		if p.entity == 0 || r.pickup.Len() != 1 {
			t.Errorf("%d: no other pickup after 10 s", tt.kind)
		}
	}
}

func TestRapidFireAndBoost(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	p, s := r.join(1)
	shots := func() int {
		r.put(s, 500, 500, 0)
		s.energy, s.energyTick = full, r.World.Tick()
		n := 0
		for range 20 {
			r.input(p, &arenav1.ShipInput{Fire: true})
			r.tick()
			for i := range r.bullets {
				if r.bullets[i].fired == r.Committed() {
					n++
				}
			}
		}
		return n
	}
	if n := shots(); n != 5 {
		t.Errorf("%d shots in a second; want 5", n)
	}
	s.rapid = math.MaxUint32
	if n := shots(); n != 10 {
		t.Errorf("%d shots in a second of rapid fire; want 10", n)
	}
	for range 100 {
		r.input(p, &arenav1.ShipInput{Fire: true})
		r.tick()
	}
	if e := r.charge(s, r.World.Tick()); e < 0 || e > 10 {
		t.Errorf("energy %g after five more seconds; want it used up", e)
	}
	s.boost = r.World.Tick() + 1000
	r.put(s, 500, 500, 0)
	for range 60 {
		r.input(p, &arenav1.ShipInput{Thrust: 1})
		r.tick()
	}
	if s.VX != BoostSpeed || !s.vitals.Boost {
		t.Errorf("speed %g with a boost; want %d", s.VX, BoostSpeed)
	}
}

// Bullets outlive who fired them.
func TestShooterLeaves(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"teams=2")
	pa, a := r.join(1)
	_, b := r.join(2)
	_, c := r.join(3) // a friend of the shooter, between the two
	r.put(a, 1000, 1000, 0)
	r.put(b, 1300, 1000, 0)
	r.put(c, 1150, 1000, 0)
	b.vitals.Health = 1
	r.input(pa, &arenav1.ShipInput{Fire: true})
	r.tick()
	r.game.Leave(pa)
	for id := uint32(4); id < 10; id++ { // rows of the one who left go to others
		r.join(id)
	}
	for range 20 {
		r.tick()
		r.check(t)
	}
	if b.alive || c.vitals.Health != full {
		t.Errorf("the enemy is alive: %t; the friend's health is %d", b.alive, c.vitals.Health)
	}
	for _, s := range r.ships {
		if s.tally.Score != 0 || s.tally.Kills != 0 {
			t.Errorf("ship %d got the score of one who left", s.entity)
		}
	}
}
