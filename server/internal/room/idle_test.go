package room

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// habit is how a client of TestIdleLimitsAreTimes behaves.
type habit uint8

const (
	answers habit = iota // acknowledges each snapshot with the next tick, and says nothing else
	talks                // sends an input each tick, and acknowledges nothing
	mute                 // says nothing
	habits
)

// idler is one of its clients.
type idler struct {
	*wire
	does  habit
	every uint32
	seq   uint32
	ended uint32 // tick in which its connection was closed; 0: it goes on
}

// live has a client do what it does between two ticks.
func (c *idler) live(t *testing.T) {
	t.Helper()
	switch c.does {
	case answers:
		for _, b := range c.down {
			f := &tickroomv1.ServerFrame{}
			if err := proto.Unmarshal(b, f); err != nil {
				t.Fatal(err)
			}
			if f.GetTick() != 0 {
				c.say(t, &tickroomv1.ClientFrame{Ack: f.GetTick()})
			}
		}
	case talks:
		c.seq++
		c.say(t, &tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: c.seq}}})
	}
	c.down = c.down[:0]
}

// Whatever a room's rate is, and whatever rate a client asks for: who acknowledges what it
// is sent stays, though it says nothing else; who does not is put out when the time is over.
func TestIdleLimitsAreTimes(t *testing.T) {
	t.Parallel()
	check := func(rate float64, idle time.Duration) {
		kind := relayKind(&relay{})
		kind.TickRate, kind.MaxPlayers = rate, 1000
		e, err := New("idle", kind, 1, nil, Config{IdleTimeout: idle, MessagesPerSecond: 1e6}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		h := &hall{t, e, NewWorker(true)}
		h.tick()
		var all []*idler
		for _, every := range []uint32{1, 2, 3, 5, 8, 15, 16, 31, 32, 64} { // 3 is like 4, and so on
			for does := range habits {
				c := &idler{wire: &wire{}, does: does, every: every}
				if _, err := e.Join(c, &Joiner{Hello: &tickroomv1.Hello{Every: every}}); err != nil {
					t.Fatal(err)
				}
				all = append(all, c)
			}
		}
		limit := uint32(idle.Seconds() * rate)
		begin := e.tick
		for range 2*limit + 150 {
			h.tick()
			for _, c := range all {
				if c.closed == 0 {
					c.live(t)
				} else if c.ended == 0 {
					c.ended = e.tick - begin
				}
			}
		}
		for _, c := range all {
			what := fmt.Sprintf("at %g ticks per second, %v and one snapshot in %d, a client of habit %d was closed with %d after %d ticks", rate, idle, c.every, c.does, c.closed, c.ended)
			// The window has to fill up before anything is missing.
			fill := uint32(e.cfg.AckWindow) + 2*min(c.every, e.maxEvery)
			switch {
			case c.does == answers && c.ended != 0,
				c.does != answers && (c.closed != closecode.Idle || c.ended < limit),
				c.does == mute && c.ended > limit+2,
				c.does == talks && c.ended > limit+fill+2:
				t.Error(what)
			}
		}
	}
	for _, rate := range []float64{1, 1.5, 2, 3, 4, 7.5, 10, 20, 29.97, 64, 128} {
		check(rate, 3*time.Second)
	}
	for _, rate := range []float64{1, 2, 3, 5} {
		check(rate, 30*time.Second)
	}
}

// What a client sends beside messages keeps it, at whatever moment that comes.
func TestBytesThatAreNoMessageAreASignOfLife(t *testing.T) {
	t.Parallel()
	for _, pause := range []int{1, 5, 10, 14, 15, 16, 20, 29, 30} {
		h := newHall(t, Config{IdleTimeout: 1500 * time.Millisecond, AckWindow: 10_000}) // 30 ticks
		w, _ := h.join()
		for i := range 1000 {
			if i%pause == 0 {
				w.bytes += 6
			}
			h.tick()
		}
		if w.closed != 0 {
			t.Errorf("a client that sends a WebSocket ping each %d ticks of 30 was closed with %d", pause, w.closed)
		}
	}
}
