package arena

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// room is a room that a test steps by hand.
type room struct {
	*world.Room
	*game
	t  testing.TB
	sc *world.Scratch
}

// opts are options for newRoom, "name=value name=value".
func newRoom(t testing.TB, seed uint64, opts string) room {
	t.Helper()
	options := map[string]string{}
	for _, o := range strings.Fields(opts) {
		name, value, _ := strings.Cut(o, "=")
		options[name] = value
	}
	r, g, err := world.NewRoom(Kind(), seed, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	return room{r, g.(*game), t, new(world.Scratch)}
}

// empty are the options of a room with nothing in it.
const empty = "bots=0 obstacles=0 pickups=0 "

func (r room) join(id uint32) (*world.Player, *ship) {
	r.t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: id, Name: fmt.Sprint("player ", id)}
	if err := r.game.Join(p, nil); err != nil {
		r.t.Fatal(err)
	}
	return p, p.Seat.(*ship)
}

func (r room) input(p *world.Player, in *arenav1.ShipInput) {
	r.t.Helper()
	if err := r.HandleInput(p, p.InputSeq+1, in.AppendProto(nil)); err != nil {
		r.t.Fatal(err)
	}
}

func (r room) command(p *world.Player, cmd schema.Command, reply schema.Message) error {
	b, err := r.HandleCommand(p, cmd.CommandID(), cmd.AppendProto(nil), nil)
	if err != nil {
		return err
	}
	return reply.UnmarshalProto(b)
}

func (r room) tick() {
	r.game.Tick()
	r.Commit()
}

// look returns the bytes of a player's next snapshot.
func (r room) look(p *world.Player) []byte {
	return p.AppendSince(nil, r.sc, r.Committed()-1, r.Committed()-1)
}

func (r room) sees(p *world.Player, e world.Entity) bool {
	r.look(p)
	found := false
	p.Each(func(o world.Entity) { found = found || o == e })
	return found
}

// put puts a ship somewhere, at rest, to be hurt.
func (r room) put(s *ship, x, y, heading float64) {
	s.Motion = Motion{X: x, Y: y, Heading: headingOf(heading)}
	s.fromX, s.fromY, s.protected = x, y, 0
	s.vitals.Protected = false
	s.show(false)
}

func TestThrustAndTurn(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	p, s := r.join(1)
	r.put(s, 1000, 1000, 0)
	r.input(p, &arenav1.ShipInput{Thrust: 1})
	r.tick()
	if s.VX != round(Thrust*r.dt, 16) || s.VY != 0 || s.X <= 1000 || s.Y != 1000 || !s.row.Thrust {
		t.Errorf("after one tick of thrust: %+v", s.Motion)
	}
	r.input(p, &arenav1.ShipInput{Thrust: 1, Turn: 1})
	h := s.Heading
	r.tick()
	if d, want := float64(int16(s.Heading-h))/perHeading, TurnRate*r.dt; math.Abs(d-want) > 1e-3 {
		t.Errorf("turned by %g in a tick; want %g to the left", d, want)
	}
	for range 40 {
		r.input(p, &arenav1.ShipInput{Thrust: 1, Steer: true, Aim: math.Pi / 2})
		r.tick()
	}
	if s.Heading != headingOf(math.Pi/2) {
		t.Errorf("heading %g after steering to %g", radians(s.Heading), math.Pi/2)
	}
	if v := math.Hypot(s.VX, s.VY); v > MaxSpeed+0.1 || v < 0.9*MaxSpeed {
		t.Errorf("speed %g after two seconds of thrust; the most is %d", v, MaxSpeed)
	}
	// Without input the controls are let go, and drag stops the ship.
	for range 400 {
		r.tick()
	}
	if s.VX != 0 || s.VY != 0 || s.row.Thrust {
		t.Errorf("without input for 20 s: %+v", s.Motion)
	}
}

