package client

import (
	"math"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
)

// Lead is how far ahead of the server inputs are made, and how that works out. All but the counts are
// in ticks.
type Lead struct {
	// Early is how early inputs came lately, as the server says, if it has; less than 0: too late.
	Early    int
	HasEarly bool
	// Jitter is how irregularly messages travel.
	Jitter float64
	// Speed is how fast the clock runs by which inputs are made, 0.95 to 1.05 of the server's.
	Speed float64
	// Late is in how many ticks an input has come too late, as far as the server has said.
	Late int
	// Resyncs is how often the clock was set anew since it was wrong by more than 10 ticks.
	Resyncs int
}

const (
	leadStretch = 0.05 // of the clock, at most
	leadTooFar  = 10   // ticks, for it to be set anew
	leadJitters = 4    // by so many times the jitter inputs are early
	leadJitter  = 60 * time.Millisecond
	// For each input that was late inputs are made so much earlier, until one in a hundred is; in ticks.
	leadPerLate   = 0.25
	leadMostExtra = 4
	// A sample that differs by more ticks is an accident, unless several in a row do so.
	leadOdd      = 2
	leadOddInRow = 5
	// After so many samples the clock is known, and is stretched instead of set.
	leadEnough = 8
	leadRing   = 64
)

// lead decides which tick an input that is made now is for: one that the server comes to a little after the
// input has arrived. It is an offset to a clock of this side, which is steered by what the server says
// of how early inputs come, and by the jitter.
type lead struct {
	Lead

	set    bool
	offset float64 // ticks, on top of those of this side's clock
	at     time.Duration
	last   float64

	ticks   [leadRing]uint32  // for which inputs were made
	offsets [leadRing]float64 // by which offset

	// The offset by which inputs would come just in time.
	needed, wobble float64
	samples, odd   int
	extra          float64
	settled        bool    // the clock is known
	away           float64 // ticks from where it should be

	// How late snapshots are.
	lateness, deviation float64 // ns
	snapshots           int
	sawAt               time.Duration
}

// restart forgets what was learnt of the way to the server: it may be another one, or the room has slept.
func (l *lead) restart() {
	*l = lead{Lead: Lead{Jitter: l.Jitter, Speed: 1, Late: l.Late, Resyncs: l.Resyncs}, wobble: l.wobble, deviation: l.deviation}
}

// saw notes a snapshot that came at a time and was late.
func (l *lead) saw(late, perTick, now time.Duration) {
	// What a stall has held back comes all at once, and is one accident.
	burst := l.snapshots > 0 && now-l.sawAt < perTick/4
	if l.sawAt = now; burst {
		return
	}
	l.snapshots = min(l.snapshots+1, 32)
	n := float64(l.snapshots)
	l.lateness += min(float64(late)-l.lateness, float64(2*leadJitter)) / n
	l.deviation += (min(math.Abs(float64(late)-l.lateness), float64(2*leadJitter)) - l.deviation) / n
	l.Jitter = min(float64(leadJitter), max(l.deviation, max(0, l.wobble-0.25)*float64(perTick))) / float64(perTick)
}

// sent notes that an input was made for a tick.
func (l *lead) sent(tick uint32) {
	if l.set {
		l.ticks[tick%leadRing], l.offsets[tick%leadRing] = tick, l.offset
	}
}

// heard notes what a snapshot says of how early inputs came.
func (l *lead) heard(f *replica.Frame) {
	if f.HasInputEarly {
		l.Early, l.HasEarly = f.InputEarly, true
	}
	// What is not told again is as it was, if an input was made for that tick at all.
	of := int64(f.Tick) + int64(l.Early)
	if !l.HasEarly || of <= 0 || int64(l.ticks[of%leadRing]) != of {
		return
	}
	late := l.Early < 0
	if late {
		l.Late++
	}
	l.sample(l.offsets[of%leadRing]+1-float64(l.Early), late)
}

func (l *lead) sample(needed float64, late bool) {
	off := needed - l.needed
	if l.samples > 0 && math.Abs(off) > leadOdd+4*l.wobble {
		// An accident on the way, such as a stall; or the way has become another one.
		if l.odd++; l.odd < leadOddInRow {
			return
		}
		l.samples = 0
	}
	l.odd = 0
	if l.samples = min(l.samples+1, 16); l.samples == 1 {
		l.needed, l.wobble = needed, 0.25
	} else {
		l.needed += off / float64(l.samples)
		l.wobble += (math.Abs(off) - l.wobble) / 16
	}
	l.settled = l.settled || l.samples >= leadEnough
	// An input that is late while the clock is not yet where it should be says nothing of that.
	if late && l.settled && math.Abs(l.away) < 1 {
		l.extra = min(leadMostExtra, l.extra+leadPerLate)
	} else {
		l.extra = max(0, l.extra-leadPerLate/100)
	}
}

// target returns the offset to aim at.
func (l *lead) target(now time.Duration, c *clock) float64 {
	just := l.needed - 0.5
	if l.samples == 0 {
		just = c.arrivedTick(now) + float64(c.rtt.min()-now)/float64(c.perTick)
	}
	return just + leadJitters*l.Jitter + l.extra
}

func (l *lead) tick(now time.Duration, c *clock) float64 {
	if !c.tick.any {
		return 0
	}
	target := l.target(now, c)
	off := target - l.offset
	l.away = off
	if !l.set || math.Abs(off) > leadTooFar || !l.settled && math.Abs(off) > 0.5 {
		if l.settled {
			l.Resyncs++
		}
		l.set, l.offset, l.Speed, l.last = true, target, 1, 0
	} else {
		passed := float64(max(0, now-l.at)) / float64(c.perTick)
		speed := max(-leadStretch, min(off*leadStretch, leadStretch))
		if by := speed * passed; math.Abs(by) > math.Abs(off) {
			l.offset = target // not beyond it, however long this was not called
		} else {
			l.offset += by
		}
		l.Speed = 1 + speed
	}
	l.at = max(l.at, now)
	l.last = max(l.last, l.offset+float64(l.at)/float64(c.perTick))
	return l.last
}
