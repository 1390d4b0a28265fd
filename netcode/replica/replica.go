// Package replica holds a client's copy of what it may see of a world, and keeps
// it up to date with the snapshots of a server: to the last bit, or not at all.
//
// Rows are kept as cells, the way they travel and are hashed; Get, All and the
// change callbacks give them as the generated structs. A replica has no clock,
// no connection and no goroutine, and is for one goroutine at a time. Between
// two snapshots it shows the newest state: smoothing and prediction stand above
// it.
package replica

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/proto/schema"
)

// Errors of Apply, next to ErrMalformed. All of them leave the replica broken.
var (
	// ErrGap: the snapshot builds on another tick than the replica's.
	ErrGap = errors.New("replica: gap")
	// ErrUnknownRow: a difference for a row that the replica doesn't hold.
	ErrUnknownRow = errors.New("replica: difference for a row that is not there")
	// ErrUnknownComponent: a table of a component that is not in the schema.
	ErrUnknownComponent = errors.New("replica: unknown component")
	// ErrTooManyRows: the snapshot would bring more rows than MaxRows.
	ErrTooManyRows = errors.New("replica: too many rows")
	// ErrBroken wraps the error that broke the replica, for every Apply after it.
	ErrBroken = errors.New("replica: broken")
)

// MaxRows is the most rows that a replica holds, all components together.
const MaxRows = 1 << 18

// Replica is a client's copy of what it sees.
type Replica struct {
	*state
	err error

	twins *Twins // that it is one of; nil: it is alone
	tries uint8  // to find another one with the same state, since it got one of its own

	frame    Frame // of Apply
	reader   schema.Reader
	touched  int
	bindings []*binding
	watched  bool
}

// state is what a replica holds, or several that are twins. What several hold does not change.
type state struct {
	schema  *schema.Schema
	tables  []*Table // as schema.Components
	byID    [64]*Table
	tick    uint32
	rows    int
	holders int    // that hold it, or may come to
	sum     uint64 // of Hash, if it is known
	summed  bool
}

func newState(s *schema.Schema) *state {
	st := &state{schema: s, holders: 1}
	for _, c := range s.Components {
		t := &Table{comp: c, ix: index{by: rand.Uint64() | 1}}
		st.tables = append(st.tables, t)
		if c.ID < uint32(len(st.byID)) {
			st.byID[c.ID] = t
		}
	}
	return st
}

// New makes an empty replica. Its tables have the layout of s, which is that of
// the server.
func New(s *schema.Schema) *Replica { return &Replica{state: newState(s)} }

// Schema returns the schema that the replica was made with.
func (r *Replica) Schema() *schema.Schema { return r.schema }

// Tick returns the tick that the replica is at the end of; 0 before the first
// snapshot.
func (r *Replica) Tick() uint32 { return r.tick }

// Rows returns the number of rows, all components together.
func (r *Replica) Rows() int { return r.rows }

// Touched returns the number of rows that the last snapshot created, changed or
// removed. Removed entities count as one row each, held or not.
func (r *Replica) Touched() int { return r.touched }

// Err returns the error that broke the replica, nil if none did.
func (r *Replica) Err() error { return r.err }

// Reset empties the replica and mends it; only a full snapshot, or one that
// builds on tick 0, can follow. Callbacks are not called.
func (r *Replica) Reset() {
	r.alone()
	for _, t := range r.tables {
		w := t.watch
		t.watch = nil
		t.clear()
		t.watch = w
	}
	r.tick, r.rows, r.summed, r.err = 0, 0, false, nil
	r.frame.Abandon()
}

// Table returns the table of the component with an id, or nil.
func (r *Replica) Table(id uint32) *Table {
	if id < uint32(len(r.byID)) {
		return r.byID[id]
	}
	for _, t := range r.tables {
		if t.comp.ID == id {
			return t
		}
	}
	return nil
}

// TableByName returns the table of the component with a name, or nil.
func (r *Replica) TableByName(name string) *Table {
	for _, t := range r.tables {
		if t.comp.Name == name {
			return t
		}
	}
	return nil
}

