package danmaku

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// TestHowLongCommentsWait counts the ticks of a show, of 50 ms each, from when a comment is written until a viewer is sent
// it, in houses that tick at different times and have far more to show than there is room for.
func TestHowLongCommentsWait(t *testing.T) {
	t.Parallel()
	for houses, most := range map[int]struct{ half, all int }{
		// A comment waits 200 ms at most for its house's tick. That of another house takes 50 ms more
		// at most for the show's tick, and 200 ms at most for the house's tick. Hardly any waits in the show.
		1:  {3, 4},
		2:  {5, 9},
		12: {6, 9}, // the show chooses all
	} {
		waits := commentWaits(t, houses)
		half, all := waits[len(waits)/2], waits[len(waits)-1]
		t.Logf("%d houses: half of %d comments are seen within %d ms, and all within %d ms", houses, len(waits), 50*half, 50*all)
		if half > most.half || all > most.all {
			t.Errorf("%d houses: half of the comments are seen within %d ms, and all within %d ms; they are to be within %d and %d", houses, 50*half, 50*all, 50*most.half, 50*most.all)
		}
	}
}

// commentWaits returns how long it took until those who watch in some houses had seen each comment, in ticks of the
// show, the shortest first.
func commentWaits(t *testing.T, houses int) (waits []int) {
	const perWindow, warmUp, steps = 100, 40, 140 // 500 comments a second
	f := newFleet(t, houses, map[string]string{"every": "0.1"})
	var watchers []*gametest.Player
	for h := range houses {
		watchers = append(watchers, f.viewer(h, fmt.Sprint("watcher", h)))
	}
	var writers []*gametest.Player
	for i := range 60 {
		writers = append(writers, f.viewer(i%houses, fmt.Sprint("p", i)))
	}
	said := map[uint64]int{} // the step in which it was
	n := 0
	for step := range steps {
		for range perWindow / 4 {
			if s, err := gametest.Call[danmakuv1.Say, danmakuv1.Said](writers[n*7%len(writers)], &danmakuv1.Say{Text: fmt.Sprint("comment number ", n)}); err == nil {
				said[s.Comment] = step
			}
			n++
		}
		for i, r := range f.houses {
			if (step+i)%4 == 3 {
				r.Tick(1)
			}
		}
		f.show.Tick(1)
		for _, w := range watchers {
			for _, c := range gametest.Events[danmakuv1.Comment](w) {
				if at, ok := said[c.Id]; ok && at > warmUp && c.Why == danmakuv1.Why_WHY_UNSPECIFIED {
					waits = append(waits, step+1-at)
				}
			}
		}
	}
	if len(waits) < houses*(steps-warmUp)*60/20/2 {
		t.Fatalf("%d houses: %d comments were seen", houses, len(waits))
	}
	slices.Sort(waits)
	return waits
}

// TestChanceDecides has the same viewers write in each window, in the same order, far more than can be shown: none of
// them goes first because of its place.
func TestChanceDecides(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, map[string]string{"every": "0.5"})
	w := f.viewer(0, "watcher")
	var writers []*gametest.Player
	for i := range 100 {
		writers = append(writers, f.viewer(0, fmt.Sprint("p", i)))
	}
	shown := map[string]int{}
	const windows = 150
	for i := range windows {
		for k, p := range writers {
			if (i+k)%10 == 0 { // each once in two seconds
				say(t, p, fmt.Sprint("comment ", i, " of ", k))
				say(t, p, fmt.Sprint("another ", i, " of ", k))
			}
		}
		f.run(1)
		for _, c := range gametest.Events[danmakuv1.Comment](w) {
			shown[c.Name]++
		}
	}
	first, last := 0, 0
	for k, p := range writers {
		if k < 50 {
			first += shown[p.Name]
		} else {
			last += shown[p.Name]
		}
	}
	if first+last < windows*8 || first > last*5/4 || last > first*5/4 {
		t.Errorf("of those who are there first %d comments were shown, and %d of the others", first, last)
	}
}