func TestAbsurdInputsAreHarmless(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, in := range []arenav1.ShipInput{
		{Turn: nan, Thrust: nan, Aim: nan, Steer: true},
		{Turn: inf, Thrust: inf, Aim: inf, Steer: true},
		{Turn: -inf, Thrust: -inf, Aim: -inf},
		{Turn: 1e30, Thrust: 1e30, Aim: 1e30, Steer: true},
		{Turn: -5, Thrust: -5},
	} {
		c := ControlOf(&in)
		if !(c.Turn >= -1 && c.Turn <= 1 && c.Thrust >= 0 && c.Thrust <= 1) {
			t.Errorf("input %+v became %+v", in, c)
		}
	}
	a := ControlOf(&arenav1.ShipInput{Turn: 1, Thrust: 7})
	if a.Turn != 1 || a.Thrust != 1 {
		t.Errorf("thrust 7 became %g", a.Thrust)
	}
}

// A client that knows its Pilot row, its inputs and the terrain computes the
// server's motion to the last bit.
func TestPredictionIsExact(t *testing.T) {
	t.Parallel()
	for _, rate := range []string{"10", "20", "33", "60"} {
		r := newRoom(t, 5, "bots=0 map=1024 obstacles=40 pickups=0 rate="+rate)
		p, s := r.join(1)
		r.tick()
		// The terrain as a client has it.
		var obstacles []Obstacle
		for _, o := range r.Group("map").Members() {
			if row := r.obstacle.Get(o); row != nil {
				obstacles = append(obstacles, ObstacleOf(row))
			}
		}
		mine := NewTerrain(1024, obstacles)
		comp := s.pilot.ComponentInfo()
		for i := range 2000 {
			cells := comp.NewCells()
			s.pilot.StoreCells(cells)
			var sent arenav1.Pilot
			sent.LoadCells(cells)
			in := &arenav1.ShipInput{Thrust: 1, Turn: float32(math.Sin(float64(i) / 30))}
			want := Step(MotionOf(&sent), ControlOf(in), r.dt, mine)
			r.input(p, in)
			r.tick()
			if s.Motion != want {
				t.Fatalf("rate %s, tick %d: the ship is at %+v; predicted %+v", rate, r.Committed(), s.Motion, want)
			}
		}
	}
}

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

// No bullet passes through a ship, however fast both are and whatever the phase.
func TestNothingTunnels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.Float64Range(-400, 400)
		ax, ay, bx, by := at.Draw(rt, "ax"), at.Draw(rt, "ay"), at.Draw(rt, "bx"), at.Draw(rt, "by")
		got := meet(ax, ay, bx, by)
		const n = 4000
		for i := range n + 1 {
			f := float64(i) / n
			d := math.Hypot(ax+(bx-ax)*f, ay+(by-ay)*f)
			if d < ShipRadius-1e-6 && got > f+1e-9 {
				rt.Fatalf("at %g the distance is %g; meet says %g", f, d, got)
			}
		}
		if got <= 1 {
			if d := math.Hypot(ax+(bx-ax)*got, ay+(by-ay)*got); d > ShipRadius+1e-6 {
				rt.Fatalf("meet says %g; the distance there is %g", got, d)
			}
		}
	})
}

func TestRayAgreesWithSmallSteps(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 3, "map=1024 obstacles=30 bots=0")
	rapid.Check(t, func(rt *rapid.T) {
		x, y := rapid.Float64Range(0, 1024).Draw(rt, "x"), rapid.Float64Range(0, 1024).Draw(rt, "y")
		uy, ux := math.Sincos(rapid.Float64Range(0, 2*math.Pi).Draw(rt, "angle"))
		got := r.terrain.Ray(x, y, ux, uy, 500)
		free := func(d, slack float64) bool {
			px, py := x+ux*d, y+uy*d
			if px < -slack || py < -slack || px > 1024+slack || py > 1024+slack {
				return false
			}
			for i := range r.terrain.Obstacles {
				o := &r.terrain.Obstacles[i]
				if o.Radius > 0 && math.Hypot(px-o.X, py-o.Y) < o.Radius-slack ||
					o.Radius == 0 && math.Abs(px-o.X) < o.HalfW-slack && math.Abs(py-o.Y) < o.HalfH-slack {
					return false
				}
			}
			return true
		}
		for d := 0.0; d < got; d += 0.5 {
			if !free(d, 1e-6) {
				rt.Fatalf("blocked at %g; Ray says %g", d, got)
			}
		}
		if got < 500 && free(got+1e-3, -1e-2) {
			rt.Fatalf("Ray says %g; it goes on", got)
		}
	})
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

