package client

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// The servers of the examples bring along ants, which starts goroutines for good.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

var walkers = Config{Kind: "walkers", Name: "ann", Schema: walkersv1.Schema, HashEvery: 2}

func welcome() *tickroomv1.Welcome {
	return &tickroomv1.Welcome{
		Session: "s1", Room: "r1", Kind: "walkers", Player: 7, TickRate: 20, AckWindow: 10, MaxMessage: 1000,
		Fingerprint: walkersv1.Schema.Fingerprint(),
	}
}

// at is a session's time at the end of a tick of the tests' server.
func at(tick uint32) time.Duration { return time.Duration(tick) * 50 * time.Millisecond }

func feed(t *testing.T, s *Session, f *tickroomv1.ServerFrame, now time.Duration) error {
	t.Helper()
	b, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return s.Receive(b, now)
}

// snapshot sets the health of walkers.
func snapshot(tick uint32, entityHealth ...uint32) *tickroomv1.ServerFrame {
	f := &tickroomv1.ServerFrame{Tick: tick}
	if len(entityHealth) > 0 {
		f.Set = []*tickroomv1.Table{{Component: 1, Mask: 1 << 3, Rows: entityHealth}}
	}
	return f
}

func joined(t *testing.T, cfg Config) *Session {
	t.Helper()
	s, err := NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := feed(t, s, &tickroomv1.ServerFrame{Welcome: welcome()}, 0); err != nil {
		t.Fatal(err)
	}
	return s
}

func sent(t *testing.T, s *Session) *tickroomv1.ClientFrame {
	t.Helper()
	b, ok := s.AppendMessage(nil)
	if !ok {
		return nil
	}
	f := new(tickroomv1.ClientFrame)
	if err := proto.Unmarshal(b, f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestHello(t *testing.T) {
	t.Parallel()
	cfg := walkers
	cfg.Room, cfg.Every, cfg.Data = "r9", 4, []byte{1, 2}
	s, err := NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f := new(tickroomv1.ClientFrame)
	if err := proto.Unmarshal(s.AppendHello(nil), f); err != nil {
		t.Fatal(err)
	}
	want := &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: "walkers", Room: "r9", Name: "ann", Fingerprint: walkersv1.Schema.Fingerprint(), HashEvery: 2, Every: 4, Data: []byte{1, 2}, Parts: true,
	}}
	if !proto.Equal(f, want) {
		t.Fatalf("have %v, want %v", f, want)
	}
	if _, err := NewSession(Config{}); err == nil {
		t.Error("a session for no kind and no room")
	}
	if _, err := NewSession(Config{Kind: "x", Name: strings.Repeat("n", 65)}); err == nil {
		t.Error("a name of 65 bytes")
	}
}

func TestInputsAndAcks(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	if f := sent(t, s); f != nil {
		t.Fatalf("nothing to say, but %v", f)
	}
	f := snapshot(5, 1, 100)
	f.Full = true
	if err := feed(t, s, f, at(5)); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if seq := s.SendInput(uint32(6+i), []byte{byte(i)}); seq != uint32(i+1) {
			t.Fatalf("input %d has number %d", i, seq)
		}
	}
	got := sent(t, s)
	if got.Ack != 5 || len(got.Inputs) != frameInputs || got.Inputs[0].Seq != 1 || got.Inputs[0].Tick != 6 || got.Inputs[31].Data[0] != 31 {
		t.Fatalf("first message: %v", got)
	}
	if got = sent(t, s); got.Ack != 0 || len(got.Inputs) != 8 {
		t.Fatalf("second message: %v", got)
	}
	if f := sent(t, s); f != nil || s.Ready() {
		t.Fatalf("third message: %v", f)
	}
	f = snapshot(6)
	f.InputAck = 38
	if err := feed(t, s, f, at(6)); err != nil {
		t.Fatal(err)
	}
	if p := s.Pending(nil); len(p) != 2 || p[0].Seq != 39 || p[0].Data[0] != 38 || s.InputAck() != 38 {
		t.Fatalf("pending: %v", p)
	}
	if s.Ready() {
		t.Error("an acknowledgement of one tick does not wait for an input")
	}
	for tick := uint32(7); tick <= 8; tick++ {
		if err := feed(t, s, snapshot(tick), at(tick)); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Ready() {
		t.Error("three ticks are not acknowledged, and it is not ready to")
	}
	if got = sent(t, s); !proto.Equal(got, &tickroomv1.ClientFrame{Ack: 8}) {
		t.Errorf("have %v, want an acknowledgement alone", got)
	}
	for range 2 * MaxPending {
		s.SendInput(0, nil)
	}
	if p := s.Pending(nil); len(p) != MaxPending || s.Stats().InputsDropped == 0 {
		t.Errorf("%d inputs are pending, %d dropped", len(p), s.Stats().InputsDropped)
	}
}

