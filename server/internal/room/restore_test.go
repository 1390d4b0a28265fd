package room

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// says has a client say something.
func (w *wire) says(t *testing.T, f *tickroomv1.ClientFrame) {
	t.Helper()
	b, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	w.up = append(w.up, b)
}

// heard returns what a client was sent since, as one message.
func (w *wire) heard(t *testing.T) *tickroomv1.ServerFrame {
	t.Helper()
	all := &tickroomv1.ServerFrame{}
	for _, b := range w.down {
		f := &tickroomv1.ServerFrame{}
		if err := proto.Unmarshal(b, f); err != nil {
			t.Fatal(err)
		}
		proto.Merge(all, f)
	}
	w.down = nil
	return all
}

func (r *recorded) joinAs(who identity.Identity) (*Client, *wire) {
	r.t.Helper()
	w := &wire{}
	a, err := r.loop.engine.Admit(w, &Joiner{Hello: &tickroomv1.Hello{Name: "Ann"}, Identity: who})
	if err != nil {
		r.t.Fatal(err)
	}
	return a.Client, w
}

// step simulates ticks.
func (r *recorded) step(n int) {
	for range n {
		r.loop.engine.fill(1)
		if over := r.loop.tick(1, 0, time.Now()); over != nil {
			r.t.Fatal(over)
		}
	}
}

// journalOf returns what keeps a room, as a journal.
func journalOf(t *testing.T, e *Engine, keep *memoryKeep) *journal.Journal {
	t.Helper()
	e.recording.writer.Flush()
	b := bytes.Join(keep.Snapshot(), nil)
	j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// madeAgain makes a room again from its journal, and has it go on.
func madeAgain(t *testing.T, k world.Kind, j *journal.Journal, cfg Config) *recorded {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cfg.Keep = newMemoryKeep()
	e, fresh, err := Restore(k, Restoring{Journal: j, Build: j.Header.GetBuild()}, cfg, log)
	if err != nil || fresh {
		t.Fatal(fresh, err)
	}
	known, err := j.Known()
	if err != nil {
		t.Fatal(err)
	}
	e.GoOn(known, fresh)
	pool, err := NewPool(1, true, log)
	if err != nil {
		t.Fatal(err)
	}
	return &recorded{t: t, pool: pool, loop: newLoop(e, pool, LoopConfig{Metrics: metrics.New("test").Kind(k.Name), PlaceFree: func() {}, Ended: func(string) {}})}
}

// Who comes back to a room that was made again is who they were, with the inputs and commands that the room has of
// them, and the replies that they may not have.
func TestSessionsOfARestoredRoom(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{"from its beginning": {}, "from a checkpoint": {Checkpoint: time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keep := newMemoryKeep()
			keep.began = true
			cfg.Keep = keep
			r := keptRoom(t, walkers.Kind(), cfg)
			defer r.end()
			e := r.loop.engine
			ann, wire1 := r.joinAs(identity.Identity{Player: "ann", Roles: identity.Player | identity.Host, Expires: time.Now().Add(time.Hour)})
			guest, _ := r.joinAs(identity.Identity{Player: "guest:1", Guest: true, Roles: identity.Player})
			for range 30 {
				if e.tick > 0 {
					wire1.says(t, &tickroomv1.ClientFrame{Ack: e.tick})
				}
				r.step(1)
			}
			wire1.heard(t)
			in := (&walkersv1.WalkerInput{Direction: 1}).AppendProto(nil)
			wire1.says(t, &tickroomv1.ClientFrame{Ack: 30, Inputs: []*tickroomv1.Input{{Seq: 1, Data: in}, {Seq: 2, Data: in}}})
			r.step(1)
			shout := (&walkersv1.Shout{Text: "hello"}).AppendProto(nil)
			wire1.says(t, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: 1, Command: 1, Data: shout}}})
			r.step(1)
			if f := wire1.heard(t); len(f.GetReplies()) != 1 || f.GetTick() != 32 {
				t.Fatalf("the reply: %v", f)
			}
			r.step(2)
			e.Bar(true)
			was := e.room.Hash()
			j := journalOf(t, e, keep)

			resume := func(r *recorded, token string, tick uint32, who identity.Identity) (*tickroomv1.ServerFrame, error) {
				w := &wire{}
				_, err := r.loop.engine.Admit(w, &Joiner{Hello: &tickroomv1.Hello{Resume: token, ResumeTick: tick, Fingerprint: walkersv1.Schema.Fingerprint()}, Identity: who})
				if err != nil {
					return nil, err
				}
				r.step(1)
				return w.heard(t), nil
			}
			for tick, want := range map[uint32]struct {
				replies int
				full    bool
			}{31: {1, false}, 32: {0, false}, 34: {0, false}, 40: {0, true}} {
				n := madeAgain(t, walkers.Kind(), j, cfg)
				o := n.loop.engine
				if o.room.Hash() != was || o.tick != 34 || o.Epoch() != 2 || !o.Barred() || o.Held() != 2 || len(o.Players()) != 2 {
					t.Fatalf("tick %d, epoch %d, barred %v, %d held", o.tick, o.Epoch(), o.Barred(), o.Held())
				}
				_, err := resume(n, ann.token, tick, identity.Identity{})
				if asClose(err).Code != closecode.SessionGone {
					t.Errorf("whoever does not show that it is ann: %v", err)
				}
				if _, err = resume(n, "of nobody", tick, identity.Identity{Player: "ann"}); asClose(err).Code != closecode.SessionGone {
					t.Errorf("another token: %v", err)
				}
				f, err := resume(n, ann.token, tick, identity.Identity{Player: "ann", Roles: identity.Player})
				if err != nil {
					t.Fatal(err)
				}
				w := f.GetWelcome()
				if !w.GetResumed() || w.GetSession() != ann.token || w.GetPlayer() != ann.player.ID || w.GetInputSeq() != 2 || w.GetCommandId() != 1 || w.GetPlayerId() != "ann" {
					t.Errorf("the welcome: %v", w)
				}
				if len(f.GetReplies()) != want.replies || f.GetFull() != want.full || f.GetTick() != 35 {
					t.Errorf("from tick %d: %d replies, full: %v, tick %d", tick, len(f.GetReplies()), f.GetFull(), f.GetTick())
				}
				if f, err = resume(n, guest.token, 34, identity.Identity{}); err != nil || f.GetWelcome().GetPlayerId() != "guest:1" {
					t.Errorf("the guest: %v, %v", f.GetWelcome(), err)
				}
				for _, p := range o.Players() {
					if p.Player == "guest:1" && !p.Guest {
						t.Error("the guest is none any more")
					}
				}
				n.end()
			}
		})
	}
}

