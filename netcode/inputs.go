package netcode

// Bounds of a client's inputs.
const (
	// MaxInputs is how many inputs wait at most. When one more comes the oldest
	// is dropped.
	MaxInputs = 32
	// MaxInputSize is the most bytes that an encoded input may have.
	MaxInputSize = 512
	// MaxAhead is how many ticks ahead an input may be meant for.
	MaxAhead = 64
)

// InputStats counts what became of a client's inputs.
type InputStats struct {
	Accepted uint64 // all that were taken
	Late     uint64 // of those: came after the tick they were meant for
	Dropped  uint64 // lost: too many waiting, or too far ahead
	Repeated uint64 // passed over: their number had been seen
}

// Inputs holds a client's inputs until the ticks they are meant for. An input
// with no tick is for the next one, and one that comes too late as well.
type Inputs struct {
	waiting []inputSlot // oldest first
	seen    uint32      // highest sequence number taken in
	applied uint32      // sequence number of the last one applied
	Stats   InputStats
}

type inputSlot struct {
	seq, tick uint32
	data      []byte
}

// Push takes in an input that came while tick now was the next to be simulated.
// data is copied. Numbers must rise; one that was seen before is passed over, so
// a client may repeat itself.
func (u *Inputs) Push(seq, tick uint32, data []byte, now uint32) {
	if seq <= u.seen {
		u.Stats.Repeated++
		return
	}
	if len(data) > MaxInputSize || tick > now+MaxAhead {
		u.Stats.Dropped++
		return
	}
	u.seen = seq
	u.Stats.Accepted++
	if tick != 0 && tick < now {
		u.Stats.Late++
	}
	if len(u.waiting) == MaxInputs {
		u.Stats.Dropped++
		u.recycle(1)
	}
	if n := len(u.waiting); n < cap(u.waiting) {
		u.waiting = u.waiting[:n+1]
	} else {
		u.waiting = append(u.waiting, inputSlot{})
	}
	s := &u.waiting[len(u.waiting)-1]
	s.seq, s.tick = seq, tick
	s.data = append(s.data[:0], data...)
}

// Take calls fn for the inputs that tick now applies, in the order of their
// numbers, and forgets them. The data is good during the call only.
func (u *Inputs) Take(now uint32, fn func(seq uint32, data []byte)) {
	n := 0
	for n < len(u.waiting) && u.waiting[n].tick <= now {
		u.applied = u.waiting[n].seq
		fn(u.waiting[n].seq, u.waiting[n].data)
		n++
	}
	if n > 0 {
		u.recycle(n)
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

// Applied gives the sequence number of the last input applied.
func (u *Inputs) Applied() uint32 { return u.applied }