func TestTeams(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"teams=2")
	var ps []*world.Player
	var ss []*ship
	for id := uint32(1); id <= 4; id++ {
		p, s := r.join(id)
		ps, ss = append(ps, p), append(ss, s)
	}
	if got := fmt.Sprint(ss[0].id.Team, ss[1].id.Team, ss[2].id.Team, ss[3].id.Team); got != "1 2 1 2" {
		t.Fatalf("teams %s", got)
	}
	// Friendly fire passes through; the enemy behind is hit.
	r.put(ss[0], 1000, 1000, 0)
	r.put(ss[2], 1100, 1000, 0)
	r.put(ss[1], 1200, 1000, 0)
	r.input(ps[0], &arenav1.ShipInput{Fire: true})
	for range 20 {
		r.tick()
		r.input(ps[0], &arenav1.ShipInput{})
	}
	if ss[2].vitals.Health != full || ss[1].vitals.Health != full-damage {
		t.Errorf("health of the friend %d, of the enemy %d", ss[2].vitals.Health, ss[1].vitals.Health)
	}
	for ss[1].alive {
		r.hurt(ss[1], damage, ss[0])
	}
	if r.team[1].score != killScore || r.team[2].score != 0 {
		t.Errorf("team scores %d, %d", r.team[1].score, r.team[2].score)
	}

	choose := func(p *world.Player, team uint32) error {
		return r.command(p, &arenav1.ChooseTeam{Team: team}, &arenav1.ChooseTeamReply{})
	}
	for _, team := range []uint32{0, 1, 3} {
		if choose(ps[0], team) == nil {
			t.Errorf("team %d was allowed", team)
		}
	}
	if err := choose(ps[0], 2); err != nil {
		t.Fatal(err)
	}
	if choose(ps[0], 1) == nil {
		t.Error("changing the team twice at once was allowed")
	}
	if choose(ps[2], 2) == nil {
		t.Error("a team with all ships was allowed")
	}
	if ss[0].alive || ss[0].id.Team != 2 || ss[0].tally.Deaths != 0 || !ps[0].Sees(r.crew[2]) || ps[0].Sees(r.crew[1]) {
		t.Errorf("after choosing team 2: %+v", *ss[0].id)
	}

	// What is said to a team is heard by it alone.
	if err := r.command(ps[1], &arenav1.Chat{Text: "psst", Team: true}, &arenav1.ChatReply{}); err != nil {
		t.Fatal(err)
	}
	r.tick()
	for i, p := range ps {
		if got, want := strings.Contains(string(r.look(p)), "psst"), i != 2; got != want {
			t.Errorf("player %d of team %d heard it: %t", p.ID, ss[i].id.Team, got)
		}
	}
	for range 20 {
		r.tick()
	}
	if ts := *r.team[2].row; ts.Ships != 3 || ts.Team != 2 {
		t.Errorf("the board says %+v", ts)
	}
}

func TestChatAndNames(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	pb, _ := r.join(2)
	say := func(text string, team bool) error {
		return r.command(pa, &arenav1.Chat{Text: text, Team: team}, &arenav1.ChatReply{})
	}
	for _, bad := range []string{"", "  ", strings.Repeat("x", maxText+1), "a\x00b", "a\u202eb"} {
		if say(bad, false) == nil {
			t.Errorf("the text %q was allowed", bad)
		}
	}
	if say("x", true) == nil {
		t.Error("team chat without teams was allowed")
	}
	if err := say(" hello there ", false); err != nil {
		t.Fatal(err)
	}
	if err := say("again", false); err == nil || !strings.Contains(err.Error(), "1.0 s") {
		t.Errorf("a second text at once: %v", err)
	}
	r.tick()
	if !strings.Contains(string(r.look(pb)), "hello there") {
		t.Error("nobody heard it")
	}
	for range 19 {
		r.tick()
	}
	if err := say("again", false); err != nil {
		t.Errorf("a second later: %v", err)
	}

	var reply arenav1.SetNameReply
	if err := r.command(pa, &arenav1.SetName{Name: "  Zoë "}, &reply); err != nil || reply.Name != "Zoë" || a.id.Name != "Zoë" {
		t.Errorf("SetName: %v, %+v", err, reply)
	}
	for _, bad := range []string{"", strings.Repeat("ä", maxName+1), "a\nb"} {
		if r.command(pa, &arenav1.SetName{Name: bad}, &reply) == nil {
			t.Errorf("the name %q was allowed", bad)
		}
	}
	for name, want := range map[string]string{
		"a\x00b\xffc":            "abc",
		strings.Repeat("ö", 40):  strings.Repeat("ö", maxName),
		"\u200b\u200b":           "",
		" " + "spaces inside ok": "spaces inside ok",
	} {
		if got := cleanName(name); got != want {
			t.Errorf("cleanName(%q) = %q; want %q", name, got, want)
		}
	}
}

