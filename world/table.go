package world

import (
	"bytes"
	"fmt"
	"iter"
	"math/bits"

	"github.com/tickroom/tickroom/proto/schema"
)

const (
	pageBits = 6 // most tables of most rooms have few rows
	pageSize = 1 << pageBits
)

// table is what the world knows of a Table[T] without its T.
type table interface {
	base() *core
	commit(t uint32)
	save(slot int32, b []byte) []byte
	restore(slot int32, e Entity, row []byte) error
	wipe()
}

// core is a table without the Go structs: for each slot the entity, the cells as
// committed, and the tick of each field's last change. A row keeps its slot as long
// as it exists; free slots are used again.
type core struct {
	w     *World
	index int
	comp  *schema.Component

	slotOf []int32  // by entity: slot plus one, 0 none
	ent    []Entity // by slot: 0 free
	free   []int32
	rows   int

	nums    []int64  // by slot, comp.Nums each
	blobs   [][]byte // by slot, comp.Blobs each
	stamps  []uint32 // by slot, one per field: tick of the last change
	rowTick []uint32 // by slot: newest of the stamps, or the tick of birth
	born    []uint32 // by slot: tick in which the row was added
	hash    []uint64 // by slot: state hash
	hashOf  []uint32 // by slot: rowTick that hash belongs to

	tombs      fifo[rowTomb] // rows removed from entities that live on
	tombsFloor uint32        // newest tick of a forgotten one

	numField, blobField []int // cell to index in comp.Fields
	next                schema.Cells

	delta fragStore // changes of the committed tick, from the one before
	full  fragStore // whole rows
	older olderStores
}

// rowTomb remembers that something was removed: from a group, a view or a table.
type rowTomb struct {
	e     Entity
	tick  uint32 // when it was removed
	since uint32 // when it had come: who lacks that lacks the removal as well
}

func (c *core) base() *core { return c }

func (c *core) cells(slot int32) schema.Cells {
	n, b := c.comp.Nums, c.comp.Blobs
	s := int(slot)
	return schema.Cells{Nums: c.nums[s*n : s*n+n : s*n+n], Blobs: c.blobs[s*b : s*b+b : s*b+b]}
}

// slot returns an entity's slot, or -1.
func (c *core) slot(e Entity) int32 {
	if int(e) >= len(c.slotOf) {
		return -1
	}
	return c.slotOf[e] - 1
}

// take finds a slot for an entity's new row.
func (c *core) take(e Entity) int32 {
	var slot int32
	if n := len(c.free); n > 0 {
		slot = c.free[n-1]
		c.free = c.free[:n-1]
	} else {
		slot = int32(len(c.ent))
		c.grow(len(c.ent) + 1)
	}
	c.occupy(slot, e)
	return slot
}

func (c *core) grow(slots int) {
	for len(c.ent) < slots {
		c.ent = append(c.ent, 0)
		c.nums = append(c.nums, c.next.Nums...)
		for range c.comp.Blobs {
			c.blobs = append(c.blobs, nil)
		}
		for range c.comp.Fields {
			c.stamps = append(c.stamps, 0)
		}
		c.rowTick = append(c.rowTick, 0)
		c.born = append(c.born, 0)
		c.hash = append(c.hash, 0)
		c.hashOf = append(c.hashOf, 0)
	}
}

func (c *core) occupy(slot int32, e Entity) {
	for int(e) >= len(c.slotOf) {
		c.slotOf = append(c.slotOf, 0)
	}
	c.slotOf[e] = slot + 1
	c.ent[slot] = e
	c.born[slot] = c.w.Tick()
	c.rowTick[slot] = 0
	c.rows++
	s := &c.w.rows[e]
	s.has |= 1 << c.index
	s.addedAt = c.w.Tick()
}

// drop ends a row without remembering it.
func (c *core) drop(e Entity) {
	slot := c.slotOf[e] - 1
	c.slotOf[e] = 0
	c.ent[slot] = 0
	c.free = append(c.free, slot)
	c.rows--
	s := &c.w.rows[e]
	s.has &^= 1 << c.index
	s.changed &^= 1 << c.index
}

