package replica

import (
	"iter"
	"math/bits"

	"github.com/tickroom/tickroom/proto/schema"
)

// Table holds the rows of one component, without gaps: the last row moves into
// the place of one that goes. Memory that rows once had is used again.
type Table struct {
	comp  *schema.Component
	ents  []uint32
	nums  []int64  // comp.Nums per row
	blobs [][]byte // comp.Blobs per row
	ix    index

	watch *watch // nil: nobody wants to know of changes
}

// Component describes the table's component, as the schema given to New does.
func (t *Table) Component() *schema.Component { return t.comp }

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.ents) }

// Cells returns the cells of an entity's row. They are the replica's own: good for
// reading, until the next Apply.
func (t *Table) Cells(entity uint32) (schema.Cells, bool) {
	slot := t.ix.find(entity)
	if slot < 0 {
		return schema.Cells{}, false
	}
	return t.at(slot), true
}

// All goes through the rows, in no particular order. The cells are good for
// reading, until the next Apply.
func (t *Table) All() iter.Seq2[uint32, schema.Cells] {
	return func(yield func(uint32, schema.Cells) bool) {
		for slot, e := range t.ents {
			if !yield(e, t.at(slot)) {
				return
			}
		}
	}
}

func (t *Table) at(slot int) schema.Cells {
	n, b := slot*t.comp.Nums, slot*t.comp.Blobs
	return schema.Cells{Nums: t.nums[n : n+t.comp.Nums : n+t.comp.Nums], Blobs: t.blobs[b : b+t.comp.Blobs : b+t.comp.Blobs]}
}

// add makes a row of zero values for an entity that has none.
func (t *Table) add(e uint32) int {
	slot := len(t.ents)
	t.ents = append(t.ents, e)
	for range t.comp.Nums {
		t.nums = append(t.nums, 0)
	}
	for range t.comp.Blobs {
		if n := len(t.blobs); n < cap(t.blobs) {
			t.blobs = t.blobs[:n+1]
			t.blobs[n] = t.blobs[n][:0]
		} else {
			t.blobs = append(t.blobs, nil)
		}
	}
	t.ix.put(e, slot)
	return slot
}

// remove drops an entity's row and reports whether there was one.
func (t *Table) remove(e uint32) bool {
	slot := t.ix.find(e)
	if slot < 0 {
		return false
	}
	if t.watch != nil {
		t.watch.removing(t, e, slot)
	}
	t.ix.drop(e)
	last := len(t.ents) - 1
	if slot != last {
		moved := t.ents[last]
		t.ents[slot] = moved
		t.ix.put(moved, slot)
		from, to := t.at(last), t.at(slot)
		copy(to.Nums, from.Nums)
		for i := range to.Blobs {
			to.Blobs[i], from.Blobs[i] = from.Blobs[i], to.Blobs[i]
		}
	}
	t.truncate(last)
	return true
}

func (t *Table) clear() {
	if t.watch != nil {
		for slot, e := range t.ents {
			t.watch.removing(t, e, slot)
		}
	}
	t.ix.clear()
	t.truncate(0)
}

func (t *Table) truncate(n int) {
	t.ents, t.nums, t.blobs = t.ents[:n], t.nums[:n*t.comp.Nums], t.blobs[:n*t.comp.Blobs]
}

// index finds an entity's slot: a hash table with linear probing, at most half
// full, whose size follows the number of rows and not the entities' numbers,
// which come from the network.
type index struct {
	at    []place // a power of two of them
	n     int
	by    uint64 // odd, and not known to whoever chooses the entities
	shift uint8
}

type place struct {
	entity uint32
	slot   int32 // plus one; 0: free
}

// home is multiply-shift hashing (M. Dietzfelbinger et al., Journal of Algorithms 25, 1997) by a
// random number: neighbours end up far apart, and nobody can choose entities that do not.
func (x *index) home(e uint32) uint32 { return uint32(uint64(e) * x.by >> x.shift) }

func (x *index) find(e uint32) int {
	if x.n == 0 {
		return -1
	}
	mask := uint32(len(x.at) - 1)
	for i := x.home(e); ; i = (i + 1) & mask {
		p := x.at[i&mask]
		if p.slot == 0 {
			return -1
		}
		if p.entity == e {
			return int(p.slot) - 1
		}
	}
}

// put sets an entity's slot.
func (x *index) put(e uint32, slot int) {
	if 2*(x.n+1) > len(x.at) {
		old := x.at
		size := max(16, 2*len(old))
		x.at, x.n = make([]place, size), 0
		x.shift = uint8(64 - bits.TrailingZeros(uint(size)))
		for _, p := range old {
			if p.slot != 0 {
				x.put(p.entity, int(p.slot)-1)
			}
		}
	}
	mask := uint32(len(x.at) - 1)
	for i := x.home(e); ; i = (i + 1) & mask {
		p := &x.at[i]
		if p.slot == 0 {
			x.n++
		} else if p.entity != e {
			continue
		}
		*p = place{e, int32(slot) + 1}
		return
	}
}

// drop forgets an entity that is there, and closes the gap in its run.
func (x *index) drop(e uint32) {
	mask := uint32(len(x.at) - 1)
	i := x.home(e)
	for x.at[i].slot == 0 || x.at[i].entity != e {
		i = (i + 1) & mask
	}
	x.n--
	for j := i; ; {
		j = (j + 1) & mask
		p := x.at[j]
		if p.slot == 0 {
			x.at[i] = place{}
			return
		}
		// p may move back to the gap unless its home lies cyclically after it.
		if (j-x.home(p.entity))&mask >= (j-i)&mask {
			x.at[i] = p
			i = j
		}
	}
}

func (x *index) clear() {
	clear(x.at)
	x.n = 0
}
