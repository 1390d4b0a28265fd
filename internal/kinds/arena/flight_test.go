package arena

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
)

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
