package world

import (
	"cmp"
	"fmt"
	"slices"
)

// Interest is what one client may see: a list of subscriptions, each to a whole group
// or to a view of one. What the client is sent is a function of the interest and of
// the tick that the client already has, its base.
type Interest struct {
	w    *World
	subs []subscription
	own  *eventLog // events for the client alone; nil: there was none yet

	floor uint32 // what was before this tick is not known: the world was restored then
}

type subscription struct {
	group   *Group
	view    *View  // nil: the whole group
	from    uint32 // first tick in which it counts
	dropped uint32 // first tick in which it counts no longer; 0 never
}

// NewInterest makes an interest in nothing.
func NewInterest(w *World) *Interest { return &Interest{w: w} }

// Subscribe lets the client see a whole group from this tick on.
func (in *Interest) Subscribe(g *Group) {
	if i := in.find(g); i >= 0 {
		if in.subs[i].view == nil {
			return
		}
		in.drop(i)
	}
	in.subs = append(in.subs, subscription{group: g, from: in.w.Tick()})
}

// Watch lets the client see a spatial group through a view from this tick on, and
// returns the view.
func (in *Interest) Watch(g *Group, radius float64) *View {
	if g.grid == nil {
		panic(fmt.Sprintf("world: group %q is not spatial", g.name))
	}
	if i := in.find(g); i >= 0 {
		if v := in.subs[i].view; v != nil {
			v.SetRadius(radius)
			return v
		}
		in.drop(i)
	}
	v := newView(g, radius)
	in.subs = append(in.subs, subscription{group: g, view: v, from: in.w.Tick()})
	return v
}

// Unsubscribe ends the client's subscription to a group from this tick on. The client
// is still sent the reliable events of earlier ticks.
func (in *Interest) Unsubscribe(g *Group) {
	if i := in.find(g); i >= 0 {
		in.drop(i)
	}
}

// Clear ends all subscriptions.
func (in *Interest) Clear() {
	for i := range in.subs {
		if in.subs[i].dropped == 0 {
			in.drop(i)
		}
	}
}

// View returns the client's view of a group, or nil.
func (in *Interest) View(g *Group) *View {
	if i := in.find(g); i >= 0 {
		return in.subs[i].view
	}
	return nil
}

// SeesGroup reports whether the client is subscribed to a group.
func (in *Interest) SeesGroup(g *Group) bool { return in.find(g) >= 0 }

func (in *Interest) find(g *Group) int {
	for i := range in.subs {
		if in.subs[i].group == g && in.subs[i].dropped == 0 {
			return i
		}
	}
	return -1
}

func (in *Interest) drop(i int) {
	in.subs[i].dropped = in.w.Tick()
}

// Acked forgets what the client will never need again, since it has applied tick.
func (in *Interest) Acked(tick uint32) {
	n := 0
	for i := range in.subs {
		s := &in.subs[i]
		if s.dropped != 0 && s.dropped <= tick || s.group.closed && s.group.closedAt <= tick {
			continue
		}
		if s.view != nil {
			s.view.acked(tick)
		}
		if n != i {
			in.subs[n] = *s
		}
		n++
	}
	clear(in.subs[n:])
	in.subs = in.subs[:n]
}

// Reaches reports whether what happened since base is still remembered. If not,
// the client needs the full state: base 0.
func (in *Interest) Reaches(base uint32) bool {
	if base < in.w.oldest() || base < in.floor {
		return false
	}
	for i := range in.subs {
		s := &in.subs[i]
		if s.from > base {
			continue
		}
		if s.view != nil {
			if s.view.floor > base {
				return false
			}
		} else if s.group.floor > base {
			return false
		}
	}
	for _, c := range in.w.cores {
		if c.tombsFloor > base {
			return false
		}
	}
	return true
}

// EventsReach reports whether all reliable events since base are still remembered.
func (in *Interest) EventsReach(base uint32) bool { return in.EventsFrom(base) <= base }

// EventsFrom returns the earliest tick, base or later, since which all reliable
// events are still remembered.
func (in *Interest) EventsFrom(base uint32) uint32 {
	from := base
	if in.own != nil {
		from = max(from, in.own.floor)
	}
	for i := range in.subs {
		s := &in.subs[i]
		after := max(base, s.from-1)
		if s.dropped != 0 && s.dropped <= after+1 {
			continue
		}
		if floor := s.group.events.floor; floor > after {
			from = max(from, floor)
		}
	}
	return from
}

