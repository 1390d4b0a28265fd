package replica_test

import (
	"fmt"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// A replica calls functions for what has appeared, changed and gone, and can be read
// between two snapshots.
func Example() {
	r := replica.New(walkersv1.Schema)
	replica.OnAdd(r, func(e uint32, w *walkersv1.Walker) { fmt.Println("entity", e, "appears at", w.X) })
	replica.OnChange(r, func(e uint32, w *walkersv1.Walker, _ uint64) { fmt.Println("entity", e, "moves to", w.X) })
	replica.OnRemove(r, func(e uint32, _ *walkersv1.Walker) { fmt.Println("entity", e, "is gone") })

	// The other side, which is a server's otherwise.
	w := world.New(world.Config{})
	field := w.NewGroup("field")
	walkers := world.NewTable[walkersv1.Walker](w)
	sees := world.NewInterest(w)
	sees.Subscribe(field)
	down := netcode.NewDownlink(sees, 10)
	var scratch world.Scratch
	snapshot := func() {
		frame, err := down.AppendSnapshot(nil, &scratch, w.Commit(), 0)
		if err == nil {
			err = r.Apply(frame)
		}
		if err != nil {
			fmt.Println(err)
		}
	}

	ann := w.Spawn(field)
	walkers.Set(ann, walkersv1.Walker{X: 3})
	snapshot()
	walkers.Get(ann).X = 4
	snapshot()
	w.Destroy(ann)
	snapshot()
	fmt.Println("rows:", r.Rows())
	// Output:
	// entity 1 appears at 3
	// entity 1 moves to 4
	// entity 1 is gone
	// rows: 0
}
