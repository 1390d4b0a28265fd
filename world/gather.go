package world

import (
	"math"
	"math/bits"

	"github.com/tickroom/tickroom/proto/schema"
)

// Tags of the fields of a ServerFrame and a Table that are written here.
const (
	tagRemoved = 5<<3 | 2
	tagSet     = 6<<3 | 2
	tagDelta   = 7<<3 | 2
	tagEvents  = 8<<3 | 2

	tagComponent   = 1 << 3
	tagMask        = 2 << 3
	tagMaskHigh    = 3 << 3
	tagRows        = 4<<3 | 2
	tagMixed       = 5<<3 | 2
	tagWide        = 6<<3 | 2
	tagFloats      = 7<<3 | 2
	tagDoubles     = 8<<3 | 2
	tagRowsRemoved = 11<<3 | 2
)

// Scratch is the memory in which messages are put together. Each goroutine that
// reads a world has one of its own; it may be used for one world after another.
type Scratch struct {
	w       *World
	items   []item
	buckets []bucket
	chains  [2 * MaxTables]int32 // first bucket plus one, by table, set then delta
	active  []uint8              // chains in use
	removed []byte
	rowsOut []byte // tables of removed rows
	private fragStore
	events  []*event

	mark  []mark // by entity
	epoch uint32
	seen  []viewEntry // a view's new entries

	inner  *Scratch // for a group's shared bytes, made while a message is
	bodies bodies
}

// item is one row of the message.
type item struct {
	f    *frag
	next int32 // index plus one
}

// bucket holds the rows of one table with one mask.
type bucket struct {
	mask       uint64
	n          int32
	size       int32 // of rows, without masks
	head, tail int32 // items, index plus one
	next       int32 // bucket of the same table, index plus one
	maskLen    uint8
	own        bool // travels as a table of its own
}

// Release drops the reference to the world that was last read, so that a Scratch that
// is kept for later does not keep the memory of a world that has ended.
func (sc *Scratch) Release() {
	sc.bodies.reset()
	if sc.w == nil {
		return
	}
	sc.w = nil
	clear(sc.items)
	sc.items = sc.items[:0]
	if sc.inner != nil {
		sc.inner.Release()
	}
}

func (sc *Scratch) nested() *Scratch {
	if sc.inner == nil {
		sc.inner = new(Scratch)
	}
	return sc.inner
}

func (sc *Scratch) begin(w *World) {
	sc.w = w
	sc.items = sc.items[:0]
	sc.buckets = sc.buckets[:0]
	for _, c := range sc.active {
		sc.chains[c] = 0
	}
	sc.active = sc.active[:0]
	sc.removed = sc.removed[:0]
	sc.rowsOut = sc.rowsOut[:0]
	sc.private.reset(0)
}

// mark puts an entity into a set: that of the epoch.
type mark struct{ epoch, index uint32 }

// marks returns an empty set of entities, of which those are members whose mark has
// the current epoch.
func (sc *Scratch) marks(n int) []mark {
	if len(sc.mark) < n {
		sc.mark = append(sc.mark, make([]mark, n-len(sc.mark))...)
	}
	if sc.epoch == math.MaxUint32 {
		clear(sc.mark)
		sc.epoch = 0
	}
	sc.epoch++
	return sc.mark
}

// removeAll removes what a client has at base and was removed since.
func (sc *Scratch) removeAll(tombs []rowTomb, base uint32) {
	for _, t := range after(tombs, base) {
		if t.since <= base {
			sc.remove(t.e)
		}
	}
}

func (sc *Scratch) remove(e Entity) { sc.removed = schema.AppendUvarint(sc.removed, uint64(e)) }

// gather adds what a client lacks of one entity since base; all of it if fresh.
func (sc *Scratch) gather(e Entity, base uint32, fresh bool) {
	w := sc.w
	s := &w.rows[e]
	if fresh || base == 0 {
		for has := s.has; has != 0; has &= has - 1 {
			c := w.cores[bits.TrailingZeros64(has)]
			sc.add(c.index, c.fullRow(c.slotOf[e]-1))
		}
		return
	}
	if base+1 == w.committed {
		if s.changedAt == w.committed {
			for ch := s.changed; ch != 0; ch &= ch - 1 {
				c := w.cores[bits.TrailingZeros64(ch)]
				sc.add(MaxTables+c.index, &c.delta.recs[c.slotOf[e]-1].f)
			}
		}
		// Rows added to an entity that was there before have no difference.
		if s.addedAt <= base {
			return
		}
	}
	for has := s.has; has != 0; has &= has - 1 {
		c := w.cores[bits.TrailingZeros64(has)]
		slot := c.slotOf[e] - 1
		switch {
		case c.rowTick[slot] <= base:
		case c.born[slot] > base:
			sc.add(c.index, c.fullRow(slot))
		case base+1 < w.committed:
			sc.add(c.index, c.rowSince(slot, base, sc))
		}
	}
}

