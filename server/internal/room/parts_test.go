package room

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// crowded is a relay with so many ships that a client's first state is long.
func crowded(t *testing.T, ships int) (*hall, *relay) {
	t.Helper()
	h, g := newRelay(t, Config{AckWindow: 1000})
	for i := range ships {
		g.ships.Set(g.r.Spawn(g.all), arenav1.Ship{Y: float32(i % 500), X: float32(i)})
	}
	return h, g
}

// joinBy lets a client in that says a hello.
func (h *hall) joinBy(hello *tickroomv1.Hello) (*wire, *Client) {
	h.t.Helper()
	w := &wire{}
	a, err := h.e.Admit(w, &Joiner{Hello: hello})
	if err != nil {
		h.t.Fatal(err)
	}
	return w, a.Client
}

// frames takes messages apart as a stock protobuf runtime does, and puts parts together.
func frames(t *testing.T, messages [][]byte) (whole []*tickroomv1.ServerFrame) {
	t.Helper()
	var buf []byte
	left := uint32(0)
	for _, b := range messages {
		f := &tickroomv1.ServerFrame{}
		if err := proto.Unmarshal(b, f); err != nil {
			t.Fatal(err)
		}
		if p := f.GetPart(); p != nil {
			if len(b) > netcode.PartSize+32 {
				t.Errorf("a part of %d bytes", len(b))
			}
			if len(buf) > 0 && uint32(len(p.GetData()))+p.GetLeft() != left {
				t.Errorf("%d bytes and %d to come, of %d", len(p.GetData()), p.GetLeft(), left)
			}
			buf, left = append(buf, p.GetData()...), p.GetLeft()
			if left > 0 {
				continue
			}
			f = &tickroomv1.ServerFrame{}
			if err := proto.Unmarshal(buf, f); err != nil {
				t.Fatal(err)
			}
			buf = nil
		} else if left > 0 {
			t.Error("another message between the parts of one")
		}
		whole = append(whole, f)
	}
	if left > 0 {
		t.Errorf("%d bytes did not come", left)
	}
	return whole
}

func TestLongMessagesGoInPartsToWhoTakesThem(t *testing.T) {
	t.Parallel()
	h, _ := crowded(t, 5000)
	a, _ := h.joinBy(&tickroomv1.Hello{HashEvery: 1, Parts: true, Fingerprint: arenav1.Schema.Fingerprint()})
	b, _ := h.joinBy(&tickroomv1.Hello{HashEvery: 1, Fingerprint: arenav1.Schema.Fingerprint()})
	h.tick()
	if len(b.down) != 1 || len(b.down[0]) < 2*netcode.MaxWhole {
		t.Fatalf("who does not ask for parts is sent %d messages", len(b.down))
	}
	if n := len(b.down[0])/netcode.PartSize + 1; len(a.down) != n {
		t.Errorf("%d parts, want %d", len(a.down), n)
	}
	if f := frames(t, a.down); len(f) != 1 || f[0].GetWelcome() == nil || !f[0].GetFull() {
		t.Errorf("%d frames, or no welcome, or not the whole state", len(f))
	}
	for _, w := range []*wire{a, b} {
		r := replica.New(arenav1.Schema)
		h.apply(w, r)
		if r.Rows() != 5005 {
			t.Errorf("%d rows", r.Rows())
		}
		// What is short is sent whole.
		w.say(t, &tickroomv1.ClientFrame{Ack: r.Tick(), Ping: &tickroomv1.Ping{ClientTimeUs: 1}})
	}
	for range 3 {
		h.e.clients[0].pongs = append(h.e.clients[0].pongs, 7)
	}
	h.e.clients[0].down.SetEvery(32)
	h.tick()
	if len(a.down) != 1 {
		t.Errorf("%d messages with pongs", len(a.down))
	}
	for _, f := range frames(t, a.down) {
		if f.GetTick() != 0 || len(f.GetPongs()) == 0 {
			t.Errorf("not the pongs alone: tick %d", f.GetTick())
		}
	}
}

