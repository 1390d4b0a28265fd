package room

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// wire is a connection without a network: what the client sends waits in up,
// what it is sent in down.
type wire struct {
	up, down [][]byte
	busy     bool // takes nothing of what it is sent
	pending  int
	closed   int
	reason   string // that it was closed with
	shown    bool   // a transcript has shown how it ended
	broken   bool   // nothing arrives any more, and nobody knows yet
	bytes    uint64 // received
	taken    uint64 // bytes that the network has taken
	over     error
}

func (w *wire) Poll(_ []byte, fn func([]byte) error) error {
	up := w.up
	w.up = nil
	for _, m := range up {
		if err := fn(m); err != nil {
			return err
		}
	}
	return w.over
}

func (w *wire) Send(frame []byte) error {
	if w.pending > 0 {
		return socket.ErrBacklog
	}
	w.down = append(w.down, append([]byte(nil), frame[socket.Headroom:]...))
	if w.busy {
		w.pending = len(frame)
	}
	return nil
}

func (w *wire) SendReliable(frame []byte) error { return w.Send(frame) }

func (w *wire) SendMessages(messages []byte) error {
	for len(messages) > 0 {
		h, err := ws.ReadHeader(bytes.NewReader(messages))
		if err != nil {
			return err
		}
		from := ws.HeaderSize(h)
		w.down = append(w.down, append([]byte(nil), messages[from:from+int(h.Length)]...))
		messages = messages[from+int(h.Length):]
	}
	if w.busy {
		w.pending = 1
	}
	return nil
}

func (w *wire) Flush() (int, error) {
	if !w.busy {
		w.pending = 0
	}
	return w.pending, nil
}

func (w *wire) Close(code int, reason string) {
	if w.closed == 0 {
		w.closed, w.reason = code, reason
	}
}
func (w *wire) RTT() time.Duration   { return 0 }
func (w *wire) RemoteAddr() net.Addr { return &net.TCPAddr{} }
func (w *wire) Stats() socket.Stats {
	return socket.Stats{BytesIn: w.bytes, BytesOut: w.taken, Pending: w.pending}
}
func (w *wire) Raw() bool { return true }

func (w *wire) say(t *testing.T, f *tickroomv1.ClientFrame) {
	t.Helper()
	b, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	w.up = append(w.up, b)
	w.bytes += uint64(len(b))
}

// hall is a room of walkers stepped by hand.
type hall struct {
	t *testing.T
	e *Engine
	w *Worker
}

func newHall(t *testing.T, cfg Config) *hall {
	t.Helper()
	r, err := New("hall", walkers.Kind(), 1, map[string]string{"players": "3"}, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &hall{t, r, NewWorker(true)}
}

func (h *hall) join() (*wire, *replica.Replica) {
	h.t.Helper()
	w := &wire{}
	if _, err := h.e.Join(w, &Joiner{Hello: &tickroomv1.Hello{Name: "n", HashEvery: 1}}); err != nil {
		h.t.Fatal(err)
	}
	return w, replica.New(walkersv1.Schema)
}

func (h *hall) tick() {
	h.t.Helper()
	h.e.Read(h.w)
	if err := h.e.Step(&metrics.Counts{}); err != nil {
		h.t.Fatal(err)
	}
	h.e.Write(h.w)
	h.e.Reap(func(*Client, *socket.CloseError) {})
}

// apply gives the client what waits for it.
func (h *hall) apply(w *wire, r *replica.Replica) (last *replica.Frame) {
	h.t.Helper()
	for _, b := range w.down {
		if err := r.Apply(b); err != nil {
			h.t.Fatal(err)
		}
		if f := r.Frame(); f.HasHash && f.Hash != r.Hash() {
			h.t.Fatalf("tick %d: hash %x, the room's is %x", f.Tick, r.Hash(), f.Hash)
		}
	}
	w.down = nil
	return r.Frame()
}

func TestABusyClientIsSkippedAndComesBackInOneStep(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{AckWindow: 1000})
	a, ra := h.join()
	h.tick()
	h.apply(a, ra)
	a.busy = true
	for range 50 {
		h.tick()
	}
	if len(a.down) != 1 {
		t.Fatalf("%d messages went to a client whose socket takes nothing, want the one that filled it", len(a.down))
	}
	a.busy = false
	for range 40 { // it may have been stepped down
		h.tick()
	}
	h.apply(a, ra)
	if ra.Tick()+8 < h.e.tick {
		t.Errorf("at tick %d, the room at %d", ra.Tick(), h.e.tick)
	}
}

