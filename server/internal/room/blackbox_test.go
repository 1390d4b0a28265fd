package room

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/replay"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// recorded is a room with a journal, whose loop a test steps, and what it has kept.
type recorded struct {
	t     *testing.T
	loop  *Loop
	pool  *Pool
	boxes []BlackBox
}

func record(t *testing.T, k world.Kind, ring int, late time.Duration) *recorded {
	t.Helper()
	r := &recorded{t: t}
	log := slog.New(slog.DiscardHandler)
	pool, err := NewPool(1, true, log)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New("meadow", k, 1, nil, Config{Ring: ring}, log)
	if err != nil {
		t.Fatal(err)
	}
	r.pool = pool
	r.loop = newLoop(e, pool, LoopConfig{
		Metrics: metrics.New("test").Kind(k.Name), PlaceFree: func() {}, Ended: func(string) {},
		BlackBox: func(b BlackBox) { r.boxes = append(r.boxes, b) }, LateTick: late,
	})
	return r
}

// tick simulates n ticks, until the room is over, with a player who acknowledges everything.
func (r *recorded) tick(n int) {
	for range n {
		for _, c := range r.loop.engine.clients {
			c.conn.(*quiet).ack = r.loop.engine.tick
		}
		r.loop.engine.fill(1)
		if r.loop.tick(1, 0, time.Now()) != nil {
			return
		}
	}
}

func (r *recorded) join() {
	r.t.Helper()
	if _, err := r.loop.engine.Join(&quiet{}, &Joiner{Hello: &tickroomv1.Hello{Name: "Ann", Token: "a token, which is a secret"}}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *recorded) end() {
	r.t.Helper()
	r.loop.end(&socket.CloseError{Code: 1001, Reason: "the end"})
	if err := r.pool.Close(time.Second); err != nil {
		r.t.Fatal(err)
	}
}

// read returns the journal of a box, and what it is kept for.
func read(t *testing.T, b BlackBox) (*journal.Journal, *tickroomv1.JournalMark) {
	t.Helper()
	file := bytes.Join(b.Pieces, nil)
	j, err := journal.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range j.Chunks {
		if c.Type == journal.TypeMark {
			m, err := j.Mark(c)
			if err != nil {
				t.Fatal(err)
			}
			return j, m
		}
	}
	t.Fatal("the journal does not say why it is kept")
	return nil, nil
}

// A room that is kept can be played again, and has no secrets of players in it.
func TestBlackBoxIsTheRoom(t *testing.T) {
	t.Parallel()
	r := record(t, walkers.Kind(), 1<<20, 0)
	defer r.end()
	r.join()
	r.tick(50)
	r.join()
	r.tick(51)
	box, ok := r.loop.engine.BlackBox(KeptOperator, "it looked odd")
	if !ok || box.Tick != 101 || box.Room != "meadow" || len(r.boxes) != 0 {
		t.Fatalf("%v, tick %d, room %s, and %d kept by itself", ok, box.Tick, box.Room, len(r.boxes))
	}
	j, m := read(t, box)
	if m.GetReason() != KeptOperator || m.GetText() != "it looked odd" || m.GetTick() != 101 {
		t.Errorf("kept for %v", m)
	}
	res, err := replay.Verify(j, walkers.Kind(), nil)
	if err != nil || res.Ticks != 101 || res.Hashes != 6 || res.Bad != 0 || res.Panicked != nil {
		t.Errorf("played again: %+v, %v", res, err)
	}
	for _, c := range j.Chunks {
		if c.Type != journal.TypeBlock {
			continue
		}
		b, err := j.Block(c)
		if err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, cl := range r.loop.engine.clients {
			if strings.Contains(text, "secret") || strings.Contains(text, cl.token) {
				t.Fatal("a token is in the journal")
			}
		}
	}
}

// A panic is kept, and comes again when the room is played again.
func TestPanicIsKept(t *testing.T) {
	t.Parallel()
	k := walkers.Kind()
	begin := k.New
	k.New = func(r *world.Room) (world.Game, error) {
		g, err := begin(r)
		r.After(30, func() { panic("the bridge falls") })
		return g, err
	}
	r := record(t, k, 1<<20, 0)
	defer r.end()
	r.join()
	r.tick(60)
	if len(r.boxes) != 1 {
		t.Fatalf("%d boxes", len(r.boxes))
	}
	j, m := read(t, r.boxes[0])
	if m.GetReason() != KeptPanic || m.GetTick() != 31 || m.GetText() != "in Tick: the bridge falls" || !strings.Contains(m.GetStack(), "TestPanicIsKept") {
		t.Errorf("kept for %v", m)
	}
	res, err := replay.Verify(j, k, nil)
	if err != nil || res.Panicked == nil || res.Panicked.Tick != 31 || !strings.Contains(res.Panicked.Stack, "TestPanicIsKept") {
		t.Errorf("played again: %+v, %v", res, err)
	}
}

// Desyncs that clients report and late ticks are kept, but not again and again.
func TestOddTicksAreKept(t *testing.T) {
	t.Parallel()
	r := record(t, walkers.Kind(), 1<<20, 1)
	defer r.end()
	r.join()
	r.tick(3)
	if len(r.boxes) != 1 || r.boxes[0].Reason != KeptLate {
		t.Fatalf("%d boxes; each tick takes longer than a nanosecond", len(r.boxes))
	}
	r.loop.stats.Counts[metrics.Mismatches] = 1
	r.loop.keepOdd(0)
	r.loop.keepOdd(0)
	if len(r.boxes) != 2 || r.boxes[1].Reason != KeptDesync {
		t.Fatalf("%d boxes after a desync", len(r.boxes))
	}
	r.loop.stats.Counts[metrics.Mismatches] = 0
	r.tick(keepAgain * 20)
	if len(r.boxes) != 3 {
		t.Errorf("%d boxes after a minute", len(r.boxes))
	}
	without := record(t, walkers.Kind(), 0, 1)
	defer without.end()
	without.tick(3)
	if _, ok := without.loop.engine.BlackBox(KeptOperator, ""); ok || len(without.boxes) > 0 {
		t.Error("a room without a journal is kept")
	}
}
