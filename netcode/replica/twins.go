package replica

import (
	"bytes"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// Twins are for programs that hold thousands of replicas of which most are sent the same, such as load
// generators that play the audience of a live room: what comes for one after another is taken
// apart once, by Parse, and applied once, to a state that all of them hold. Nothing is taken on trust. A frame
// is the same as an earlier one if its bytes are, and replicas hold the same state if the same
// change was made to the same state, or if all their rows are equal.
//
// Twins and the replicas that Join them are for one goroutine at a time. The zero value is ready.
type Twins struct {
	// Frames that were taken apart, as a ring.
	frames [24]alike
	next   int

	// What they have made of states, as a ring.
	steps [32]step
	step  int

	// States that others may turn out to have as well, as a ring.
	states [8]*state
	at     int

	spare []*state // for their memory
}

// step is what a frame has made of a state.
type step struct {
	change   uint64 // 0: there is none here
	from, to *state
	touched  int
}

const (
	// maxTries is how often a replica that has a state of its own looks for another one that has
	// the same, before it does so only with the hashes.
	maxTries = 4
	maxSpare = 16
)

// Join makes r one of the twins. Then what r.Table and r.TableByName return is good until the next
// frame. A replica with callbacks is none of them, and one that is given some is none any more.
func (r *Replica) Join(tw *Twins) {
	if !r.watched {
		r.twins = tw
	}
}

// alone makes the replica none of its twins any more.
func (r *Replica) alone() {
	tw, from := r.twins, r.state
	if r.twins = nil; from.holders > 1 {
		r.state = newState(r.schema)
		r.copyFrom(from)
		tw.release(from)
	}
}

// applyTwin is apply for one of twins.
func (r *Replica) applyTwin(f *Frame) error {
	tw, from := r.twins, r.state
	if s := tw.made(f.change, from); s != nil {
		r.touched = s.touched
		tw.hold(s.to)
		r.state = s.to
		tw.release(from)
		return nil
	}
	if f.Full || f.Skip > 0 {
		r.tries = 0
	}
	if from.holders > 1 {
		r.state = tw.take(r.schema)
		if !f.Full {
			r.copyFrom(from)
		}
		defer tw.release(from)
	}
	if err := r.apply(f); err != nil {
		return err
	}
	made := r.state
	if made != from || r.tries < maxTries || f.HasHash {
		r.tries = min(r.tries+1, maxTries)
		tw.find(r)
	}
	if made != from && f.change != 0 {
		tw.note(step{f.change, from, r.state, r.touched})
	}
	return nil
}

// made returns what a change has made of a state, or nil.
func (tw *Twins) made(change uint64, from *state) *step {
	if change == 0 {
		return nil
	}
	for i := range tw.steps {
		if s := &tw.steps[i]; s.change == change && s.from == from {
			return s
		}
	}
	return nil
}

// note keeps a step.
func (tw *Twins) note(s step) {
	old := &tw.steps[tw.step]
	tw.step = (tw.step + 1) % len(tw.steps)
	tw.hold(s.from)
	tw.hold(s.to)
	if old.change != 0 {
		tw.release(old.from)
		tw.release(old.to)
	}
	*old = s
}

// find has a replica hold the state that others hold, if it has all rows that they have and no other.
func (tw *Twins) find(r *Replica) {
	for _, st := range tw.states {
		if st != nil && st != r.state && st.equal(r.state) {
			tw.hold(st)
			tw.release(r.state)
			r.state, r.tries = st, maxTries
			return
		}
	}
	tw.offer(r.state)
}

// offer keeps a state for others to find.
func (tw *Twins) offer(st *state) {
	if slices.Contains(tw.states[:], st) {
		return
	}
	tw.hold(st)
	if old := tw.states[tw.at]; old != nil {
		tw.release(old)
	}
	tw.states[tw.at] = st
	tw.at = (tw.at + 1) % len(tw.states)
}

func (*Twins) hold(st *state) { st.holders++ }

func (tw *Twins) release(st *state) {
	if st.holders--; st.holders == 0 && len(tw.spare) < maxSpare {
		tw.spare = append(tw.spare, st)
	}
}

// take returns a state that one holds. It may have any content.
func (tw *Twins) take(s *schema.Schema) *state {
	n := len(tw.spare) - 1
	if n < 0 || tw.spare[n].schema != s {
		return newState(s)
	}
	st := tw.spare[n]
	tw.spare = tw.spare[:n]
	st.holders = 1
	return st
}

// copyFrom makes st the same as another one of its schema.
func (st *state) copyFrom(o *state) {
	for i, t := range st.tables {
		t.copyFrom(o.tables[i])
	}
	st.tick, st.rows, st.sum, st.summed = o.tick, o.rows, o.sum, o.summed
}

func (t *Table) copyFrom(o *Table) {
	t.ents = append(t.ents[:0], o.ents...)
	t.nums = append(t.nums[:0], o.nums...)
	t.blobs = t.blobs[:cap(t.blobs)] // their memory is used again
	for len(t.blobs) < len(o.blobs) {
		t.blobs = append(t.blobs, nil)
	}
	t.blobs = t.blobs[:len(o.blobs)]
	for i, b := range o.blobs {
		t.blobs[i] = append(t.blobs[i][:0], b...)
	}
	t.ix.at = append(t.ix.at[:0], o.ix.at...)
	t.ix.n, t.ix.by, t.ix.shift = o.ix.n, o.ix.by, o.ix.shift
}

// equal reports whether two states have the same rows at the same tick.
func (st *state) equal(o *state) bool {
	if st.schema != o.schema || st.tick != o.tick || st.rows != o.rows || st.summed && o.summed && st.sum != o.sum {
		return false
	}
	for i, t := range st.tables {
		if t.Len() != o.tables[i].Len() {
			return false
		}
	}
	for i, t := range st.tables {
		for slot, e := range t.ents {
			c, ok := o.tables[i].Cells(e)
			if !ok || !slices.Equal(c.Nums, t.at(slot).Nums) || !slices.EqualFunc(c.Blobs, t.at(slot).Blobs, bytes.Equal) {
				return false
			}
		}
	}
	return true
}
