package netcode

import (
	"math"

	"github.com/tickroom/tickroom/world"
)

// Bounds of a client's inputs.
const (
	// MaxInputs is how many inputs wait at most. When one more comes the oldest
	// is dropped.
	MaxInputs = 32
	// MaxInputSize is the most bytes that an encoded input may have.
	MaxInputSize = 512
	// MaxAhead is how many ticks ahead an input may be meant for.
	MaxAhead = 64
	// MaxLate is by how many ticks an input may be too late. What a client wanted to do
	// longer ago is of no use any more, and may be much.
	MaxLate = 64
	// MaxEarly bounds what Early returns, both ways.
	MaxEarly = 63
)

// Fate is what has become of an input.
type Fate uint8

// The fates of inputs.
const (
	// Accepted: it waits for its tick.
	Accepted Fate = iota
	// Late: it came after the tick it was meant for, and is applied in the next.
	Late
	// Dropped: it is too long, or meant for a tick too far ahead or too long ago. Or it was
	// accepted, and the oldest of too many that wait was dropped for it.
	Dropped
	// Repeated: its number had been seen, so it is passed over.
	Repeated
)

// InputRules say what is made of a client's inputs besides applying them. All are in ticks.
type InputRules struct {
	// NeutralAfter is in which tick in a row without an input the game is handed an empty one, of a
	// client whose inputs are meant for ticks. 0: never.
	NeutralAfter uint32
	// Rewind is how far back from now an input may say that its player was looking. 0: what it
	// says is not looked at.
	Rewind uint32
	// Spread is how far back from the newest tick that the client has acknowledged that may be.
	Spread uint32
}

// Shown is what a client can have been looking at: nothing after the newest tick that it was sent, and
// nothing long before the newest that it has acknowledged.
type Shown struct{ Newest, Acknowledged uint32 }

// Inputs holds a client's inputs until the ticks they are meant for. An input
// with no tick is for the next one, and one that comes too late as well. The zero value is ready, with
// rules that are all 0.
type Inputs struct { // small: a server has many, and goes through all of them in each tick
	waiting []inputSlot // oldest first
	rules   *InputRules // nil: all are 0
	seen    uint32      // highest sequence number taken in
	applied uint32      // sequence number of the last one applied
	earlyAt uint32      // tick before which inputs came that were meant for one, of which Early was not asked yet; 0: none
	starved uint16      // ticks since the last one was applied, and 1; 0: it was not meant for a tick
	early   int8        // how early the least early one came before tick earlyAt
	told    int8        // what Early has returned last; untold: nothing yet
}

// untold is what no input is early by. It is that of the zero value, in which nothing was told, by toldOf.
const untold = 0

// toldOf returns how a number of ticks is kept that was told, which is never untold.
func toldOf(early int8) int8 {
	if early >= 0 {
		return early + 1
	}
	return early
}

type inputSlot struct {
	seq, tick uint32
	view      uint32 // what the player was looking at, in 1/16 ticks; 0: not told
	data      []byte
}

// NewInputs makes Inputs with rules, which must not change.
func NewInputs(rules *InputRules) Inputs { return Inputs{rules: rules} }

// RestoredInputs returns the inputs of a client whose last one that was applied has a number.
func RestoredInputs(rules *InputRules, applied uint32) Inputs {
	return Inputs{rules: rules, seen: applied, applied: applied}
}

