package world

import (
	"math/bits"

	"github.com/tickroom/tickroom/proto/schema"
)

// hashRows brings the hashes of all rows up to the committed tick. Nothing is
// computed in a tick in which nobody asks.
func (w *World) hashRows() {
	w.hashMu.Lock()
	defer w.hashMu.Unlock()
	if w.hashed == w.committed {
		return
	}
	w.hashed = w.committed
	for _, c := range w.cores {
		for slot, e := range c.ent {
			if e != 0 && c.rowTick[slot] != c.hashOf[slot] {
				c.hash[slot] = c.comp.RowHash(uint32(e), c.cells(int32(slot)))
				c.hashOf[slot] = c.rowTick[slot]
			}
		}
	}
}

func (w *World) entityHash(e Entity) uint64 {
	var sum uint64
	for has := w.rows[e].has; has != 0; has &= has - 1 {
		c := w.cores[bits.TrailingZeros64(has)]
		sum = schema.AddHash(sum, c.hash[c.slotOf[e]-1])
	}
	return sum
}

// EntityHash returns the state hash of an entity's rows as committed.
func (w *World) EntityHash(e Entity) uint64 {
	if !w.Alive(e) {
		return 0
	}
	w.hashRows()
	return w.entityHash(e)
}

// Hash returns the state hash of the whole world as committed.
func (w *World) Hash() uint64 {
	w.hashRows()
	var sum uint64
	for e := range w.ents {
		if w.ents[e].group != nil {
			sum = schema.AddHash(sum, w.entityHash(Entity(e)))
		}
	}
	return sum
}

// Hash returns the state hash of all that the client sees as of its last snapshot.
func (in *Interest) Hash() uint64 {
	in.w.hashRows()
	var sum uint64
	in.Each(func(e Entity) { sum = schema.AddHash(sum, in.w.entityHash(e)) })
	return sum
}

// EachHash calls fn for every entity that the client sees as of its last
// snapshot, with its group and state hash.
func (in *Interest) EachHash(fn func(e Entity, g *Group, hash uint64)) {
	in.w.hashRows()
	in.Each(func(e Entity) { fn(e, in.w.ents[e].group, in.w.entityHash(e)) })
}
