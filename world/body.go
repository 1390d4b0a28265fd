package world

// body is what clients with the same interest lack since the same base, encoded once: in
// a room with a large audience that is nearly all of what each is sent.
type body struct {
	base, events uint32
	groups       []*Group
	b            []byte
}

// bodies are those of one tick. When there are so many no more are kept.
type bodies struct {
	w     *World
	tick  uint32
	all   [8]body
	n     int
	calls int // for clients of the tick
	hits  int // of which there was a body
}

// fewClients is how many clients are served without looking for a body: where there are no more
// it would not be worth it.
const fewClients = 16

// worth reports whether it is worth looking for a body: there are many clients, and what they
// see does not differ from each to the next.
func (bs *bodies) worth(in *Interest) bool {
	if bs.w != in.w || bs.tick != in.w.committed {
		bs.reset()
		bs.w, bs.tick = in.w, in.w.committed
	}
	bs.calls++
	return bs.calls > fewClients && (bs.n < len(bs.all) || bs.hits > 0)
}

// shared returns whether what the client lacks depends on nothing but the groups that it sees:
// it has seen them whole at the base, and no event that it lacks is its own.
func (in *Interest) shared(base, events uint32) bool {
	if base == 0 || in.own.after(events) {
		return false
	}
	for i := range in.subs {
		if s := &in.subs[i]; s.view != nil || s.dropped != 0 || s.from > base || s.from > events+1 {
			return false
		}
	}
	return true
}

// find returns the body of an interest, or nil.
func (bs *bodies) find(in *Interest, base, events uint32) *body {
next:
	for i := range bs.all[:bs.n] {
		x := &bs.all[i]
		if x.base != base || x.events != events || len(x.groups) != len(in.subs) {
			continue
		}
		for k, g := range x.groups {
			if g != in.subs[k].group {
				continue next
			}
		}
		bs.hits++
		return x
	}
	return nil
}

// keep keeps the body of an interest for those that come after it.
func (bs *bodies) keep(in *Interest, base, events uint32, b []byte) {
	if bs.n == len(bs.all) {
		return
	}
	x := &bs.all[bs.n]
	bs.n++
	x.base, x.events, x.b = base, events, append(x.b[:0], b...)
	for i := range in.subs {
		x.groups = append(x.groups, in.subs[i].group)
	}
}

// reset forgets all bodies, and keeps their memory.
func (bs *bodies) reset() {
	for i := range bs.all[:bs.n] {
		x := &bs.all[i]
		clear(x.groups)
		x.groups = x.groups[:0]
		if cap(x.b) > maxBody {
			x.b = nil
		}
	}
	bs.w, bs.n, bs.calls, bs.hits = nil, 0, 0, 0
}

// maxBody bounds the memory that is kept for a body of later ticks.
const maxBody = 64 << 10