func TestNobodyElseSeesAPilot(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "bots=5 teams=2 map=512 obstacles=5")
	var ps []*world.Player
	for id := uint32(1); id <= 8; id++ {
		p, _ := r.join(id)
		ps = append(ps, p)
	}
	for range 100 {
		for _, p := range ps {
			r.input(p, &arenav1.ShipInput{Thrust: 1, Fire: true, Turn: 0.3})
		}
		r.tick()
		for i, p := range ps {
			r.look(p)
			own := 0
			p.Each(func(e world.Entity) {
				if row := r.pilot.Get(e); row != nil {
					own++
					if row != ps[i].Seat.(*ship).pilot {
						t.Fatalf("player %d sees the pilot of ship %d", p.ID, row.Ship)
					}
				}
				if r.GroupOf(e) == r.limbo {
					t.Fatalf("player %d sees the dead ship %d", p.ID, e)
				}
			})
			if own != 1 {
				t.Fatalf("player %d sees %d pilots", p.ID, own)
			}
		}
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"bots=3")
	var ps []*world.Player
	var ss []*ship
	for id := uint32(1); id <= 15; id++ {
		p, s := r.join(id)
		s.tally.Score = id
		ps, ss = append(ps, p), append(ss, s)
	}
	second := func() {
		for range 20 {
			r.game.Tick()
			r.Commit()
		}
	}
	check := func(want ...uint32) {
		t.Helper()
		var got [maxLeaders + 1]uint32
		for _, l := range r.leader.All() {
			got[l.Rank] = l.Score
		}
		if fmt.Sprint(got[1:1+r.leader.Len()]) != fmt.Sprint(want) {
			t.Errorf("the board has %v; want %v", got[1:], want)
		}
	}
	second()
	check(15, 14, 13, 12, 11, 10, 9, 8, 7, 6)
	if *r.census != (arenav1.Census{Players: 15, Bots: 3}) {
		t.Errorf("census %+v", *r.census)
	}
	e := ss[14].board
	ss[0].tally.Score = 100
	second()
	check(100, 15, 14, 13, 12, 11, 10, 9, 8, 7)
	if ss[14].board != e {
		t.Error("a leader whose rank changed got another entity, and so its name is sent again")
	}
	r.game.Leave(ps[14])
	r.Commit()
	check(100, 0, 14, 13, 12, 11, 10, 9, 8) // the gap closes within a second
	second()
	check(100, 14, 13, 12, 11, 10, 9, 8, 7, 6)
	for _, s := range ss {
		s.tally.Score = 0
	}
	second()
	check()
}

func TestFullRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "players=3 bots=10")
	for id := uint32(1); id <= 3; id++ {
		r.join(id)
	}
	p := &world.Player{Interest: world.NewInterest(r.World), ID: 4}
	if err := r.game.Join(p, nil); !errors.Is(err, world.ErrFull) {
		t.Errorf("the 4th of 3: %v; want ErrFull", err)
	}
	r.game.Leave(p)
	r.input(p, &arenav1.ShipInput{Thrust: 1})
	if r.command(p, &arenav1.Chat{Text: "x"}, &arenav1.ChatReply{}) == nil {
		t.Error("a player without a ship chats")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []map[string]string{
		{"players": "0"}, {"bots": "-1"}, {"map": "100"}, {"radius": "nan"}, {"rate": "5"}, {"teams": "1"}, {"teams": "5"}, {"pickups": "x"},
		{"obstacles": "-1"}, {"lasers": "1"},
	} {
		if _, _, err := world.NewRoom(Kind(), 1, o, nil); err == nil {
			t.Errorf("options %v were taken", o)
		}
	}
}

