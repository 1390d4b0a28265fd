package room

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server/internal/async"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// note is a message of a schema.
type note struct{ text string }

func (n *note) AppendProto(b []byte) []byte { return append(b, n.text...) }
func (n *note) UnmarshalProto(b []byte) error {
	if n.text = string(b); n.text == "bad" {
		return errors.New("bad")
	}
	return nil
}
func (n *note) MessageID() uint32 { return 1 }

// club is a game that notes what it hears, and does in a tick what it is told to.
type club struct {
	r  *world.Room
	do chan func(r *world.Room)

	mu    sync.Mutex
	heard []string
}

func (*club) Join(*world.Player, []byte) error { return nil }
func (*club) Leave(*world.Player)              {}

func (c *club) Tick() {
	select {
	case do := <-c.do:
		do(c.r)
	default:
	}
}

func (c *club) note(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, s)
}

func (c *club) want(t *testing.T, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.heard, want) {
		t.Errorf("heard %q, want %q", c.heard, want)
	}
	c.heard = nil
}

type clubRoom struct {
	*club
	loop *Loop
}

// startClub starts a room on a bus.
func startClub(t *testing.T, b bus.Bus, id string, pool *Pool, run *async.Runner, told func(Told)) *clubRoom {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	c := &club{do: make(chan func(*world.Room), 10)}
	e, err := New(id, world.Kind{Name: "club", Schema: &schema.Schema{}, TickRate: 10, New: func(r *world.Room) (world.Game, error) {
		c.r = r
		world.OnMessage(r, func(from *world.Posting, m *note) { c.note(from.Topic + " " + from.From + ": " + m.text) })
		r.Listen("news", world.Now)
		return c, nil
	}}, 1, nil, Config{}, log)
	if err != nil {
		t.Fatal(err)
	}
	return &clubRoom{c, StartLoop(e, pool, LoopConfig{
		CloseEmpty: func() bool { return false }, PlaceFree: func() {}, Ended: func(string) {}, Metrics: metrics.New("test").Kind("club"),
		Line: bus.NewLine(b, id), Async: run, Told: told,
	})}
}

func TestRoomsTalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		pool, err := NewPool(1, true, log)
		if err != nil {
			t.Fatal(err)
		}
		b := bus.NewMemory(bus.Keep{Age: time.Hour, Messages: 100, Bytes: 1 << 20, Keys: time.Hour})
		run := async.New(4, metrics.New("test"), log)
		told := make(chan Told, 10)
		one := startClub(t, b, "one", pool, run, func(t Told) { told <- t })
		two := startClub(t, b, "two", pool, run, nil)
		pass(time.Second)
		one.do <- func(r *world.Room) {
			r.Post("news", &note{"1"})
			r.Post("room/two", &note{"2"})
			r.Post("news", &note{"bad"})
			r.Post("news", &note{"3"})
			r.Tell(&note{"4"})
		}
		pass(time.Second)
		one.want(t, "news one: 1", "news one: 3")
		// The room's own topic comes first, whenever its message came within a tick.
		two.want(t, "room/two one: 2", "news one: 1", "news one: 3")
		if got := <-told; got.Room != "one" || len(got.Messages) != 1 || got.Now == 0 {
			t.Errorf("%+v", got)
		}
		var first, second uint64
		for _, n := range []*uint64{&first, &second} {
			if *n, err = b.Post(t.Context(), &bus.Draft{Topic: "room/one", Key: "k", ID: 1, Data: []byte("gift")}); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Second)
		one.want(t, "room/one : gift")
		if first != second || first == 0 {
			t.Errorf("numbers %d and %d", first, second)
		}

		one.do <- func(r *world.Room) {
			done := func(n *note, err error) {
				if errors.Is(err, world.ErrLate) {
					one.note("late")
				} else if err != nil {
					one.note(err.Error())
				} else {
					one.note(n.text)
				}
			}
			for _, work := range []func(context.Context) (*note, error){
				func(context.Context) (*note, error) { <-time.After(time.Second / 2); return &note{"found"}, nil },
				func(context.Context) (*note, error) { panic("oh") },
				func(ctx context.Context) (*note, error) { <-ctx.Done(); return nil, ctx.Err() },
			} {
				if err := world.Async(r, 3, work, done); err != nil {
					t.Error(err)
				}
			}
		}
		pass(5 * time.Second)
		one.mu.Lock()
		slices.Sort(one.heard) // any may be first
		one.mu.Unlock()
		one.want(t, "found", "late", "the work panicked: oh")

		one.do <- func(r *world.Room) {
			if at := time.UnixMicro(r.Now()); time.Since(at).Abs() > 100*time.Millisecond {
				t.Errorf("the tick's time is %v, and it is %v", at, time.Now())
			}
			r.Unlisten("news")
			r.Post("news", &note{"5"})
		}
		pass(time.Second)
		one.want(t)
		two.want(t, "news one: 5")
		for _, r := range []*clubRoom{one, two} {
			r.loop.Stop(1001, "the end")
			<-r.loop.Done()
		}
		if err := errors.Join(pool.Close(time.Second), run.Wait(t.Context())); err != nil {
			t.Error(err)
		}
	})
}
