package room

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// ack is the message that acknowledges a tick.
func ack(t *testing.T, tick uint32) []byte {
	t.Helper()
	b, err := proto.Marshal(&tickroomv1.ClientFrame{Ack: tick})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestARoomSleepsWhileNobodyIsConnected has somebody come, lose the connection, come back, and not come
// back: ticks are simulated while a connection is there, and their numbers have no gap.
func TestARoomSleepsWhileNobodyIsConnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRigOf(t, world.Kind{Sleeps: true, Hold: 30})
		defer g.stop(t)
		ticks := func() int64 { return g.game.ticks.Load() }
		during := func(d time.Duration) int64 {
			before := ticks()
			pass(d)
			return ticks() - before
		}
		pass(time.Second)
		if n := during(time.Minute); n != 0 || !g.loop.Info().Asleep {
			t.Fatalf("%d ticks for nobody; asleep: %t", n, g.loop.Info().Asleep)
		}
		c := &wire{}
		g.loop.Admit(c, Joiner{Hello: &tickroomv1.Hello{Kind: "slow", Room: "r"}})
		if n := during(10 * time.Second); n < 199 || n > 201 {
			t.Errorf("%d ticks in the 10 s of a connection", n)
		}
		// Acknowledged, and lost between two ticks.
		if err := g.loop.Do(t.Context(), func(e *Engine) {
			c.up = append(c.up, ack(t, e.clients[0].down.Base()))
		}); err != nil {
			t.Fatal(err)
		}
		pass(100 * time.Millisecond)
		var session string
		if err := g.loop.Do(t.Context(), func(e *Engine) {
			session = e.clients[0].token
			c.over = &socket.CloseError{Code: 1006, Remote: true}
		}); err != nil {
			t.Fatal(err)
		}
		pass(100 * time.Millisecond)
		if n := during(5 * time.Second); n != 0 || g.loop.Info().Held != 1 {
			t.Errorf("%d ticks while its only player is away", n)
		}
		at := g.loop.Info().Tick
		if int64(at) != ticks() {
			t.Errorf("the room is said to be in tick %d after %d ticks", at, ticks())
		}
		back := &wire{}
		g.loop.Admit(back, Joiner{Hello: &tickroomv1.Hello{Kind: "slow", Room: "r", Resume: session, ResumeTick: at}})
		pass(50 * time.Millisecond)
		var down [][]byte
		if err := g.loop.Do(t.Context(), func(*Engine) { down = back.down }); err != nil {
			t.Fatal(err)
		}
		if len(down) == 0 {
			t.Fatal("it was not let in within a tick")
		}
		var f tickroomv1.ServerFrame
		if err := proto.Unmarshal(down[0], &f); err != nil || f.GetTick() != at+1 || !f.GetWelcome().GetResumed() {
			t.Errorf("back in tick %d with a frame of tick %d: %v", at, f.GetTick(), err)
		}
		pass(time.Second)
		// Gone once more. It had connections for some 11 s, and is held for as long, by the clock.
		if err := g.loop.Do(t.Context(), func(*Engine) { back.over = &socket.CloseError{Code: 1006, Remote: true} }); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		if g.loop.Info().Held != 1 {
			t.Error("it was not held for 10 s")
		}
		pass(3 * time.Second)
		if i := g.loop.Info(); i.Held != 0 || g.gone.Load() != 1 {
			t.Errorf("%d are held after 13 s, %d have gone", i.Held, g.gone.Load())
		}
		if g.keep.Store(false); g.ended.Load() {
			t.Fatal("it ended though somebody was on the way")
		}
		pass(2 * time.Second)
		if !g.ended.Load() {
			t.Error("the empty room did not end")
		}
	})
}

// TestARoomThatSleepsAnswers sees that operators reach a room that sleeps.
func TestARoomThatSleepsAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRigOf(t, world.Kind{Sleeps: true})
		pass(time.Second)
		for range 3 {
			began := time.Now()
			if err := g.loop.Do(t.Context(), func(*Engine) {}); err != nil || time.Since(began) > 50*time.Millisecond {
				t.Errorf("%v, after %v", err, time.Since(began))
			}
			pass(10 * time.Second)
		}
		began := time.Now()
		if g.stop(t); time.Since(began) != 0 {
			t.Errorf("it ended after %v", time.Since(began))
		}
	})
}