// check asserts what must hold after every tick.
func (r room) check(t interface{ Fatalf(string, ...any) }) {
	alive := 0
	for i, s := range r.ships {
		v := s.vitals
		switch {
		case s.index != i || s.gone || !r.Alive(s.entity) || s.row != r.ship.Get(s.entity) || s.vitals != r.vitals.Get(s.entity):
			t.Fatalf("ship %d: index %d, entity %d", i, s.index, s.entity)
		case v.Health > full || v.Shield > full || s.alive != (v.Health > 0):
			t.Fatalf("ship %d: alive %t, %+v", i, s.alive, *v)
		case s.alive != (r.GroupOf(s.entity) == r.arena):
			t.Fatalf("ship %d: alive %t, in group %s", i, s.alive, r.GroupOf(s.entity).Name())
		case !(s.energy >= 0 && s.energy <= full):
			t.Fatalf("ship %d: energy %g", i, s.energy)
		case s.X != round(s.X, 64) || s.VX != round(s.VX, 16):
			t.Fatalf("ship %d: %+v is between the steps", i, s.Motion)
		case !r.terrain.Free(s.X, s.Y, ShipRadius-1e-9):
			t.Fatalf("ship %d is in a wall or an obstacle: %+v", i, s.Motion)
		case math.Hypot(s.VX, s.VY) > BoostSpeed+0.1:
			t.Fatalf("ship %d: %+v is too fast", i, s.Motion)
		}
		if s.alive {
			alive++
		}
		if s.pilot != nil && (world.Entity(s.pilot.Ship) != s.entity || r.GroupOf(s.entity) == nil) {
			t.Fatalf("ship %d: pilot %+v", i, *s.pilot)
		}
	}
	for i := range r.bullets {
		b := &r.bullets[i]
		x, y, ok := r.Position(b.entity)
		if !ok || !(x >= 0 && y >= 0 && x <= r.terrain.Edge && y <= r.terrain.Edge) || !(b.left > 0) && b.fired != r.Committed() {
			t.Fatalf("bullet %d at %g, %g, %t; %g units left", b.entity, x, y, ok, b.left)
		}
	}
	laid := 0
	for _, p := range r.pickups {
		if p.entity != 0 {
			laid++
		}
	}
	if r.bullet.Len() != len(r.bullets) || r.ship.Len() != len(r.ships) || r.pickup.Len() != laid ||
		r.arena.Len() != alive+len(r.bullets)+laid || r.limbo.Len() != len(r.ships)-alive || r.pilot.Len() != r.players ||
		r.camera.Len() != len(r.watchers) {
		t.Fatalf("%d bullets of %d, %d ships of %d, %d pickups of %d; %d in the arena, %d in limbo", r.bullet.Len(), len(r.bullets),
			r.ship.Len(), len(r.ships), r.pickup.Len(), laid, r.arena.Len(), r.limbo.Len())
	}
}

