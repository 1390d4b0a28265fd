package world

import (
	"sync"

	"github.com/tickroom/tickroom/proto/schema"
)

// frag is one row's part of a table: the unit that is encoded once and copied
// into every message that needs it.
type frag struct {
	mask    uint64
	rows    []byte // mask, entity, values: varints
	maskLen uint8
	ext     *extFrag // nil for rows without such values
}

// extFrag holds the values that are not in rows.
type extFrag struct {
	wide, floats, doubles, strings, blobs []byte
}

type rec struct {
	tick uint32 // committed tick that f belongs to
	f    frag
}

// fragStore holds fragments of one table's rows for one base.
type fragStore struct {
	mu      sync.Mutex // for stores that are filled while being read
	recs    []rec      // by slot
	streams schema.Streams
	exts    []*extFrag
	used    int // of exts
}

func (s *fragStore) reset(uint32) {
	s.streams.Reset()
	s.used = 0
}

// encode makes a slot's fragment from cells; prev nil: absolute values. The
// caller holds mu, or is alone.
func (s *fragStore) encode(c *core, slot int32, e Entity, t uint32, mask uint64, cells schema.Cells, prev []int64) *frag {
	for int(slot) >= len(s.recs) {
		s.recs = append(s.recs, make([]rec, len(c.ent)-len(s.recs))...)
	}
	r := &s.recs[slot]
	r.tick = t
	s.encodeInto(&r.f, c, e, mask, cells, prev)
	return &r.f
}

func (s *fragStore) encodeInto(f *frag, c *core, e Entity, mask uint64, cells schema.Cells, prev []int64) {
	st := &s.streams
	at := len(st.Rows)
	f.mask = mask
	f.maskLen = 0
	if mask>>32 == 0 { // a row with higher fields never carries its own mask
		f.maskLen = maskLen(mask)
		st.Rows = schema.AppendUvarint(st.Rows, mask)
	}
	st.Rows = schema.AppendUvarint(st.Rows, uint64(e))
	f.ext = nil
	if c.comp.Plain {
		c.comp.AppendFields(st, mask, cells, prev)
		f.rows = st.Rows[at:len(st.Rows):len(st.Rows)]
		return
	}
	w, fl, d, ss, b := len(st.Wide), len(st.Floats), len(st.Doubles), len(st.Strings), len(st.Blobs)
	c.comp.AppendFields(st, mask, cells, prev)
	f.rows = st.Rows[at:len(st.Rows):len(st.Rows)]
	if w == len(st.Wide) && fl == len(st.Floats) && d == len(st.Doubles) && ss == len(st.Strings) && b == len(st.Blobs) {
		return
	}
	if s.used == len(s.exts) {
		s.exts = append(s.exts, new(extFrag))
	}
	f.ext = s.exts[s.used]
	s.used++
	*f.ext = extFrag{wide: st.Wide[w:], floats: st.Floats[fl:], doubles: st.Doubles[d:], strings: st.Strings[ss:], blobs: st.Blobs[b:]}
}

// olderStores holds the stores for bases other than the last tick and none.
// There are at most maxOlder a tick: clients whose rate is stepped down share
// theirs, and those that come back from a stall at some odd base beyond that
// bound are served without sharing.
type olderStores struct {
	mu     sync.Mutex
	stores []*fragStore
	bases  []uint32 // of the first stores, in their order
}

const maxOlder = 16

func (o *olderStores) reset(t uint32) {
	for i := range o.bases {
		o.stores[i].reset(t)
	}
	o.bases = o.bases[:0]
}

// get returns the store for a base, or nil if there are too many bases already.
func (o *olderStores) get(base uint32) *fragStore {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, b := range o.bases {
		if b == base {
			return o.stores[i]
		}
	}
	n := len(o.bases)
	if n == maxOlder {
		return nil
	}
	if n == len(o.stores) {
		o.stores = append(o.stores, new(fragStore))
	}
	o.bases = append(o.bases, base)
	return o.stores[n]
}

// fullRow returns a slot's whole row. Like those of rowSince the fragment does not
// change until the next commit: a store's slice of records grows before the
// first of them is given out in a tick, since rows are added only between ticks.
func (c *core) fullRow(slot int32) *frag {
	t := c.w.committed
	c.full.mu.Lock()
	defer c.full.mu.Unlock()
	if int(slot) >= len(c.full.recs) {
		// It is made below.
	} else if r := &c.full.recs[slot]; r.tick == t {
		return &r.f
	}
	cells := c.cells(slot)
	return c.full.encode(c, slot, c.ent[slot], t, c.comp.NonZero(cells), cells, nil)
}

// rowSince returns the fields of a slot that changed after base, absolute. The
// row was there at base.
func (c *core) rowSince(slot int32, base uint32, sc *Scratch) *frag {
	t := c.w.committed
	st := c.older.get(base)
	if st == nil {
		f := new(frag)
		sc.private.encodeInto(f, c, c.ent[slot], c.maskSince(slot, base), c.cells(slot), nil)
		return f
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if int(slot) < len(st.recs) && st.recs[slot].tick == t {
		return &st.recs[slot].f
	}
	return st.encode(c, slot, c.ent[slot], t, c.maskSince(slot, base), c.cells(slot), nil)
}
