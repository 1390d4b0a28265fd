package replay

import (
	"sync"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/world"
)

const (
	// most is how many runs a Reel keeps at most, and apart how many ticks lie between two at least.
	most  = 16
	apart = 200
)

// Reel has the room of a journal as it was after any tick, soon: it has rooms at places all over the journal, and
// the nearest one before a tick is played on from there. Those of games that are a world.Saver are saved
// as often as needed. The state of others can't be copied: of those it keeps runs, and one that was taken
// is missing until another one has come as far. A Reel is passive: Fill does that work, a little at a time. Its
// methods may be called at any time from any goroutine.
type Reel struct {
	j     *journal.Journal
	k     world.Kind
	saved archive // does not change

	mu     sync.Mutex
	every  uint32 // ticks from one place to the next
	stands []*Run // stands[i] is after tick (i+1)*every; nil: it is missing
	moving *Run   // on its way to a place; nil: none is
	to     int    // that place
	failed bool   // a run could not be made, so that there is nothing to fill
}

// NewReel makes a Reel of a journal of which the kind is, and the story. It has what was saved while that was told.
func NewReel(j *journal.Journal, k world.Kind, s *Story) *Reel {
	n := min(most, s.Last/apart)
	if len(s.saved.all) > 0 || s.First > 0 {
		n = 0
	}
	return &Reel{j: j, k: k, saved: s.saved, every: s.Last / (n + 1), stands: make([]*Run, n)}
}

// Saves reports whether rooms are saved, so that it costs little to take another run.
func (r *Reel) Saves() bool { return len(r.saved.all) > 0 }

// Take returns the run that is nearest to a tick and not after it, which is the caller's from now on: a new
// one, if there is none. The error is as that of Start.
func (r *Reel) Take(tick uint32) (*Run, error) {
	if s := r.saved.before(tick); s != nil {
		return s.resume(r.j, r.k)
	}
	r.mu.Lock()
	var best **Run
	at := func(p **Run) {
		if *p != nil && (*p).At() <= tick && (best == nil || (*p).At() > (*best).At()) {
			best = p
		}
	}
	for i := range r.stands {
		at(&r.stands[i])
	}
	at(&r.moving)
	var run *Run
	if best != nil {
		run, *best = *best, nil
	}
	r.mu.Unlock()
	if run == nil {
		return Start(r.j, r.k, nil)
	}
	return run, nil
}

// Nearest returns after which tick the run stands that Take would return.
func (r *Reel) Nearest(tick uint32) (at uint32) {
	if s := r.saved.before(tick); s != nil {
		return s.tick
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, run := range append([]*Run{r.moving}, r.stands...) {
		if run != nil && run.At() <= tick {
			at = max(at, run.At())
		}
	}
	return at
}

// Give gives back a run that nobody but its journal has had to do with. It is of use if the next place is one
// that is missing.
func (r *Reel) Give(run *Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := int((run.At() + r.every - 1) / r.every) // of the first place that is not before it, from 1
	if r.moving == nil && i >= 1 && i <= len(r.stands) && r.stands[i-1] == nil {
		r.moving, r.to = run, i-1
	}
}

// Fill plays some ticks of a run that is to stand where one is missing, and reports whether there is more to do.
func (r *Reel) Fill(ticks int) (more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed || r.moving == nil && !r.begin() {
		return false
	}
	goal := uint32(r.to+1) * r.every
	next := min(goal, r.moving.At()+uint32(ticks))
	if err := r.moving.Forward(next); err != nil {
		r.failed, r.moving = true, nil
		return false
	}
	if next == goal {
		r.stands[r.to], r.moving = r.moving, nil
	}
	return true
}

// begin sends a run to the last place that is missing and has one before it, or is the first, and reports
// whether there is such a place.
func (r *Reel) begin() bool {
	for i := len(r.stands) - 1; i >= 0; i-- {
		if r.stands[i] != nil || i > 0 && r.stands[i-1] == nil {
			continue
		}
		r.to = i
		if i > 0 {
			r.moving, r.stands[i-1] = r.stands[i-1], nil
			return true
		}
		run, err := Start(r.j, r.k, nil)
		if err != nil {
			r.failed = true
			return false
		}
		r.moving = run
		return true
	}
	return false
}
