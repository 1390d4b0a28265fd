package link

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

// arrivals are those of 600 messages of 20 a second and a few bytes up, and more bytes down.
func arrivals(p Profile, seed uint32) (up, down []float64) {
	l := NewLink(p, seed)
	for i := range 600 {
		now := float64(i) * 50
		up = append(up, l.Up.Arrival(now, 21))
		down = append(down, l.Down.Arrival(now, 100+i%7*500))
	}
	return up, down
}

func late(times []float64) []float64 {
	d := make([]float64, len(times))
	for i, at := range times {
		d[i] = at - float64(i)*50
	}
	slices.Sort(d)
	return d
}

// The vectors hold this model and the one in TypeScript together.
func TestVectors(t *testing.T) {
	t.Parallel()
	type vector struct {
		Profile string    `json:"profile"`
		Seed    uint32    `json:"seed"`
		Up      []float64 `json:"up"`
		Down    []float64 `json:"down"`
	}
	var now []vector
	for _, p := range Profiles() {
		for _, seed := range []uint32{1, 4_000_000_000} {
			up, down := arrivals(p, seed)
			now = append(now, vector{p.Name, seed, up[:200], down[400:]})
		}
	}
	const file = "testdata/arrivals.json"
	if *update {
		b, err := json.Marshal(now)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []vector
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
	for i, w := range want {
		if n := now[i]; n.Profile != w.Profile || !slices.EqualFunc(n.Up, w.Up, near) || !slices.EqualFunc(n.Down, w.Down, near) {
			t.Errorf("%s with seed %d is another line than before; if it is to be one: go test ./internal/link -update", w.Profile, w.Seed)
		}
	}
}

func TestLaneDelays(t *testing.T) {
	t.Parallel()
	is := Direction{Delay: 40, Jitter: 5}
	up, _ := arrivals(Profile{Up: is}, 7)
	if !slices.IsSorted(up) {
		t.Error("bytes overtake each other")
	}
	d := late(up)
	mean := 0.0
	for _, v := range d {
		mean += v / float64(len(d))
	}
	if d[0] < 40 || mean < 44 || mean > 46.5 {
		t.Errorf("late by %v at least, %v on average; want 40 and 45", d[0], mean)
	}
	if p99 := d[len(d)*99/100]; p99 < 40+3.2*5 || p99 > 40+6.5*5 {
		t.Errorf("one of a hundred is late by %v; want about 63", p99)
	}
}

func TestLaneRate(t *testing.T) {
	t.Parallel()
	l := NewLink(Profile{Down: Direction{Delay: 10, Rate: 1000}}, 1).Down
	if at := l.Arrival(0, 500); at != 510 {
		t.Errorf("500 bytes arrive at %v, want 510", at)
	}
	if at := l.Arrival(100, 500); at != 1010 { // waits for those before it
		t.Errorf("the next arrive at %v, want 1010", at)
	}
	if at := l.Arrival(5000, 0); at != 5010 {
		t.Errorf("nothing arrives at %v, want 5010", at)
	}
}

// What is lost comes later, and what follows it waits.
func TestLaneLoss(t *testing.T) {
	t.Parallel()
	up, _ := arrivals(Profile{Up: Direction{Delay: 20, Loss: 0.1}, Down: Direction{Delay: 20}}, 3)
	slow := 0
	for _, v := range late(up) {
		switch {
		case v < 20:
			t.Fatalf("late by %v, less than the delay", v)
		case v >= 20+2*40:
			slow++
		}
	}
	if slow < 30 || slow > 120 {
		t.Errorf("%d of 600 were sent again, want about 60", slow)
	}
	// A long message has more packets to lose.
	lost := func(bytes int) (n int) {
		l := NewLink(Profile{Up: Direction{Loss: 0.02}, Down: Direction{Delay: 50}}, 9).Up
		for i := range 2000 {
			if now := float64(i) * 1e6; l.Arrival(now, bytes) > now {
				n++
			}
		}
		return n
	}
	if one, ten := lost(100), lost(10*packet); one < 20 || one > 65 || ten < 6*one {
		t.Errorf("%d of 2,000 packets are lost, and %d of 2,000 messages of ten", one, ten)
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	p := Profile{Up: Direction{Delay: 1}, Stall: Episodes{Every: 1000, For: 500, Regular: true}}
	up, down := arrivals(p, 1)
	for i, at := range up {
		now := float64(i) * 50
		into := math.Mod(now+1, 1500)
		want := now + 1
		if into >= 1000 {
			want = now + 1 + 1500 - into
		}
		if math.Abs(at-want) > 1e-9 {
			t.Fatalf("sent at %v it arrives at %v, want %v", now, at, want)
		}
	}
	// Both directions stall at once.
	for i := range down {
		if stalled := up[i] > float64(i)*50+1; stalled && i > 0 && down[i] < up[i]-1.5 {
			t.Fatalf("%d: down passes at %v where up waits until %v", i, down[i], up[i])
		}
	}
}

// How a lane is asked does not change what comes over the line.
func TestWeatherIsOfTheSeedAlone(t *testing.T) {
	t.Parallel()
	p, err := Named("train")
	if err != nil {
		t.Fatal(err)
	}
	a, b := NewLink(p, 5), NewLink(p, 5)
	for now := 0.0; now < 200_000; now += 10 {
		a.Up.weather.stalls.over(now)
	}
	differ := 0
	for now := 0.0; now < 200_000; now += 10_000 {
		b.Down.weather.stalls.over(now)
	}
	for i := range min(len(a.Up.weather.stalls.spans), len(b.Down.weather.stalls.spans)) {
		if a.Up.weather.stalls.spans[i] != b.Down.weather.stalls.spans[i] {
			differ++
		}
	}
	if n := len(a.Up.weather.stalls.spans); differ > 0 || n < 2 {
		t.Errorf("%d of %d stalls differ", differ, n)
	}
	x, _ := arrivals(p, 5)
	y, _ := arrivals(p, 6)
	if slices.Equal(x, y) {
		t.Error("another seed is the same line")
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	p, err := Read(strings.NewReader(`{"up": {"delay_ms": 10}, "down": {"delay_ms": 10},
		"trace": [{"at_ms": 0, "delay_ms": 5}, {"at_ms": 100, "delay_ms": 30}]}`))
	if err != nil {
		t.Fatal(err)
	}
	l := NewLink(p, 1)
	for now, want := range map[float64]float64{0: 15} {
		if got := l.Up.Arrival(now, 1); got != now+want {
			t.Errorf("at %v it takes %v", now, got-now)
		}
	}
	for _, c := range []struct{ now, want float64 }{{99, 15}, {150, 40}, {250, 15}, {399, 40}} {
		if got := l.Down.Arrival(c.now, 1); got != c.now+c.want {
			t.Errorf("at %v it takes %v, want %v", c.now, got-c.now, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"up": {"delay_ms": -1}}`:    "up.delay_ms is -1",
		`{"down": {"loss": 0.95}}`:    "down.loss is 0.95, which must be from 0 to 0.9",
		`{"burst": {"every_ms": 10}}`: "burst needs both",
		`{"delay": 3}`:                `unknown field "delay"`,
		`{} {}`:                       "something behind it",
		`{"trace": [{"at_ms": 5}]}`:   "begins with 0",
		`{"trace": [{"at_ms": 0}, {"at_ms": 0, "delay_ms": 1e9}]}`: "in order",
		``: "EOF",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Named("5g"); err == nil || !strings.Contains(err.Error(), "wifi") {
		t.Errorf("%v", err)
	}
	for _, p := range Profiles() {
		if err := p.Validate(); err != nil || p.Text == "" {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// The TypeScript library has the same profiles.
func TestProfilesInTypeScript(t *testing.T) {
	t.Parallel()
	const file = "../../web/sdk/src/dev/profiles.ts"
	want := "// Generated by go test ./internal/link -update from its profiles.json. DO NOT EDIT.\n\n" +
		"/** The profiles that have names, from good to bad. @internal */\n// biome-ignore format: as they are\nexport const named = " + strings.TrimSpace(string(profilesJSON)) + ";\n"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not as profiles.json has it (%v): go test ./internal/link -update", file, err)
	}
}