// commitRow compares next with the committed cells of a slot, stamps the fields that
// differ, encodes the difference and takes next over.
func (c *core) commitRow(slot int32, t uint32) {
	e := c.ent[slot]
	cur := c.cells(slot)
	nf := len(c.comp.Fields)
	stamps := c.stamps[int(slot)*nf : (int(slot)+1)*nf]
	if c.born[slot] == t {
		copy(cur.Nums, c.next.Nums)
		for i, b := range c.next.Blobs {
			cur.Blobs[i] = append(cur.Blobs[i][:0], b...)
		}
		for i := range stamps {
			stamps[i] = t
		}
		c.rowTick[slot] = t
		return
	}
	var mask uint64
	for i, v := range c.next.Nums {
		if cur.Nums[i] != v {
			f := c.numField[i]
			stamps[f] = t
			mask |= 1 << (c.comp.Fields[f].Number - 1)
		}
	}
	for i, b := range c.next.Blobs {
		if !bytes.Equal(cur.Blobs[i], b) {
			f := c.blobField[i]
			stamps[f] = t
			mask |= 1 << (c.comp.Fields[f].Number - 1)
		}
	}
	if mask == 0 {
		return
	}
	c.delta.encode(c, slot, e, t, mask, c.next, cur.Nums)
	copy(cur.Nums, c.next.Nums)
	for i, b := range c.next.Blobs {
		if mask>>(c.comp.Fields[c.blobField[i]].Number-1)&1 != 0 {
			cur.Blobs[i] = append(cur.Blobs[i][:0], b...)
		}
	}
	c.rowTick[slot] = t
	s := &c.w.rows[e]
	if s.changedAt != t {
		s.changedAt, s.changed = t, 0
	}
	s.changed |= 1 << c.index
}

// maskSince returns the fields stamped after base.
func (c *core) maskSince(slot int32, base uint32) uint64 {
	nf := len(c.comp.Fields)
	var m uint64
	for i, s := range c.stamps[int(slot)*nf : (int(slot)+1)*nf] {
		if s > base {
			m |= 1 << (c.comp.Fields[i].Number - 1)
		}
	}
	return m
}

// beginCommit readies the caches for tick t and forgets old row removals.
func (c *core) beginCommit(t uint32) {
	c.delta.reset(t)
	c.full.reset(t)
	c.older.reset(t)
	forget(&c.tombs, c.w, t, &c.tombsFloor)
}

// Table holds the rows of one component, at most one per entity.
type Table[T any] struct {
	core
	pages []*[pageSize]T
	prev  []*[pageSize]T // rows as they were at the last commit

	same   func(a, b *T) bool // nil: compare cells only
	store  func(*T, schema.Cells)
	load   func(*T, schema.Cells)
	encode func(*T, []byte) []byte
	decode func(*T, []byte) error
	locate func(*T) (x, y float64)
}

// NewTable adds a table for rows of T, a struct that protoc-gen-tickroom has
// generated from a component. It panics if the world has one already.
func NewTable[T any, P schema.Row[T]](w *World) *Table[T] {
	comp := P(new(T)).ComponentInfo()
	for _, o := range w.tables {
		if o.base().comp.ID == comp.ID {
			panic(fmt.Sprintf("world: components %s and %s have the same id %d", o.base().comp.Name, comp.Name, comp.ID))
		}
	}
	if len(w.tables) == MaxTables {
		panic(fmt.Sprintf("world: more than %d tables", MaxTables))
	}
	t := &Table[T]{
		core:   core{w: w, index: len(w.tables), comp: comp, next: comp.NewCells()},
		store:  func(row *T, c schema.Cells) { P(row).StoreCells(c) },
		load:   func(row *T, c schema.Cells) { P(row).LoadCells(c) },
		encode: func(row *T, b []byte) []byte { return P(row).AppendProto(b) },
		decode: func(row *T, b []byte) error { return P(row).UnmarshalProto(b) },
	}
	// A row that holds slices shares them with its copy, so that only the cells
	// tell whether they changed.
	slices := false
	t.numField, t.blobField = make([]int, comp.Nums), make([]int, comp.Blobs)
	for i := range comp.Fields {
		f := &comp.Fields[i]
		if f.InBlob() {
			t.blobField[f.Cell] = i
		} else {
			t.numField[f.Cell] = i
		}
		slices = slices || f.Repeated || f.Kind == schema.Bytes
	}
	if !slices {
		t.same = func(a, b *T) bool { return P(a).SameAs(b) }
	}
	w.tables = append(w.tables, t)
	w.cores = append(w.cores, &t.core)
	return t
}