// EventsWithin returns the earliest tick, from or later, since which the reliable events that the
// client would be sent have at most so many bytes. It looks at all of them.
func (in *Interest) EventsWithin(from uint32, most int) uint32 {
	var sc Scratch
	now := in.w.committed
	for i := range in.subs {
		if s := &in.subs[i]; s.from <= now {
			sc.gatherEvents(&s.group.events, max(from, s.from-1), s.dropped, s.view)
		}
	}
	if in.own != nil {
		sc.gatherEvents(in.own, from, 0, nil)
	}
	slices.SortFunc(sc.events, func(x, y *event) int { return cmp.Compare(y.seq, x.seq) })
	for _, e := range sc.events {
		if most -= len(e.b); most < 0 && e.reliable {
			return max(from, e.tick)
		}
	}
	return from
}

// AppendSince appends to b the fields of a ServerFrame that bring a client from
// tick base to the committed one: removed entities, tables, and events after
// tick events. With base 0 it is the full state. base must be one that Reaches.
//
// It may run at the same time as the AppendSince of other clients, with another
// Scratch, but for one client only once a tick.
func (in *Interest) AppendSince(b []byte, sc *Scratch, base, events uint32) []byte {
	if !sc.bodies.worth(in) || !in.shared(base, events) {
		return in.appendSince(b, sc, base, events)
	}
	if x := sc.bodies.find(in, base, events); x != nil {
		return append(b, x.b...)
	}
	at := len(b)
	b = in.appendSince(b, sc, base, events)
	sc.bodies.keep(in, base, events, b[at:])
	return b
}

// appendSince is AppendSince for one client alone.
func (in *Interest) appendSince(b []byte, sc *Scratch, base, events uint32) []byte {
	now := in.w.committed
	views := false
	for i := range in.subs {
		s := &in.subs[i]
		if s.dropped != 0 {
			if base > 0 && s.dropped > base && s.from <= base {
				if !views {
					sc.begin(in.w)
					views = true
				}
				s.gatherDropped(sc, base)
			}
			continue
		}
		if s.from > now {
			continue
		}
		if s.view != nil {
			s.view.update(sc)
			if !views {
				sc.begin(in.w)
				views = true
			}
			s.view.gather(sc, since(base, s.from))
			continue
		}
		b = append(b, s.group.since(since(base, s.from), sc)...)
	}
	if views {
		b = sc.appendTo(b)
	}
	sc.events = sc.events[:0]
	for i := range in.subs {
		if s := &in.subs[i]; s.from <= now {
			// Of a group that is no longer seen: the reliable events that were not sent yet.
			sc.gatherEvents(&s.group.events, max(events, s.from-1), s.dropped, s.view)
		}
	}
	if in.own != nil {
		sc.gatherEvents(in.own, events, 0, nil)
	}
	if len(sc.events) > 0 {
		b = sc.appendEvents(b, now)
		clear(sc.events)
	}
	return b
}

// since returns the base that holds for a subscription made in tick from: at an
// earlier base the client has nothing of it.
func since(base, from uint32) uint32 {
	if from > base {
		return 0
	}
	return base
}

// gatherDropped removes what the client had of a subscription at base.
func (s *subscription) gatherDropped(sc *Scratch, base uint32) {
	w := s.group.w
	if v := s.view; v != nil {
		for _, en := range v.entries {
			if en.since <= base {
				sc.remove(en.e)
			}
		}
		sc.removeAll(v.left, base)
		return
	}
	for _, e := range s.group.members {
		if w.ents[e].joined <= base {
			sc.remove(e)
		}
	}
	sc.removeAll(s.group.tombs.all(), base)
}

// Each calls fn for every entity that the client sees as of its last snapshot.
func (in *Interest) Each(fn func(Entity)) {
	for i := range in.subs {
		s := &in.subs[i]
		switch {
		case s.dropped != 0 || s.from > in.w.committed:
		case s.view != nil:
			for _, en := range s.view.entries {
				fn(en.e)
			}
		default:
			for _, e := range s.group.members {
				fn(e)
			}
		}
	}
}
