package replica

import (
	"bytes"
	"sync/atomic"

	"google.golang.org/protobuf/encoding/protowire"
)

// alike is a frame that was taken apart, as far as others may be sent the same: its snapshot and events,
// without what is for one client alone.
type alike struct {
	number uint64
	lead   []byte // the bytes
	frame  Frame  // of them
	change uint64 // number of what it does to a state, which frames with other events may do, too
	state  int    // how many bytes that is
}

// alikeOfTick is how many different frames of a tick are remembered. There are as many as there are
// rooms and tiers in them, and those of single clients, which shall not push the others out.
const alikeOfTick = 12

// Parse is Frame.Parse for a frame that is likely to be the same as one that another frame of the
// twins has taken apart before. The frame is good until any of them is given another one.
func (tw *Twins) Parse(f *Frame, b []byte) error {
	if len(b) == 0 || b[0] != 1<<3 || f.Partial() {
		return f.Parse(b) // it does not begin with a snapshot
	}
	for i := range tw.frames {
		a := &tw.frames[(tw.next+len(tw.frames)-1-i)%len(tw.frames)]
		if n := len(a.lead); n > 0 && n <= len(b) && bytes.Equal(a.lead, b[:n]) {
			if f.like(a, b[n:]) {
				return nil
			}
			return f.Parse(b)
		}
	}
	if err := f.Parse(b); err != nil || f.Tick == 0 || f.Full {
		return err
	}
	tw.remember(f, b)
	return nil
}

// Alike returns a number that frames share whose snapshot and events the same Twins have found to be the
// same, and no other frame of the program has; 0: none was found yet.
func (f *Frame) Alike() uint64 {
	if f.alike == nil {
		return 0
	}
	return f.alike.number
}

// like makes f the frame that begins as a does and has rest behind it. It reports false if that can't be
// done: there is more in rest than is for one client alone.
func (f *Frame) like(a *alike, rest []byte) bool {
	for b := rest; len(b) > 0; {
		num, _, n := protowire.ConsumeField(b)
		if n < 0 || num < 9 || num == 15 {
			return false
		}
		b = b[n:]
	}
	f.reset()
	o := &a.frame
	f.Tick, f.Skip, f.Full, f.InputAck = o.Tick, o.Skip, o.Full, o.InputAck
	f.Events, f.removed, f.set, f.delta = o.Events, o.removed, o.set, o.delta
	f.alike, f.change = a, a.change
	return f.fields(rest) == nil
}

// leading returns how many bytes at the beginning of a frame are of the snapshot and its events, and
// how many of these come before the first event. 0: they do not stand in this order.
func leading(b []byte) (lead, state int) {
	events := false
	for lead < len(b) {
		num, _, n := protowire.ConsumeField(b[lead:])
		if n < 0 || num > 8 {
			break
		}
		switch {
		case num != 8 && events:
			return 0, 0
		case num == 8 && !events:
			events, state = true, lead
		}
		lead += n
	}
	if !events {
		state = lead
	}
	return lead, state
}

// remember keeps what others may be sent, too, and finds out whether what a frame does to a state was
// seen before.
func (tw *Twins) remember(f *Frame, b []byte) {
	lead, state := leading(b)
	if lead == 0 {
		return
	}
	same := 0
	for i := range tw.frames {
		a := &tw.frames[i]
		if a.frame.Tick != f.Tick || len(a.lead) == 0 {
			continue
		}
		same++
		if f.change == 0 && a.state == state && bytes.Equal(a.lead[:state], b[:state]) {
			f.change = a.change
		}
	}
	if same >= alikeOfTick {
		return
	}
	a := &tw.frames[tw.next]
	a.lead = append(a.lead[:0], b[:lead]...)
	if a.frame.Parse(a.lead) != nil {
		a.lead = a.lead[:0]
		return
	}
	tw.next = (tw.next + 1) % len(tw.frames)
	a.number = numbers.Add(1)
	if f.change == 0 {
		f.change = a.number
	}
	a.change, a.state = f.change, state
}

// numbers counts the frames that any Twins have remembered.
var numbers atomic.Uint64
