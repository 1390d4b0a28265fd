package netcode_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/netcode"
)

// take returns the numbers of the inputs that a tick applies.
func take(u *netcode.Inputs, now uint32) (seqs []uint32) {
	u.Take(now, func(seq uint32, data []byte) {
		if string(data) != fmt.Sprint(seq) {
			panic("an input has another's data")
		}
		seqs = append(seqs, seq)
	})
	return seqs
}

func push(u *netcode.Inputs, seq, tick, now uint32) netcode.Fate {
	return u.Push(seq, tick, []byte(fmt.Sprint(seq)), now)
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
		if got := u.Push(c.seq, c.tick, make([]byte, c.size), 10); got != c.want {
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
	var u netcode.Inputs
	allocs := testing.AllocsPerRun(100, func() {
		u.Push(u.Applied()+1, 0, []byte("again"), 1)
		u.Take(1, func(uint32, []byte) {})
	})
	if allocs > 0 {
		t.Errorf("%g allocations per input", allocs)
	}
}