func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRoom(t, rapid.Uint64().Draw(rt, "seed"), fmt.Sprintf("players=20 map=%d teams=%d bots=%d obstacles=60 pickups=30 rate=%d",
			rapid.SampledFrom([]int{256, 600, 1500}).Draw(rt, "map"), rapid.SampledFrom([]int{0, 2, 4}).Draw(rt, "teams"),
			rapid.IntRange(0, 10).Draw(rt, "bots"), rapid.SampledFrom([]int{10, 20, 60}).Draw(rt, "rate")))
		var ps []*world.Player
		id := uint32(0)
		for range rapid.IntRange(20, 150).Draw(rt, "ticks") {
			switch n := rapid.IntRange(0, 9).Draw(rt, "event"); {
			case n == 0 && len(ps) < 20:
				id++
				p, _ := r.join(id)
				ps = append(ps, p)
			case n == 1 && len(ps) > 0:
				i := rapid.IntRange(0, len(ps)-1).Draw(rt, "who")
				r.game.Leave(ps[i])
				ps = append(ps[:i], ps[i+1:]...)
			case n == 2 && len(ps) > 0:
				i := rapid.IntRange(0, len(ps)-1).Draw(rt, "who")
				_ = r.command(ps[i], &arenav1.ChooseTeam{Team: rapid.Uint32Range(0, 5).Draw(rt, "team")}, &arenav1.ChooseTeamReply{})
			}
			for _, p := range ps {
				if rapid.IntRange(0, 2).Draw(rt, "steer") == 0 {
					r.input(p, &arenav1.ShipInput{
						Turn: rapid.Float32().Draw(rt, "turn"), Thrust: rapid.Float32().Draw(rt, "thrust"),
						Fire: rapid.Bool().Draw(rt, "fire"), Steer: rapid.Bool().Draw(rt, "steer"), Aim: rapid.Float32().Draw(rt, "aim"),
					})
				}
			}
			r.tick()
			r.check(rt)
			for _, p := range ps {
				r.look(p)
			}
		}
	})
}

// crowd fills a room with players who fly about and shoot.
func crowd(t testing.TB, players int, opts string) (room, []*world.Player) {
	r := newRoom(t, 1, opts)
	var ps []*world.Player
	for id := range players {
		p, _ := r.join(uint32(id + 1))
		ps = append(ps, p)
	}
	return r, ps
}

func (r room) steerAll(ps []*world.Player) {
	now := float64(r.World.Tick())
	for i, p := range ps {
		c := &p.Seat.(*ship).control
		*c = Control{Thrust: 1, Fire: true, Turn: math.Sin(now/20 + float64(i))}
		p.Seat.(*ship).steered = r.World.Tick()
	}
}

func TestThousandPlayers(t *testing.T) {
	t.Parallel()
	r, ps := crowd(t, 1000, "bots=12")
	seen := 0
	for range 200 {
		r.steerAll(ps)
		r.tick()
		r.check(t)
		for _, p := range ps[:20] {
			r.look(p)
		}
	}
	for _, p := range ps[:20] {
		p.Each(func(e world.Entity) {
			if r.GroupOf(e) == r.arena {
				seen++
			}
		})
	}
	kills := uint32(0)
	for _, s := range r.ships {
		kills += s.tally.Kills
	}
	t.Logf("%d bullets, %d kills in 10 s; a player sees %d things on average", len(r.bullets), kills, seen/20)
	if kills == 0 {
		t.Error("1,000 ships shot for 10 s and nobody died")
	}
	for _, p := range ps {
		r.game.Leave(p)
	}
	r.tick()
	r.check(t)
	if r.players != 0 || len(r.ships) != 12 {
		t.Errorf("%d players, %d ships after all left", r.players, len(r.ships))
	}
}

// A room of the game's own ships is alive: they fly, find each other and shoot.
func TestBotsPlay(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 7, "bots=24 map=2048 obstacles=40")
	var way float64
	stuck := map[*ship]int{}
	for range 20 * 120 {
		r.tick()
		r.check(t)
		for _, s := range r.ships {
			d := math.Hypot(s.X-s.fromX, s.Y-s.fromY)
			way += d
			if s.alive && d < 0.5 {
				stuck[s]++
			}
		}
	}
	var kills, pickups, most uint32
	for _, s := range r.ships {
		kills += s.tally.Kills
		pickups += s.tally.Score - killScore*s.tally.Kills
		most = max(most, s.tally.Kills)
	}
	worst := 0
	for _, n := range stuck {
		worst = max(worst, n)
	}
	speed := way / (20 * 120 * 24) * 20
	t.Logf("in two minutes 24 ships shot down %d (the best %d), took %d pickups and flew at %.0f units/s; the laziest rested for %d ticks of 2,400", kills, most, pickups, speed, worst)
	if kills < 24 || pickups < 24 || speed < 40 || worst > 800 {
		t.Error("the ships do not play")
	}
}

