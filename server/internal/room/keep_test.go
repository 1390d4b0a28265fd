package room

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// memoryKeep keeps a journal in memory, as far as it is let.
type memoryKeep struct {
	*journal.Ring
	lost     error
	size     int64
	restarts int
	began    bool
	ended    bool
}

func newMemoryKeep() *memoryKeep { return &memoryKeep{Ring: journal.NewRing(64<<20, nil)} }

func (k *memoryKeep) Take(p journal.Piece) {
	k.size += int64(len(p.Content))
	k.Ring.Take(p)
}

func (k *memoryKeep) Lost() error     { return k.lost }
func (k *memoryKeep) Size() int64     { return k.size }
func (k *memoryKeep) Restarted() bool { return k.began }
func (k *memoryKeep) End()            { k.ended = true }
func (k *memoryKeep) Close()          {}

func (k *memoryKeep) Restart(pieces ...journal.Piece) {
	k.Ring, k.size = journal.NewRing(64<<20, nil), 0
	k.restarts++
	k.lost = nil
	for _, p := range pieces {
		k.Take(p)
	}
}

// keptRoom is a room that is kept, whose loop a test steps.
func keptRoom(t *testing.T, k world.Kind, cfg Config) *recorded {
	t.Helper()
	r := &recorded{t: t}
	log := slog.New(slog.DiscardHandler)
	pool, err := NewPool(1, true, log)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New("meadow", k, 1, nil, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	r.pool = pool
	r.loop = newLoop(e, pool, LoopConfig{Metrics: metrics.New("test").Kind(k.Name), PlaceFree: func() {}, Ended: func(string) {}, Suspended: func() {}})
	return r
}

// plain is a kind whose game is no world.Saver.
func plain() world.Kind {
	k := walkers.Kind()
	made := k.New
	k.New = func(r *world.Room) (world.Game, error) {
		g, err := made(r)
		return struct{ world.Game }{g}, err
	}
	return k
}

// A room whose game can be saved is kept by checkpoints, and after a loss begins anew with one.
func TestKeptByCheckpoints(t *testing.T) {
	t.Parallel()
	keep := newMemoryKeep()
	r := keptRoom(t, walkers.Kind(), Config{Keep: keep, Checkpoint: time.Second, KeepRetry: time.Second})
	r.join()
	r.tick(50)
	e := r.loop.engine
	if keep.restarts != 2 || e.Durable() != DurableCheckpoint {
		t.Errorf("%d checkpoints in 50 ticks, durable: %s", keep.restarts, e.Durable())
	}
	keep.lost = errors.New("no space")
	r.tick(1)
	if e.Durable() != DurableNot {
		t.Errorf("after a loss it is durable by %s", e.Durable())
	}
	r.tick(25)
	if keep.restarts != 3 || e.Durable() != DurableNot {
		t.Errorf("%d checkpoints, durable: %s, though none is kept yet", keep.restarts, e.Durable())
	}
	keep.began = true
	r.tick(1)
	if e.Durable() != DurableCheckpoint {
		t.Error("it is not durable again")
	}
	r.end()
	if !keep.ended {
		t.Error("the journal of a room that has ended is kept")
	}
}

// One whose game can't be saved is kept as long as its journal is not too long, and then no more.
func TestKeptByReplay(t *testing.T) {
	t.Parallel()
	keep := newMemoryKeep()
	r := keptRoom(t, plain(), Config{Keep: keep, Checkpoint: time.Second, KeepBytes: 5000})
	defer r.end()
	r.join()
	e := r.loop.engine
	for e.Durable() == DurableReplay && e.tick < 10_000 {
		r.tick(1)
	}
	if keep.restarts != 0 || keep.size < 5000 || keep.size > 6000 || !keep.ended || e.Durable() != DurableNot {
		t.Errorf("%d restarts, %d bytes, ended: %v, durable: %s", keep.restarts, keep.size, keep.ended, e.Durable())
	}
	r.tick(10)
	if keep.size > 6000 {
		t.Errorf("%d bytes were written after it was given up", keep.size)
	}
}
