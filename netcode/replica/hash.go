package replica

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// Hash returns the state hash of all rows, which must be the one that the server
// sends for the replica's tick.
func (r *Replica) Hash() uint64 {
	if r.summed {
		return r.sum
	}
	var sum uint64
	for _, t := range r.tables {
		for slot, e := range t.ents {
			sum = schema.AddHash(sum, t.comp.RowHash(e, t.at(slot)))
		}
	}
	r.sum, r.summed = sum, true
	return sum
}

// EntityHash returns the state hash of one entity's rows; 0 if it has none.
func (r *Replica) EntityHash(entity uint32) uint64 {
	var sum uint64
	for _, t := range r.tables {
		if slot := t.ix.find(entity); slot >= 0 {
			sum = schema.AddHash(sum, t.comp.RowHash(entity, t.at(slot)))
		}
	}
	return sum
}

// Mismatch names an entity of which the replica does not hold what it should.
type Mismatch struct {
	Tick   uint32
	Group  uint32 // 0 for an entity that the server didn't name
	Entity uint32
	Want   uint64 // the server's hash; 0 for an entity that should not be there
	Got    uint64 // the replica's; 0 for one that isn't there
}

// String returns the mismatch as one line of text.
func (m Mismatch) String() string {
	switch {
	case m.Want == 0:
		return fmt.Sprintf("tick %d: entity %d should not be there", m.Tick, m.Entity)
	case m.Got == 0:
		return fmt.Sprintf("tick %d, group %d: entity %d is missing", m.Tick, m.Group, m.Entity)
	}
	return fmt.Sprintf("tick %d, group %d: entity %d: hash %016x here, %016x on the server", m.Tick, m.Group, m.Entity, m.Got, m.Want)
}

// Compare compares the replica with what the server reports that it should hold at
// its tick, and returns what differs, by entity: wrong, missing, or too much.
func (r *Replica) Compare(want []EntityHash) []Mismatch {
	var out []Mismatch
	named := make(map[uint32]bool, len(want))
	for _, w := range want {
		named[w.Entity] = true
		if got := r.EntityHash(w.Entity); got != w.Hash {
			out = append(out, Mismatch{r.tick, w.Group, w.Entity, w.Hash, got})
		}
	}
	for _, t := range r.tables {
		for _, e := range t.ents {
			if !named[e] {
				named[e] = true
				out = append(out, Mismatch{r.tick, 0, e, 0, r.EntityHash(e)})
			}
		}
	}
	slices.SortFunc(out, func(a, b Mismatch) int { return cmp.Compare(a.Entity, b.Entity) })
	return out
}
