package world_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// TestManyClients: what many clients are sent that see the same groups, or nearly, is what each
// would be sent by itself.
func TestManyClients(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	w := world.New(world.Config{Seed: 1})
	table := world.NewTable[walkersv1.Walker](w)
	var groups []*world.Group
	var rows []*walkersv1.Walker
	for i := range 3 {
		g := w.NewGroup(fmt.Sprint("g", i))
		groups = append(groups, g)
		for range 5 {
			rows = append(rows, table.Set(w.Spawn(g), walkersv1.Walker{Health: 1}))
		}
	}
	players := make([]*world.Interest, 90)
	for i := range players {
		players[i] = world.NewInterest(w)
		for _, g := range groups[:1+i%3] {
			players[i].Subscribe(g)
		}
	}
	var shared world.Scratch
	var one, alone []byte
	for tick := range 60 {
		rows[rnd.IntN(len(rows))].Health++
		for range rnd.IntN(4) {
			groups[rnd.IntN(len(groups))].Emit(&walkersv1.Heard{Player: uint32(tick), Text: "hello"})
		}
		switch in := players[rnd.IntN(len(players))]; rnd.IntN(3) {
		case 0:
			in.Unsubscribe(groups[0])
		case 1:
			in.Subscribe(groups[rnd.IntN(3)])
		}
		w.Commit()
		now := w.Committed()
		for i, in := range players {
			base := now - 1
			if rnd.IntN(20) == 0 {
				base = now - min(now, rnd.Uint32N(5))
			}
			events := base
			if rnd.IntN(20) == 0 {
				events = now - min(now, rnd.Uint32N(3))
			}
			one = in.AppendSince(one[:0], &shared, base, events)
			alone = in.AppendSince(alone[:0], new(world.Scratch), base, events)
			if !bytes.Equal(one, alone) {
				t.Fatalf("tick %d, client %d, base %d, events %d: %x, alone %x", now, i, base, events, one, alone)
			}
			if i == 64 {
				shared.Release()
			}
		}
	}
}
