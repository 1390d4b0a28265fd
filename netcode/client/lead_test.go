package client

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
)

// way is a way to a server and back, with a client that makes an input for each tick. The TypeScript library's
// test plays the same.
type way struct {
	lead        lead
	clock       clock
	there, back time.Duration
	jitter      time.Duration // on top, at most
	stalled     time.Duration // nothing gets through before that
	rnd         *rand.Rand

	now            time.Duration
	tick, made     uint32 // of the server; newest that an input was made for
	up, down       []onWay
	lastUp, lastDn time.Duration
	told           int
	hasTold        bool

	inputs, late int
	ahead        time.Duration // sum
	frames       int
	least, most  float64 // speed
}

type onWay struct {
	at    time.Duration
	frame replica.Frame
}

func newWay(rate int) *way {
	w := &way{there: 50 * time.Millisecond, back: 50 * time.Millisecond, rnd: rand.New(rand.NewPCG(1, 2)), tick: 1000}
	w.clock.perTick = time.Second / time.Duration(rate)
	w.clock.sawPong(-100*time.Millisecond, 0, 0)
	return w
}

func (w *way) travel(last *time.Duration, by time.Duration) time.Duration {
	*last = max(*last, w.stalled, w.now+by+time.Duration(w.rnd.Float64()*float64(w.jitter)))
	return *last
}

func (w *way) pass(d time.Duration) {
	w.inputs, w.late, w.ahead, w.frames, w.least, w.most = 0, 0, 0, 0, 1, 1
	for end := w.now + d; w.now < end; {
		w.now += time.Second / 60
		for w.clock.perTick*time.Duration(w.tick+1-1000) <= w.now {
			w.serve()
		}
		for len(w.down) > 0 && w.down[0].at <= w.now {
			d := &w.down[0]
			w.lead.saw(w.clock.sawTick(d.frame.Tick, d.at), w.clock.perTick, d.at)
			w.lead.heard(&d.frame)
			w.down = w.down[1:]
		}
		t := w.lead.tick(w.now, &w.clock)
		if t == 0 {
			continue
		}
		w.frames++
		w.ahead += time.Duration(t*float64(w.clock.perTick)) - 1000*w.clock.perTick - w.now
		w.least, w.most = min(w.least, w.lead.Speed), max(w.most, w.lead.Speed)
		newest := uint32(t) + 1
		if w.made == 0 || newest > w.made+3 {
			w.made = newest - 1
		}
		for w.made < newest {
			w.made++
			w.lead.sent(w.made)
			w.up = append(w.up, onWay{w.travel(&w.lastUp, w.there), replica.Frame{Tick: w.made}})
		}
	}
}

func (w *way) serve() {
	w.tick++
	f := replica.Frame{Tick: w.tick}
	for len(w.up) > 0 && w.up[0].at <= w.now {
		off := int(w.up[0].frame.Tick) - int(w.tick)
		if !f.HasInputEarly || off < f.InputEarly {
			f.InputEarly, f.HasInputEarly = off, true
		}
		w.up = w.up[1:]
		if w.inputs++; off < 0 {
			w.late++
		}
	}
	if f.HasInputEarly {
		same := w.hasTold && w.told == f.InputEarly
		w.told, w.hasTold = f.InputEarly, true
		f.HasInputEarly = !same
	}
	w.down = append(w.down, onWay{w.travel(&w.lastDn, w.back), f})
}

func (w *way) check(t *testing.T, what string, late float64, most time.Duration) {
	t.Helper()
	if got := float64(w.late) / float64(w.inputs); got > late {
		t.Errorf("%s: %.1f%% of the inputs come late", what, got*100)
	}
	if mean := w.ahead / time.Duration(w.frames); mean > most {
		t.Errorf("%s: inputs are made %v ahead, more than %v", what, mean, most)
	}
}

func TestInputsComeInTime(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		what                string
		rate                int
		there, back, jitter time.Duration
	}{
		{"even", 20, 50 * ms, 50 * ms, 0}, {"slow back", 20, 10 * ms, 90 * ms, 0}, {"slow there", 20, 90 * ms, 10 * ms, 0},
		{"60 Hz", 60, 50 * ms, 50 * ms, 0}, {"far", 20, 150 * ms, 150 * ms, 0},
		{"jitter 10", 20, 50 * ms, 50 * ms, 10 * ms}, {"jitter 20", 20, 50 * ms, 50 * ms, 20 * ms}, {"jitter 40", 20, 50 * ms, 50 * ms, 40 * ms},
	} {
		w := newWay(c.rate)
		w.there, w.back, w.jitter = c.there, c.back, c.jitter
		w.pass(10 * time.Second)
		w.pass(30 * time.Second)
		w.check(t, c.what, 0.015, c.there+c.jitter/2+4*c.jitter+2*w.clock.perTick)
	}
}

func TestTheWayBecomesLonger(t *testing.T) {
	t.Parallel()
	w := newWay(20)
	w.jitter = 20 * time.Millisecond
	w.pass(10 * time.Second)
	w.there = 120 * time.Millisecond
	w.pass(20 * time.Second)
	if w.least < 0.95 || w.most > 1.05 || w.lead.Resyncs != 0 {
		t.Errorf("the clock runs at %g to %g, and was set %d times", w.least, w.most, w.lead.Resyncs)
	}
	w.pass(20 * time.Second)
	w.check(t, "longer", 0.015, 300*time.Millisecond)
	w.there = 900 * time.Millisecond
	w.pass(15 * time.Second)
	if w.lead.Resyncs != 1 {
		t.Errorf("the clock was set %d times", w.lead.Resyncs)
	}
	w.pass(20 * time.Second)
	w.check(t, "much longer", 0.015, 1100*time.Millisecond)
}

func TestAfterAStallInputsAreAsEarlyAsBefore(t *testing.T) {
	t.Parallel()
	w := newWay(20)
	w.pass(15 * time.Second)
	w.stalled = w.now + 3*time.Second
	w.pass(3500 * time.Millisecond)
	w.pass(time.Second)
	w.check(t, "right after a stall", 0.02, 250*time.Millisecond)
	w.pass(10 * time.Second)
	w.pass(5 * time.Second)
	w.check(t, "after a stall", 0, 200*time.Millisecond)
}

func TestInputsThatAreOverAreNotSent(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	f := snapshot(5, 1, 100)
	f.Full = true
	if err := feed(t, s, f, at(5)); err != nil {
		t.Fatal(err)
	}
	for tick := uint32(6); tick < 30; tick++ {
		s.SendInputSeeing(tick, float64(tick)-3.5, []byte{byte(tick)})
	}
	s.SendInput(0, []byte{99}) // for no tick: it is as good as ever
	f = snapshot(30, 1, 100)
	f.Skip = 24
	if err := feed(t, s, f, at(30)); err != nil {
		t.Fatal(err)
	}
	got := sent(t, s)
	if n := len(got.Inputs); n != 11 || got.Inputs[0].Tick != 20 || got.Inputs[0].Data[0] != 20 || got.Inputs[0].Sees != 56 || got.Inputs[10].Data[0] != 99 {
		t.Errorf("%v", got)
	}
	if st := s.Stats(); st.InputsDropped != 14 {
		t.Errorf("%d were dropped", st.InputsDropped)
	}
}