// In a room with the default options a single player meets somebody.
func TestOnePlayerIsNotAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 3, "")
	p, s := r.join(1)
	met, hurt := 0, uint32(0)
	const ticks = 20 * 180
	for i := range ticks {
		if i%5 == 0 {
			r.input(p, &arenav1.ShipInput{Thrust: 0.5, Turn: float32(math.Sin(float64(i) / 100))})
		}
		health := s.vitals.Health
		r.tick()
		if s.vitals.Health < health {
			hurt += health - s.vitals.Health
		}
		r.look(p)
		other := false
		p.Each(func(e world.Entity) {
			other = other || e != s.entity && r.GroupOf(e) == r.arena && r.ship.Get(e) != nil
		})
		if other {
			met++
		}
	}
	t.Logf("another ship in sight for %d%% of three minutes; %d damage, %d deaths", 100*met/ticks, hurt, s.tally.Deaths)
	if met < ticks/5 || hurt == 0 {
		t.Error("one player is alone")
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

// In a large room a kill is told to those who see it and to the two concerned.
func TestKillFeedOfALargeRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "bots=60 obstacles=0 pickups=0 radius=200 map=16384")
	pa, a := r.join(1001)
	pb, b := r.join(1002)
	pc, c := r.join(1003)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1300, 1000, 0) // beyond what the killer sees
	r.put(c, 9000, 9000, 0)
	r.tick()
	for b.alive {
		r.hurt(b, damage, a)
	}
	r.tick()
	for _, tt := range []struct {
		who  string
		p    *world.Player
		want int
	}{{"the killer", pa, 1}, {"the victim", pb, 1}, {"one far away", pc, 0}} {
		if got := strings.Count(string(r.look(tt.p)), "player 1002"); got != tt.want {
			t.Errorf("%s is told %d times; want %d", tt.who, got, tt.want)
		}
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) []uint64 {
		r := newRoom(t, seed, "map=1200 bots=20 teams=3")
		var hashes []uint64
		var ps []*world.Player
		for i := range 400 {
			if i%40 == 0 {
				p, _ := r.join(uint32(i + 1))
				ps = append(ps, p)
			}
			if i%100 == 99 {
				r.game.Leave(ps[0])
				ps = ps[1:]
			}
			for j, p := range ps {
				r.input(p, &arenav1.ShipInput{Thrust: 1, Fire: i%3 == 0, Turn: float32(math.Sin(float64(i*j) / 50))})
			}
			r.tick()
			hashes = append(hashes, r.Hash())
		}
		return hashes
	}
	a, b, c := run(1), run(1), run(2)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("the same seed and inputs differ in tick %d", i+1)
		}
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("different seeds gave the same world")
	}
}

// BenchmarkTickAndCommit is a tick of a room in which everybody thrusts and
// shoots, without what clients are sent.
func BenchmarkTickAndCommit(b *testing.B) {
	for _, bb := range []struct {
		name    string
		players int
		opts    string
	}{
		{"players=10", 10, ""},
		{"players=1000", 1000, ""},
		{"bots=1000", 0, "bots=1000"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, ps := crowd(b, bb.players, bb.opts)
			for range 600 {
				r.steerAll(ps)
				r.tick()
			}
			b.ReportAllocs()
			for b.Loop() {
				r.steerAll(ps)
				r.tick()
			}
			b.ReportMetric(float64(len(r.bullets)), "bullets")
		})
	}
}

// BenchmarkSnapshots is what 1,000 clients are sent after a tick, put together
// one after the other.
func BenchmarkSnapshots(b *testing.B) {
	r, ps := crowd(b, 1000, "")
	var frame []byte
	bytes, seen := 0, 0
	look := func() {
		for _, p := range ps {
			frame = p.AppendSince(frame[:0], r.sc, r.Committed()-1, r.Committed()-1)
			bytes += len(frame)
			seen += p.View(r.arena).Len()
			p.Acked(r.Committed() - 1)
		}
	}
	for range 600 {
		r.steerAll(ps)
		r.tick()
		look()
	}
	bytes, seen = 0, 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r.steerAll(ps)
		r.tick()
		b.StartTimer()
		look()
	}
	clients := float64(b.N * len(ps))
	b.ReportMetric(float64(bytes)/clients, "bytes/client")
	b.ReportMetric(float64(seen)/clients, "seen/client")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/clients, "ns/client")
}