func TestMessagesStayWithinTheLimit(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	for range 10 {
		s.SendInput(0, make([]byte, 300))
		if err := s.SendCommand(1, make([]byte, 700), nil); err != nil {
			t.Fatal(err)
		}
	}
	inputs, commands := 0, 0
	for {
		b, ok := s.AppendMessage(nil)
		if !ok {
			break
		}
		if len(b) > 1000 {
			t.Fatalf("a message of %d bytes", len(b))
		}
		f := new(tickroomv1.ClientFrame)
		_ = proto.Unmarshal(b, f)
		inputs += len(f.Inputs)
		commands += len(f.Commands)
	}
	if inputs != 10 || commands != 10 {
		t.Errorf("%d inputs and %d commands were sent, want 10 of each", inputs, commands)
	}
	if err := s.SendCommand(1, make([]byte, 1000), nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a command of 1000 bytes: %v", err)
	}
	for range MaxCommands - 10 {
		_ = s.SendCommand(1, nil, nil)
	}
	if err := s.SendCommand(1, nil, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("one command more: %v", err)
	}
}

func TestRepliesAndEvents(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	var heard []string
	OnEvent(s, func(ev *walkersv1.Heard, tick uint32) {
		if tick != 2 {
			t.Errorf("event of tick %d, want 2", tick)
		}
		heard = append(heard, ev.Text)
		s.SendInput(0, nil) // allowed within a callback
	})
	var replies []replica.Reply
	var failed error
	_ = s.SendCommand(1, []byte("a"), func(r replica.Reply, _ error) { replies = append(replies, r) })
	_ = s.SendCommand(1, []byte("b"), func(_ replica.Reply, err error) { failed = err })
	got := sent(t, s)
	if len(got.Commands) != 2 || got.Commands[1].Id != 2 || string(got.Commands[1].Data) != "b" || got.Commands[0].Command != 1 {
		t.Fatalf("commands: %v", got)
	}
	f := snapshot(3, 1, 1)
	f.Full = true
	f.Replies = []*tickroomv1.Reply{{Id: 1, Code: 3, Error: "no"}, {Id: 99}}
	f.Events = []*tickroomv1.EventData{{Event: 1, Data: (&walkersv1.Heard{Text: "hi"}).AppendProto(nil), Age: 1}, {Event: 55}}
	if err := feed(t, s, f, at(3)); err != nil {
		t.Fatal(err)
	}
	if len(replies) != 1 || replies[0].Error != "no" || len(heard) != 1 || heard[0] != "hi" {
		t.Errorf("replies %v, events %q", replies, heard)
	}
	s.Fail(ErrTooMany)
	if !errors.Is(failed, ErrTooMany) {
		t.Errorf("the unanswered command: %v", failed)
	}
}

