package world

import (
	"fmt"
	"iter"
	"math"

	"github.com/tickroom/tickroom/proto/schema"
)

// History remembers the past of a table for some time: for each tick that was committed, the fields
// which clients smooth, as they were sent, and where the rows' entities were. With Player.Sees a game
// judges by it what a player saw. It is saved with the world.
//
// Once it has room for all rows it allocates nothing.
type History[T any] struct {
	t *Table[T]
	trail
	scratch T // scratch memory
}

// trail is a History without its T.
type trail struct {
	core    *core
	seconds float64
	fields  []*schema.Field // those that are smoothed
	ring    []moment        // by tick; empty before the first commit
	now     schema.Cells    // scratch memory
}

// moment is a table as of a tick.
type moment struct {
	tick uint32    // 0: none
	ents []Entity  // by slot
	nums []int64   // by slot, one for each field that is smoothed
	at   []placing // by slot
}

// placing is where an entity was; NaN if it was not placed.
type placing struct{ x, y float64 }

// NewHistory makes a table remember its past for so many seconds of the room's ticks, greater than 0, and
// a tick more. Games make it in New; Kind.Rewind is how many they need for what players saw. It panics if the
// table has a history, or no fields that are smoothed.
func NewHistory[T any](t *Table[T], seconds float64) *History[T] {
	if !(seconds > 0) {
		panic(fmt.Sprintf("world: a history of %g seconds", seconds))
	}
	h := &History[T]{t: t, trail: trail{core: &t.core, seconds: seconds, now: t.comp.NewCells()}}
	for i := range t.comp.Fields {
		if f := &t.comp.Fields[i]; f.Smooth != schema.SmoothNone && !f.InBlob() {
			h.fields = append(h.fields, f)
		}
	}
	if len(h.fields) == 0 {
		panic(fmt.Sprintf("world: a history of component %s, which has no field with the option smooth", t.comp.Name))
	}
	for _, p := range t.w.trails {
		if p.core == h.core {
			panic(fmt.Sprintf("world: a second history of component %s", t.comp.Name))
		}
	}
	t.w.trails = append(t.w.trails, &h.trail)
	return h
}

// record notes the table as of a tick that was committed.
func (p *trail) record(tick uint32) {
	if len(p.ring) == 0 {
		p.ring = make([]moment, int(math.Ceil(p.seconds*p.core.w.rate))+2)
	}
	c, m := p.core, &p.ring[int(tick)%len(p.ring)]
	m.tick = tick
	m.ents = append(m.ents[:0], c.ent...)
	m.nums, m.at = m.nums[:0], m.at[:0]
	n := c.comp.Nums
	for slot, e := range c.ent {
		of := c.nums[slot*n : (slot+1)*n]
		for _, f := range p.fields {
			m.nums = append(m.nums, of[f.Cell])
		}
		where := placing{math.NaN(), math.NaN()}
		if e != 0 {
			if s := &c.w.ents[e]; s.placed {
				where = placing{s.x, s.y}
			}
		}
		m.at = append(m.at, where)
	}
}

// around returns the two moments that a tick lies between, and how far it is from the first to the
// second; a second without a tick is none. Ticks before what is remembered are taken for the oldest that is, and later ones for the newest.
func (p *trail) around(tick float64) (a, b *moment, part float64) {
	newest := p.core.w.committed
	if len(p.ring) == 0 || newest == 0 {
		return nil, nil, 0
	}
	oldest := max(1, int64(newest)-int64(len(p.ring))+1)
	for oldest < int64(newest) && p.ring[oldest%int64(len(p.ring))].tick != uint32(oldest) {
		oldest++ // the history was made, or the world restored, later
	}
	if !(tick > float64(oldest)) { // also NaN
		tick = float64(oldest)
	}
	tick = min(tick, float64(newest))
	from := int64(tick)
	a = &p.ring[from%int64(len(p.ring))]
	if a.tick != uint32(from) {
		return nil, nil, 0
	}
	if part = tick - float64(from); part == 0 {
		return a, nil, 0
	}
	return a, &p.ring[(from+1)%int64(len(p.ring))], part
}

