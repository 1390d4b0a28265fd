package quiz

import (
	"math/rand/v2"
	"slices"
	"testing"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// TestHistogram compares the histogram with counting, under additions and removals.
func TestHistogram(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		most := uint32(1 + rnd.IntN(200))
		h := newHistogram(most)
		var all []standing
		for range 400 {
			if len(all) > 0 && rnd.IntN(4) == 0 {
				i := rnd.IntN(len(all))
				h.add(all[i], -1)
				all = slices.Delete(all, i, i+1)
			} else {
				s := standing{rnd.Uint32N(most + 1), rnd.Uint32N(30)}
				h.add(s, 1)
				all = append(all, s)
			}
			if rnd.IntN(10) != 0 {
				continue
			}
			s := standing{rnd.Uint32N(most + 1), rnd.Uint32N(30)}
			var better, equal uint32
			for _, o := range all {
				switch c := compareStandings(o, s); {
				case c < 0:
					better++
				case c == 0:
					equal++
				}
			}
			if got := h.better(s); got != better || h.equal(s) != equal || h.total != uint32(len(all)) {
				t.Fatalf("better than %+v: %d, equal %d, of %d; want %d, %d, %d", s, got, h.equal(s), h.total, better, equal, len(all))
			}
		}
	}
}

// TestPack packs standings in several lists, and adds them up again.
func TestPack(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	var all []standing
	for range 3 * standingsPerPart {
		all = append(all, standing{rnd.Uint32N(200), rnd.Uint32N(500)})
	}
	slices.SortFunc(all, compareStandings)
	lists := pack(all)
	if len(lists) < 2 {
		t.Fatalf("%d lists", len(lists))
	}
	var got []standing
	for _, l := range lists {
		b := l.AppendProto(nil)
		var read quizv1.Standings
		if err := read.UnmarshalProto(b); err != nil {
			t.Fatal(err)
		}
		eachStanding(&read, func(s standing, n uint32) {
			for range n {
				got = append(got, s)
			}
		})
	}
	if !slices.Equal(got, all) {
		t.Error("other standings come out than went in")
	}
	// What comes from elsewhere may be cut off.
	eachStanding(&quizv1.Standings{Scores: []uint32{1, 2}, Times: []uint32{1}}, func(standing, uint32) { t.Error("half a standing") })
}

// TestSpeedPoints looks at the formula of Kahoot.
func TestSpeedPoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ elapsed, want uint32 }{{0, 1000}, {49, 1000}, {50, 975}, {100, 950}, {500, 750}, {1000, 500}, {2000, 500}} {
		if got := speedPoints(1000, c.elapsed, 1000); got != c.want {
			t.Errorf("after %d hundredths of a second: %d points, want %d", c.elapsed, got, c.want)
		}
	}
}
