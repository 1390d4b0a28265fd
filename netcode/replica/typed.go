package replica

import (
	"iter"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// binding is how the cells of a table are read as a generated struct: as they
// are, or moved to where the struct's own layout has them, if the server's
// schema has more fields than the program's.
type binding struct {
	own   *schema.Component // the program's
	at    int               // of the table among the replica's; -1: the server has no such component
	nums  [][2]int          // from, to; both lists nil: as they are
	blobs [][2]int
	moved schema.Cells
	same  bool
}

func (r *Replica) bind(own *schema.Component) *binding {
	for _, b := range r.bindings {
		if b.own == own {
			return b
		}
	}
	b := &binding{own: own, at: slices.IndexFunc(r.tables, func(t *Table) bool { return t.comp.ID == own.ID })}
	r.bindings = append(r.bindings, b)
	if b.at < 0 {
		return b
	}
	c := r.tables[b.at].comp
	b.same = c == own || c.Nums == own.Nums && c.Blobs == own.Blobs
	for i := range own.Fields {
		to := &own.Fields[i]
		from := c.Field(to.Number)
		if from == nil || from.InBlob() != to.InBlob() {
			b.same = false
			continue
		}
		if from.Cell != to.Cell {
			b.same = false
		}
		if to.InBlob() {
			b.blobs = append(b.blobs, [2]int{from.Cell, to.Cell})
		} else {
			b.nums = append(b.nums, [2]int{from.Cell, to.Cell})
		}
	}
	if !b.same {
		b.moved = own.NewCells()
	}
	return b
}

// of returns the table that is bound, or nil.
func (b *binding) of(r *Replica) *Table {
	if b.at < 0 {
		return nil
	}
	return r.tables[b.at]
}

func (b *binding) cells(c schema.Cells) schema.Cells {
	if b.same {
		return c
	}
	for _, m := range b.nums {
		b.moved.Nums[m[1]] = c.Nums[m[0]]
	}
	for _, m := range b.blobs {
		b.moved.Blobs[m[1]] = c.Blobs[m[0]]
	}
	return b.moved
}

func bindingOf[T any, P schema.Row[T]](r *Replica) *binding {
	return r.bind(P(nil).ComponentInfo())
}

// Get returns an entity's row of component T, and whether there is one.
func Get[T any, P schema.Row[T]](r *Replica, entity uint32) (T, bool) {
	var row T
	ok := Load[T, P](r, entity, &row)
	return row, ok
}

// Load is Get into memory that the caller has, so that it allocates nothing for
// components without strings and slices. It leaves row alone if there is none.
func Load[T any, P schema.Row[T]](r *Replica, entity uint32, row *T) bool {
	b := bindingOf[T, P](r)
	t := b.of(r)
	if t == nil {
		return false
	}
	slot := t.ix.find(entity)
	if slot < 0 {
		return false
	}
	P(row).LoadCells(b.cells(t.at(slot)))
	return true
}

// Has reports whether an entity has a row of component T.
func Has[T any, P schema.Row[T]](r *Replica, entity uint32) bool {
	t := bindingOf[T, P](r).of(r)
	return t != nil && t.ix.find(entity) >= 0
}

// Count returns the number of rows of component T.
func Count[T any, P schema.Row[T]](r *Replica) int {
	if t := bindingOf[T, P](r).of(r); t != nil {
		return t.Len()
	}
	return 0
}

// All goes through the rows of component T, in no particular order. The pointer
// is to the same memory each time: copy what is to be kept. The replica must not
// change meanwhile.
func All[T any, P schema.Row[T]](r *Replica) iter.Seq2[uint32, *T] {
	return func(yield func(uint32, *T) bool) {
		b := bindingOf[T, P](r)
		t := b.of(r)
		if t == nil {
			return
		}
		row := new(T)
		for slot, e := range t.ents {
			P(row).LoadCells(b.cells(t.at(slot)))
			if !yield(e, row) {
				return
			}
		}
	}
}

// OnAdd calls fn for each new row of component T, after the snapshot that brings
// it has been applied as a whole. A full snapshot removes and adds all rows. The
// row is good during the call; fn must not call Apply. Callbacks are called in
// the order in which they were set: all about removed rows first, then those
// about new and changed ones, component by component.
func OnAdd[T any, P schema.Row[T]](r *Replica, fn func(entity uint32, row *T)) {
	watchTable[T, P](r, func(w *watch, b *binding) {
		row := new(T)
		w.add = append(w.add, func(e uint32, _ uint64, c schema.Cells) {
			P(row).LoadCells(b.cells(c))
			fn(e, row)
		})
	})
}

// OnChange calls fn for each row of component T that was there before and has
// been written, with the row as it is now and the mask of the fields that came:
// bit n-1 for field n. Otherwise it is like OnAdd.
func OnChange[T any, P schema.Row[T]](r *Replica, fn func(entity uint32, row *T, mask uint64)) {
	watchTable[T, P](r, func(w *watch, b *binding) {
		row := new(T)
		w.change = append(w.change, func(e uint32, mask uint64, c schema.Cells) {
			P(row).LoadCells(b.cells(c))
			fn(e, row, mask)
		})
	})
}

// OnRemove calls fn for each row of component T that is gone, with what it was
// before. Otherwise it is like OnAdd.
func OnRemove[T any, P schema.Row[T]](r *Replica, fn func(entity uint32, last *T)) {
	watchTable[T, P](r, func(w *watch, b *binding) {
		row := new(T)
		w.remove = append(w.remove, func(e uint32, _ uint64, c schema.Cells) {
			P(row).LoadCells(b.cells(c))
			fn(e, row)
		})
	})
}

func watchTable[T any, P schema.Row[T]](r *Replica, set func(*watch, *binding)) {
	b := bindingOf[T, P](r)
	r.alone() // what others have applied would call nobody
	t := b.of(r)
	if t == nil {
		return
	}
	if t.watch == nil {
		t.watch = new(watch)
		r.watched = true
	}
	set(t.watch, b)
}

// watch keeps a table's callbacks, and what they are to be told when the
// snapshot has been applied.
type watch struct {
	add, change, remove []func(entity uint32, mask uint64, c schema.Cells)

	notes []note
	gone  []schema.Cells // what removed rows were; memory used again
	used  int            // of gone
}

type note struct {
	entity uint32
	what   uint8
	mask   uint64
	gone   int
}

const (
	noteAdd = iota
	noteChange
	noteRemove
)

func (w *watch) wrote(e uint32, mask uint64, added bool) {
	if added && len(w.add) > 0 {
		w.notes = append(w.notes, note{entity: e, what: noteAdd})
	}
	if !added && len(w.change) > 0 {
		w.notes = append(w.notes, note{entity: e, what: noteChange, mask: mask})
	}
}

func (w *watch) removing(t *Table, e uint32, slot int) {
	if len(w.remove) == 0 {
		return
	}
	if w.used == len(w.gone) {
		w.gone = append(w.gone, t.comp.NewCells())
	}
	from, to := t.at(slot), w.gone[w.used]
	copy(to.Nums, from.Nums)
	for i := range to.Blobs {
		to.Blobs[i] = append(to.Blobs[i][:0], from.Blobs[i]...)
	}
	w.notes = append(w.notes, note{entity: e, what: noteRemove, gone: w.used})
	w.used++
}

func (w *watch) forget() { w.notes, w.used = w.notes[:0], 0 }

// tell calls the callbacks.
func (r *Replica) tell() {
	for _, t := range r.tables {
		if t.watch == nil {
			continue
		}
		for _, n := range t.watch.notes {
			if n.what == noteRemove {
				for _, fn := range t.watch.remove {
					fn(n.entity, 0, t.watch.gone[n.gone])
				}
			}
		}
	}
	for _, t := range r.tables {
		w := t.watch
		if w == nil {
			continue
		}
		for _, n := range w.notes {
			list := w.add
			switch n.what {
			case noteRemove:
				continue
			case noteChange:
				list = w.change
			}
			c, _ := t.Cells(n.entity)
			for _, fn := range list {
				fn(n.entity, n.mask, c)
			}
		}
		w.forget()
	}
}