// Sessions that nobody takes up end, as those of lost connections do.
func TestHeldAfterARestart(t *testing.T) {
	t.Parallel()
	keep := newMemoryKeep()
	r := keptRoom(t, walkers.Kind(), Config{Keep: keep})
	defer r.end()
	r.joinAs(identity.Identity{Player: "ann"})
	r.step(100)
	j := journalOf(t, r.loop.engine, keep)
	n := madeAgain(t, walkers.Kind(), j, Config{HoldLeast: 2 * time.Second})
	defer n.end()
	n.step(90)
	if n.loop.engine.Held() != 1 {
		t.Error("a session is not held for as long as the player was there")
	}
	n.step(20)
	if n.loop.engine.Held() != 0 || n.loop.engine.room.PlayerCount() != 0 {
		t.Error("a session is held for longer than the player was there")
	}
}

// What differs, and what another build has written, is not gone on from, unless there is a checkpoint.
func TestNotRestored(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	keep := newMemoryKeep()
	r := keptRoom(t, walkers.Kind(), Config{Keep: keep, Checkpoint: time.Hour})
	defer r.end()
	r.joinAs(identity.Identity{Player: "ann"})
	r.step(50)
	j := journalOf(t, r.loop.engine, keep)
	other := walkers.Kind()
	made := other.New
	other.New = func(w *world.Room) (world.Game, error) {
		g, err := made(w)
		w.After(30, func() { w.Rand().Uint64() })
		return g, err
	}
	if _, _, err := Restore(other, Restoring{Journal: j, Build: j.Header.GetBuild()}, Config{}, log); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "tick 41") {
		t.Errorf("another game: %v", err)
	}
	if _, _, err := Restore(walkers.Kind(), Restoring{Journal: j, Build: "another"}, Config{}, log); !errors.Is(err, ErrOtherBuild) {
		t.Errorf("another build: %v", err)
	}
	if e, fresh, err := Restore(walkers.Kind(), Restoring{Journal: j, Build: "another", Try: true}, Config{}, log); err != nil || fresh || e.room.Hash() != r.loop.engine.room.Hash() {
		t.Errorf("another build that tries: %v, %v", fresh, err)
	}
	r.loop.engine.suspend(1001, "the end")
	if j = journalOf(t, r.loop.engine, keep); len(j.Chunks) == 0 {
		t.Fatal("no chunks")
	}
	for _, c := range []struct {
		kind world.Kind
		try  bool
	}{{walkers.Kind(), false}, {other, true}} {
		e, fresh, err := Restore(c.kind, Restoring{Journal: j, Build: "another", Try: c.try}, Config{}, log)
		if err != nil || !fresh || e.tick != 50 || e.room.Hash() != r.loop.engine.room.Hash() || e.Held() != 1 {
			t.Errorf("from the last checkpoint: fresh %v, %v", fresh, err)
		}
	}
	k := walkers.Kind()
	k.Schema = arenav1.Schema
	if _, _, err := Restore(k, Restoring{Journal: j, Build: j.Header.GetBuild()}, Config{}, log); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("another schema: %v", err)
	}
}