// Push takes in an input that came while tick now was the next to be simulated.
// The data is copied. Numbers must rise; one that was seen before is passed over, so
// a client may repeat itself.
func (u *Inputs) Push(in *Input, shown Shown, now uint32) Fate {
	if in.Seq <= u.seen {
		return Repeated
	}
	if len(in.Data) > MaxInputSize || in.Tick > now+MaxAhead {
		return Dropped
	}
	u.seen = in.Seq
	fate := Accepted
	if in.Tick != 0 {
		u.measure(int(in.Tick)-int(now), now)
		if in.Tick < now {
			fate = Late
		}
		if in.Tick+MaxLate < now {
			if len(u.waiting) == 0 {
				u.applied = in.Seq // it is done with
			}
			return Dropped
		}
	}
	if len(u.waiting) == MaxInputs {
		fate = Dropped
		u.recycle(1)
	}
	if n := len(u.waiting); n < cap(u.waiting) {
		u.waiting = u.waiting[:n+1]
	} else {
		u.waiting = append(u.waiting, inputSlot{})
	}
	s := &u.waiting[len(u.waiting)-1]
	s.seq, s.tick, s.view = in.Seq, in.Tick, 0
	if in.Sees != 0 && u.rules != nil && u.rules.Rewind != 0 {
		s.view = u.view(in, shown, now)
	}
	s.data = append(s.data[:0], in.Data...)
	return fate
}

// view returns which tick a player was looking at, in 1/16 ticks, as far as that can be true.
func (u *Inputs) view(in *Input, shown Shown, now uint32) uint32 {
	of := in.Tick
	if of == 0 {
		of = now
	}
	says := int64(of)*world.BackPerTick - int64(in.Sees)
	least := (int64(shown.Acknowledged) - int64(u.rules.Spread)) * world.BackPerTick
	most := int64(shown.Newest) * world.BackPerTick
	return uint32(max(1, min(max(says, least), most)))
}

// measure notes how early an input has come.
func (u *Inputs) measure(ticks int, now uint32) {
	early := int8(min(max(ticks, -MaxEarly), MaxEarly))
	if u.earlyAt == now {
		early = min(early, u.early)
	}
	u.early, u.earlyAt = early, now
}

// Early returns how early the inputs have come that are meant for ticks, of those that came before
// tick now was simulated and after the tick before it: the lowest of their ticks, less now. ok is false if none
// came, and if it is the same as what was returned last.
func (u *Inputs) Early(now uint32) (early int, ok bool) {
	if u.earlyAt != now || now == 0 {
		return 0, false
	}
	u.earlyAt = 0
	if u.told == toldOf(u.early) {
		return 0, false
	}
	u.told = toldOf(u.early)
	return int(u.early), true
}

// Forget makes the next Early return what it has, whatever was returned before: the client has
// another connection.
func (u *Inputs) Forget() { u.told = untold }

// Take calls fn for the inputs that tick now applies, in the order of their
// numbers, and forgets them. The data is good during the call only. Where none has come for long enough
// it is an empty one, with the last number.
func (u *Inputs) Take(now uint32, fn func(in world.Input)) {
	if len(u.waiting) == 0 || u.waiting[0].tick > now {
		if u.starved != 0 && u.rules != nil && u.rules.NeutralAfter != 0 {
			u.starve(fn)
		}
		return
	}
	n := 0
	for n < len(u.waiting) && u.waiting[n].tick <= now {
		s := &u.waiting[n]
		u.applied, u.starved = s.seq, 0
		if s.tick != 0 {
			u.starved = 1
		}
		in := world.Input{Seq: s.seq, Data: s.data}
		if s.view != 0 {
			in.Back = min(now*world.BackPerTick-min(s.view, now*world.BackPerTick), u.rules.Rewind*world.BackPerTick)
		}
		fn(in)
		n++
	}
	u.recycle(n)
}

// starve counts a tick without an input.
func (u *Inputs) starve(fn func(in world.Input)) {
	if u.starved == math.MaxUint16 {
		return
	}
	if u.starved++; uint32(u.starved-1) == u.rules.NeutralAfter {
		fn(world.Input{Seq: u.applied})
	}
}

// recycle drops the first n, keeping their memory for later ones.
func (u *Inputs) recycle(n int) {
	w := u.waiting
	for i := n; i < len(w); i++ {
		w[i-n], w[i] = w[i], w[i-n]
	}
	u.waiting = w[:len(w)-n]
}

// Applied returns the sequence number of the last input applied.
func (u *Inputs) Applied() uint32 { return u.applied }

// Seen returns the highest sequence number of an input that was pushed.
func (u *Inputs) Seen() uint32 { return u.seen }
