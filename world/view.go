package world

// View is a round window into a spatial group: the exact set of the group's
// entities within a radius. An entity comes into view at the radius and leaves
// at the radius times 1 plus the hysteresis, so that one at the edge does not
// flicker. A view belongs to one client.
type View struct {
	group    *Group
	radius   float64
	leave    float64
	x, y     float64
	follow   Entity
	entries  []viewEntry
	left     []rowTomb // entities that left, oldest first
	floor    uint32    // newest tick of a forgotten one
	updated  uint32    // committed tick that entries are of
	maxLefts int
	past     *past // of a room that was made again; nil: nothing
}

type viewEntry struct {
	e     Entity
	since uint32 // committed tick in which it came into view
}

// Hysteresis is how much farther than a view's radius an entity must be to
// leave it.
const Hysteresis = 0.125

func newView(g *Group, radius float64) *View {
	return &View{group: g, radius: radius, leave: radius * (1 + Hysteresis), maxLefts: 1 << 14, floor: g.w.committed}
}

// LookAt puts the view's middle at a point.
func (v *View) LookAt(x, y float64) { v.x, v.y, v.follow = x, y, 0 }

// Follow keeps the view's middle on an entity. When the entity is gone the middle
// stays where it was last.
func (v *View) Follow(e Entity) { v.follow = e }

// SetRadius changes the view's radius.
func (v *View) SetRadius(r float64) { v.radius, v.leave = r, r*(1+Hysteresis) }

// Radius returns the view's radius.
func (v *View) Radius() float64 { return v.radius }

// Middle returns the view's middle.
func (v *View) Middle() (x, y float64) { return v.x, v.y }

// Len returns the number of entities in view, as of the last snapshot.
func (v *View) Len() int { return len(v.entries) }

// update brings the set up to the committed tick.
func (v *View) update(sc *Scratch) {
	w := v.group.w
	t := w.committed
	if v.updated == t {
		return
	}
	v.updated = t
	if v.follow != 0 {
		if x, y, ok := w.Position(v.follow); ok {
			v.x, v.y = x, y
		} else {
			v.follow = 0
		}
	}
	// The grid has the entities of this group alone, each with the tick in which
	// it came, so that one that left and came back is told from one that stayed.
	marks := sc.marks(len(w.ents))
	epoch := sc.epoch
	for i := range v.entries {
		marks[v.entries[i].e] = mark{epoch, uint32(i)}
	}
	g := v.group.grid
	x0, y0, x1, y1 := g.span(v.x, v.y, v.leave)
	enter2, leave2 := v.radius*v.radius, v.leave*v.leave
	seen := sc.seen[:0]
	kept := 0
	for cy := y0; cy <= y1; cy++ {
		for _, cell := range g.cells[cy*g.nx+x0 : cy*g.nx+x1+1] {
			for i := range cell {
				p := &cell[i]
				dx, dy := p.x-v.x, p.y-v.y
				d2 := dx*dx + dy*dy
				if d2 > leave2 {
					continue
				}
				if m := &marks[p.e]; m.epoch == epoch && p.joined <= v.entries[m.index].since {
					seen = append(seen, v.entries[m.index])
					m.epoch = 0 // found again
					kept++
				} else if d2 <= enter2 {
					seen = append(seen, viewEntry{p.e, t})
				}
			}
		}
	}
	if kept < len(v.entries) {
		for _, en := range v.entries {
			if marks[en.e].epoch == epoch {
				v.left = append(v.left, rowTomb{en.e, t, en.since})
			}
		}
	}
	v.entries = append(v.entries[:0], seen...)
	sc.seen = seen
	if n := len(v.left) - v.maxLefts; n > 0 {
		v.floor = v.left[n-1].tick
		v.left = append(v.left[:0], v.left[n:]...)
	}
}

// gather adds what the view has that the client lacks since base.
func (v *View) gather(sc *Scratch, base uint32) {
	w := v.group.w
	if base > 0 {
		sc.removeAll(v.left, base)
	}
	for _, en := range v.entries {
		sc.gather(en.e, base, en.since > base)
	}
	if base > 0 && sc.rowsRemovedSince(base) {
		marks := sc.marks(len(w.ents))
		for _, en := range v.entries {
			marks[en.e].epoch = sc.epoch
		}
		sc.gatherRemovedRows(base, func(e Entity) bool { return marks[e].epoch == sc.epoch })
	}
}

// acked forgets what the client will never ask for again.
func (v *View) acked(tick uint32) {
	n := 0
	for n < len(v.left) && v.left[n].tick <= tick {
		n++
	}
	if n > 0 {
		v.floor = v.left[n-1].tick
		v.left = append(v.left[:0], v.left[n:]...)
	}
}
