package mode

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
)

const all = `
modes:
  ranked:
    room: {kind: arena, options: {teams: 2}}
    teams: {count: 2, size: 5}
    rating:
      window: 80
      party: highest
      widen:
        - {after: 10s, to: 150}
        - {after: 30s, to: any}
      start: 1000
      uncertainty: 300
      beta: 200
      tau: 4
    latency:
      cap: 60ms
      widen: {after: 20s, per_second: 2ms, to: 150ms}
      regions:
        eu:
        us: {cap: 90ms}
        asia:
          widen: [{after: 5s, to: 200ms}]
    balance: {cap: 0.7, widen: {after: 30s, per_second: 0.01, to: 0.95}}
    roles: {tank: 1, healer: 1, damage: 3}
    party: {max: 3, advantage: 15}
    backfill: {after: 3s, max_age: 10m, max_seats: 2}
    bots: {after: 45s, max: 4, min_players: 3}
    timeout: 2m
    quality: {rating: 3, balance: 2, latency: 1, party: 0.5}
  royale:
    players: {min: 20, max: 60, start_after: 30s}
    backfill: {enabled: false}
  duel: {}
`

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse("modes.yaml", []byte(all))
	if err != nil {
		t.Fatal(err)
	}
	royale := New("royale")
	royale.Format = Format{FreeForAll: true, Teams: 1, Size: 60, MinSize: 20, StartAfter: 30 * time.Second}
	royale.Party.Max = 60
	want := []Mode{
		{
			Name:   "ranked",
			Room:   RoomSpec{Kind: "arena", Options: map[string]string{"teams": "2"}},
			Format: Format{Teams: 2, Size: 5, MinSize: 5},
			Rating: Rating{
				Window:  Window{Base: 80, Steps: []Step{{10 * time.Second, 150}, {30 * time.Second, math.Inf(1)}}},
				Party:   Highest,
				Options: rating.Options{Mu: 1000, Sigma: 300, Beta: 200, Tau: 4, Kappa: 0.0001},
			},
			Latency: Latency{
				Cap: Window{Base: 60, Pace: 2, After: 20 * time.Second, Cap: 150},
				Regions: []Region{
					{Name: "eu"},
					{Name: "us", Cap: &Window{Base: 90}},
					{Name: "asia", Cap: &Window{Base: 60, Steps: []Step{{5 * time.Second, 200}}}},
				},
			},
			Balance:  Window{Base: 0.7, Pace: 0.01, After: 30 * time.Second, Cap: 0.95},
			Roles:    []Role{{"tank", 1}, {"healer", 1}, {"damage", 3}},
			Party:    Party{Max: 3, Advantage: 15},
			Backfill: Backfill{Enabled: true, After: 3 * time.Second, MaxAge: 10 * time.Minute, MaxSeats: 2},
			Bots:     Bots{Enabled: true, After: 45 * time.Second, Max: 4, MinPlayers: 3},
			Timeout:  2 * time.Minute,
			Quality:  Quality{Rating: 3, Balance: 2, Latency: 1, Party: 0.5},
		},
		royale,
		New("duel"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if m, ok := Find(got, "duel"); !ok || m.Name != "duel" {
		t.Error("duel is not found")
	}
	if _, ok := Find(got, "chess"); ok {
		t.Error("chess is found")
	}
}

// TestErrors compares what is said about wrong files with testdata/errors.txt, whose
// parts are a file, a line of dashes, what is said, and a line of equals signs.
func TestErrors(t *testing.T) {
	t.Parallel()
	const path, end = "testdata/errors.txt", "\n====\n"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for part := range strings.SplitSeq(strings.TrimSuffix(string(b), end), end) {
		text, _, _ := strings.Cut(part, "\n----")
		_, err := Parse("modes.yaml", []byte(text))
		fmt.Fprintf(&got, "%s\n----\n%v%s", text, err, end)
	}
	if diff := cmp.Diff(string(b), got.String()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
		if os.Getenv("UPDATE") != "" {
			_ = os.WriteFile(path, []byte(got.String()), 0o600)
		}
	}
}

func TestOtherKeys(t *testing.T) {
	t.Parallel()
	text := []byte("modes: {duel: {}}\nlisten: 1\n")
	if _, err := Parse("x", text); err == nil || !strings.Contains(err.Error(), `x:2:1: there is no field "listen"`) {
		t.Error(err)
	}
	if _, err := Parse("x", text, "listen"); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(all)
	if b, err := os.ReadFile("testdata/errors.txt"); err == nil {
		for part := range strings.SplitSeq(string(b), "\n====\n") {
			text, _, _ := strings.Cut(part, "\n----")
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		modes, err := Parse("f", []byte(text))
		if err != nil {
			return
		}
		for _, m := range modes {
			if p := m.Validate(); len(p) > 0 {
				t.Errorf("%v of a mode that was accepted", p)
			}
		}
	})
}

func someWindow(t *rapid.T) Window {
	w := Window{Base: float64(rapid.IntRange(0, 100).Draw(t, "base"))}
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 1:
		w.Pace = rapid.Float64Range(0.1, 50).Draw(t, "pace")
		w.After = time.Duration(rapid.IntRange(0, 60_000).Draw(t, "after")) * time.Millisecond
		w.Cap = w.Base + rapid.Float64Range(0.1, 300).Draw(t, "cap")
	case 2:
		at, to := time.Duration(-1), w.Base
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			at += time.Duration(rapid.IntRange(1, 20_000).Draw(t, "after")) * time.Millisecond
			to += rapid.Float64Range(0.1, 100).Draw(t, "to")
			w.Steps = append(w.Steps, Step{at, to})
		}
	}
	return w
}

// TestWindow: it only widens, and what is said of when is what At gives.
func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := someWindow(t)
		var problems problems
		if problems.window("a", "b", "", &w); len(problems) > 0 {
			t.Fatal(problems)
		}
		last := w.At(0)
		if last != w.Base && (len(w.Steps) == 0 || w.Steps[0].After > 0) {
			t.Fatalf("it begins at %v", last)
		}
		for wait := time.Duration(0); wait < 3*time.Minute; wait += 777 * time.Millisecond {
			x := w.At(wait)
			if x < last || x > w.Max() {
				t.Fatalf("%v after %v", x, last)
			}
			if next, ok := w.Next(wait - 777*time.Millisecond); x > last && (!ok || next > wait) {
				t.Fatalf("it changed by %v, foretold %v %v", wait, next, ok)
			}
			last = x
		}
		if last == w.Max() {
			if at, ok := w.Next(3 * time.Minute); ok {
				t.Fatalf("the next change is at %v", at)
			}
		}
		x := rapid.Float64Range(0, 600).Draw(t, "x")
		wait, ok := w.Reaches(x)
		if ok != (x <= w.Max()) {
			t.Fatalf("%v of %v is reached: %v", x, w.Max(), ok)
		}
		if ok && (w.At(wait) < x || wait > 0 && w.At(wait-time.Microsecond) >= x) {
			t.Fatalf("%v is reached at %v: %v", x, wait, w.At(wait))
		}
	})
}

func TestInfinite(t *testing.T) {
	t.Parallel()
	w := Window{Base: math.Inf(1)}
	if _, ok := w.Next(0); ok || !math.IsInf(w.Max(), 1) {
		t.Error("it changes")
	}
	if d, ok := w.Reaches(1e300); !ok || d != 0 {
		t.Error("it does not reach")
	}
}
