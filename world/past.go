package world

// What a client sees through a view depends on when it was sent snapshots: an entity between the view's
// radius and where it leaves is in sight if it was before. A room that is made again from its journal has
// sent nobody anything, so it notes for its last ticks what each view covers. A client that names one of
// them, which was the tick of a snapshot, certainly had what was within the radius then, and may have had
// what was not beyond the hysteresis. That is enough for a difference: what it may have had is removed and
// sent again.

// MaxPast is how many ticks Interest.Note keeps at most.
const MaxPast = 1024

// past is what a view covered in some ticks, one after another.
type past struct {
	from  uint32 // the first tick
	ticks [][]glimpse
}

// glimpse is an entity that a view covered.
type glimpse struct {
	e      Entity
	joined uint32 // when the entity came into the group
	sure   bool   // it was within the radius
}

// Note notes what the views cover as of the committed tick, so that Recall can go back to it. It is called
// once a tick, and for as long as nothing was sent to the client. It is for servers that make a room again.
func (in *Interest) Note() {
	for i := range in.subs {
		if s := &in.subs[i]; s.view != nil && s.from <= in.w.committed && s.dropped == 0 {
			s.view.note()
		}
	}
}

func (v *View) note() {
	w := v.group.w
	if v.follow != 0 {
		x, y, ok := w.Position(v.follow)
		if !ok {
			// Where the middle stayed depends on when the client was sent something.
			v.follow, v.past = 0, nil
			return
		}
		v.x, v.y = x, y
	}
	if v.past == nil || len(v.past.ticks) == MaxPast || v.past.from+uint32(len(v.past.ticks)) != w.committed {
		v.past = &past{from: w.committed}
	}
	var seen []glimpse
	g := v.group.grid
	x0, y0, x1, y1 := g.span(v.x, v.y, v.leave)
	enter2, leave2 := v.radius*v.radius, v.leave*v.leave
	for cy := y0; cy <= y1; cy++ {
		for _, cell := range g.cells[cy*g.nx+x0 : cy*g.nx+x1+1] {
			for i := range cell {
				p := &cell[i]
				dx, dy := p.x-v.x, p.y-v.y
				if d2 := dx*dx + dy*dy; d2 <= leave2 {
					seen = append(seen, glimpse{p.e, p.joined, d2 <= enter2})
				}
			}
		}
	}
	v.past.ticks = append(v.past.ticks, seen)
}

// Recall puts the views back to what a client has that was sent a snapshot in tick base, the last one that it
// has. If that was not noted the client is sent the full state (Reaches reports false). What was noted is
// forgotten.
func (in *Interest) Recall(base uint32) {
	for i := range in.subs {
		if v := in.subs[i].view; v != nil {
			v.recall(base)
		}
	}
}

func (v *View) recall(base uint32) {
	p := v.past
	v.past = nil
	v.entries, v.left, v.updated = v.entries[:0], v.left[:0], 0
	if p == nil || base < p.from || base-p.from >= uint32(len(p.ticks)) {
		v.floor = v.group.w.committed + 1
		return
	}
	v.floor = base
	for _, s := range p.ticks[base-p.from] {
		if s.sure {
			v.entries = append(v.entries, viewEntry{s.e, base})
		} else {
			v.left = append(v.left, rowTomb{s.e, base + 1, base})
		}
	}
}
