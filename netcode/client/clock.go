package client

import (
	"math"
	"time"
)

// clock estimates the server's tick and time from when ticks and pongs arrive.
//
// A message can be late but never early, so of several the one that took the
// shortest time is the nearest to the truth: everything here is a minimum over the last few
// seconds (as in NTP's clock filter, RFC 5905 section 10).
type clock struct {
	perTick time.Duration

	tick windowMin // arrival minus tick*perTick
	wall windowMin // arrival minus the server's wall clock, as of pongs
	rtt  windowMin

	lastRTT time.Duration // 0 before the first pong
}

const clockWindow = 5 * time.Second

// sawTick notes a tick that has arrived, and returns by how much it was later than the fastest one.
func (c *clock) sawTick(tick uint32, now time.Duration) time.Duration {
	at := now - time.Duration(tick)*c.perTick
	c.tick.add(at, now)
	return at - c.tick.min()
}

// arrivedTick returns the newest tick that can have arrived by now, with a fraction; 0 before the first.
func (c *clock) arrivedTick(now time.Duration) float64 {
	if !c.tick.any {
		return 0
	}
	return float64(now-c.tick.min()) / float64(c.perTick)
}

func (c *clock) sawPong(sent time.Duration, serverUS int64, now time.Duration) {
	c.lastRTT = now - sent
	c.rtt.add(c.lastRTT, now)
	c.wall.add(now-time.Duration(serverUS)*time.Microsecond, now)
}

// serverTick returns the server's tick now, with a fraction.
func (c *clock) serverTick(now time.Duration) float64 {
	if !c.tick.any {
		return 0
	}
	return float64(now-c.tick.min()+c.rtt.min()/2) / float64(c.perTick)
}

// serverTime returns the server's wall clock now.
func (c *clock) serverTime(now time.Duration) (time.Time, bool) {
	if !c.wall.any {
		return time.Time{}, false
	}
	return time.UnixMicro(0).Add(now - c.wall.min() + c.rtt.min()/2), true
}

// windowMin is the minimum over one to two windows of time.
type windowMin struct {
	cur, prev time.Duration
	since     time.Duration
	any       bool
}

func (w *windowMin) add(v, now time.Duration) {
	switch {
	case !w.any:
		*w = windowMin{cur: v, prev: math.MaxInt64, since: now, any: true}
	case now-w.since >= 2*clockWindow:
		*w = windowMin{cur: v, prev: math.MaxInt64, since: now, any: true}
	case now-w.since >= clockWindow:
		w.prev, w.cur, w.since = w.cur, v, now
	default:
		w.cur = min(w.cur, v)
	}
}

// min returns the minimum, 0 if nothing was added yet.
func (w *windowMin) min() time.Duration {
	if !w.any {
		return 0
	}
	return min(w.cur, w.prev)
}