// add takes a row into the message.
func (sc *Scratch) add(chain int, f *frag) {
	sc.items = append(sc.items, item{f: f})
	at := int32(len(sc.items))
	first := sc.chains[chain]
	for i := first; i != 0; {
		b := &sc.buckets[i-1]
		if b.mask == f.mask {
			sc.items[b.tail-1].next = at
			b.tail = at
			b.n++
			b.size += int32(len(f.rows)) - int32(f.maskLen)
			return
		}
		i = b.next
	}
	if first == 0 {
		sc.active = append(sc.active, uint8(chain))
	}
	sc.buckets = append(sc.buckets, bucket{
		mask: f.mask, maskLen: f.maskLen, next: first, head: at, tail: at, n: 1, size: int32(len(f.rows)) - int32(f.maskLen),
	})
	sc.chains[chain] = int32(len(sc.buckets))
}

// rowsRemovedSince reports whether any entity lost a row after base.
func (sc *Scratch) rowsRemovedSince(base uint32) bool {
	for _, c := range sc.w.cores {
		if len(after(c.tombs.all(), base)) > 0 {
			return true
		}
	}
	return false
}

// gatherRemovedRows adds the rows that entities in sight lost after base.
func (sc *Scratch) gatherRemovedRows(base uint32, inSight func(Entity) bool) {
	for _, c := range sc.w.cores {
		n := 0
		for _, tomb := range after(c.tombs.all(), base) {
			if tomb.since <= base && inSight(tomb.e) {
				n += uvarintLen(uint64(tomb.e))
			}
		}
		if n == 0 {
			continue
		}
		b := append(sc.rowsOut, tagSet)
		b = schema.AppendUvarint(b, uint64(1+uvarintLen(uint64(c.comp.ID))+1+uvarintLen(uint64(n))+n))
		b = append(b, tagComponent)
		b = schema.AppendUvarint(b, uint64(c.comp.ID))
		b = append(b, tagRowsRemoved)
		b = schema.AppendUvarint(b, uint64(n))
		for _, tomb := range after(c.tombs.all(), base) {
			if tomb.since <= base && inSight(tomb.e) {
				b = schema.AppendUvarint(b, uint64(tomb.e))
			}
		}
		sc.rowsOut = b
	}
}

// appendTo appends what has been gathered as fields of a ServerFrame.
func (sc *Scratch) appendTo(b []byte) []byte {
	if len(sc.removed) > 0 {
		b = append(b, tagRemoved)
		b = schema.AppendUvarint(b, uint64(len(sc.removed)))
		b = append(b, sc.removed...)
	}
	b = append(b, sc.rowsOut...)
	for _, chain := range sc.active {
		tag, comp := byte(tagSet), sc.w.cores[chain&(MaxTables-1)].comp
		if chain >= MaxTables {
			tag = tagDelta
		}
		b = sc.appendTables(b, tag, comp, sc.chains[chain])
	}
	return b
}

// appendTables appends the tables of one component. A bucket that is large enough
// gets a table of its own, whose mask is written once; the others share one table in
// which each row carries its mask. The largest bucket travels in that table too.
func (sc *Scratch) appendTables(b []byte, tag byte, comp *schema.Component, first int32) []byte {
	// What a table of its own costs: tag and length, component, mask, tag and
	// length of its rows.
	const header = 8
	main, mixed, mixedSize := int32(0), int32(0), 0
	for i := first; i != 0; i = sc.buckets[i-1].next {
		if main == 0 || sc.buckets[i-1].n > sc.buckets[main-1].n {
			main = i
		}
	}
	for i := first; i != 0; i = sc.buckets[i-1].next {
		x := &sc.buckets[i-1]
		if i == main {
			continue
		}
		if x.own = x.maskLen == 0 || x.n*int32(x.maskLen) > header; !x.own {
			mixed++
			mixedSize += int(x.size) + int(x.n)*int(x.maskLen)
		}
	}
	if x := &sc.buckets[main-1]; x.maskLen != 0 {
		// Said once, the mask costs two bytes and, if there are mixed rows, two
		// more for a second packed field.
		once := int32(1 + x.maskLen)
		if mixed > 0 {
			once += 2
		}
		if x.mask != 0 && x.n*int32(x.maskLen) < once {
			mixed++
			mixedSize += int(x.size) + int(x.n)*int(x.maskLen)
			main = 0
		}
	}
	b = sc.appendTable(b, tag, comp, main, first, mixedSize, mixed > 0)
	for i := first; i != 0; i = sc.buckets[i-1].next {
		if sc.buckets[i-1].own {
			b = sc.appendTable(b, tag, comp, i, 0, 0, false)
		}
	}
	return b
}

