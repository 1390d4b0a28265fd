package mode

import (
	"math"
	"time"
)

// Window is a limit that widens with waiting: from Base, either by Steps or at a
// constant pace. The unit is that of what it limits: points of rating, or
// milliseconds.
type Window struct {
	// Base is the limit at first. It may be infinite.
	Base float64
	// Steps are limits from some waiting time on, in their order; both rise.
	Steps []Step
	// Pace is by how much the limit grows a second, from After on, up to Cap. There
	// is either Pace or Steps, or neither.
	Pace  float64
	After time.Duration `yaml:"after" min:"0s" max:"24h"`
	Cap   float64
}

// Step is a limit from some waiting time on.
type Step struct {
	After time.Duration `yaml:"after" min:"0s" max:"24h"`
	To    float64
}

// At returns the limit after some waiting.
func (w *Window) At(wait time.Duration) float64 {
	limit := w.Base
	for _, s := range w.Steps {
		if wait < s.After {
			break
		}
		limit = s.To
	}
	if w.Pace > 0 && wait > w.After {
		limit = min(w.Cap, limit+w.Pace*(wait-w.After).Seconds())
	}
	return limit
}

// Max returns the limit that is never exceeded.
func (w *Window) Max() float64 {
	switch {
	case len(w.Steps) > 0:
		return w.Steps[len(w.Steps)-1].To
	case w.Pace > 0:
		return w.Cap
	}
	return w.Base
}

// Reaches returns the shortest waiting after which the limit is at least x, and whether
// there is one.
func (w *Window) Reaches(x float64) (time.Duration, bool) {
	if x <= w.Base {
		return 0, true
	}
	for _, s := range w.Steps {
		if x <= s.To {
			return s.After, true
		}
	}
	if w.Pace > 0 && x <= w.Cap {
		wait := w.After + time.Duration(math.Ceil((x-w.Base)/w.Pace*float64(time.Second)))
		for w.At(wait) < x { // rounding
			wait += max(1, wait/(1<<50))
		}
		return wait, true
	}
	return 0, false
}

// Next returns when the limit begins to change or changes next, for one that has waited
// so long, and what it is then at least; false if it never changes again. A limit that
// grows at this moment changes now.
func (w *Window) Next(wait time.Duration) (time.Duration, bool) {
	for _, s := range w.Steps {
		if wait < s.After {
			return s.After, true
		}
	}
	if w.Pace > 0 && w.At(wait) < w.Cap {
		return max(wait, w.After), true
	}
	return 0, false
}
