package danmaku

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

func candidate(id, author uint64, priority uint32) *danmakuv1.Candidate {
	return &danmakuv1.Candidate{Comment: &danmakuv1.Comment{Id: id, Author: author}, Priority: priority, Key: id}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ordinary, urgent    int
		wantPlain, wantUrge int
	}{
		{0, 0, 0, 0}, {10, 5, 10, 5}, {100, 0, 40, 0}, {0, 100, 0, 40}, {100, 100, 20, 20}, {100, 5, 35, 5}, {3, 100, 3, 37}, {20, 21, 20, 20},
	} {
		var w window
		for i := range c.ordinary {
			w.add(candidate(uint64(i+1), uint64(i+1), ordinary))
		}
		for i := range c.urgent {
			w.add(candidate(uint64(1000+i), uint64(1000+i), paying+uint32(i%2)))
		}
		picked, over := w.take(40)
		plain, urged := 0, 0
		for _, p := range picked {
			if p.Priority == ordinary {
				plain++
			} else {
				urged++
			}
		}
		if plain != c.wantPlain || urged != c.wantUrge || over != c.ordinary+c.urgent-plain-urged {
			t.Errorf("%+v: picked %d and %d, over %d", c, plain, urged, over)
		}
		if !slices.IsSortedFunc(picked, func(a, b *danmakuv1.Candidate) int { return int(b.Priority) - int(a.Priority) }) {
			t.Errorf("%+v: not in the order of priority", c)
		}
		if again, _ := w.take(40); again != nil {
			t.Errorf("%+v: the window is not empty", c)
		}
	}
	// One who floods has one place while others wait.
	var w window
	for i := range 50 {
		w.add(candidate(uint64(i+1), 7, ordinary))
	}
	for i := range 9 {
		w.add(candidate(uint64(100+i), uint64(100+i), ordinary))
	}
	picked, _ := w.take(10)
	for i := range 9 {
		if !slices.ContainsFunc(picked, func(c *danmakuv1.Candidate) bool { return c.Comment.Id == uint64(100+i) }) {
			t.Errorf("comment %d has no place beside a flood", 100+i)
		}
	}
}

// TestBudget compares the budget with what rates allow, over random demands.
func TestBudget(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	b := newBudget([tierCount]float64{5, 20, 60}, 5)
	placed := [tierCount + 1]int{}
	const ticks = 1000
	for tick := uint32(1); tick <= ticks; tick++ {
		b.refill(tick, 1)
		for range rnd.IntN(40) {
			placed[b.place()]++
		}
	}
	seconds := float64(ticks) / 5
	for tier, rate := range []float64{5, 15, 40} {
		got := float64(placed[tier+1]) / seconds
		if got > rate*1.02+1 || got < rate*0.9 {
			t.Errorf("tier %d had %.1f a second, its own rate is %g", tier+1, got, rate)
		}
	}
	b.charge(1)
	b.charge(9) // there is none
	for range 100 {
		b.charge(1)
	}
	if b.buckets[0].tokens < -3 {
		t.Errorf("the budget is at %g", b.buckets[0].tokens)
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		demand []float64
		want   []uint32
	}{
		{[]float64{9}, []uint32{1000}},
		{[]float64{0, 0}, []uint32{375, 375}},
		{[]float64{30, 10}, []uint32{562, 187}},
		{make([]float64, 9), make([]uint32, 9)},
		{nil, []uint32{}},
	} {
		if got := shares(c.demand); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.demand, got, c.want)
		}
	}
	for houses, want := range map[int]uint32{0: 40, 1: 40, 6: 40, 10: 24, 100: 3, 500: 2} {
		if got := limitOf(houses, 40); got != want {
			t.Errorf("%d houses may send %d each, want %d", houses, got, want)
		}
	}
}

func TestSlowModeHasHysteresis(t *testing.T) {
	t.Parallel()
	last := uint32(0)
	for _, c := range []struct{ viewers, want uint32 }{
		{0, 0}, {1999, 0}, {2000, 2}, {1700, 2}, {1599, 0}, {1900, 0}, {12_000, 3}, {9000, 3}, {7999, 2}, {3_000_000, 30}, {2_500_000, 30}, {1, 0},
	} {
		if last = scaledSlow(c.viewers, last); last != c.want {
			t.Errorf("%d viewers: %d s, want %d", c.viewers, last, c.want)
		}
	}
}

func TestCollator(t *testing.T) {
	t.Parallel()
	c := newCollator()
	if c.first(1, 10, 1, 25, 3) != nil {
		t.Error("the first one is not")
	}
	s := c.first(1, 11, 2, 25, 3)
	if s == nil || s.comment != 10 {
		t.Fatal("the second one is taken for the first")
	}
	c.again(s, 1)
	if c.first(1, 12, 6, 25, 3) != nil { // 10 was not shown
		t.Error("a comment that is not shown stands in the way")
	}
	if n := c.shown(1, 12, 2); n != 2 || c.shown(99, 1, 1) != 0 {
		t.Errorf("%d said it beside the one that is shown", n)
	}
	c.again(c.first(1, 13, 20, 25, 3), 4)
	if took := c.take(10); len(took) != 1 || took[0].same != 6 || took[0].comment != 12 {
		t.Errorf("tallies: %+v", took[0])
	}
	if c.take(10) != nil && len(c.take(10)) > 0 {
		t.Error("a tally comes twice")
	}
	if c.first(1, 14, 26, 25, 3) != nil {
		t.Error("it is remembered for too long")
	}
	for i := range uint64(2 * maxCollated) {
		c.first(1000+i, i, 27, 25, 3)
	}
	if len(c.byKey) > maxCollated || len(c.order) > maxCollated {
		t.Errorf("%d and %d are kept", len(c.byKey), len(c.order))
	}
}

func TestRemembered(t *testing.T) {
	t.Parallel()
	r := newRemembered(3)
	list := func() string {
		s := ""
		r.each(func(c *danmakuv1.Comment) bool { s += fmt.Sprint(c.Id); return true })
		return s
	}
	for i := range uint64(5) {
		r.add(&danmakuv1.Comment{Id: i})
	}
	if list() != "234" || r.get(1) != nil || r.get(4) == nil {
		t.Errorf("it has %s", list())
	}
	r.add(&danmakuv1.Comment{Id: 3, Tier: 2})
	if list() != "234" || r.get(3).Tier != 2 {
		t.Errorf("it has %s", list())
	}
	r.remove(func(c *danmakuv1.Comment) bool { return c.Id == 3 })
	r.add(&danmakuv1.Comment{Id: 7})
	r.add(&danmakuv1.Comment{Id: 8})
	if list() != "478" || r.get(3) != nil {
		t.Errorf("it has %s", list())
	}
}

// TestDropsTravel looks that counters are the same after they were told.
func TestDropsTravel(t *testing.T) {
	t.Parallel()
	d := drops{said: 3, shown: 2}
	for i := range d.reasons {
		if i > 0 {
			d.reasons[i] = uint64(10 + i)
		}
	}
	var sum drops
	sum.merge(d.counts())
	sum.merge(nil)
	sum.merge(&danmakuv1.DropCounts{Counts: make([]uint64, 100)})
	if sum != d {
		t.Errorf("%+v became %+v", d, sum)
	}
	if row := d.row(true); row.Crowded != 11 || row.Repeated != 21 || !row.House {
		t.Errorf("the row is %+v", row)
	}
}