func TestDesync(t *testing.T) {
	t.Parallel()
	server := replica.New(walkersv1.Schema)
	start := func() *Session {
		s := joined(t, walkers)
		f := snapshot(1, 1, 10, 2, 20)
		b, _ := proto.Marshal(f)
		server.Reset()
		if err := server.Apply(b); err != nil {
			t.Fatal(err)
		}
		f.Hash = proto.Uint64(server.Hash())
		if err := feed(t, s, f, at(1)); err != nil || s.DesyncPending() {
			t.Fatalf("a right hash: %v", err)
		}
		return s
	}
	s := start()
	f := snapshot(2)
	f.Hash = proto.Uint64(77)
	if err := feed(t, s, f, at(2)); err != nil || !s.DesyncPending() || !s.Ready() {
		t.Fatalf("a wrong hash: %v", err)
	}
	if got := sent(t, s); !got.Mismatch || got.Ack != 2 {
		t.Fatalf("sent %v, want a mismatch", got)
	}
	f = snapshot(3)
	f.EntityHashes = []*tickroomv1.EntityHash{{Entity: 1, Group: 4, Hash: server.EntityHash(1)}, {Entity: 2, Group: 5, Hash: 1}}
	err := feed(t, s, f, at(3))
	var d *Desync
	if !errors.As(err, &d) || d.Tick != 2 || len(d.Mismatches) != 1 || d.Mismatches[0].Entity != 2 || d.Mismatches[0].Group != 5 ||
		!strings.Contains(err.Error(), "tick 3, group 5: entity 2") {
		t.Fatalf("explained: %v", err)
	}
	if st := s.Stats(); st.Desyncs != 1 || st.HashChecks != 2 {
		t.Errorf("stats: %+v", st)
	}

	s = start()
	for tick := uint32(2); ; tick++ {
		f := snapshot(tick)
		f.Hash = proto.Uint64(77)
		err := feed(t, s, f, at(tick))
		if m := sent(t, s); m != nil && m.Mismatch != (tick == 2) {
			t.Fatalf("tick %d: mismatch %t", tick, m.Mismatch)
		}
		if errors.As(err, &d) {
			if d.Tick != 2 || tick < 4 {
				t.Errorf("unexplained: %v at tick %d", err, tick)
			}
			break
		}
		if tick == 20 {
			t.Fatal("a desync without explanation is never reported")
		}
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*tickroomv1.Welcome)
		own    *schema.Schema
		err    string // "" for none
	}{
		{"the same", func(*tickroomv1.Welcome) {}, walkersv1.Schema, ""},
		{"none of its own", func(w *tickroomv1.Welcome) { w.Schema = walkersv1.Schema.Proto() }, nil, ""},
		{"none at all", func(*tickroomv1.Welcome) {}, nil, "did not send it"},
		{"the server has more", func(w *tickroomv1.Welcome) {
			w.Fingerprint++
			w.Schema = walkersv1.Schema.Proto()
			c := w.Schema.Components[0]
			// Before the others in no cell's order: kinds other than theirs.
			c.Fields = append(c.Fields, &tickroomv1.ComponentField{Number: 9, Name: "title", Kind: tickroomv1.Kind_KIND_STRING})
			w.Schema.Components = append(w.Schema.Components, &tickroomv1.Component{Id: 2, Name: "New"})
		}, walkersv1.Schema, ""},
		{"another step", func(w *tickroomv1.Welcome) {
			w.Fingerprint++
			w.Schema = walkersv1.Schema.Proto()
			w.Schema.Components[0].Fields[1].Step = 0.25
		}, walkersv1.Schema, "field y"},
		{"a kind from the future", func(w *tickroomv1.Welcome) {
			w.Fingerprint++
			w.Schema = walkersv1.Schema.Proto()
			w.Schema.Components[0].Fields[1].Kind = 99
		}, walkersv1.Schema, "unknown kind 99"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := welcome()
			tc.change(w)
			s, err := NewSession(Config{Kind: "walkers", Schema: tc.own})
			if err != nil {
				t.Fatal(err)
			}
			err = feed(t, s, &tickroomv1.ServerFrame{Welcome: w}, 0)
			if tc.err != "" {
				if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), tc.err) || CloseCodeFor(err) != 4006 {
					t.Fatalf("error %v, want ErrSchema with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := feed(t, s, snapshot(1, 3, 30), at(1)); err != nil {
				t.Fatal(err)
			}
			if row, ok := replica.Get[walkersv1.Walker](s.Replica(), 3); !ok || row.Health != 30 {
				t.Errorf("walker: %+v %t", row, ok)
			}
		})
	}
}

