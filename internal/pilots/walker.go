package pilots

import (
	"math"
	"math/rand/v2"

	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// Walker plays walkers: it walks in a straight line for a while, then in another, or
// rests.
type Walker struct {
	rnd  *rand.Rand
	in   walkersv1.WalkerInput
	left int // inputs until the next turn
}

// NewWalker returns a pilot of walkers. rnd is its own.
func NewWalker(rnd *rand.Rand) *Walker { return &Walker{rnd: rnd} }

// Seated does nothing: a walker looks at nothing.
func (w *Walker) Seated(*client.Session) {}

// Input appends the next walkersv1.WalkerInput.
func (w *Walker) Input(b []byte, _ *client.Session) []byte {
	if w.left--; w.left <= 0 {
		w.left = 5 + w.rnd.IntN(40)
		w.in.Direction = float32(w.rnd.Float64() * 2 * math.Pi)
		w.in.Stop = w.rnd.IntN(10) == 0
	}
	return w.in.AppendProto(b)
}
