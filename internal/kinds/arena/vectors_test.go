package arena

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// flights is testdata/flights.json: what clients that predict their own ship are
// held to. The page's copy of Step is, in web/demo/src/arena/motion.test.ts.
type flights struct {
	About     string
	Edge      float64
	Rules     map[string]float64
	Obstacles []Obstacle
	Headings  []headingCase
	Flights   []flight
	Rays      []rayCase
}

// headingCase is an angle and its heading.
type headingCase struct {
	Angle   float64
	Heading uint16
}

// flight is a ship's way, tick by tick. Each input is turn, thrust, steer, aim,
// boost; each motion x, y, vx, vy, heading after it.
type flight struct {
	Rate   float64
	From   [5]float64
	Inputs [][5]float64
	To     [][5]float64
}

// rayCase is a point, a direction, a limit, and how far a bullet gets.
type rayCase [6]float64

func (m Motion) vector() [5]float64 { return [5]float64{m.X, m.Y, m.VX, m.VY, float64(m.Heading)} }

func makeFlights() flights {
	rnd := rand.New(rand.NewPCG(7, 7))
	const edge = 800
	f := flights{
		About: "Made by go test ./world/arena -run TestFlights -update; see vectors_test.go.",
		Edge:  edge,
		Rules: map[string]float64{
			"shipRadius": ShipRadius, "maxSpeed": MaxSpeed, "boostSpeed": BoostSpeed, "thrust": Thrust, "drag": Drag, "turnRate": TurnRate,
		},
		Obstacles: generate(rnd, edge, 14),
	}
	terrain := NewTerrain(edge, f.Obstacles)
	for _, a := range []float64{0, 1e-9, -1e-9, math.Pi, -math.Pi, 2 * math.Pi, 100, -100, 6.2831, 1e9, 1e300} {
		f.Headings = append(f.Headings, headingCase{a, headingOf(a)})
	}
	for i := range 12 {
		m := Motion{Heading: uint16(rnd.Uint32())}
		for m.X == 0 || !terrain.Free(m.X, m.Y, ShipRadius+1) {
			m.X, m.Y = round(rnd.Float64()*edge, 64), round(rnd.Float64()*edge, 64)
		}
		fl := flight{Rate: [...]float64{20, 10, 60}[i%3], From: m.vector()}
		var c Control
		for n := range 120 {
			if n%8 == 0 {
				c = Control{
					Turn: float64(float32(rnd.Float64()*2 - 1)), Thrust: float64(float32(max(0, rnd.Float64()*1.6-0.4))),
					Steer: rnd.IntN(2) == 0, Aim: uint16(rnd.Uint32()), Boost: rnd.IntN(3) == 0,
				}
				c.Thrust = min(c.Thrust, 1)
			}
			m = Step(m, c, 1/fl.Rate, terrain)
			in := [5]float64{c.Turn, c.Thrust, 0, float64(c.Aim), 0}
			if c.Steer {
				in[2] = 1
			}
			if c.Boost {
				in[4] = 1
			}
			fl.Inputs, fl.To = append(fl.Inputs, in), append(fl.To, m.vector())
		}
		f.Flights = append(f.Flights, fl)
	}
	for i := range 200 {
		x, y := rnd.Float64()*edge, rnd.Float64()*edge
		angle := rnd.Float64() * 2 * math.Pi
		uy, ux := math.Sincos(angle)
		if i < 8 {
			ux, uy = float64(i%2)*(1-float64(i/4)*2), float64(1-i%2)*(1-float64(i/4)*2)
		}
		// Rounded, since some machines fuse products and sums.
		x, y, ux, uy = round(x, 1<<20), round(y, 1<<20), round(ux, 1<<30), round(uy, 1<<30)
		f.Rays = append(f.Rays, rayCase{x, y, ux, uy, BulletRange, round(terrain.Ray(x, y, ux, uy, BulletRange), 1<<16)})
	}
	return f
}

func TestFlights(t *testing.T) {
	t.Parallel()
	want, err := json.Marshal(makeFlights())
	if err != nil {
		t.Fatal(err)
	}
	// A flight, a ray or an obstacle on each line reads better in a diff.
	want = bytes.ReplaceAll(want, []byte("},{"), []byte("},\n{"))
	want = bytes.ReplaceAll(want, []byte("],["), []byte("],\n["))
	want = append(want, '\n')
	path := filepath.Join("testdata", "flights.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what ships do now: if that is meant, run go test ./world/arena -run TestFlights -update, and look at the pages' copy of Step", path)
	}
}