func TestALineIsCutInTheMiddleOfParts(t *testing.T) {
	t.Parallel()
	h, g := crowded(t, 5000)
	hello := &tickroomv1.Hello{HashEvery: 1, Parts: true, Fingerprint: arenav1.Schema.Fingerprint()}
	a, c := h.joinBy(hello)
	h.tick()
	r := replica.New(arenav1.Schema)
	h.apply(a, r)
	a.say(t, &tickroomv1.ClientFrame{Ack: r.Tick(), Commands: []*tickroomv1.CommandData{
		{Id: 1, Command: (&arenav1.Chat{}).CommandID(), Data: (&arenav1.Chat{Text: "hello"}).AppendProto(nil)},
	}})
	at := r.Tick()
	for _, s := range g.ships.All() {
		s.Y += 3
	}
	h.tick()
	if len(a.down) < 3 {
		t.Fatalf("%d messages: the change was to be long", len(a.down))
	}
	a.down = a.down[:2] // and then the line is cut
	h.apply(a, r)
	if !r.Frame().Partial() || r.Tick() != at {
		t.Fatalf("at tick %d, partial %t", r.Tick(), r.Frame().Partial())
	}
	r.Frame().Abandon()
	hello.Resume, hello.ResumeTick = c.token, at
	b, again := h.joinBy(hello)
	if again != c {
		t.Fatal("another session")
	}
	h.tick()
	whole := frames(t, b.down)
	h.apply(b, r)
	if len(whole) != 1 || whole[0].GetFull() || whole[0].GetTick()-1-whole[0].GetSkip() != at || r.Tick() != h.e.tick {
		t.Errorf("%d frames, at tick %d of %d", len(whole), r.Tick(), h.e.tick)
	}
	if n := len(whole[0].GetReplies()); n != 1 {
		t.Errorf("%d replies came again", n)
	}
}

func TestWhoIsSentPartsIsBusyUntilAllAreGone(t *testing.T) {
	t.Parallel()
	h, _ := crowded(t, 5000)
	a, _ := h.joinBy(&tickroomv1.Hello{HashEvery: 1, Parts: true, Fingerprint: arenav1.Schema.Fingerprint()})
	a.busy = true
	h.tick()
	n := len(a.down)
	for range 10 {
		h.tick()
	}
	if len(a.down) != n {
		t.Errorf("%d messages behind the parts", len(a.down)-n)
	}
	a.busy = false
	for range 10 {
		h.tick()
	}
	r := replica.New(arenav1.Schema)
	h.apply(a, r)
	if r.Tick()+8 < h.e.tick {
		t.Error(fmt.Sprint("at tick ", r.Tick(), ", the room at ", h.e.tick))
	}
}

// TestWhoDownloadsSlowlyIsAlive: neither of the limits that mean a client which is gone ends the
// connection of one that has nothing to say since it is still taking what was sent.
func TestWhoDownloadsSlowlyIsAlive(t *testing.T) {
	t.Parallel()
	for name, window := range map[string]int{"nothing is heard": 1000, "the window is full": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t, Config{IdleTimeout: time.Second, AckWindow: window})
			a, ra := h.join()
			h.tick()
			h.apply(a, ra)
			if window == 1 {
				a.say(t, &tickroomv1.ClientFrame{Ack: ra.Tick()})
				for range 6 {
					h.tick()
				}
			}
			a.busy, a.pending = true, 1
			for range 200 {
				h.tick()
				a.taken += drainLeast / 10
				if window == 1 {
					a.say(t, &tickroomv1.ClientFrame{}) // it lives, and has nothing to acknowledge
				}
			}
			if a.closed != 0 {
				t.Fatalf("closed with %d: %s", a.closed, a.reason)
			}
			for range 40 { // and now it takes nothing any more
				h.tick()
				if window == 1 {
					a.say(t, &tickroomv1.ClientFrame{})
				}
			}
			if a.closed != closecode.Idle {
				t.Errorf("one that takes nothing is closed with %d", a.closed)
			}
		})
	}
}
