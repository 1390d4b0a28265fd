package journal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// watching is a client that sees a part of the room, and the server's side of it.
type watching struct {
	p    *world.Player
	down netcode.Downlink
	rep  *replica.Replica
}

// receive sends the client a snapshot, and compares what it holds with what it should see.
func (v *watching) receive(t *testing.T, tick uint32) (full bool) {
	t.Helper()
	var sc world.Scratch
	b, err := v.down.AppendSnapshot(nil, &sc, tick, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.rep.Apply(b); err != nil {
		t.Fatal(err)
	}
	f := v.rep.Frame()
	if !f.HasHash || f.Hash != v.rep.Hash() {
		t.Fatalf("tick %d: the client's state has the hash %x, the server's %x", tick, v.rep.Hash(), f.Hash)
	}
	return f.Full
}

// Clients that see through views, and were sent only some of the ticks, name the last one that they have to a room
// that was made again, and are sent a difference that is right.
func TestRecall(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			recalled(t, seed)
		})
	}
}

func recalled(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	ring := journal.NewRing(64<<20, nil)
	w := journal.NewWriter("", 1, ring)
	options := map[string]string{"radius": "90", "npcs": "120", "map": "500", "players": "20", "speed": "160"}
	c, err := journal.New(walkers.Kind(), world.Setup{Seed: seed, Options: options}, w)
	if err != nil {
		t.Fatal(err)
	}
	var all []*watching
	end := 60 + rnd.IntN(60)
	for i := range end {
		if i%10 == 0 && len(all) < 6 {
			p := &world.Player{Interest: world.NewInterest(c.World), ID: uint32(i + 1)}
			if err := c.Join(p, nil); err != nil {
				t.Fatal(err)
			}
			v := &watching{p: p, down: netcode.NewDownlink(p.Interest, 1<<20), rep: replica.New(walkersv1.Schema)}
			v.down.SetHashEvery(1)
			all = append(all, v)
		}
		for _, v := range all {
			in := walkersv1.WalkerInput{Direction: rnd.Float32() * 6}
			if err := c.HandleInput(v.p, world.Input{Seq: v.p.InputSeq + 1, Data: in.AppendProto(nil)}); err != nil {
				t.Fatal(err)
			}
		}
		c.Step()
		for n, v := range all {
			if rnd.IntN(n+1) == 0 {
				v.receive(t, c.Committed())
			}
		}
	}
	w.Flush()
	file := bytes.Join(ring.Snapshot(), nil)
	j := open(t, file)
	r, err := journal.NewReplay(walkers.Kind(), j.Header, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range j.Chunks {
		b, err := j.Block(ch)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.GetEntries() {
			if err := r.Apply(e); err != nil {
				t.Fatal(err)
			}
			if e.GetOp() == tickroomv1.JournalOp_JOURNAL_OP_STEP && r.Room().Committed()+50 > uint32(end) {
				for _, v := range all {
					if p := r.Player(v.p.ID); p != nil {
						p.Note()
					}
				}
			}
		}
	}
	for range rnd.IntN(5) {
		r.Caller().Step()
	}
	for _, v := range all {
		v.p = r.Player(v.p.ID)
		had := v.rep.Tick()
		v.p.Recall(had)
		v.down = netcode.RestoredDownlink(v.p.Interest, 1<<20, r.Room().Committed())
		v.down.SetHashEvery(1)
		v.down.Resume(had)
	}
	for i := range 30 {
		r.Caller().Step()
		for n, v := range all {
			had := v.rep.Tick()
			if i == 0 || rnd.IntN(n+1) == 0 {
				if full := v.receive(t, r.Room().Committed()); full && had+50 > uint32(end) {
					t.Errorf("client %d, which had tick %d, was sent the full state in tick %d", n, had, r.Room().Committed())
				}
			}
		}
	}
}