// At returns an entity's row as a player saw it at a tick, with a fraction: between two ticks the fields that
// are smoothed are interpolated, as clients do it, to the nearest step; the others are as they are now. A tick that is longer ago
// than what is remembered is taken for the oldest that is; one after the last commit is now. ok is false if the entity
// had no row then, or has none any more.
func (h *History[T]) At(e Entity, tick float64) (row T, ok bool) {
	slot := h.t.slot(e)
	if slot < 0 {
		return row, false
	}
	if tick > float64(h.t.w.committed) {
		return *h.t.at(slot), true
	}
	a, b, part := h.around(tick)
	if a == nil || int(slot) >= len(a.ents) || a.ents[slot] != e || h.t.born[slot] > a.tick {
		return row, false
	}
	return h.row(slot, e, a, b, part), true
}

// row returns the row in a slot as it was between two moments.
func (h *History[T]) row(slot int32, e Entity, a, b *moment, part float64) T {
	if b != nil && (int(slot) >= len(b.ents) || b.ents[slot] != e) {
		b = nil // it was gone with the next tick, and stayed where it was until then
	}
	h.t.store(h.t.at(slot), h.now)
	n := len(h.fields)
	for i, f := range h.fields {
		v := a.nums[int(slot)*n+i]
		if b != nil {
			v = between(f, v, b.nums[int(slot)*n+i], part)
		}
		h.now.Nums[f.Cell] = v
	}
	h.t.load(&h.scratch, h.now)
	return h.scratch
}

// between returns the cell of a field at a part of the way from a to b.
func between(f *schema.Field, a, b int64, part float64) int64 {
	switch {
	case f.Kind == schema.Float:
		x, y := float64(math.Float32frombits(uint32(a))), float64(math.Float32frombits(uint32(b)))
		return int64(math.Float32bits(float32(x + (y-x)*part)))
	case f.Kind == schema.Double:
		x, y := math.Float64frombits(uint64(a)), math.Float64frombits(uint64(b))
		return int64(math.Float64bits(x + (y-x)*part))
	case f.WrapSteps != 0:
		turn := int64(f.WrapSteps)
		d := (b - a) % turn
		if 2*d > turn {
			d -= turn
		} else if 2*d < -turn {
			d += turn
		}
		return ((a+int64(math.Round(float64(d)*part)))%turn + turn) % turn
	}
	return a + int64(math.Round(float64(b-a)*part))
}

// Near goes through the rows that were at most r from (x, y) at a tick, as At returns them, in the order of the table. They are those whose
// entities were placed, by Table.Locate or World.Place. Rows may be removed meanwhile, and none added.
func (h *History[T]) Near(x, y, r, tick float64) iter.Seq2[Entity, T] {
	return func(yield func(Entity, T) bool) {
		if tick > float64(h.t.w.committed) {
			h.nearNow(x, y, r, yield)
			return
		}
		a, b, part := h.around(tick)
		if a == nil {
			return
		}
		for slot, at := range a.at {
			e := a.ents[slot]
			if b != nil && slot < len(b.ents) && b.ents[slot] == e {
				at.x += (b.at[slot].x - at.x) * part
				at.y += (b.at[slot].y - at.y) * part
			}
			dx, dy := at.x-x, at.y-y
			if dx*dx+dy*dy <= r*r && e != 0 && h.t.ent[slot] == e && h.t.born[slot] <= a.tick && !yield(e, h.row(int32(slot), e, a, b, part)) {
				return
			}
		}
	}
}

func (h *History[T]) nearNow(x, y, r float64, yield func(Entity, T) bool) {
	for e, row := range h.t.All() {
		s := &h.t.w.ents[e]
		px, py := s.x, s.y
		if h.t.locate != nil {
			px, py = h.t.locate(row)
		} else if !s.placed {
			continue
		}
		if dx, dy := px-x, py-y; dx*dx+dy*dy <= r*r && !yield(e, *row) {
			return
		}
	}
}
