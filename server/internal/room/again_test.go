package room

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// TestWhoReadsNothingIsClosedWhateverItSays has a client that pings all the time, and of
// which bytes wait that the network does not take.
func TestWhoReadsNothingIsClosedWhateverItSays(t *testing.T) {
	t.Parallel()
	for _, takes := range []uint64{0, 1, 3 * drainLeast} { // bytes in each second
		h := newHall(t, Config{IdleTimeout: 2 * time.Second})
		w, _ := h.join()
		w.busy = true
		for range 200 {
			if h.tick(); h.e.tick%20 == 0 {
				w.taken += takes
			}
			w.say(t, &tickroomv1.ClientFrame{Ping: &tickroomv1.Ping{ClientTimeUs: 1}})
		}
		if closed := w.closed == closecode.Idle; closed != (takes < drainLeast) {
			t.Errorf("a client that takes %d bytes a second: closed with %d %q", takes, w.closed, w.reason)
		}
	}
}

// ledger is an Account.
type ledger struct{ sent, taken int }

func (l *ledger) FirstSent(n int) { l.sent += n }
func (l *ledger) FirstTaken()     { l.taken++ }

// TestASessionIsNotTakenUpForEver has a client that comes back again and again, for the first
// messages that it gets.
func TestASessionIsNotTakenUpForEver(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{Hold: time.Minute})
	h.join()
	c := h.e.clients[0]
	h.tick()
	var account ledger
	back := func() error {
		j := &Joiner{Hello: &tickroomv1.Hello{Resume: c.token}, Account: &account}
		_, _, err := h.e.Resume(&wire{}, j)
		return err
	}
	if err := back(); err != nil {
		t.Fatal(err)
	}
	h.tick()
	if account.sent == 0 || c.again.owed != float64(account.sent) || account.taken != 0 {
		t.Errorf("sent %+v, owed %v", account, c.again)
	}
	h.tick()
	if account.taken != 1 {
		t.Errorf("it is not told that the message was taken: %+v", account)
	}
	c.again.due = true
	h.e.sendsFirst(c, 100<<20)
	if err := back(); err == nil || asClose(err).Code != closecode.RateLimited {
		t.Fatalf("it comes back once more: %v", err)
	}
	ticks := 0
	for ; back() != nil; ticks++ {
		h.tick()
	}
	if s := float64(ticks) / h.e.room.TickRate; s < 1 || s > 10 {
		t.Errorf("it may come back after %v s", s)
	}
}

// TestWhetherThereIsASessionIsNotTold: who does not show that a session is theirs is told the
// same as if there were none, in the same words.
func TestWhetherThereIsASessionIsNotTold(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{Hold: time.Minute})
	c, err := h.e.Join(&wire{}, &Joiner{Hello: &tickroomv1.Hello{}, Identity: identity.Identity{Player: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	h.tick()
	var told []string
	for _, token := range []string{c.token, "none"} {
		for _, player := range []string{"", "eve"} {
			_, _, err := h.e.Resume(&wire{}, &Joiner{Hello: &tickroomv1.Hello{Resume: token}, Identity: identity.Identity{Player: player}})
			why := asClose(err)
			told = append(told, fmt.Sprint(why.Code, why.Reason))
		}
	}
	if told = slices.Compact(told); len(told) != 1 {
		t.Errorf("they are told apart: %q", told)
	}
	if _, _, err := h.e.Resume(&wire{}, &Joiner{Hello: &tickroomv1.Hello{Resume: c.token}, Identity: c.identity}); err != nil {
		t.Errorf("its player: %v", err)
	}
}