func TestProtocolErrors(t *testing.T) {
	t.Parallel()
	check := func(s *Session, f *tickroomv1.ServerFrame, text string) {
		t.Helper()
		if err := feed(t, s, f, 0); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), text) || CloseCodeFor(err) != 4007 {
			t.Errorf("error %v, want ErrProtocol with %q", err, text)
		}
	}
	s, _ := NewSession(walkers)
	check(s, snapshot(1), "no welcome")
	check(joined(t, walkers), &tickroomv1.ServerFrame{Welcome: welcome()}, "second welcome")
	check(joined(t, walkers), snapshot(2), "builds on tick 1")
	s, _ = NewSession(walkers)
	w := welcome()
	w.TickRate = math.NaN()
	check(s, &tickroomv1.ServerFrame{Welcome: w}, "tick rate")
	s = joined(t, walkers)
	if err := s.Receive([]byte{0xff}, 0); !errors.Is(err, ErrProtocol) {
		t.Errorf("garbage: %v", err)
	}
	OnEvent(s, func(*walkersv1.Heard, uint32) {})
	check(s, &tickroomv1.ServerFrame{Events: []*tickroomv1.EventData{{Event: 1, Data: []byte{0xff}}}}, "event 1")
}

func TestClock(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	if s.ServerTick(at(9)) != 0 {
		t.Error("a tick before the first snapshot")
	}
	if _, ok := s.ServerTime(0); ok {
		t.Error("a time before the first pong")
	}
	// The way takes 10 ms at least, and now and then 40 more; the clocks differ.
	const way, off = 10 * time.Millisecond, 3 * time.Second
	wall := int64(1e15)
	for tick := uint32(1); tick <= 300; tick++ {
		now := at(tick) + way + off
		if tick%3 != 0 {
			now += 40 * time.Millisecond
		}
		f := snapshot(tick)
		if tick%20 == 0 {
			s.Ping(at(tick) + off - way)
			if m := sent(t, s); m == nil || m.Ping == nil {
				t.Fatal("no ping was sent")
			}
			f.Pongs = []*tickroomv1.Pong{{
				ClientTimeUs: uint64((at(tick) + off - way) / time.Microsecond), ServerTimeUs: wall + int64(at(tick)/time.Microsecond), Tick: tick,
			}}
		}
		if err := feed(t, s, f, now); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.ServerTick(at(310) + off); math.Abs(got-310) > 0.01 {
		t.Errorf("server tick %g, want 310", got)
	}
	got, ok := s.ServerTime(at(310) + off)
	want := time.UnixMicro(wall).Add(at(310))
	if d := got.Sub(want); !ok || d.Abs() > time.Millisecond {
		t.Errorf("server time is off by %v", d)
	}
	if st := s.Stats(); st.MinRTT != 2*way || st.Snapshots != 300 {
		t.Errorf("stats: %+v", st)
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	in := s.Stats().BytesIn
	f := snapshot(1, 1, 1, 2, 2)
	b, _ := proto.Marshal(f)
	_ = s.Receive(b, 0)
	f = snapshot(5)
	f.Skip = 3
	f.Removed = []uint32{1}
	_ = feed(t, s, f, 0)
	st := s.Stats()
	if st.RowsChanged != 3 || st.SkippedTicks != 3 || st.Snapshots != 2 || st.BytesIn <= in+uint64(len(b)) {
		t.Errorf("%+v", st)
	}
	for n, want := range map[int]int{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10} {
		if HeaderLen(n, false) != want || HeaderLen(n, true) != want+4 {
			t.Errorf("header of %d bytes: %d", n, HeaderLen(n, false))
		}
	}
}

func TestCloseErrors(t *testing.T) {
	t.Parallel()
	for e, want := range map[*CloseError]string{
		{Code: 4003, Reason: "no seat"}:             "client: the server closed with 4003 ROOM_FULL: no seat (come back later)",
		{Code: CloseLost, Err: errors.New("reset")}: "client: the connection was lost: reset (come back)",
		{Code: 1000, ByUs: true}:                    "client: closed by this side with 1000 NORMAL",
	} {
		if e.Error() != want {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}