func TestAClientThatAcknowledgesNothingIsSkipped(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{AckWindow: 10})
	a, ra := h.join()
	for range 100 {
		h.tick()
	}
	if n := len(a.down); n > 20 {
		t.Fatalf("%d snapshots in flight", n)
	}
	h.apply(a, ra)
	a.say(t, &tickroomv1.ClientFrame{Ack: ra.Tick()})
	for range 9 {
		h.tick()
	}
	h.apply(a, ra)
	if ra.Tick()+8 < h.e.tick {
		t.Errorf("after the acknowledgement: at tick %d, the room at %d", ra.Tick(), h.e.tick)
	}
}

func TestASilentClientIsClosed(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{IdleTimeout: time.Second})
	a, _ := h.join()
	b, rb := h.join()
	for range 30 {
		h.tick()
		h.apply(b, rb)
		b.say(t, &tickroomv1.ClientFrame{Ack: rb.Tick()})
	}
	if a.closed != int(tickroomv1.CloseCode_CLOSE_CODE_IDLE) || b.closed != 0 {
		t.Errorf("closed with %d and %d", a.closed, b.closed)
	}
}

func TestPingsCountAgainstSilenceAndOldMessagesDoNot(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{IdleTimeout: time.Second, AckWindow: 1000})
	a, ra := h.join()
	b, _ := h.join()
	h.tick()
	h.apply(a, ra)
	a.say(t, &tickroomv1.ClientFrame{Ack: 1})
	for range 30 {
		h.tick()
		b.bytes += 6 // a WebSocket ping
	}
	if a.closed != int(tickroomv1.CloseCode_CLOSE_CODE_IDLE) {
		t.Errorf("after 30 silent ticks of 20 allowed: closed with %d", a.closed)
	}
	if b.closed != 0 {
		t.Errorf("a client that pings is closed with %d", b.closed)
	}
}

func TestAPanicWhileCommittingEndsTheRoomAlone(t *testing.T) {
	t.Parallel()
	r, err := New("r", world.Kind{Name: "k", Schema: walkersv1.Schema, New: func(r *world.Room) (world.Game, error) {
		table := world.NewTable[walkersv1.Walker](r.World)
		table.Locate(func(*walkersv1.Walker) (x, y float64) { panic("as asked") })
		table.Add(r.Spawn(r.NewSpatialGroup("g", world.Bounds{MaxX: 1, MaxY: 1}, 1)))
		return &slowGame{}, nil
	}}, 1, nil, Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Step(&metrics.Counts{}); !errors.Is(err, ErrFailed) {
		t.Errorf("got %v", err)
	}
}

func TestCommandsAreAnsweredOnceEach(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{CommandBurst: 5, CommandsPerSecond: 1})
	a, ra := h.join()
	h.tick()
	h.apply(a, ra)
	say := func(id, command uint32, data []byte) {
		a.say(t, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: id, Command: command, Data: data}}})
	}
	say(1, 1, (&walkersv1.Shout{Text: "hi"}).AppendProto(nil))
	say(2, 99, nil)
	say(3, 1, []byte{0xff})
	say(4, 1, (&walkersv1.Shout{Text: string(make([]byte, 1000))}).AppendProto(nil))
	say(5, 1, make([]byte, maxCommandSize+1))
	for i := range uint32(3) {
		say(6+i, 1, nil)
	}
	h.tick()
	f := h.apply(a, ra)
	want := map[uint32]tickroomv1.ReplyCode{1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 8: 4}
	says := map[uint32]string{5: "a command of 4097 bytes; at most 4096 are taken", 8: "commands come faster than 1 per second, 5 at once"}
	seen := map[uint32]bool{}
	for _, r := range f.Replies {
		if seen[r.ID] {
			t.Errorf("command %d is answered twice", r.ID)
		}
		seen[r.ID] = true
		if code, ok := want[r.ID]; ok && r.Code != code {
			t.Errorf("command %d: %v %q, want %v", r.ID, r.Code, r.Error, code)
		}
		if r.Code != 0 && r.Error == "" || says[r.ID] != "" && r.Error != says[r.ID] {
			t.Errorf("command %d: the reason is %q", r.ID, r.Error)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d of 8 commands answered", len(seen))
	}
}