// appendTable appends one table: the rows of bucket main, if not 0, and, if
// mixed, those of all other buckets of the chain that have no table of their own.
func (sc *Scratch) appendTable(b []byte, tag byte, comp *schema.Component, main, first int32, mixedSize int, mixed bool) []byte {
	n := 1 + uvarintLen(uint64(comp.ID))
	var mask uint64
	rows := 0
	if main != 0 {
		x := &sc.buckets[main-1]
		mask, rows = x.mask, int(x.size)
		if lo := uint64(uint32(mask)); lo != 0 {
			n += 1 + uvarintLen(lo)
		}
		if hi := mask >> 32; hi != 0 {
			n += 1 + uvarintLen(hi)
		}
		n += 1 + uvarintLen(uint64(rows)) + rows
	}
	if mixed {
		n += 1 + uvarintLen(uint64(mixedSize)) + mixedSize
	}
	var ext extSizes
	if !comp.Plain {
		sc.each(main, first, mixed, func(f *frag) { ext.add(f.ext) })
		n += ext.total()
	}
	b = append(b, tag)
	b = schema.AppendUvarint(b, uint64(n))
	b = append(b, tagComponent)
	b = schema.AppendUvarint(b, uint64(comp.ID))
	if lo := uint64(uint32(mask)); lo != 0 {
		b = append(b, tagMask)
		b = schema.AppendUvarint(b, lo)
	}
	if hi := mask >> 32; hi != 0 {
		b = append(b, tagMaskHigh)
		b = schema.AppendUvarint(b, hi)
	}
	if main != 0 {
		b = append(b, tagRows)
		b = schema.AppendUvarint(b, uint64(rows))
		for i := sc.buckets[main-1].head; i != 0; {
			it := &sc.items[i-1]
			b = append(b, it.f.rows[it.f.maskLen:]...)
			i = it.next
		}
	}
	if mixed {
		b = append(b, tagMixed)
		b = schema.AppendUvarint(b, uint64(mixedSize))
		for j := first; j != 0; j = sc.buckets[j-1].next {
			if x := &sc.buckets[j-1]; j != main && !x.own {
				for i := x.head; i != 0; {
					it := &sc.items[i-1]
					b = append(b, it.f.rows...)
					i = it.next
				}
			}
		}
	}
	if !comp.Plain {
		b = sc.appendExt(b, &ext, main, first, mixed)
	}
	return b
}

// each calls fn for the rows of bucket main, then, if mixed, for those of the
// chain's other buckets that have no table of their own.
func (sc *Scratch) each(main, first int32, mixed bool, fn func(*frag)) {
	walk := func(i int32) {
		for i = sc.buckets[i-1].head; i != 0; i = sc.items[i-1].next {
			fn(sc.items[i-1].f)
		}
	}
	if main != 0 {
		walk(main)
	}
	if !mixed {
		return
	}
	for i := first; i != 0; i = sc.buckets[i-1].next {
		if i != main && !sc.buckets[i-1].own {
			walk(i)
		}
	}
}

// extSizes counts the bytes of the values that are not in rows.
type extSizes struct{ wide, floats, doubles, strings, blobs int }

func (s *extSizes) add(x *extFrag) {
	if x != nil {
		s.wide += len(x.wide)
		s.floats += len(x.floats)
		s.doubles += len(x.doubles)
		s.strings += len(x.strings)
		s.blobs += len(x.blobs)
	}
}

func (s *extSizes) total() int {
	n := s.strings + s.blobs
	for _, k := range [...]int{s.wide, s.floats, s.doubles} {
		if k > 0 {
			n += 1 + uvarintLen(uint64(k)) + k
		}
	}
	return n
}

func (sc *Scratch) appendExt(b []byte, s *extSizes, main, first int32, mixed bool) []byte {
	packed := func(tag byte, size int, part func(*extFrag) []byte) {
		if size == 0 {
			return
		}
		if tag != 0 {
			b = append(b, tag)
			b = schema.AppendUvarint(b, uint64(size))
		}
		sc.each(main, first, mixed, func(f *frag) {
			if f.ext != nil {
				b = append(b, part(f.ext)...)
			}
		})
	}
	packed(tagWide, s.wide, func(x *extFrag) []byte { return x.wide })
	packed(tagFloats, s.floats, func(x *extFrag) []byte { return x.floats })
	packed(tagDoubles, s.doubles, func(x *extFrag) []byte { return x.doubles })
	packed(0, s.strings, func(x *extFrag) []byte { return x.strings })
	packed(0, s.blobs, func(x *extFrag) []byte { return x.blobs })
	return b
}

// uvarintLen returns the size of a varint.
func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
