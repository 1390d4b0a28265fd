package journal_test

import (
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// BenchmarkRecord is what writing down a tick of 256 players costs, hashes, compression and the ring
// included.
func BenchmarkRecord(b *testing.B) {
	c, err := journal.New(walkers.Kind(), world.Setup{Options: map[string]string{"npcs": "0"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	w := journal.NewWriter("", 1, journal.NewRing(1<<20, nil))
	k := walkers.Kind()
	w.Begin(&k, &world.Setup{})
	players := make([]*world.Player, 256)
	for i := range players {
		players[i] = &world.Player{ID: uint32(i + 1)}
	}
	data := (&walkersv1.WalkerInput{Direction: 1.5}).AppendProto(nil)
	var call journal.Call
	b.ReportAllocs()
	for b.Loop() {
		for i, p := range players {
			data[2] = byte(i)
			w.RecordInput(p, world.Input{Seq: p.InputSeq + 1, Data: data})
			p.InputSeq++
		}
		call = journal.Call{Op: journal.OpStep}
		w.Record(&call)
		c.Room.Commit()
		w.Stepped(c.Room)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(players)), "ns/input")
}