// Locate makes a table place its entities: when a tick is committed, at is called for
// each row that is new or changed and returns where the row's entity is.
func (t *Table[T]) Locate(at func(row *T) (x, y float64)) { t.locate = at }

// Len returns the number of rows.
func (t *Table[T]) Len() int { return t.rows }

// Add gives an entity a zero row and returns it; if it has one already, that is
// returned as it is. The pointer is valid until the row is removed.
func (t *Table[T]) Add(e Entity) *T {
	t.w.state(e)
	if slot := t.slot(e); slot >= 0 {
		return t.at(slot)
	}
	slot := t.take(e)
	for int(slot)>>pageBits >= len(t.pages) {
		t.pages = append(t.pages, new([pageSize]T))
		t.prev = append(t.prev, new([pageSize]T))
	}
	row := t.at(slot)
	*row = *new(T)
	return row
}

// Set gives an entity a row with the value v, and returns it.
func (t *Table[T]) Set(e Entity, v T) *T {
	row := t.Add(e)
	*row = v
	return row
}

// Get returns an entity's row, or nil if it has none.
func (t *Table[T]) Get(e Entity) *T {
	slot := t.slot(e)
	if slot < 0 {
		return nil
	}
	return t.at(slot)
}

// Remove ends an entity's row. Removing one that is not there has no effect.
func (t *Table[T]) Remove(e Entity) {
	slot := t.slot(e)
	if slot < 0 {
		return
	}
	if t.born[slot] <= t.w.committed {
		t.tombs.push(rowTomb{e, t.w.Tick(), t.born[slot]})
	}
	t.drop(e)
}

// All ranges over the rows in the order of their slots, which depends on nothing but
// the world's history. Rows may be removed meanwhile; one that is added meanwhile may
// or may not be visited.
func (t *Table[T]) All() iter.Seq2[Entity, *T] {
	return func(yield func(Entity, *T) bool) {
		for slot := 0; slot < len(t.ent); slot++ {
			if e := t.ent[slot]; e != 0 && !yield(e, t.at(int32(slot))) {
				return
			}
		}
	}
}

func (t *Table[T]) at(slot int32) *T { return &t.pages[slot>>pageBits][slot&(pageSize-1)] }

func (t *Table[T]) commit(tick uint32) {
	t.beginCommit(tick)
	for p, page := range t.pages {
		prev := t.prev[p]
		first := p << pageBits
		ents := t.ent[first:min(first+pageSize, len(t.ent))]
		for i, e := range ents {
			if e == 0 {
				continue
			}
			slot := int32(first + i)
			fresh := t.born[slot] == tick
			if !fresh && t.same != nil && t.same(&page[i], &prev[i]) {
				continue
			}
			prev[i] = page[i]
			t.store(&page[i], t.next)
			t.commitRow(slot, tick)
			if t.locate != nil {
				x, y := t.locate(&page[i])
				t.w.Place(e, x, y)
			}
		}
	}
}

func (t *Table[T]) save(slot int32, b []byte) []byte { return t.encode(t.at(slot), b) }

func (t *Table[T]) restore(slot int32, e Entity, row []byte) error {
	t.grow(int(slot) + 1)
	for int(slot)>>pageBits >= len(t.pages) {
		t.pages = append(t.pages, new([pageSize]T))
		t.prev = append(t.prev, new([pageSize]T))
	}
	p := t.at(slot)
	*p = *new(T)
	if err := t.decode(p, row); err != nil {
		return err
	}
	t.occupy(slot, e)
	t.prev[slot>>pageBits][slot&(pageSize-1)] = *p
	t.store(p, t.cells(slot))
	if t.locate != nil {
		x, y := t.locate(p)
		t.w.Place(e, x, y)
	}
	return nil
}

func (t *Table[T]) wipe() {
	c := &t.core
	*c = core{w: c.w, index: c.index, comp: c.comp, numField: c.numField, blobField: c.blobField, next: c.comp.NewCells()}
	t.pages, t.prev = nil, nil
}

// maskLen is the size of a mask as a varint.
func maskLen(m uint64) uint8 { return uint8((bits.Len64(m|1) + 6) / 7) }