func TestAnswersOverBoundsEndTheClient(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{MaxOutbox: 1000, CommandBurst: 1e6, CommandsPerSecond: 1e6, MessagesPerSecond: 1e6, MessageBurst: 1e6})
	a, ra := h.join()
	h.tick()
	h.apply(a, ra)
	a.busy = true
	for i := range uint32(200) {
		a.say(t, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: 1 + i, Command: 99}}})
		h.tick()
	}
	if a.closed != int(tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW) {
		t.Errorf("closed with %d", a.closed)
	}
}

func TestPongsCarryTheClientsTime(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{})
	a, ra := h.join()
	h.tick()
	h.apply(a, ra)
	a.say(t, &tickroomv1.ClientFrame{Ping: &tickroomv1.Ping{ClientTimeUs: 1 << 60}})
	h.tick()
	f := h.apply(a, ra)
	if len(f.Pongs) != 1 || f.Pongs[0].ClientTimeUS != 1<<60 || f.Pongs[0].Tick != h.e.tick || f.Pongs[0].ServerTimeUS == 0 {
		t.Errorf("pongs: %+v", f.Pongs)
	}
}

func TestAFullRoomTurnsJoinersAway(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{})
	for range 3 {
		h.join()
	}
	_, err := h.e.Join(&wire{}, &Joiner{Hello: &tickroomv1.Hello{}})
	var ce *socket.CloseError
	if !errors.As(err, &ce) || ce.Code != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL) {
		t.Errorf("got %v", err)
	}
}

func TestNoAllocationsInASteadyTick(t *testing.T) {
	h := newHall(t, Config{MessagesPerSecond: 1e6, MessageBurst: 1e6})
	sink := &quiet{}
	if _, err := h.e.Join(sink, &Joiner{Hello: &tickroomv1.Hello{}}); err != nil {
		t.Fatal(err)
	}
	var counts metrics.Counts
	step := func() {
		sink.ack = h.e.tick
		h.e.Read(h.w)
		if err := h.e.Step(&counts); err != nil {
			t.Fatal(err)
		}
		h.e.Write(h.w)
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(500, step); n > 0.1 {
		t.Errorf("%.2f allocations per tick", n)
	}
}

// quiet is a client that says one input a tick and remembers nothing.
type quiet struct {
	wire
	ack, seq uint32
	msg      [64]byte
}

func (q *quiet) Poll(_ []byte, fn func([]byte) error) error {
	q.seq++
	b := append(q.msg[:0], 1<<3)
	b = appendVarint(b, q.ack)
	var in [16]byte
	p := append(in[:0], 1<<3)
	p = appendVarint(p, q.seq)
	p = append(p, 3<<3|2, 5, 1<<3|5, 0, 0, 0, 0x40)
	b = append(b, 2<<3|2, byte(len(p)))
	return fn(append(b, p...))
}

func (q *quiet) SendReliable([]byte) error { return nil }

func appendVarint(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
