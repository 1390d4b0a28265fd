package netcode_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/world"
)

// take returns the numbers of the inputs that a tick applies.
func take(u *netcode.Inputs, now uint32) (seqs []uint32) {
	u.Take(now, func(in world.Input) {
		if string(in.Data) != fmt.Sprint(in.Seq) {
			panic("an input has another's data")
		}
		seqs = append(seqs, in.Seq)
	})
	return seqs
}

func push(u *netcode.Inputs, seq, tick, now uint32) netcode.Fate {
	return u.Push(&netcode.Input{Seq: seq, Tick: tick, Data: []byte(fmt.Sprint(seq))}, netcode.Shown{}, now)
}

func TestInputsWaitForTheirTick(t *testing.T) {
	t.Parallel()
	var u netcode.Inputs
	for seq, c := range []struct {
		tick uint32
		want netcode.Fate
	}{1: {12, netcode.Accepted}, 2: {12, netcode.Accepted}, 3: {13, netcode.Accepted}, 4: {0, netcode.Accepted}} {
		if seq > 0 {
			if got := push(&u, uint32(seq), c.tick, 10); got != c.want {
				t.Errorf("input %d: %d", seq, got)
			}
		}
	}
	for now, want := range map[uint32][]uint32{10: nil, 11: nil} {
		if got := take(&u, now); !slices.Equal(got, want) {
			t.Errorf("tick %d: %v", now, got)
		}
	}
	if got := take(&u, 12); !slices.Equal(got, []uint32{1, 2}) || u.Applied() != 2 {
		t.Errorf("tick 12: %v, applied %d", got, u.Applied())
	}
	// Order is kept: the fourth, though for now, waits for the third.
	if got := take(&u, 13); !slices.Equal(got, []uint32{3, 4}) || u.Applied() != 4 {
		t.Errorf("tick 13: %v, applied %d", got, u.Applied())
	}
}

func TestInputsThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	var u netcode.Inputs
	for i, c := range []struct {
		seq, tick uint32
		size      int
		want      netcode.Fate
	}{
		{5, 0, 1, netcode.Accepted},
		{5, 0, 1, netcode.Repeated},
		{4, 0, 1, netcode.Repeated},
		{0, 0, 1, netcode.Repeated},
		{6, 9, 1, netcode.Late},
		{7, 10 + netcode.MaxAhead + 1, 1, netcode.Dropped},
		{7, 0, netcode.MaxInputSize + 1, netcode.Dropped},
		{7, 10 + netcode.MaxAhead, netcode.MaxInputSize, netcode.Accepted},
	} {
		if got := u.Push(&netcode.Input{Seq: c.seq, Tick: c.tick, Data: make([]byte, c.size)}, netcode.Shown{}, 10); got != c.want {
			t.Errorf("case %d: %d, want %d", i, got, c.want)
		}
	}
}

func TestOldInputsGiveWayToNewOnes(t *testing.T) {
	t.Parallel()
	var u netcode.Inputs
	for seq := uint32(1); seq <= netcode.MaxInputs+3; seq++ {
		want := netcode.Accepted
		if seq > netcode.MaxInputs {
			want = netcode.Dropped
		}
		if got := push(&u, seq, 0, 1); got != want {
			t.Errorf("input %d: %d", seq, got)
		}
	}
	if got := take(&u, 1); len(got) != netcode.MaxInputs || got[0] != 4 {
		t.Errorf("applied %v", got)
	}
}

func TestInputsAllocateNothing(t *testing.T) {
	u := netcode.NewInputs(&netcode.InputRules{NeutralAfter: 1, Rewind: 5, Spread: 10})
	in := netcode.Input{Data: []byte("again"), Sees: 20}
	now := uint32(1)
	allocs := testing.AllocsPerRun(100, func() {
		in.Seq, in.Tick = in.Seq+1, now
		u.Push(&in, netcode.Shown{Newest: now, Acknowledged: now}, now)
		u.Take(now, func(world.Input) {})
		u.Early(now)
		now++
	})
	if allocs > 0 {
		t.Errorf("%g allocations per input", allocs)
	}
}
