package bots

import (
	"math"
	"math/rand/v2"

	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// walkers walk in a straight line for a while, then in another, or rest.
type walkers struct{}

func (walkers) Schema() *schema.Schema        { return walkersv1.Schema }
func (walkers) NewPilot(rnd *rand.Rand) Pilot { return &walker{rnd: rnd} }

type walker struct {
	rnd  *rand.Rand
	in   walkersv1.WalkerInput
	left int // inputs until the next turn
}

func (w *walker) Seated(*client.Session) {}

func (w *walker) Input(b []byte, _ *client.Session) []byte {
	if w.left--; w.left <= 0 {
		w.left = 5 + w.rnd.IntN(40)
		w.in.Direction = float32(w.rnd.Float64() * 2 * math.Pi)
		w.in.Stop = w.rnd.IntN(10) == 0
	}
	return w.in.AppendProto(b)
}
