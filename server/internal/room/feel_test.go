package room

import (
	"log/slog"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// notes is a game that notes what inputs it is handed, and what the player saw.
type notes struct {
	room   *world.Room
	inputs []float32
	sees   []float64
}

func (n *notes) Join(p *world.Player, _ []byte) error {
	p.Subscribe(n.room.NewGroup("all"))
	return nil
}
func (n *notes) Leave(*world.Player) {}
func (n *notes) Tick()               {}

func newNotes(t *testing.T, k world.Kind) (*hall, *notes, *wire) {
	t.Helper()
	n := &notes{}
	k.Name, k.Schema = "notes", walkersv1.Schema
	k.New = func(r *world.Room) (world.Game, error) {
		n.room = r
		world.OnInput(r, func(p *world.Player, in *walkersv1.WalkerInput) {
			n.inputs = append(n.inputs, in.Direction)
			n.sees = append(n.sees, p.Sees())
		})
		return n, nil
	}
	e, err := New("notes", k, 1, nil, Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h, w := &hall{t, e, NewWorker(true)}, &wire{}
	if _, err := e.Join(w, &Joiner{Hello: &tickroomv1.Hello{Name: "n"}}); err != nil {
		t.Fatal(err)
	}
	return h, n, w
}

func (w *wire) input(t *testing.T, ack uint32, in *tickroomv1.Input) {
	in.Data = (&walkersv1.WalkerInput{Direction: 1}).AppendProto(nil)
	w.say(t, &tickroomv1.ClientFrame{Ack: ack, Inputs: []*tickroomv1.Input{in}})
}

// early returns what the frames that came say of how early inputs are, nil for those that say nothing.
func (w *wire) early(t *testing.T) (said []*int32) {
	t.Helper()
	for _, b := range w.down {
		f := new(tickroomv1.ServerFrame)
		if err := proto.Unmarshal(b, f); err != nil {
			t.Fatal(err)
		}
		said = append(said, f.InputEarly)
	}
	w.down = nil
	return said
}

func TestAClientIsToldHowEarlyItsInputsAre(t *testing.T) {
	t.Parallel()
	h, _, w := newNotes(t, world.Kind{})
	h.tick() // 1
	seq := uint32(0)
	send := func(tick uint32) {
		seq++
		w.input(t, h.e.tick, &tickroomv1.Input{Seq: seq, Tick: tick})
	}
	send(0)
	h.tick() // 2: for no tick
	send(5)
	h.tick() // 3
	send(6)
	h.tick() // 4: as before
	h.tick() // 5: none came
	send(5)
	send(9)
	h.tick() // 6: the first is late
	var frame replica.Frame
	for _, b := range w.down {
		if err := frame.Parse(b); err != nil {
			t.Fatal(err)
		}
		want := map[uint32]int{3: 2, 6: -1}
		early, told := want[frame.Tick]
		if frame.HasInputEarly != told || frame.InputEarly != early {
			t.Errorf("tick %d: %d, %t; want %d, %t", frame.Tick, frame.InputEarly, frame.HasInputEarly, early, told)
		}
	}
	w.down = nil
	// On another connection it is told what it was told before.
	again := &wire{}
	if _, _, err := h.e.Resume(again, &Joiner{Hello: &tickroomv1.Hello{Resume: h.e.clients[0].token, ResumeTick: h.e.tick}}); err != nil {
		t.Fatal(err)
	}
	w = again
	send(6)
	h.tick() // 7
	if said := w.early(t); len(said) != 1 || said[0] == nil || *said[0] != -1 {
		t.Errorf("on a new connection: %v", said)
	}
}

func TestAGameIsHandedANeutralInput(t *testing.T) {
	t.Parallel()
	h, n, w := newNotes(t, world.Kind{Starved: world.Repeat(2)})
	h.tick()
	w.input(t, 1, &tickroomv1.Input{Seq: 1, Tick: 3})
	for range 10 {
		h.tick()
	}
	if len(n.inputs) != 2 || n.inputs[0] != 1 || n.inputs[1] != 0 {
		t.Errorf("the game was handed %v", n.inputs)
	}
	// Who sends only what has changed is left alone.
	w.input(t, 1, &tickroomv1.Input{Seq: 2})
	for range 10 {
		h.tick()
	}
	if len(n.inputs) != 3 {
		t.Errorf("the game was handed %v", n.inputs)
	}
	f := new(tickroomv1.ServerFrame)
	if err := proto.Unmarshal(w.down[0], f); err != nil || f.GetWelcome().GetNeutralAfter() != 3 || f.GetWelcome().GetRewindTicks() != 5 {
		t.Errorf("the welcome says %v", f.GetWelcome())
	}
}

// A client that claims to have seen the past, or gives its inputs other ticks than the right ones, is judged
// by no more than a quarter of a second ago.
func TestWhatAPlayerSaw(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ack, tick, sees uint32 // ahead of the tick that is next; ago
		back            float64
	}{
		"honest":              {0, 1, 3 * 16, 3},
		"the past":            {0, 1, 4000, 5},
		"the past, unacked":   {12, 1, 4000, 5},
		"stamped early":       {0, 40, 45 * 16, 5},
		"stamped late":        {0, 0, 1 << 31, 5},
		"what it was not yet": {0, 6, 1, 6},
	} {
		h, n, w := newNotes(t, world.Kind{Rewind: 0.25})
		h.tick()
		for range 30 {
			w.say(t, &tickroomv1.ClientFrame{Ack: h.e.tick - min(h.e.tick, c.ack)})
			h.tick()
		}
		now := h.e.tick + 1
		w.input(t, h.e.tick-c.ack, &tickroomv1.Input{Seq: 1, Tick: now - 1 + c.tick, Sees: c.sees})
		for range 50 {
			h.tick()
			w.say(t, &tickroomv1.ClientFrame{Ack: h.e.tick})
		}
		applied := float64(max(now, now-1+c.tick))
		if want := applied - min(c.back, 5); len(n.sees) != 1 || n.sees[0] != want {
			t.Errorf("%s: it saw %v, want %g", name, n.sees, want)
		}
	}
}
