package predict_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/predict"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// A player's own walker moves in the frame in which its input is made, ticks before the server
// has it. The session is that of a client: client.Client.Session.
func Example() {
	session := newYard(new(testing.T))
	own := predict.New[walkersv1.Walker, walkersv1.WalkerInput](session, func(w *walkersv1.Walker, in *walkersv1.WalkerInput, at predict.At) {
		w.X += in.Direction * float32(at.Dt)
	}, predict.Options[walkersv1.Walker]{})

	east := func(in *walkersv1.WalkerInput) { in.Direction = 20 }
	own.Update(session.replica, 0, east)
	for frame := range 3 {
		own.Update(session.replica, perTick/2+perTick*time.Duration(frame), east)
		fmt.Println("tick", own.Tick(), "at", own.Row().X)
	}
	// Output:
	// tick 5.5 at 10.5
	// tick 6.5 at 11.5
	// tick 7.5 at 12.5
}
