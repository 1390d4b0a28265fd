package world

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/tickroom/tickroom/proto/schema"
)

// eventLog holds the events of a group, or of one client, oldest first.
type eventLog struct {
	events []event
	size   int    // bytes of those that are reliable
	floor  uint32 // newest tick of a reliable event that was forgotten
	next   uint32 // no event is too old before this tick
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
	g.w.told += uint64(g.events.add(g.w, ev, e))
}

// emit sends an event to the client alone, in this tick's snapshot.
func (in *Interest) emit(ev schema.Event) {
	if in.own == nil {
		in.own = &eventLog{}
	}
	if len(in.own.events) == 0 {
		in.w.personal = append(in.w.personal, in.own)
	}
	in.own.add(in.w, ev, event{})
}

// add appends an event of this tick; e says where it is. It returns how many bytes it has.
func (l *eventLog) add(w *World, ev schema.Event, e event) int {
	id, reliable := ev.EventID()
	w.emitted++
	e.seq, e.tick, e.reliable = w.emitted, w.Tick(), reliable
	l.next = min(l.next, e.tick+w.lifetime(reliable))
	log := &l.events
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
	if reliable {
		l.size += len(e.b)
	}
	return len(e.b)
}

// prunePersonal forgets events of single clients, as those of groups. What is empty then is
// looked at again when something is added to it.
func (w *World) prunePersonal(t uint32) {
	n := 0
	for _, l := range w.personal {
		if l.prune(w, t, w.cfg.MaxEventBytes/personalShare); len(l.events) > 0 {
			w.personal[n] = l
			n++
		} else if l.large() {
			l.events = nil
		}
	}
	clear(w.personal[n:])
	w.personal = w.personal[:n]
}

// after reports whether there are events after a tick. Without a log there are none.
func (l *eventLog) after(tick uint32) bool {
	return l != nil && len(l.events) > 0 && l.events[len(l.events)-1].tick > tick
}

// personalShare is by how much fewer bytes of events are remembered of one client alone than of a
// group.
const personalShare = 4

// largeLog is from how many bytes on the memory of what a client was sent alone is not kept for what
// comes next: there are many clients, and most are sent little.
const largeLog = 1024

// large reports whether a log that is empty holds much memory.
func (l *eventLog) large() bool {
	n := 0
	for _, e := range l.events[:cap(l.events)] {
		n += cap(e.b)
	}
	return n > largeLog
}

// lifetime returns for how many ticks an event is remembered.
func (w *World) lifetime(reliable bool) uint32 {
	if reliable {
		return w.cfg.Horizon
	}
	return w.cfg.TransientTicks
}

// prune forgets the events that are older than the world remembers, or too many, or have more
// than most bytes together; for their bytes alone none of those that are on their way still.
func (l *eventLog) prune(w *World, t uint32, most int) {
	if len(l.events) == 0 || t < l.next && len(l.events) <= w.cfg.MaxEvents && l.size <= most {
		return
	}
	l.next = math.MaxUint32
	reliable := 0
	for i := range l.events {
		if l.events[i].reliable {
			reliable++
		}
	}
	n := 0
	for i := range l.events {
		e := &l.events[i]
		keep := t-e.tick < w.lifetime(e.reliable)
		if e.reliable && (!keep || reliable > w.cfg.MaxEvents || l.size > most && t-e.tick >= w.cfg.TransientTicks) {
			keep = false
			l.floor = e.tick
			l.size -= len(e.b)
			reliable--
		}
		if keep {
			l.next = min(l.next, e.tick+w.lifetime(e.reliable))
			if n != i { // those that stay keep their order
				l.events[n], l.events[i] = l.events[i], l.events[n]
			}
			n++
		}
	}
	l.events = l.events[:n]
}

// gatherEvents adds the events after base that a client gets: all of the log, which is its own
// or that of a group, or those that its view covers. If until is not 0, only reliable ones before
// it.
func (sc *Scratch) gatherEvents(l *eventLog, base, until uint32, v *View) {
	evs := l.events
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