// Apply takes an encoded ServerFrame, applies the snapshot in it, if there is
// one, and calls the change callbacks. The rest of the frame can be read from
// Frame. After an error the replica is broken: what it holds is not to be
// trusted, and every further Apply fails with ErrBroken until Reset.
func (r *Replica) Apply(frame []byte) error {
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, r.err)
	}
	if err := r.frame.Parse(frame); err != nil {
		r.err = err
		return err
	}
	return r.ApplyFrame(&r.frame)
}

// Frame returns what the last Apply was given, taken apart.
func (r *Replica) Frame() *Frame { return &r.frame }

// ApplyFrame is Apply for a frame that has been taken apart already.
func (r *Replica) ApplyFrame(f *Frame) error {
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, r.err)
	}
	if f.Tick == 0 {
		return nil
	}
	var err error
	if r.twins != nil {
		err = r.applyTwin(f)
	} else {
		err = r.apply(f)
	}
	if err != nil {
		r.err = err
		for _, t := range r.tables {
			if t.watch != nil {
				t.watch.forget()
			}
		}
		return err
	}
	if r.watched {
		r.tell()
	}
	return nil
}

func (r *Replica) apply(f *Frame) error {
	r.touched, r.summed = 0, false
	if f.Full {
		for _, t := range r.tables {
			t.clear()
		}
		r.rows = 0
	} else if base := f.Base(); base != r.tick {
		return fmt.Errorf("%w: snapshot %d builds on tick %d, the replica is at tick %d", ErrGap, f.Tick, base, r.tick)
	}
	for _, list := range f.removed {
		for len(list) > 0 {
			e, n := protowire.ConsumeVarint(list)
			if n <= 0 {
				return fmt.Errorf("%w: list of removed entities", ErrMalformed)
			}
			list = list[n:]
			if r.touched++; r.touched > MaxRows {
				return fmt.Errorf("%w: the snapshot removes more than %d entities", ErrTooManyRows, MaxRows)
			}
			for _, t := range r.tables {
				if t.remove(uint32(e)) {
					r.rows--
				}
			}
		}
	}
	for _, b := range f.set {
		if err := r.applyRemovedRows(b); err != nil {
			return err
		}
	}
	for _, b := range f.set {
		if err := r.applyRows(b, false); err != nil {
			return err
		}
	}
	for _, b := range f.delta {
		if err := r.applyRows(b, true); err != nil {
			return err
		}
	}
	r.tick = f.Tick
	return nil
}

// open puts the reader on a table.
func (r *Replica) open(b []byte) (*Table, error) {
	if err := r.reader.Reset(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	t := r.Table(r.reader.Component)
	if t == nil {
		return nil, fmt.Errorf("%w: id %d; the schema %q has %d components", ErrUnknownComponent, r.reader.Component, r.schema.Package, len(r.tables))
	}
	return t, nil
}

func (r *Replica) applyRemovedRows(b []byte) error {
	t, err := r.open(b)
	if err != nil {
		return err
	}
	for {
		e, ok, err := r.reader.NextRemoved()
		if err != nil {
			return fmt.Errorf("%w: component %s: %w", ErrMalformed, t.comp.Name, err)
		}
		if !ok {
			return nil
		}
		r.touched++
		if t.remove(e) {
			r.rows--
		}
	}
}

func (r *Replica) applyRows(b []byte, delta bool) error {
	t, err := r.open(b)
	if err != nil {
		return err
	}
	for {
		e, mask, ok, err := r.reader.Next()
		if err != nil {
			return fmt.Errorf("%w: component %s: %w", ErrMalformed, t.comp.Name, err)
		}
		if !ok {
			return nil
		}
		slot := t.ix.find(e)
		added := slot < 0
		if added {
			if delta {
				return fmt.Errorf("%w: component %s, entity %d", ErrUnknownRow, t.comp.Name, e)
			}
			if r.rows >= MaxRows {
				return fmt.Errorf("%w: more than %d", ErrTooManyRows, MaxRows)
			}
			slot = t.add(e)
			r.rows++
		}
		if err := r.reader.ReadFields(t.comp, mask, t.at(slot), delta); err != nil {
			return fmt.Errorf("%w: component %s, entity %d: %w", ErrMalformed, t.comp.Name, e, err)
		}
		r.touched++
		if t.watch != nil {
			t.watch.wrote(e, mask, added)
		}
	}
}
