package world

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/tickroom/tickroom/proto/schema"
)

// eventLog holds a group's events, oldest first.
type eventLog struct {
	events []event
	floor  uint32 // newest tick of a reliable event that was forgotten
}

type event struct {
	seq      uint64 // counts all events of the world
	tick     uint32
	reliable bool
	placed   bool
	x, y     float64
	b        []byte // the EventData without its age
}

// Emit sends an event to all clients that see the group, in this tick's snapshot.
func (g *Group) Emit(ev schema.Event) { g.emit(ev, event{}) }

// EmitAt sends an event to the clients that see the whole group, and to those whose
// view covers the point at the time of sending: a client that skipped ticks and has
// moved on meanwhile misses it, even if the event is reliable.
func (g *Group) EmitAt(x, y float64, ev schema.Event) { g.emit(ev, event{placed: true, x: x, y: y}) }

func (g *Group) emit(ev schema.Event, e event) {
	if g.closed {
		return // nobody sees it
	}
	id, reliable := ev.EventID()
	g.w.emitted++
	e.seq, e.tick, e.reliable = g.w.emitted, g.w.Tick(), reliable
	log := &g.events.events
	// Reuse the memory of forgotten events.
	if n := len(*log); n < cap(*log) {
		e.b = (*log)[:n+1][n].b[:0]
	}
	e.b = append(e.b, 1<<3)
	e.b = schema.AppendUvarint(e.b, uint64(id))
	// The message's length is known only after it is written: leave room for the
	// usual one byte, and move the rest in the rare other case.
	e.b = append(e.b, 2<<3|2, 0)
	at := len(e.b)
	e.b = ev.AppendProto(e.b)
	n := len(e.b) - at
	if n < 0x80 {
		e.b[at-1] = byte(n)
	} else {
		k := uvarintLen(uint64(n)) - 1
		for range k {
			e.b = append(e.b, 0)
		}
		copy(e.b[at+k:], e.b[at:at+n])
		schema.AppendUvarint(e.b[:at-1], uint64(n))
	}
	*log = append(*log, e)
}

func (l *eventLog) prune(w *World, t uint32) {
	if len(l.events) == 0 {
		return
	}
	reliable := 0
	for i := range l.events {
		if l.events[i].reliable {
			reliable++
		}
	}
	n := 0
	for i := range l.events {
		e := &l.events[i]
		keep := t-e.tick < w.cfg.TransientTicks
		if e.reliable {
			keep = t-e.tick < w.cfg.Horizon && reliable <= w.cfg.MaxEvents
			if !keep {
				l.floor = e.tick
				reliable--
			}
		}
		if keep {
			if n != i { // those that stay keep their order
				l.events[n], l.events[i] = l.events[i], l.events[n]
			}
			n++
		}
	}
	l.events = l.events[:n]
}

// gatherEvents adds the events after base that a client gets: all of the group,
// or those that its view covers. If until is not 0, only reliable ones before it.
func (sc *Scratch) gatherEvents(g *Group, base, until uint32, v *View) {
	evs := g.events.events
	if len(evs) == 0 || evs[len(evs)-1].tick <= base {
		return
	}
	first := sort.Search(len(evs), func(i int) bool { return evs[i].tick > base })
	for i := first; i < len(evs); i++ {
		e := &evs[i]
		if until != 0 && (e.tick >= until || !e.reliable) {
			continue
		}
		if v != nil && e.placed && math.Hypot(e.x-v.x, e.y-v.y) > v.leave {
			continue
		}
		sc.events = append(sc.events, e)
	}
}

// appendEvents appends the events gathered, in the order they were emitted.
func (sc *Scratch) appendEvents(b []byte, now uint32) []byte {
	slices.SortFunc(sc.events, func(x, y *event) int { return cmp.Compare(x.seq, y.seq) })
	for _, e := range sc.events {
		age := uint64(now - e.tick)
		n := len(e.b)
		if age > 0 {
			n += 1 + uvarintLen(age)
		}
		b = append(b, tagEvents)
		b = schema.AppendUvarint(b, uint64(n))
		b = append(b, e.b...)
		if age > 0 {
			b = append(b, 3<<3)
			b = schema.AppendUvarint(b, age)
		}
	}
	return b
}
