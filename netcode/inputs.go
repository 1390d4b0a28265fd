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

// Fate is what has become of an input.
type Fate uint8

// The fates of inputs.
const (
	// Accepted: it waits for its tick.
	Accepted Fate = iota
	// Late: it came after the tick it was meant for, and is applied in the next.
	Late
	// Dropped: it is too long, or meant for a tick too far ahead. Or it was
	// accepted, and the oldest of too many that wait was dropped for it.
	Dropped
	// Repeated: its number had been seen, so it is passed over.
	Repeated
)

// Inputs holds a client's inputs until the ticks they are meant for. An input
// with no tick is for the next one, and one that comes too late as well.
type Inputs struct {
	waiting []inputSlot // oldest first
	seen    uint32      // highest sequence number taken in
	applied uint32      // sequence number of the last one applied
}

type inputSlot struct {
	seq, tick uint32
	data      []byte
}

// RestoredInputs returns the inputs of a client whose last one that was applied has a number.
func RestoredInputs(applied uint32) Inputs { return Inputs{seen: applied, applied: applied} }

// Push takes in an input that came while tick now was the next to be simulated.
// data is copied. Numbers must rise; one that was seen before is passed over, so
// a client may repeat itself.
func (u *Inputs) Push(seq, tick uint32, data []byte, now uint32) Fate {
	if seq <= u.seen {
		return Repeated
	}
	if len(data) > MaxInputSize || tick > now+MaxAhead {
		return Dropped
	}
	u.seen = seq
	fate := Accepted
	if tick != 0 && tick < now {
		fate = Late
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
	s.seq, s.tick = seq, tick
	s.data = append(s.data[:0], data...)
	return fate
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

// Applied returns the sequence number of the last input applied.
func (u *Inputs) Applied() uint32 { return u.applied }

// Seen returns the highest sequence number of an input that was pushed.
func (u *Inputs) Seen() uint32 { return u.seen }
