package link

import (
	"math"
	"sort"
)

const (
	// packet is how many bytes there are in a packet.
	packet = 1400
	// leastTimeout is how long TCP waits at least before it sends again what a probe did not bring either.
	leastTimeout = 200.0
	// mostResent is how often a packet is sent again at most.
	mostResent = 6
	mostLoss   = 0.9
)

// Lane is one direction of a line. Its methods are called one at a time. Times are in milliseconds since
// the line was made.
type Lane struct {
	is      Direction
	trip    float64 // a round trip when nothing is wrong
	jitter  float64 // of a round trip
	random  random
	weather *weather

	busy float64 // until when the line is taken by what was sent
	last float64 // when the newest bytes arrive
}

// Arrival returns when bytes arrive of which the last is sent at now: not before those that were sent
// earlier. now does not go back.
func (l *Lane) Arrival(now float64, bytes int) float64 {
	at := now
	if l.is.Rate > 0 {
		at = math.Max(at, l.busy) + 1000*float64(bytes)/l.is.Rate
		l.busy = at
	}
	jitter, loss := l.is.Jitter, l.is.Loss
	if l.weather.bursts.over(at) > at {
		jitter += l.weather.burst.Jitter
		loss = math.Min(mostLoss, loss+l.weather.burst.Loss)
	}
	at += l.is.Delay + l.weather.traced(at)
	if jitter > 0 {
		at -= jitter * math.Log(1-l.random.float())
	}
	if loss > 0 {
		at += l.resent(bytes, loss)
	}
	at = math.Max(at, l.weather.stalls.over(at))
	l.last = math.Max(l.last, at)
	return l.last
}

// resent returns the time that TCP needs to notice which packets were lost, and to send them again: a
// probe after two round trips (RFC 8985, section 7.2), and after that the time-out for sending again,
// which is doubled each time (RFC 6298).
func (l *Lane) resent(bytes int, loss float64) (late float64) {
	packets := math.Max(1, math.Ceil(float64(bytes)/packet))
	// The lost packets of a message are noticed together, so that the one that is lost most often counts.
	lost := 1 - math.Pow(1-loss, packets)
	wait := 2 * l.trip
	for i := 0; i < mostResent && l.random.float() < lost; i++ {
		late += wait
		if i == 0 {
			wait = math.Max(leastTimeout, l.trip+4*l.jitter)
		} else {
			wait *= 2
		}
		lost = loss
	}
	return late
}

// weather is what comes over both directions of a line.
type weather struct {
	burst  Burst
	bursts *episodes
	stalls *episodes
	trace  []Sample
	length float64 // of the trace
}

// traced returns what the trace adds at a time.
func (w *weather) traced(at float64) float64 {
	if len(w.trace) == 0 {
		return 0
	}
	at = math.Mod(at, w.length)
	i := sort.Search(len(w.trace), func(i int) bool { return w.trace[i].At > at })
	return w.trace[i-1].Delay
}

// episodes are those of a line, as far as anybody has asked.
type episodes struct {
	are    Episodes
	random random
	spans  []span
	end    float64 // of the last of spans
}

type span struct{ from, to float64 }

// remembered is how many episodes back anybody asks.
const remembered = 64

// over returns the end of the episode that a time is in; at itself, if it is in none.
func (e *episodes) over(at float64) float64 {
	if e.are.Every == 0 {
		return at
	}
	for e.end <= at {
		gap, length := e.are.Every, e.are.For
		if !e.are.Regular {
			gap *= -math.Log(1 - e.random.float())
			length *= 0.5 + e.random.float()
		}
		from := e.end + gap
		e.end = from + length
		e.spans = append(e.spans, span{from, e.end})
	}
	if n := len(e.spans) - remembered; n > 0 {
		e.spans = append(e.spans[:0], e.spans[n:]...)
	}
	for i := len(e.spans) - 1; i >= 0 && e.spans[i].to > at; i-- {
		if e.spans[i].from <= at {
			return e.spans[i].to
		}
	}
	return at
}

// random is Chris Doty-Humphrey's sfc32, which other languages compute alike.
type random struct{ a, b, c, counter uint32 }

func newRandom(seed uint32, stream uint32) random {
	r := random{seed, stream, 0x9e3779b9, 1}
	for range 16 {
		r.next()
	}
	return r
}

func (r *random) next() uint32 {
	t := r.a + r.b + r.counter
	r.counter++
	r.a = r.b ^ r.b>>9
	r.b = r.c + r.c<<3
	r.c = (r.c<<21 | r.c>>11) + t
	return t
}

// float returns a number from 0 up to 1.
func (r *random) float() float64 { return float64(r.next()) / (1 << 32) }

// Link is a line. Its lanes share nothing, so that one goroutine may use each.
type Link struct {
	Up, Down *Lane
}

// NewLink makes a line. What happens on it follows from profile and seed, and from what is sent when. The
// profile is one that Validate finds nothing wrong with.
func NewLink(p Profile, seed uint32) *Link {
	w := func() *weather {
		// One for each lane, so that each can be asked without the other: they are the same.
		w := &weather{
			burst: p.Burst, trace: p.Trace,
			bursts: &episodes{are: p.Burst.Episodes, random: newRandom(seed, 3)},
			stalls: &episodes{are: p.Stall, random: newRandom(seed, 4)},
		}
		if n := len(p.Trace); n > 0 {
			w.length = p.Trace[n-1].At + 1000
			if n > 1 {
				w.length = p.Trace[n-1].At + (p.Trace[n-1].At - p.Trace[n-2].At)
			}
		}
		return w
	}
	trip, jitter := p.Up.Delay+p.Down.Delay, p.Up.Jitter+p.Down.Jitter
	return &Link{
		Up:   &Lane{is: p.Up, trip: trip, jitter: jitter, weather: w(), random: newRandom(seed, 1)},
		Down: &Lane{is: p.Down, trip: trip, jitter: jitter, weather: w(), random: newRandom(seed, 2)},
	}
}
