// Package replay plays journals of rooms again, and looks for where a room was not played as it is
// played again. It has no clock and reads no files: that is the command line's.
package replay

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// Panic is one of the game, as an error.
type Panic struct {
	Tick  uint32 // that was being simulated
	Call  string // in which it came
	Value any
	Stack string
}

// Error says what the game panicked with, and where.
func (p *Panic) Error() string {
	return fmt.Sprintf("the game panics in tick %d, in %s: %v", p.Tick, p.Call, p.Value)
}

// cursor goes through the entries of a journal.
type cursor struct {
	j    *journal.Journal
	next int // of Chunks
	left []*tickroomv1.JournalEntry
	tick uint32 // of the block that was begun
}

// peek returns the next entry, nil at the end.
func (c *cursor) peek() (*tickroomv1.JournalEntry, error) {
	for len(c.left) == 0 {
		if c.next == len(c.j.Chunks) {
			return nil, nil
		}
		chunk := c.j.Chunks[c.next]
		c.next++
		if chunk.Type != journal.TypeBlock {
			continue
		}
		b, err := c.j.Block(chunk)
		if err != nil {
			return nil, err
		}
		c.left, c.tick = b.GetEntries(), b.GetTick()
	}
	return c.left[0], nil
}

func (c *cursor) take() { c.left = c.left[1:] }

// Run is a journal that is being played again.
type Run struct {
	cursor  cursor
	replay  *journal.Replay
	entries int
	seen    func(e *tickroomv1.JournalEntry) // called after each entry; may be nil
}

// Start makes the room of a journal again, of which the kind is. What the game logs goes to log, nowhere
// if that is nil. The error is a Panic if the game panics.
func Start(j *journal.Journal, k world.Kind, log *slog.Logger) (r *Run, err error) {
	from, ok, err := j.Start()
	if err != nil {
		return nil, err
	}
	if !ok {
		first := slices.IndexFunc(j.Chunks, func(c journal.Chunk) bool { return c.Type == journal.TypeBlock })
		return nil, fmt.Errorf("the journal begins after tick %d, and has no state from then: it can't be played again. More of it is kept in memory with a higher journal.ring", j.Chunks[first].Tick)
	}
	r = &Run{cursor: cursor{j: j}}
	defer r.recover("New", &err)
	if from != nil {
		r.replay, err = journal.ResumeReplay(k, j.Header, from, log, nil)
	} else {
		r.replay, err = journal.NewReplay(k, j.Header, log, nil)
	}
	return r, err
}

// recover makes an error of a panic.
func (r *Run) recover(call string, err *error) {
	if v := recover(); v != nil {
		tick := uint32(1)
		if r.replay != nil {
			tick = r.replay.Room().Tick()
		}
		*err = &Panic{Tick: tick, Call: call, Value: v, Stack: string(debug.Stack())}
	}
}

// Room returns the room.
func (r *Run) Room() *world.Room { return r.replay.Room() }

// Player returns the player with a number in the room, nil if it is not there.
func (r *Run) Player(number uint32) *world.Player { return r.replay.Player(number) }

// At returns the newest tick that was played, 0 before the first.
func (r *Run) At() uint32 { return r.Room().Committed() }

// Forward plays on, up to and including a tick, or to the end. Errors are as those of Tick.
func (r *Run) Forward(tick uint32) error {
	for r.At() < tick {
		if _, done, err := r.Tick(); done || err != nil {
			return err
		}
	}
	return nil
}

// Entries returns how many entries were played.
func (r *Run) Entries() int { return r.entries }

// Tick plays one tick, and returns what the journal says of the state after it, nil if it says nothing. At
// the end it reports done; a tick may have begun then. The error is a Panic if the game panics, and else
// says what can't be played.
func (r *Run) Tick() (hash *tickroomv1.JournalHash, done bool, err error) {
	for {
		e, err := r.cursor.peek()
		if err != nil || e == nil {
			return nil, true, err
		}
		r.cursor.take()
		if err := r.apply(e); err != nil {
			return nil, true, err
		}
		if e.GetOp() != tickroomv1.JournalOp_JOURNAL_OP_STEP {
			continue
		}
		e, err = r.cursor.peek()
		if err != nil || e.GetOp() != tickroomv1.JournalOp_JOURNAL_OP_HASH {
			return nil, false, err
		}
		r.cursor.take()
		return e.GetHash(), false, nil
	}
}

func (r *Run) apply(e *tickroomv1.JournalEntry) (err error) {
	defer r.recover(journal.Op(e.GetOp()).String(), &err)
	if e.GetOp() != tickroomv1.JournalOp_JOURNAL_OP_HASH {
		r.entries++
	}
	if err := r.replay.Apply(e); err != nil {
		return err
	}
	if r.seen != nil {
		r.seen(e)
	}
	return nil
}

// state returns what a journal would say of the state.
func (r *Run) state() *tickroomv1.JournalHash {
	w := r.Room().World
	return &tickroomv1.JournalHash{Rows: w.Hash(), Tables: w.AppendTableHashes(nil), Random: w.AppendRandom(nil)}
}

// equal reports whether two states are the same, as far as hashes tell.
func equal(a, b *tickroomv1.JournalHash) bool {
	return a.GetRows() == b.GetRows() && slices.Equal(a.GetTables(), b.GetTables()) && bytes.Equal(a.GetRandom(), b.GetRandom())
}
