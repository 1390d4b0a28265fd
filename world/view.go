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

// Follow keeps the view's middle on an entity, and where it was last when that
// is gone.
func (v *View) Follow(e Entity) { v.follow = e }

// SetRadius changes the view's radius.
func (v *View) SetRadius(r float64) { v.radius, v.leave = r, r*(1+Hysteresis) }

// Radius gives the view's radius.
func (v *View) Radius() float64 { return v.radius }

// Center gives the view's middle.
func (v *View) Center() (x, y float64) { return v.x, v.y }

// Len gives the number of entities in view, as of the last snapshot.
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
	mark := sc.marks(len(w.ents))
	epoch := sc.epoch
	leave2 := v.leave * v.leave
	keep := v.entries[:0]
	for _, en := range v.entries {
		s := &w.ents[en.e]
		dx, dy := s.x-v.x, s.y-v.y
		if s.group == v.group && s.joined <= en.since && s.cell >= 0 && dx*dx+dy*dy <= leave2 {
			mark[en.e] = epoch
			keep = append(keep, en)
			continue
		}
		v.left = append(v.left, rowTomb{en.e, t})
	}
	v.entries = keep
	g := v.group.grid
	x0, y0, x1, y1 := g.span(v.x, v.y, v.radius)
	r2 := v.radius * v.radius
	for cy := y0; cy <= y1; cy++ {
		for _, cell := range g.cells[cy*g.nx+x0 : cy*g.nx+x1+1] {
			for i := range cell {
				p := &cell[i]
				dx, dy := p.x-v.x, p.y-v.y
				if dx*dx+dy*dy <= r2 && mark[p.e] != epoch {
					v.entries = append(v.entries, viewEntry{p.e, t})
				}
			}
		}
	}
	if n := len(v.left) - v.maxLefts; n > 0 {
		v.floor = v.left[n-1].tick
		v.left = append(v.left[:0], v.left[n:]...)
	}
}

// gather adds what the view has that the client lacks since base.
func (v *View) gather(sc *Scratch, base uint32) {
	w := v.group.w
	if base > 0 {
		for _, l := range after(v.left, base) {
			sc.remove(l.e)
		}
	}
	for _, en := range v.entries {
		sc.gather(en.e, &w.ents[en.e], base, en.since > base)
	}
	if base > 0 && sc.rowsRemovedSince(base) {
		mark := sc.marks(len(w.ents))
		for _, en := range v.entries {
			mark[en.e] = sc.epoch
		}
		sc.gatherRemovedRows(base, func(e Entity) bool { return mark[e] == sc.epoch })
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
