package netcode_test

import (
	"fmt"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// A Downlink makes the snapshots of one client: first what it may see, whole, and from
// then on what has changed since the last one.
func Example() {
	w := world.New(world.Config{})
	field := w.NewGroup("field")
	walkers := world.NewTable[walkersv1.Walker](w)
	ann := walkers.Set(w.Spawn(field), walkersv1.Walker{Health: 100})

	sees := world.NewInterest(w)
	sees.Subscribe(field)
	down := netcode.NewDownlink(sees, 10)
	client := replica.New(walkersv1.Schema)

	var scratch world.Scratch
	for range 2 {
		ann.X++
		now := w.Commit()
		frame, err := down.AppendSnapshot(nil, &scratch, now, 0)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := client.Apply(frame); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("tick %d: full %t, same state %t\n", now, client.Frame().Full, client.Hash() == sees.Hash())
	}
	// Output:
	// tick 1: full true, same state true
	// tick 2: full false, same state true
}

// Inputs are numbered by the client, which repeats them until it knows that they have
// come. Each is applied once, in the tick that it is meant for.
func ExampleInputs() {
	var in netcode.Inputs
	left := netcode.Input{Seq: 1, Tick: 5, Data: []byte("left")}
	fmt.Println(in.Push(&left, netcode.Shown{}, 4) == netcode.Accepted)
	fmt.Println(in.Push(&left, netcode.Shown{}, 4) == netcode.Repeated)
	in.Take(5, func(in world.Input) { fmt.Printf("tick 5: input %d, %s\n", in.Seq, in.Data) })
	// Output:
	// true
	// true
	// tick 5: input 1, left
}
